package firstday

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/shared/push"
	"tiktok-shop-affiliate/shared/redact"
)

// stored is a secret that never changes.
type stored string

func (s stored) Value(context.Context) (redact.Secret, error) { return redact.New(string(s)), nil }

// TestTheInboxBelievesOnlyWhatIsSigned has the product deliver to the sandbox's
// inbox, once with the secret that the receiver knows and once with another.
func TestTheInboxBelievesOnlyWhatIsSigned(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(sandbox.New(sandbox.Options{}).Control())
	t.Cleanup(server.Close)
	deliver := func(secret, id string) {
		signer := push.NewSigner(stored(fmt.Sprintf(`{"secret": %q}`, secret)))
		pusher, err := push.New(server.URL+"/control/inbox", signer, func() time.Time { return time.Unix(1_795_000_000, 0) })
		require.NoError(t, err)
		require.NoError(t, pusher.Push(t.Context(), id, []byte(`{"id":"`+id+`","type":"x"}`)))
	}
	ours := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("a", 48)))
	other := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("b", 48)))
	b, err := newInbox(&control{base: server.URL, http: server.Client()}, ours)
	require.NoError(t, err)
	deliver(ours, "1")
	require.NoError(t, b.read(t.Context()))
	deliver(other, "2")
	deliver(ours, "3")
	deliver(ours, "3")
	require.NoError(t, b.read(t.Context()))
	assert.Equal(t, map[string]bool{"1": true, "3": true}, b.signed)
	assert.Equal(t, 1, b.forged)
	_, err = newInbox(nil, "no base64!")
	assert.Error(t, err)
}
