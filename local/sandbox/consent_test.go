package sandbox_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
)

// visit sends a form (or, without one, looks at a page) and does not follow redirects.
func visit(t *testing.T, target string, form url.Values) (status int, location *url.URL, page string) {
	t.Helper()
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	require.NoError(t, err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	if location, err = response.Location(); err != nil {
		location = nil
	}
	return response.StatusCode, location, string(text)
}

func withRedirect(o *sandbox.Options) {
	app := sandbox.DefaultApp()
	app.RedirectURL = "https://product.example/oauth/callback"
	o.Apps = []sandbox.App{app}
}

func TestConsentPages(t *testing.T) {
	t.Parallel()
	app := sandbox.DefaultApp()
	for name, one := range map[string]struct {
		path       string
		identifier url.Values
		account    string // empty = the first on the page
		region     string
		userType   int
	}{
		"seller":        {"/consent/seller/open/authorize", url.Values{"service_id": {app.SellerServiceID}}, "", "US", 0},
		"seller, short": {"/consent/seller", url.Values{"service_id": {app.SellerServiceID}}, sandboxtest.BirchBloom, "US", 0},
		"creator":       {"/consent/creator/alliance/creator/auth", url.Values{"app_key": {app.Key}}, sandboxtest.NoraQuinn, "GB", 1},
		"partner":       {"/consent/partner/open/authorize", url.Values{"service_id": {app.PartnerServiceID}}, "", "US", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := start(t, withRedirect)
			one.identifier.Set("state", "a state+&=")
			one.identifier.Set("state", strings.TrimSpace(one.identifier.Get("state")))
			status, _, page := visit(t, s.BaseURL+one.path+"?"+one.identifier.Encode(), nil)
			assert.Equal(t, http.StatusOK, status)
			assert.Equal(t, 1, strings.Count(page, `class="primary"`), "one primary action")
			assert.Contains(t, page, `value="a state&#43;&amp;="`)
			assert.Empty(t, s.Truth().Accounts, "looking changes nothing")

			form := url.Values{"decision": {"allow"}, "account": {one.account}}
			for key, values := range one.identifier {
				form[key] = values
			}
			if one.userType == 1 {
				form["scope"] = []string{"creator.affiliate.info", "creator.affiliate_collaboration.read"}
			}
			status, location, _ := visit(t, s.BaseURL+one.path, form)
			require.Equal(t, http.StatusSeeOther, status)
			query := location.Query()
			assert.Equal(t, "product.example/oauth/callback", location.Host+location.Path)
			assert.Equal(t, "a state+&=", query.Get("state"))
			assert.Equal(t, []string{app.Key, "en-US", one.region}, []string{query.Get("app_key"), query.Get("locale"), query.Get("shop_region")})
			got := data[tokenData](t, exchange(t, s, query.Get("code")))
			assert.Equal(t, one.userType, got.UserType)
			if one.userType == 1 {
				assert.Equal(t, form["scope"], got.GrantedScopes, "creators can untick scopes")
			}

			form.Set("decision", "deny")
			_, location, _ = visit(t, s.BaseURL+one.path, form)
			assert.Equal(t, url.Values{"code": {"null"}, "error": {"auth_denied"}, "state": {"a state+&="}}, location.Query())
		})
	}
}

func TestConsentPageProblems(t *testing.T) {
	t.Parallel()
	s, _ := start(t, withRedirect)
	app := sandbox.DefaultApp()
	for name, one := range map[string]struct {
		path string
		form url.Values
		says string
	}{
		"unknown service":       {"/consent/seller?service_id=1", nil, "App not found"},
		"no service":            {"/consent/partner", nil, "App not found"},
		"seller's service":      {"/consent/partner?service_id=" + app.SellerServiceID, nil, "App not found"},
		"creator without state": {"/consent/creator?app_key=" + app.Key, nil, "needs a state"},
		"blanks around state":   {"/consent/creator?state=+x&app_key=" + app.Key, nil, "needs a state"},
		"no decision":           {"/consent/seller", url.Values{"service_id": {app.SellerServiceID}}, "Press Allow or Deny"},
		"unknown account":       {"/consent/seller", url.Values{"service_id": {app.SellerServiceID}, "account": {"nobody"}, "decision": {"allow"}}, "Choose one"},
		"account of a creator":  {"/consent/seller", url.Values{"service_id": {app.SellerServiceID}, "account": {sandboxtest.MiaLane}, "decision": {"allow"}}, "Choose one"},
	} {
		status, _, page := visit(t, s.BaseURL+one.path, one.form)
		assert.Equal(t, http.StatusBadRequest, status, name)
		assert.Contains(t, page, one.says, name)
	}
	noRedirect, _ := start(t)
	_, _, page := visit(t, noRedirect.BaseURL+"/consent/seller?service_id="+app.SellerServiceID, nil)
	assert.Contains(t, page, "no redirect URL")
}

