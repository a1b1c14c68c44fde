package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api/apitest"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/connection/connectiontest"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// site is the function behind a web server, with a sandbox behind it.
type site struct {
	*httptest.Server
	world   *connectiontest.World
	remover *connection.Remover
	routes  *handler

	mu sync.Mutex
	at time.Time
}

func (s *site) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *site) advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = s.at.Add(d)
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	s.world = connectiontest.New(t, connectiontest.Options{Now: s.now})
	s.remover = connection.NewRemover(connection.RemoverOptions{Store: s.world.Store, Grants: s.world.Grants, TikTok: s.world.Client, Now: s.now, Log: slog.New(slog.DiscardHandler)})
	h := &handler{pages: newPages("Test Partner", "https://partner.example/help", s.world.Pages), connector: s.world.Connector}
	s.routes = h
	s.Server = httptest.NewTLSServer(apitest.Described(t, h.routes()))
	t.Cleanup(s.Close)
	registered := s.world.TikTok.App
	registered.RedirectURL = s.URL + "/oauth/callback"
	s.world.TikTok.SetApp(registered)
	return s
}

// mint makes a connect link for an owner.
func (s *site) mint(t *testing.T, owner string, kind tiktokshop.AccountKind) string {
	t.Helper()
	token, _, err := s.world.Links.Mint(t.Context(), connection.Ask{Owner: owner, Kind: kind, Market: "US", ReturnTo: "https://partner.example/done?tab=1"})
	require.NoError(t, err)
	return s.URL + "/connect/" + token.Reveal()
}

func (s *site) connections(t *testing.T, owner string) []connection.Connection {
	t.Helper()
	found, _, err := s.world.Store.Connections(t.Context(), owner, "", 10)
	require.NoError(t, err)
	return found
}

// browser keeps cookies as a browser does.
type browser struct {
	*http.Client
	site *site
	t    *testing.T
}

func (s *site) browser(t *testing.T) *browser {
	t.Helper()
	client := *s.Client()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client.Jar = jar
	return &browser{Client: &client, site: s, t: t}
}

// shown is a page as a user sees it.
type shown struct {
	status int
	title  string
	body   string
	url    *url.URL
	header http.Header
}

var titleForm = regexp.MustCompile(`<h1>(.*)</h1>`)

func (b *browser) do(method, address string, form url.Values) shown {
	t := b.t
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := b.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	s := shown{status: response.StatusCode, body: string(body), url: response.Request.URL, header: response.Header}
	if found := titleForm.FindStringSubmatch(s.body); found != nil {
		s.title = html.UnescapeString(found[1])
	}
	return s
}

func (b *browser) get(address string) shown {
	b.t.Helper()
	return b.do(http.MethodGet, address, nil)
}

// press follows a connect link to TikTok Shop's consent page.
func (b *browser) press(link string) *url.URL {
	b.t.Helper()
	page := b.do(http.MethodPost, link, nil)
	require.Equal(b.t, b.site.world.TikTok.BaseURL, "http://"+page.url.Host, page.body)
	return page.url
}

var allScopes = map[string][]string{
	"creator": {"creator.affiliate.info", "creator.affiliate_collaboration.read", "creator.affiliate.share_link.read"},
}

// decide agrees or not on the consent page, and ends where TikTok Shop sends the user.
func (b *browser) decide(consent *url.URL, user, decision string, scopes ...string) shown {
	b.t.Helper()
	form := consent.Query()
	form.Set("account", user)
	form.Set("decision", decision)
	form["scope"] = scopes
	at := *consent
	at.RawQuery = ""
	return b.do(http.MethodPost, at.String(), form)
}

