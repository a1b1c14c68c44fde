// Package sandboxtest runs a TikTok Shop sandbox inside a test.
package sandboxtest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
)

// Users of the sandbox's world, for Code and AccessToken.
const (
	AuroraHome   = "aurora-home"   // seller, two shops: US and GB
	BirchBloom   = "birch-bloom"   // seller, one shop
	MiaLane      = "mia-lane"      // creator, US
	LeoPark      = "leo-park"      // creator, US, with an agency
	NoraQuinn    = "nora-quinn"    // creator, GB
	Northwind    = "northwind"     // affiliate partner (TAP) with campaigns
	HarborAgency = "harbor-agency" // affiliate partner that is Leo Park's agency (CAP)
)

// Server is a running sandbox.
type Server struct {
	*sandbox.Sandbox
	BaseURL    string      // operations, token endpoints and, under /consent, the consent pages
	ControlURL string      // control API
	App        sandbox.App // the only app
}

// Start runs a sandbox with one app until the test ends.
func Start(t testing.TB, options ...func(*sandbox.Options)) *Server {
	t.Helper()
	var o sandbox.Options
	for _, set := range options {
		set(&o)
	}
	s := sandbox.New(o)
	api, control := httptest.NewServer(s.API()), httptest.NewServer(s.Control())
	t.Cleanup(s.Close)
	t.Cleanup(api.Close)
	t.Cleanup(control.Close)
	name := "main"
	if len(o.Apps) > 0 {
		name = o.Apps[0].Name
	}
	app, ok := s.App(name)
	require.True(t, ok)
	return &Server{Sandbox: s, BaseURL: api.URL, ControlURL: control.URL, App: app}
}

// Code lets a user consent to everything and returns the authorization code.
func (s *Server) Code(t testing.TB, user string) string {
	t.Helper()
	code, err := s.Sandbox.Code(s.App.Name, user)
	require.NoError(t, err)
	return code
}

// Tokens are what the token endpoint hands out.
type Tokens struct {
	AccessToken          string `json:"access_token"`
	RefreshToken         string `json:"refresh_token"`
	AccessTokenExpireIn  int64  `json:"access_token_expire_in"`  // Unix seconds, despite the name
	RefreshTokenExpireIn int64  `json:"refresh_token_expire_in"` // Unix seconds, despite the name
	OpenID               string `json:"open_id"`
}

// Tokens lets a user consent and exchanges the code.
func (s *Server) Tokens(t testing.TB, user string) Tokens {
	t.Helper()
	query := url.Values{"app_key": {s.App.Key}, "app_secret": {s.App.Secret}, "auth_code": {s.Code(t, user)}, "grant_type": {"authorized_code"}}
	response, err := http.Get(s.BaseURL + "/api/v2/token/get?" + query.Encode())
	require.NoError(t, err)
	defer response.Body.Close()
	var answer struct {
		Code int    `json:"code"`
		Data Tokens `json:"data"`
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	require.Zero(t, answer.Code)
	return answer.Data
}

// ShopCipher is the cipher of the n-th shop of a seller.
func (s *Server) ShopCipher(t testing.TB, seller string, n int) string {
	t.Helper()
	return s.user(t, seller).Shops[n].Ciphers[s.App.Name]
}

// CategoryCipher is the category asset cipher of a partner.
func (s *Server) CategoryCipher(t testing.TB, partner string) string {
	t.Helper()
	return s.user(t, partner).Ciphers[s.App.Name]
}

// OpenID is the pseudonym under which the app knows a user.
func (s *Server) OpenID(t testing.TB, user string) string {
	t.Helper()
	return s.user(t, user).OpenIDs[s.App.Name]
}

func (s *Server) user(t testing.TB, id string) sandbox.StateUser {
	t.Helper()
	for _, u := range s.State().Users {
		if u.ID == id {
			return u
		}
	}
	require.FailNow(t, "the sandbox has no such user", id)
	return sandbox.StateUser{}
}
