package push_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/push"
)

const body = `{"id":"5f0c1d0e","data":"ä"}`

func pusher(t *testing.T, address string) *push.Pusher {
	t.Helper()
	p, err := push.New(address, push.NewSigner(stored(key("a"), "")), func() time.Time { return sentAt })
	require.NoError(t, err)
	return p
}

func TestDelivery(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var received []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		got, received = r, text
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	require.NoError(t, pusher(t, server.URL+"/events?from=us").Push(t.Context(), "5f0c1d0e", []byte(body)))
	assert.Equal(t, http.MethodPost, got.Method)
	assert.Equal(t, "/events?from=us", got.URL.String())
	assert.True(t, bytes.Equal([]byte(body), received), "byte for byte")
	assert.Equal(t, "application/json", got.Header.Get("Content-Type"))
	assert.Equal(t, "5f0c1d0e", got.Header.Get(push.HeaderID))
	assert.Equal(t, fmt.Sprint(sentAt.Unix()), got.Header.Get(push.HeaderTimestamp))
	want, err := push.NewSigner(stored(key("a"), "")).Sign(t.Context(), "5f0c1d0e", sentAt, []byte(body))
	require.NoError(t, err)
	assert.Equal(t, want, got.Header.Get(push.HeaderSignature))
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		retry  string
		kind   fault.Kind
		wait   time.Duration
	}{
		"done":                  {204, "", "", 0},
		"taken":                 {202, "", "", 0},
		"not wanted":            {410, "", fault.Gone, 0},
		"not known":             {404, "", fault.Unavailable, 0},
		"not allowed":           {401, "", fault.Unavailable, 0},
		"broken":                {500, "", fault.Unavailable, 0},
		"too much, in seconds":  {429, "120", fault.Unavailable, 2 * time.Minute},
		"too much, with a date": {503, "Fri, 27 Nov 2026 12:00:30 GMT", fault.Unavailable, 30 * time.Second},
		"a date that is over":   {503, "Fri, 27 Nov 2026 11:00:00 GMT", fault.Unavailable, 0},
		"a wait that is none":   {503, "soon", fault.Unavailable, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", c.retry)
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
			}))
			t.Cleanup(server.Close)
			err := pusher(t, server.URL).Push(t.Context(), "1", []byte(body))
			assert.Equal(t, c.kind, fault.KindOf(err))
			var failed *fault.Error
			if assert.Equal(t, c.kind != "", err != nil) && err != nil {
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, c.wait, failed.RetryAfter)
			}
		})
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("must not be called") }))
	t.Cleanup(other.Close)
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	t.Cleanup(server.Close)
	assert.Equal(t, fault.Unavailable, fault.KindOf(pusher(t, server.URL).Push(t.Context(), "1", []byte(body))))
}

func TestNoAnswerNamesNoAddress(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	address := server.URL + "/hook?token=s3cret"
	server.Close()
	err := pusher(t, address).Push(t.Context(), "1", []byte(body))
	assert.Equal(t, fault.Unavailable, fault.KindOf(err))
	assert.NotContains(t, err.Error(), "s3cret")
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, allowed := range map[string]bool{
		"https://hooks.example.com/events":  true,
		"https://hooks.example.com:8443":    true,
		"http://127.0.0.1:4572/events":      true,
		"http://localhost/events":           true,
		"http://[::1]/events":               true,
		"http://hooks.example.com/events":   false,
		"https://user:pw@hooks.example.com": false,
		"ftp://hooks.example.com":           false,
		"https://":                          false,
		"hooks.example.com":                 false,
		"":                                  false,
		"http://127.0.0.1.example.com/":     false,
		"https://%zz":                       false,
	} {
		_, err := push.New(address, nil, nil)
		assert.Equal(t, allowed, err == nil, "%s: %v", address, err)
		if err != nil {
			assert.NotContains(t, err.Error(), "pw")
		}
	}
}
