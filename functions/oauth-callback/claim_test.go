package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

var codeForm = regexp.MustCompile(`<code>([A-Za-z0-9_-]{43})</code>`)

// install sends a user from the app store to the callback, and reads the claim token.
func (s *site) install(t *testing.T, user string) (address, token string) {
	t.Helper()
	address = s.URL + "/oauth/callback?locale=en-US&app_key=" + s.world.TikTok.App.Key + "&code=" + s.world.TikTok.Code(t, user)
	return address, s.waits(t, address)
}

// waits opens a callback whose consent then waits to be claimed.
func (s *site) waits(t *testing.T, address string) (token string) {
	t.Helper()
	page := s.browser(t).get(address)
	require.Equal(t, http.StatusOK, page.status, page.body)
	require.Equal(t, "One step is missing", page.title)
	found := codeForm.FindStringSubmatch(page.body)
	require.NotNil(t, found, page.body)
	return found[1]
}

// exchanges counts the calls that turned a code into tokens.
func (s *site) exchanges() (calls int) {
	for _, n := range s.world.TikTok.Truth().Calls["GET /api/v2/token/get"] {
		calls += n
	}
	return calls
}

func TestInstallIsClaimed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		user   string
		kind   tiktokshop.AccountKind
		assets int
	}{
		"seller":  {sandboxtest.AuroraHome, tiktokshop.SellerAccount, 2},
		"creator": {sandboxtest.MiaLane, tiktokshop.CreatorAccount, 1},
		"partner": {sandboxtest.Northwind, tiktokshop.PartnerAccount, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			_, token := s.install(t, c.user)
			id := account.NewID("main", c.kind, s.world.TikTok.OpenID(t, c.user))
			waiting, err := s.world.Store.Account(t.Context(), id)
			require.NoError(t, err)
			assert.Equal(t, account.Unclaimed, waiting.State)
			grant, err := s.world.Grants.Account(t.Context(), id)
			require.NoError(t, err)
			_, err = grant.AccessToken(t.Context())
			assert.Equal(t, fault.Reconnect, fault.KindOf(err), "nobody uses it before it is claimed")
			owners, err := s.world.Store.Owners(t.Context(), id)
			require.NoError(t, err)
			assert.Empty(t, owners)

			s.advance(23 * time.Hour)
			require.NoError(t, s.remover.Settle(t.Context(), id), "not yet forgotten")
			made, err := s.world.Connector.Claim(t.Context(), "owner-a", token)
			require.NoError(t, err)
			found := s.connections(t, "owner-a")
			require.Len(t, found, 1)
			assert.Equal(t, made.ID, found[0].ID)
			assert.Equal(t, connection.Active, found[0].State)
			assert.Len(t, found[0].Assets, c.assets)
			assert.NotEmpty(t, found[0].Name)
			assert.Equal(t, "US", found[0].Market)
			_, err = grant.AccessToken(t.Context())
			require.NoError(t, err)
			due, err := s.world.Store.DueRefreshes(t.Context(), found[0].AccessExpiresAt, 10)
			require.NoError(t, err)
			assert.Len(t, due, 1, "its refresh is scheduled")

			again, err := s.world.Connector.Claim(t.Context(), "owner-a", token)
			require.NoError(t, err)
			assert.Equal(t, made.ID, again.ID, "claimed twice, it is the same")
			_, err = s.world.Connector.Claim(t.Context(), "owner-b", token)
			assert.Equal(t, fault.NotFound, fault.KindOf(err), "the token is used up")
			assert.Empty(t, s.connections(t, "owner-b"))
		})
	}
}

func TestInstallGoesToTheClaimPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.routes.claimURL = "https://partner.example/claim?from=tiktok"
	b := s.browser(t)
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	page := b.get(s.URL + "/oauth/callback/main?code=" + s.world.TikTok.Code(t, sandboxtest.AuroraHome))
	require.Equal(t, http.StatusSeeOther, page.status, page.body)
	target, err := url.Parse(page.header.Get("Location"))
	require.NoError(t, err)
	assert.Equal(t, "partner.example/claim", target.Host+target.Path)
	assert.Equal(t, "tiktok", target.Query().Get("from"))
	assert.Equal(t, "no-referrer", page.header.Get("Referrer-Policy"))
	assert.Equal(t, "no-store", page.header.Get("Cache-Control"))
	_, err = s.world.Connector.Claim(t.Context(), "owner-a", target.Query().Get("claim_token"))
	require.NoError(t, err)
	assert.Len(t, s.connections(t, "owner-a"), 1)
	assert.Equal(t, http.StatusBadRequest, b.get(s.URL+"/oauth/callback/other?code=x").status, "no app of that name")
}