func TestUntickedScopeIsRefused(t *testing.T) {
	t.Parallel()
	s, c := start(t, withRedirect)
	form := url.Values{"app_key": {s.App.Key}, "state": {"s"}, "account": {sandboxtest.MiaLane}, "decision": {"allow"}, "scope": {"creator.affiliate.info"}}
	_, location, _ := visit(t, s.BaseURL+"/consent/creator", form)
	got := data[tokenData](t, exchange(t, s, location.Query().Get("code")))
	assert.Zero(t, call(t, s, c, request{method: "GET", path: "/affiliate_creator/202508/profiles", token: got.AccessToken}).Code)
	orders := request{method: "POST", path: creatorSearch, query: url.Values{"page_size": {"10"}}, token: got.AccessToken}
	assert.Equal(t, 105005, call(t, s, c, orders).Code)

	form.Del("scope") // the creator unticks everything
	_, location, _ = visit(t, s.BaseURL+"/consent/creator", form)
	assert.Equal(t, "auth_denied", location.Query().Get("error"))
	a := call(t, s, c, orders)
	assert.Equal(t, 105001, a.Code)
	assert.Contains(t, a.Message, "deauthorized")
}

func TestManageAuthorizations(t *testing.T) {
	t.Parallel()
	s, _ := start(t, withRedirect)
	s.Tokens(t, sandboxtest.AuroraHome)
	s.Tokens(t, sandboxtest.Northwind)
	_, _, page := visit(t, s.BaseURL+"/consent/seller/authorizations", nil)
	assert.Contains(t, page, "Aurora Home UK (GB)")
	status, _, _ := visit(t, s.BaseURL+"/consent/seller/authorizations", url.Values{"app": {"main"}, "shop": {auroraUS}, "account": {sandboxtest.AuroraHome}})
	assert.Equal(t, http.StatusSeeOther, status)
	_, _, page = visit(t, s.BaseURL+"/consent/seller/authorizations", nil)
	assert.NotContains(t, page, "Aurora Home US (US)")
	_, _, _ = visit(t, s.BaseURL+"/consent/partner/authorizations", url.Values{"app": {"main"}, "account": {sandboxtest.Northwind}})
	_, _, page = visit(t, s.BaseURL+"/consent/partner/authorizations", nil)
	assert.Contains(t, page, "No app is authorized")
	status, _, _ = visit(t, s.BaseURL+"/consent/partner/authorizations", url.Values{"app": {"main"}, "account": {sandboxtest.Northwind}})
	assert.Equal(t, http.StatusBadRequest, status, "removed before")
}

func TestAppStore(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, withRedirect)
	for _, base := range []string{s.BaseURL, s.ControlURL} {
		status, _, page := visit(t, base+"/appstore", nil)
		require.Equal(t, http.StatusOK, status)
		assert.Contains(t, page, "Install")
		assert.NotContains(t, page, "mia-lane", "only sellers install")

		status, location, _ := visit(t, base+"/appstore", url.Values{"account": {sandboxtest.BirchBloom}})
		require.Equal(t, http.StatusSeeOther, status)
		assert.Equal(t, "https://product.example/oauth/callback", location.Scheme+"://"+location.Host+location.Path)
		back := location.Query()
		assert.False(t, back.Has("state"), "it began nowhere of the app's")
		assert.Equal(t, s.App.Key, back.Get("app_key"))
		assert.NotEmpty(t, back.Get("code"))
	}
	accounts := s.Truth().Accounts
	require.Len(t, accounts, 1)
	assert.Equal(t, 2, accounts[0].Consents)
	for name, form := range map[string]url.Values{
		"unknown app": {"app": {"other"}, "account": {sandboxtest.BirchBloom}}, "creator": {"account": {sandboxtest.MiaLane}}, "no account": {"app": {"main"}},
	} {
		status, _, _ := visit(t, s.BaseURL+"/appstore", form)
		assert.Equal(t, http.StatusBadRequest, status, name)
	}
	status, _, page := visit(t, s.ControlURL+"/", nil)
	require.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, `href="/appstore?app=main"`)
}