func TestConnect(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, c := range map[string]struct {
		kind   tiktokshop.AccountKind
		user   string
		scopes []string
		assets int
	}{
		"seller with two shops": {tiktokshop.SellerAccount, sandboxtest.AuroraHome, nil, 2},
		"creator":               {tiktokshop.CreatorAccount, sandboxtest.MiaLane, allScopes["creator"], 1},
		"affiliate partner":     {tiktokshop.PartnerAccount, sandboxtest.Northwind, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			owner := "owner-" + string(c.kind)
			link, b := s.mint(t, owner, c.kind), s.browser(t)
			ask := b.get(link)
			require.Equal(t, http.StatusOK, ask.status)
			assert.Contains(t, ask.title, "Connect your TikTok Shop")
			assert.Empty(t, ask.header.Values("Set-Cookie"), "opening a link changes nothing")

			done := b.decide(b.press(link), c.user, "allow", c.scopes...)
			require.Equal(t, http.StatusOK, done.status, done.body)
			assert.Equal(t, "Connected", done.title)
			made := s.connections(t, owner)
			require.Len(t, made, 1)
			assert.Equal(t, connection.Active, made[0].State)
			assert.Equal(t, owner, made[0].Owner)
			assert.Equal(t, c.kind, made[0].Kind())
			assert.Empty(t, made[0].MissingScopes())
			assert.Len(t, made[0].Assets, c.assets)
			assert.Contains(t, done.body, "https://partner.example/done?connection_id="+made[0].ID+"&amp;tab=1")
			assert.Equal(t, c.kind == tiktokshop.CreatorAccount, strings.Contains(done.body, "Manage or remove access"))

			again := b.get(done.url.String())
			assert.Equal(t, http.StatusConflict, again.status)
			assert.Equal(t, "This was finished already", again.title)
			assert.Equal(t, made, s.connections(t, owner), "a replay changes nothing")
		})
	}
}

func TestStoredGrantWorks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	b.decide(b.press(s.mint(t, "test-owner", tiktokshop.SellerAccount)), sandboxtest.AuroraHome, "allow")
	made := s.connections(t, "test-owner")[0]
	stored, err := s.world.Store.Account(t.Context(), made.Account)
	require.NoError(t, err)
	tokens, err := account.NewVault(s.world.Sealer).Open(t.Context(), made.Account, stored.Sealed)
	require.NoError(t, err)
	assert.NotContains(t, string(stored.Sealed), tokens.Access.Reveal())
	for _, asset := range made.Assets {
		assert.NotEmpty(t, asset.Cipher)
		assert.Equal(t, account.AssetActive, asset.State)
	}
	due, err := s.world.Store.DueRefreshes(t.Context(), stored.AccessExpiresAt, 10)
	require.NoError(t, err)
	assert.Len(t, due, 1, "the first refresh is scheduled")
}

func TestTwoOwnersOfOneAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, owner := range []string{"owner-a", "owner-b"} {
		b := s.browser(t)
		b.decide(b.press(s.mint(t, owner, tiktokshop.SellerAccount)), sandboxtest.AuroraHome, "allow")
	}
	first, second := s.connections(t, "owner-a"), s.connections(t, "owner-b")
	require.Len(t, first, 1)
	require.Len(t, second, 1)
	assert.NotEqual(t, first[0].ID, second[0].ID)
	assert.Equal(t, first[0].Account, second[0].Account, "one account, held once")
	owners, err := s.world.Store.Owners(t.Context(), first[0].Account)
	require.NoError(t, err)
	assert.Equal(t, []string{"owner-a", "owner-b"}, owners)
	_, err = s.world.Store.Connection(t.Context(), "owner-b", first[0].ID)
	assert.Error(t, err, "another owner's connection is not found")
}

func TestReconnect(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	link := s.mint(t, "test-owner", tiktokshop.CreatorAccount)
	some := b.decide(b.press(link), sandboxtest.MiaLane, "allow", allScopes["creator"][:2]...)
	assert.Equal(t, "Connected", some.title)
	assert.Contains(t, some.body, "creator.affiliate.share_link.read")
	first := s.connections(t, "test-owner")[0]
	assert.Equal(t, []string{"creator.affiliate.share_link.read"}, first.MissingScopes())
	require.NoError(t, s.world.Store.Revoke(t.Context(), first.Account, 1, account.Deauthorized, s.now()))
	assert.Equal(t, connection.NeedsReconnect, s.connections(t, "test-owner")[0].State)

	s.advance(time.Hour)
	manage := regexp.MustCompile(`<a href="([^"]+)">Manage`).FindStringSubmatch(some.body)
	require.NotNil(t, manage)
	stale, err := url.Parse(html.UnescapeString(manage[1]))
	require.NoError(t, err)
	assert.Equal(t, "That took too long", b.decide(stale, sandboxtest.MiaLane, "allow", allScopes["creator"]...).title)
	b.decide(b.press(link), sandboxtest.MiaLane, "allow", allScopes["creator"]...)
	again := s.connections(t, "test-owner")
	require.Len(t, again, 1)
	assert.Equal(t, first.ID, again[0].ID)
	assert.Equal(t, connection.Active, again[0].State)
	assert.Empty(t, again[0].MissingScopes())
	assert.Equal(t, first.CreatedAt, again[0].CreatedAt)
	assert.Equal(t, s.now(), again[0].ConnectedAt)
}