func TestInstallOpenedTwice(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	address, first := s.install(t, sandboxtest.AuroraHome)
	second := s.waits(t, address)
	assert.NotEqual(t, first, second)
	assert.Equal(t, 1, s.exchanges(), "the code is used once")
	made, err := s.world.Connector.Claim(t.Context(), "owner-a", second)
	require.NoError(t, err)
	same, err := s.world.Connector.Claim(t.Context(), "owner-a", second)
	require.NoError(t, err)
	assert.Equal(t, made.ID, same.ID)
	_, err = s.world.Connector.Claim(t.Context(), "owner-b", first)
	assert.Equal(t, fault.NotFound, fault.KindOf(err), "one install, one claim")
	assert.Equal(t, "This was finished already", s.browser(t).get(address).title)
}

func TestClaimAtTheSameTime(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, token := s.install(t, sandboxtest.AuroraHome)
	var group sync.WaitGroup
	var mu sync.Mutex
	made := map[string]int{}
	for _, owner := range []string{"owner-a", "owner-b", "owner-a", "owner-b"} {
		group.Go(func() {
			_, err := s.world.Connector.Claim(t.Context(), owner, token)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made[owner]++
			}
		})
	}
	group.Wait()
	assert.Len(t, made, 1, "one owner has it")
	assert.Equal(t, 1, len(s.connections(t, "owner-a"))+len(s.connections(t, "owner-b")))
}

func TestClaimRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, token := s.install(t, sandboxtest.AuroraHome)
	_, err := s.world.Connector.Claim(t.Context(), "owner-a", strings.Repeat("x", 43))
	assert.Equal(t, fault.NotFound, fault.KindOf(err))
	s.world.TikTok.AddFault(sandbox.Fault{Operation: "GET /authorization/202309/shops", Status: 503})
	_, err = s.world.Connector.Claim(t.Context(), "owner-a", token)
	assert.Equal(t, fault.Unavailable, fault.KindOf(err))
	assert.Empty(t, s.connections(t, "owner-a"))
	s.world.TikTok.AddFault(sandbox.Fault{Operation: "GET /authorization/202309/shops", Body: `{"code":0,"message":"Success","data":{"shops":[]}}`, Status: 200})
	_, err = s.world.Connector.Claim(t.Context(), "owner-a", token)
	assert.Equal(t, fault.Conflict, fault.KindOf(err))
	_, err = s.world.Connector.Claim(t.Context(), "owner-a", token)
	require.NoError(t, err, "nothing was lost")

	_, gone := s.install(t, sandboxtest.BirchBloom)
	require.NoError(t, s.world.TikTok.RemoveAccess("", sandboxtest.BirchBloom))
	_, err = s.world.Connector.Claim(t.Context(), "owner-a", gone)
	assert.Equal(t, fault.Reconnect, fault.KindOf(err), "taken away meanwhile")
}

func TestUnclaimedInstallIsForgotten(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, token := s.install(t, sandboxtest.AuroraHome)
	id := account.NewID("main", tiktokshop.SellerAccount, s.world.TikTok.OpenID(t, sandboxtest.AuroraHome))
	s.advance(connection.ClaimLife)
	due, err := s.world.Store.DueRefreshes(t.Context(), s.now(), 10)
	require.NoError(t, err)
	require.Len(t, due, 1)
	assert.Equal(t, id, due[0].Account)
	_, err = s.world.Grants.RefreshEarly(t.Context(), id)
	require.ErrorIs(t, err, account.ErrOwnerless)
	require.NoError(t, s.remover.Settle(t.Context(), id))
	a, err := s.world.Store.Account(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, account.Disconnected, a.State)
	assert.Empty(t, a.Sealed, "tokens are shredded")
	_, err = s.world.Connector.Claim(t.Context(), "owner-a", token)
	assert.Equal(t, fault.Conflict, fault.KindOf(err))
	assert.ErrorContains(t, err, "install the app again")

	_, token = s.install(t, sandboxtest.AuroraHome)
	_, err = s.world.Connector.Claim(t.Context(), "owner-a", token)
	require.NoError(t, err, "installed again, it is there again")
}

