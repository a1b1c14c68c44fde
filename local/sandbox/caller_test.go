package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
)

// clock is a settable wall clock.
type clock struct{ at time.Time }

func (c *clock) now() time.Time          { return c.at }
func (c *clock) advance(d time.Duration) { c.at = c.at.Add(d) }

// start runs a sandbox on a clock of its own.
func start(t *testing.T, set ...func(*sandbox.Options)) (*sandboxtest.Server, *clock) {
	t.Helper()
	c := &clock{at: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}
	return sandboxtest.Start(t, append([]func(*sandbox.Options){func(o *sandbox.Options) { o.Now = c.now }}, set...)...), c
}

// request is one call of an operation; what is left out is filled in rightly.
type request struct {
	method, path string
	query        url.Values
	body         string
	token        string
	at           time.Time // of the timestamp; the zero time = the clock's
	spoil        func(*http.Request)
	contentType  string // application/json when empty
	seen         *sent  // collects the fields of the answers; nil = nowhere
}

// answer is the envelope.
type answer struct {
	status    int
	header    http.Header
	raw       []byte
	Code      int             `json:"code"`
	Message   string          `json:"message"`
	Data      json.RawMessage `json:"data"`
	RequestID string          `json:"request_id"`
}

// call sends a signed request. Every envelope that says success is held against the facts.
func call(t *testing.T, s *sandboxtest.Server, c *clock, r request) answer {
	t.Helper()
	if r.at.IsZero() {
		r.at = c.now()
	}
	if r.contentType == "" {
		r.contentType = "application/json"
	}
	query := url.Values{"app_key": {s.App.Key}, "timestamp": {strconv.FormatInt(r.at.Unix(), 10)}}
	for name, values := range r.query {
		query[name] = values
	}
	if !query.Has("sign") {
		query.Set("sign", sandbox.RequestSignature(s.App.Secret, r.path, query, r.contentType, []byte(r.body)))
	}
	httpRequest, err := http.NewRequestWithContext(t.Context(), r.method, s.BaseURL+r.path+"?"+query.Encode(), strings.NewReader(r.body))
	require.NoError(t, err)
	httpRequest.Header.Set("Content-Type", r.contentType)
	httpRequest.Header.Set("x-tts-access-token", r.token)
	if r.spoil != nil {
		r.spoil(httpRequest)
	}
	a := send(t, httpRequest)
	if a.Code == 0 {
		checkFacts(t, r.seen, r.method, r.path, a.Data)
	}
	return a
}

func send(t *testing.T, r *http.Request) answer {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	a := answer{status: response.StatusCode, header: response.Header}
	a.raw, err = io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(a.raw, &a), string(a.raw))
	assert.NotEmpty(t, a.RequestID)
	return a
}

// data decodes the data of a successful answer.
func data[T any](t *testing.T, a answer) T {
	t.Helper()
	require.Zero(t, a.Code, a.Message)
	var into T
	require.NoError(t, json.Unmarshal(a.Data, &into))
	return into
}

// token calls a token endpoint.
func token(t *testing.T, s *sandboxtest.Server, endpoint string, query url.Values) answer {
	t.Helper()
	for name, value := range map[string]string{"app_key": s.App.Key, "app_secret": s.App.Secret} {
		if !query.Has(name) {
			query.Set(name, value)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.BaseURL+"/api/v2/token/"+endpoint+"?"+query.Encode(), nil)
	require.NoError(t, err)
	return send(t, r)
}

func refresh(t *testing.T, s *sandboxtest.Server, refreshToken string) answer {
	t.Helper()
	return token(t, s, "refresh", url.Values{"refresh_token": {refreshToken}, "grant_type": {"refresh_token"}})
}
