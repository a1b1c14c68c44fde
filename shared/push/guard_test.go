package push

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReachable(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]struct{ remote, local bool }{
		"203.0.113.7":            {true, false},
		"10.0.0.5":               {true, false}, // of a private network the function was put into
		"2001:db8::1":            {true, false},
		"::ffff:203.0.113.7":     {true, false},
		"127.0.0.1":              {false, true},
		"127.8.9.1":              {false, true},
		"::1":                    {false, true},
		"::ffff:127.0.0.1":       {false, true},
		"169.254.169.254":        {false, false}, // credentials of a machine
		"169.254.170.2":          {false, false}, // of a container
		"::ffff:169.254.169.254": {false, false},
		"64:ff9b::169.254.1.1":   {false, false},
		"::169.254.169.254":      {false, false},
		"fd00:ec2::254":          {false, false},
		"fe80::1":                {false, false},
		"fe80::1%eth0":           {false, false},
		"0.0.0.0":                {false, false},
		"0.1.2.3":                {false, false},
		"::":                     {false, false},
		"224.0.0.1":              {false, false},
		"ff02::1":                {false, false},
		"255.255.255.255":        {false, false},
	} {
		addr := netip.MustParseAddr(address)
		assert.Equal(t, want.remote, reachable(addr, false), "%s from an address elsewhere", address)
		assert.Equal(t, want.local, reachable(addr, true), "%s from an address of this machine", address)
	}
}

// TestTheGuardIsAsked has addresses lead where none may.
func TestTheGuardIsAsked(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"https://169.254.169.254/latest", "https://[fd00:ec2::254]/"} {
		p, err := New(address, nil, nil)
		require.NoError(t, err)
		response, err := p.client.Get(address)
		if err == nil {
			_ = response.Body.Close()
		}
		require.ErrorContains(t, err, "events are not delivered to the address", address)
	}
	control := guard(false)
	require.ErrorContains(t, control(t.Context(), "tcp", "169.254.169.254:443", nil), "not delivered")
	require.ErrorContains(t, control(t.Context(), "tcp", "127.0.0.1:443", nil), "not delivered", "a name elsewhere that leads here")
	require.NoError(t, control(t.Context(), "tcp", "203.0.113.7:443", nil))
	require.Error(t, control(t.Context(), "tcp", "no address", nil))
}