// TikTok Shop may end the older tokens of an account with a new consent, so its
// owners must have the new ones whoever claims the install.
func TestInstallOfAConnectedAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	settings := s.world.TikTok.Settings()
	settings.RefreshMode = sandbox.RotateStrictly
	require.NoError(t, s.world.TikTok.Configure(settings))
	b := s.browser(t)
	b.decide(b.press(s.mint(t, "owner-a", tiktokshop.SellerAccount)), sandboxtest.AuroraHome, "allow")
	s.advance(time.Hour)
	_, token := s.install(t, sandboxtest.AuroraHome)
	first := s.connections(t, "owner-a")[0]
	assert.Equal(t, connection.Active, first.State)
	grant, err := s.world.Grants.Account(t.Context(), first.Account)
	require.NoError(t, err)
	_, err = s.world.Client.Seller(grant, "").AuthorizedShops(t.Context())
	require.NoError(t, err)
	second, err := s.world.Connector.Claim(t.Context(), "owner-b", token)
	require.NoError(t, err)
	assert.Equal(t, first.Account, second.Account)
	s.advance(connection.ClaimLife)
	require.NoError(t, s.remover.Settle(t.Context(), first.Account))
	assert.Equal(t, connection.Active, s.connections(t, "owner-a")[0].State)
	assert.Len(t, s.connections(t, "owner-b"), 1)
}

func TestInstallGoesOnAfterTikTokShopWasDown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.world.TikTok.AddFault(sandbox.Fault{Operation: "GET /api/v2/token/get", Status: 503})
	address := s.URL + "/oauth/callback?code=" + s.world.TikTok.Code(t, sandboxtest.AuroraHome)
	down := s.browser(t).get(address)
	assert.Equal(t, "We could not finish just now", down.title)
	_, err := s.world.Connector.Claim(t.Context(), "owner-a", s.waits(t, address))
	require.NoError(t, err)
}

func TestConsentInAnotherBrowser(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T) (s *site, first *browser, callback string) {
		t.Helper()
		s = newSite(t)
		first = s.browser(t)
		state := first.press(s.mint(t, "owner-a", tiktokshop.SellerAccount)).Query().Get("state")
		return s, first, s.URL + "/oauth/callback?state=" + state + "&code=" + s.world.TikTok.Code(t, sandboxtest.AuroraHome)
	}
	t.Run("its owner claims it", func(t *testing.T) {
		t.Parallel()
		s, first, callback := begin(t)
		token := s.waits(t, callback)
		_, err := s.world.Connector.Claim(t.Context(), "owner-b", token)
		assert.Equal(t, fault.NotFound, fault.KindOf(err), "it is for the owner of the link only")
		made, err := s.world.Connector.Claim(t.Context(), "owner-a", token)
		require.NoError(t, err)
		found := s.connections(t, "owner-a")
		require.Len(t, found, 1)
		assert.Equal(t, made.ID, found[0].ID)
		assert.Equal(t, "This was finished already", first.get(callback).title)
	})
	t.Run("the first browser goes on", func(t *testing.T) {
		t.Parallel()
		s, first, callback := begin(t)
		token := s.waits(t, callback)
		assert.Equal(t, "Connected", first.get(callback).title)
		assert.Equal(t, 1, s.exchanges())
		assert.Len(t, s.connections(t, "owner-a"), 1)
		again, err := s.world.Connector.Claim(t.Context(), "owner-a", token)
		require.NoError(t, err)
		assert.Equal(t, s.connections(t, "owner-a")[0].ID, again.ID)
	})
	t.Run("not with another code", func(t *testing.T) {
		t.Parallel()
		// Somebody sends the consent page to another person, who agrees: that
		// account must not end up with whoever began.
		s, first, callback := begin(t)
		s.waits(t, callback)
		forged := callback[:strings.Index(callback, "&code=")] + "&code=guessed"
		assert.Equal(t, "This attempt is not known here", first.get(forged).title)
		assert.Empty(t, s.connections(t, "owner-a"))
	})
	t.Run("another kind of account", func(t *testing.T) {
		t.Parallel()
		s, _, callback := begin(t)
		wrong := callback[:strings.Index(callback, "&code=")] + "&code=" + s.world.TikTok.Code(t, sandboxtest.Northwind)
		page := s.browser(t).get(wrong)
		assert.Equal(t, "That is another kind of account", page.title)
		assert.Contains(t, page.body, "seller account")
	})
	t.Run("its access ended meanwhile", func(t *testing.T) {
		t.Parallel()
		s, first, callback := begin(t)
		s.waits(t, callback)
		require.NoError(t, s.world.TikTok.RemoveAccess("", sandboxtest.AuroraHome))
		assert.Equal(t, "That took too long", first.get(callback).title)
		assert.Empty(t, s.connections(t, "owner-a"))
	})
}