// TestProblems has every page a failed connect can end on: its status, its
// title, that nothing is stored and whether the attempt can still succeed.
func TestProblems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end    func(s *site, b *browser, link string) shown
		status int
		title  string
	}{
		"unknown link": {func(s *site, b *browser, _ string) shown {
			return b.get(s.URL + "/connect/" + strings.Repeat("x", tokenLength))
		}, http.StatusNotFound, "This connect link does not work"},
		"unknown link pressed": {func(s *site, b *browser, _ string) shown {
			return b.do(http.MethodPost, s.URL+"/connect/short", nil)
		}, http.StatusNotFound, "This connect link does not work"},
		"expired link": {func(s *site, b *browser, link string) shown {
			s.advance(connection.LinkLife)
			return b.do(http.MethodPost, link, nil)
		}, http.StatusGone, "This connect link has expired"},
		"button pressed by another site": {func(s *site, b *browser, link string) shown {
			b.Transport = withHeader{b.Transport, "Sec-Fetch-Site", "cross-site"}
			return b.do(http.MethodPost, link, nil)
		}, http.StatusForbidden, "Please start on our page"},
		"refused": {func(s *site, b *browser, link string) shown {
			return b.decide(b.press(link), sandboxtest.AuroraHome, "deny")
		}, http.StatusOK, "You did not agree"},
		"no code": {func(s *site, b *browser, link string) shown {
			return b.get(s.URL + "/oauth/callback?state=" + b.press(link).Query().Get("state"))
		}, http.StatusOK, "You did not agree"},
		"bare address": {func(s *site, b *browser, _ string) shown {
			return b.get(s.URL + "/oauth/callback")
		}, http.StatusBadRequest, "Please start from a connect link"},
		"install for no app of ours": {func(s *site, b *browser, _ string) shown {
			return b.get(s.URL + "/oauth/callback?app_key=other&code=" + s.world.TikTok.Code(b.t, sandboxtest.AuroraHome))
		}, http.StatusBadRequest, "Please start from a connect link"},
		"install with a bad code": {func(s *site, b *browser, _ string) shown {
			return b.get(s.URL + "/oauth/callback?code=nobodys")
		}, http.StatusGone, "That took too long"},
		"install without the scope to look up": {func(s *site, b *browser, _ string) shown {
			body := `{"code":0,"message":"success","data":{"access_token":"a","refresh_token":"r","open_id":"o","user_type":0,"granted_scopes":[]}}`
			s.world.TikTok.AddFault(sandbox.Fault{Operation: "GET /api/v2/token/get", Body: body, Status: 200})
			return b.get(s.URL + "/oauth/callback?code=test-code")
		}, http.StatusUnprocessableEntity, "A permission is missing"},
		"install by somebody unknown": {func(s *site, b *browser, _ string) shown {
			body := `{"code":0,"message":"success","data":{"access_token":"a","refresh_token":"r","open_id":"o","user_type":2,"granted_scopes":[]}}`
			s.world.TikTok.AddFault(sandbox.Fault{Operation: "GET /api/v2/token/get", Body: body, Status: 200})
			return b.get(s.URL + "/oauth/callback?code=test-code")
		}, http.StatusUnprocessableEntity, "That is another kind of account"},
		"foreign state": {func(s *site, b *browser, _ string) shown {
			return b.get(s.URL + "/oauth/callback?state=test-state&code=" + s.world.TikTok.Code(b.t, sandboxtest.AuroraHome))
		}, http.StatusBadRequest, "This attempt is not known here"},
		"state too old": {func(s *site, b *browser, link string) shown {
			consent := b.press(link)
			s.advance(connection.StateLife)
			return b.decide(consent, sandboxtest.AuroraHome, "allow")
		}, http.StatusGone, "That took too long"},
		"code too old": {func(s *site, b *browser, link string) shown {
			s.world.TikTok.AddFault(sandbox.Fault{Operation: "GET /api/v2/token/get", Code: 36004004, Message: "invalid auth code"})
			return b.decide(b.press(link), sandboxtest.AuroraHome, "allow")
		}, http.StatusGone, "That took too long"},
		"another person's browser": {func(s *site, b *browser, link string) shown {
			other := s.browser(b.t)
			other.press(link)
			return other.decide(b.press(link), sandboxtest.AuroraHome, "allow")
		}, http.StatusForbidden, "This attempt belongs to someone else"},
		"wrong kind": {func(s *site, b *browser, link string) shown {
			state := b.press(link).Query().Get("state")
			return b.get(s.URL + "/oauth/callback?state=" + state + "&code=" + s.world.TikTok.Code(b.t, sandboxtest.Northwind))
		}, http.StatusUnprocessableEntity, "That is another kind of account"},
		"missing scope": {func(s *site, b *browser, _ string) shown {
			consent := b.press(s.mint(b.t, "test-owner", tiktokshop.CreatorAccount))
			return b.decide(consent, sandboxtest.MiaLane, "allow", "creator.affiliate_collaboration.read")
		}, http.StatusUnprocessableEntity, "A permission is missing"},
		"no shop": {func(s *site, b *browser, link string) shown {
			s.world.TikTok.AddFault(sandbox.Fault{Operation: "GET /authorization/202309/shops", Body: `{"code":0,"message":"Success","data":{"shops":[]}}`, Status: 200})
			return b.decide(b.press(link), sandboxtest.AuroraHome, "allow")
		}, http.StatusUnprocessableEntity, "This account has no shop"},
		"TikTok Shop down": {func(s *site, b *browser, link string) shown {
			s.world.TikTok.AddFault(sandbox.Fault{Operation: "*", Status: 503, Times: -1})
			state := b.press(link).Query().Get("state")
			return b.get(s.URL + "/oauth/callback?state=" + state + "&code=" + s.world.TikTok.Code(b.t, sandboxtest.AuroraHome))
		}, http.StatusServiceUnavailable, "We could not finish just now"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			page := c.end(s, s.browser(t), s.mint(t, "test-owner", tiktokshop.SellerAccount))
			assert.Equal(t, c.status, page.status)
			assert.Equal(t, c.title, page.title)
			assert.Equal(t, 1, strings.Count(page.body, `class="button"`), "one thing to do")
			assert.Equal(t, "no-store", page.header.Get("Cache-Control"))
			assert.Empty(t, s.connections(t, "test-owner"), "nothing is stored")
			due, err := s.world.Store.DueRefreshes(t.Context(), s.now().Add(365*24*time.Hour), 10)
			require.NoError(t, err)
			assert.Empty(t, due)
		})
	}
}

func TestAttemptGoesOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil sandbox.Fault
		calls int // of the token endpoint in all
	}{
		"after the token endpoint was down":        {sandbox.Fault{Operation: "GET /api/v2/token/get", Status: 503}, 2},
		"after the shops could not be looked up":   {sandbox.Fault{Operation: "GET /authorization/202309/shops", Status: 503}, 1},
		"after the shops' answer came back broken": {sandbox.Fault{Operation: "GET /authorization/202309/shops", Truncate: true}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			b := s.browser(t)
			consent := b.press(s.mint(t, "test-owner", tiktokshop.SellerAccount))
			s.world.TikTok.AddFault(c.spoil)
			down := b.decide(consent, sandboxtest.AuroraHome, "allow")
			assert.Equal(t, http.StatusServiceUnavailable, down.status)
			assert.Contains(t, down.body, `<a class="button" href="">Try again</a>`)

			done := b.get(down.url.String())
			assert.Equal(t, "Connected", done.title)
			assert.Len(t, s.connections(t, "test-owner")[0].Assets, 2)
			calls := 0
			for _, n := range s.world.TikTok.Truth().Calls["GET /api/v2/token/get"] {
				calls += n
			}
			assert.Equal(t, c.calls, calls, "a code that was used is not used again")
		})
	}
	t.Run("in the browser it began in", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.browser(t)
		consent := b.press(s.mint(t, "test-owner", tiktokshop.SellerAccount))
		elsewhere := s.browser(t).decide(consent, sandboxtest.AuroraHome, "allow")
		require.Equal(t, "One step is missing", elsewhere.title)
		assert.Equal(t, "Connected", b.get(elsewhere.url.String()).title)
	})
	t.Run("with two attempts in one browser", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.browser(t)
		first, second := b.press(s.mint(t, "owner-a", tiktokshop.SellerAccount)), b.press(s.mint(t, "owner-b", tiktokshop.SellerAccount))
		assert.Equal(t, "Connected", b.decide(first, sandboxtest.AuroraHome, "allow").title)
		assert.Equal(t, "Connected", b.decide(second, sandboxtest.BirchBloom, "allow").title)
	})
}

