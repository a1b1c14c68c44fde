package sandbox_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
)

type tokenData struct {
	AccessToken          string   `json:"access_token"`
	AccessTokenExpireIn  int64    `json:"access_token_expire_in"`
	RefreshToken         string   `json:"refresh_token"`
	RefreshTokenExpireIn int64    `json:"refresh_token_expire_in"`
	OpenID               string   `json:"open_id"`
	SellerName           string   `json:"seller_name"`
	SellerBaseRegion     string   `json:"seller_base_region"`
	UserType             int      `json:"user_type"`
	GrantedScopes        []string `json:"granted_scopes"`
}

func exchange(t *testing.T, s *sandboxtest.Server, code string) answer {
	t.Helper()
	return token(t, s, "get", url.Values{"auth_code": {code}, "grant_type": {"authorized_code"}})
}

// works reports the code that a shop look-up with the token answers.
func works(t *testing.T, s *sandboxtest.Server, c *clock, accessToken string) int {
	t.Helper()
	return call(t, s, c, request{method: "GET", path: "/authorization/202309/shops", token: accessToken}).Code
}

func TestExchangeCode(t *testing.T) {
	t.Parallel()
	s, c := start(t)
	for user, want := range map[string]struct {
		userType int
		name     string
	}{
		sandboxtest.AuroraHome: {0, "Aurora Home"}, sandboxtest.MiaLane: {1, ""}, sandboxtest.Northwind: {3, "Northwind Partners"},
	} {
		got := data[tokenData](t, exchange(t, s, s.Code(t, user)))
		assert.Equal(t, want.userType, got.UserType)
		assert.Equal(t, want.name, got.SellerName)
		assert.Equal(t, s.OpenID(t, user), got.OpenID)
		assert.NotEmpty(t, got.GrantedScopes)
		assert.Equal(t, c.now().Add(7*24*time.Hour).Unix(), got.AccessTokenExpireIn, "an absolute time")
		assert.Greater(t, got.RefreshTokenExpireIn, got.AccessTokenExpireIn)
	}
}

func TestCodeIsRefused(t *testing.T) {
	t.Parallel()
	s, c := start(t)
	code := s.Code(t, sandboxtest.AuroraHome)
	assert.Zero(t, exchange(t, s, code).Code)
	assert.Equal(t, 36004004, exchange(t, s, code).Code, "used")
	late := s.Code(t, sandboxtest.AuroraHome)
	c.advance(30 * time.Minute)
	assert.Equal(t, 36004004, exchange(t, s, late).Code, "expired")
	assert.Equal(t, 36004004, exchange(t, s, "null").Code, "unknown")
	fresh := s.Code(t, sandboxtest.AuroraHome)
	other := sandbox.App{Name: "other", Key: "otherkey", Secret: "other-secret"}
	s.SetApp(other)
	assert.Equal(t, 36004004, token(t, s, "get", url.Values{
		"app_key": {other.Key}, "app_secret": {other.Secret}, "auth_code": {fresh}, "grant_type": {"authorized_code"},
	}).Code, "of another app")
	assert.Equal(t, 98001004, token(t, s, "get", url.Values{"auth_code": {fresh}, "grant_type": {"authorization_code"}}).Code)
	assert.Equal(t, 98001004, token(t, s, "get", url.Values{"grant_type": {"authorized_code"}}).Code)
	assert.Equal(t, 36004003, token(t, s, "get", url.Values{"app_secret": {"test-wrong"}, "auth_code": {fresh}, "grant_type": {"authorized_code"}}).Code)
	assert.Zero(t, exchange(t, s, fresh).Code, "refusals do not use the code up")

	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.BaseURL+"/api/v2/token/get", nil)
	require.NoError(t, err)
	assert.Equal(t, 36009010, send(t, r).Code)
}

func TestRefreshModes(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]struct {
		mode       sandbox.RefreshMode
		rotates    bool
		oldAccess  int // code of a call with the access token before the refresh
		oldRefresh int // code of a second refresh with the same token
	}{
		"no rotation":         {sandbox.NoRotation, false, 0, 0},
		"rotation with grace": {sandbox.RotateWithGrace, true, 0, 0},
		"strict":              {sandbox.RotateStrictly, true, 105002, 36004001},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := start(t, func(o *sandbox.Options) { o.Settings.RefreshMode = mode.mode })
			first := data[tokenData](t, exchange(t, s, s.Code(t, sandboxtest.AuroraHome)))
			second := data[tokenData](t, refresh(t, s, first.RefreshToken))
			assert.NotEqual(t, first.AccessToken, second.AccessToken)
			assert.Equal(t, mode.rotates, first.RefreshToken != second.RefreshToken)
			assert.Equal(t, first.OpenID, second.OpenID)
			assert.Zero(t, works(t, s, c, second.AccessToken))
			assert.Equal(t, mode.oldAccess, works(t, s, c, first.AccessToken))
			assert.Equal(t, mode.oldRefresh, refresh(t, s, first.RefreshToken).Code)
			assert.Zero(t, refresh(t, s, second.RefreshToken).Code)
			if mode.mode == sandbox.RotateWithGrace {
				c.advance(24 * time.Hour)
				assert.Equal(t, 36004001, refresh(t, s, first.RefreshToken).Code, "the grace is over")
			}
		})
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	s, c := start(t)
	first := data[tokenData](t, exchange(t, s, s.Code(t, sandboxtest.AuroraHome)))
	require.NoError(t, s.ExpireTokens("main", sandboxtest.AuroraHome, false))
	a := call(t, s, c, request{method: "GET", path: "/authorization/202309/shops", token: first.AccessToken})
	assert.Equal(t, 105002, a.Code)
	assert.Equal(t, http.StatusUnauthorized, a.status)
	second := data[tokenData](t, refresh(t, s, first.RefreshToken))
	assert.Zero(t, works(t, s, c, second.AccessToken))
	require.NoError(t, s.ExpireTokens("main", sandboxtest.AuroraHome, true))
	assert.Equal(t, 36004001, refresh(t, s, second.RefreshToken).Code)

	account := s.Truth().Accounts[0]
	assert.Equal(t, 1, account.Refreshes)
	assert.Equal(t, 1, account.RefusedRefreshes)
}

func TestSecondConsentKeepsTheOpenID(t *testing.T) {
	t.Parallel()
	s, c := start(t)
	first, second := s.Tokens(t, sandboxtest.AuroraHome), s.Tokens(t, sandboxtest.AuroraHome)
	assert.Equal(t, first.OpenID, second.OpenID)
	assert.NotEqual(t, first.AccessToken, second.AccessToken)
	assert.Zero(t, works(t, s, c, first.AccessToken))
	require.NoError(t, s.RemoveAccess("main", sandboxtest.AuroraHome))
	assert.Equal(t, 105001, works(t, s, c, second.AccessToken))
	assert.Equal(t, 36004001, refresh(t, s, second.RefreshToken).Code)
	third := s.Tokens(t, sandboxtest.AuroraHome)
	assert.Equal(t, first.OpenID, third.OpenID)
	assert.Equal(t, 105001, works(t, s, c, second.AccessToken), "old tokens stay dead")
	assert.Zero(t, works(t, s, c, third.AccessToken))
}
