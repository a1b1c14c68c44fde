package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/fault"
)

// nothing is a store in which one state waits for a browser that is not here.
type nothing struct{ connection.ConnectorStore }

func (nothing) Link(context.Context, string) (connection.Link, error) {
	return connection.Link{}, fault.New("test", fault.NotFound, "no such link")
}

func (nothing) State(_ context.Context, hash string) (connection.Pending, error) {
	if strings.HasPrefix(hash, "0") {
		return connection.Pending{}, fault.New("test", fault.NotFound, "no such state")
	}
	return connection.Pending{Browser: "somebody's", ExpiresAt: time.Unix(2_000_000_000, 0)}, nil
}

func (nothing) PutState(context.Context, string, connection.Pending) error { return nil }

func (nothing) ClaimState(context.Context, string, time.Time, time.Time) error {
	return account.ErrStale
}

// several apps are registered, and no key of theirs is ever told.
type several struct{}

func (several) All(context.Context) ([]app.App, error) {
	return []app.App{{Name: "a"}, {Name: "b"}}, nil
}

func (several) Find(context.Context, string) (app.App, error) {
	return app.App{}, fault.New("test", fault.NotFound, "no such app")
}

// FuzzCallback opens addresses that nobody was given: each ends on a page that
// connects nothing, repeats nothing and leads nowhere else.
func FuzzCallback(f *testing.F) {
	long := strings.Repeat("t", tokenLength)
	f.Add("GET", "/oauth/callback", "code=c&state=s", "")
	f.Add("GET", "/oauth/callback", "code=null&error=<script>alert(1)</script>&state="+long, cookie+"="+long+"."+long)
	f.Add("GET", "/oauth/callback", "code=%00&code=2&state=%zz;x", cookie+"="+strings.Repeat("\"", tokenLength)+".")
	f.Add("POST", "/connect/"+long, "", cookie+"="+long+"."+long)
	f.Add("GET", "//evil.example/../oauth/callback/", "x", "a=b;;=")
	f.Add("HEAD", "/connect/%2e%2e", "", "")
	consent := connection.ConsentPages{Seller: "https://services.tiktokshop.com/open/authorize"}
	h := &handler{pages: newPages("Test Partner", "", consent), connector: connection.NewConnector(connection.ConnectorOptions{
		Store: nothing{}, Apps: several{}, Pages: consent, Now: func() time.Time { return time.Unix(1_795_000_000, 0) },
	})}
	routes := h.routes()
	f.Fuzz(func(t *testing.T, method, path, query, cookies string) {
		target, err := url.ParseRequestURI(path + "?" + query)
		if err != nil || target.Host != "" {
			return // no web server hands that on
		}
		request := &http.Request{Method: method, URL: target, Host: "api.example.com", Header: http.Header{"Cookie": {cookies}}}
		w := httptest.NewRecorder()
		routes.ServeHTTP(w, request.WithContext(t.Context()))
		assert.Less(t, w.Code, http.StatusInternalServerError)
		assert.Empty(t, w.Header().Values("Set-Cookie"))
		body := w.Body.String()
		assert.NotContains(t, body, "<script")
		if to := w.Header().Get("Location"); to != "" {
			next, err := url.Parse(to)
			require.NoError(t, err)
			assert.Empty(t, next.Host, "a redirect to another site")
		}
		if w.Code == http.StatusOK && method != http.MethodHead {
			assert.Contains(t, body, "You did not agree")
		}
	})
}