func TestCallbackAtTheSameTime(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	state := b.press(s.mint(t, "test-owner", tiktokshop.SellerAccount)).Query().Get("state")
	address := s.URL + "/oauth/callback?state=" + state + "&code=" + s.world.TikTok.Code(t, sandboxtest.AuroraHome)
	titles := make([]string, 6)
	var group sync.WaitGroup
	for i := range titles {
		group.Go(func() { titles[i] = b.get(address).title })
	}
	group.Wait()
	connected := 0
	for _, title := range titles {
		if title == "Connected" {
			connected++
		} else {
			assert.Contains(t, []string{"One moment", "This was finished already"}, title)
		}
	}
	assert.Equal(t, 1, connected)
	assert.Len(t, s.connections(t, "test-owner"), 1)
}

// withHeader adds a header to every request.
type withHeader struct {
	http.RoundTripper
	name, value string
}

func (w withHeader) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set(w.name, w.value)
	return w.RoundTripper.RoundTrip(r)
}

func TestPageIsSelfContained(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	page := s.browser(t).get(s.mint(t, "test-owner", tiktokshop.SellerAccount))
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(page.body)
	require.NotNil(t, style)
	sum := sha256.Sum256([]byte(style[1]))
	policy := page.header.Get("Content-Security-Policy")
	assert.Contains(t, policy, "default-src 'none'")
	assert.Contains(t, policy, "style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	assert.Contains(t, policy, "form-action 'self' https: "+s.world.TikTok.BaseURL)
	assert.Contains(t, policy, "frame-ancestors 'none'")
	assert.Equal(t, "no-referrer", page.header.Get("Referrer-Policy"))
	assert.Equal(t, "DENY", page.header.Get("X-Frame-Options"))
	assert.NotContains(t, page.body, "src=")
	assert.NotContains(t, page.body, "<link")
	assert.NotContains(t, page.body, "<script")
}

func TestCookie(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	page := b.do(http.MethodPost, s.mint(t, "test-owner", tiktokshop.CreatorAccount), nil)
	assert.Equal(t, http.StatusSeeOther, page.status)
	set := page.header.Get("Set-Cookie")
	for _, part := range []string{"__Host-connect=", "Path=/", "Max-Age=1800", "HttpOnly", "Secure", "SameSite=Lax"} {
		assert.Contains(t, set, part)
	}
	consent, err := url.Parse(page.header.Get("Location"))
	require.NoError(t, err)
	assert.Equal(t, s.world.TikTok.App.Key, consent.Query().Get("app_key"))
	assert.Len(t, consent.Query().Get("state"), tokenLength)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	good := config{SellerUS: "https://a.example", Seller: "https://b.example", Creator: "https://c.example", PartnerUS: "http://127.0.0.1:4570/x", Partner: "http://localhost:1"}
	require.NoError(t, good.Validate())
	bad := good
	bad.Creator, bad.PartnerURL = "http://c.example", "javascript:x"
	err := bad.Validate()
	assert.ErrorContains(t, err, "CONSENT_CREATOR_URL")
	assert.ErrorContains(t, err, "PARTNER_URL")
}

func TestSampleEvents(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	entry := lambdahttp.New(s.Config.Handler)
	for file, status := range map[string]int{"oauth-callback": http.StatusOK, "oauth-callback--connect": http.StatusNotFound, "oauth-callback--begin": http.StatusNotFound, "oauth-callback--install": http.StatusBadRequest} {
		raw, err := os.ReadFile("../../events/" + file + ".json")
		require.NoError(t, err)
		var event events.APIGatewayV2HTTPRequest
		require.NoError(t, json.Unmarshal(raw, &event))
		response, err := entry.Handle(t.Context(), event)
		require.NoError(t, err)
		assert.Equal(t, status, response.StatusCode, file)
		assert.Contains(t, response.Body, "<h1>")
	}
}
