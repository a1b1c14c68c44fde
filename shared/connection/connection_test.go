package connection_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

func TestAssetOfAConnection(t *testing.T) {
	t.Parallel()
	shop := func(id account.AssetID, state account.AssetState) account.Asset {
		return account.Asset{ID: id, Name: "Shop", Region: "US", State: state}
	}
	one := []account.Asset{shop("shop:1", account.AssetActive), shop("shop:2", account.AssetDeauthorized)}
	two := []account.Asset{shop("shop:1", account.AssetActive), shop("shop:3", account.AssetActive)}
	for name, c := range map[string]struct {
		assets []account.Asset
		ask    account.AssetID
		want   account.AssetID
		fault  fault.Kind
		text   string
	}{
		"named":                {one, "shop:1", "shop:1", "", ""},
		"named, but ended":     {one, "shop:2", "shop:2", "", ""},
		"the only active one":  {one, "", "shop:1", "", ""},
		"not of the account":   {one, "shop:9", "", fault.NotFound, ""},
		"several":              {two, "", "", fault.Invalid, "shop:1 (Shop, US); shop:3 (Shop, US)"},
		"none active any more": {one[1:], "", "", fault.Reconnect, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := connection.Connection{Assets: c.assets}.Asset(c.ask)
			assert.Equal(t, c.fault, fault.KindOf(err))
			assert.Equal(t, c.want, got.ID)
			if c.text != "" {
				assert.ErrorContains(t, err, c.text)
			}
		})
	}
}

func TestConnectionOfAnAccount(t *testing.T) {
	t.Parallel()
	c := connection.Connection{Account: "main:creator:test"}
	lost := c.Of(account.Account{State: account.Revoked, Reason: account.Deauthorized, Scopes: []string{"creator.affiliate.info"}}, nil)
	assert.Equal(t, connection.NeedsReconnect, lost.State)
	assert.Equal(t, account.Deauthorized, lost.Reason)
	assert.Equal(t, []string{"creator.affiliate_collaboration.read", "creator.affiliate.share_link.read"}, lost.MissingScopes())
	assert.Equal(t, connection.Active, lost.Of(account.Account{State: account.Suspect}, nil).State)
	assert.Empty(t, lost.Of(account.Account{State: account.Active}, nil).Reason)

	assert.Equal(t, "conn_", connection.NewID("a", "main:creator:test")[:5])
	assert.NotEqual(t, connection.NewID("a", "main:creator:test"), connection.NewID("b", "main:creator:test"))
}

func TestConsentPage(t *testing.T) {
	t.Parallel()
	pages := connection.ConsentPages{
		SellerUS: "https://us.example/open/authorize", Seller: "https://row.example/open/authorize", Creator: "https://c.example/auth?x=1",
		PartnerUS: "https://pus.example/open", Partner: "https://prow.example/open",
	}
	us := app.App{Key: "test-key", SellerServiceID: "11", PartnerServiceID: "22", Portal: app.US}
	world := us
	world.Portal = app.World
	for name, c := range map[string]struct {
		app  app.App
		kind tiktokshop.AccountKind
		want string
	}{
		"seller, US":    {us, tiktokshop.SellerAccount, "https://us.example/open/authorize?service_id=11&state=s"},
		"seller, world": {world, tiktokshop.SellerAccount, "https://row.example/open/authorize?service_id=11&state=s"},
		"partner, US":   {us, tiktokshop.PartnerAccount, "https://pus.example/open?service_id=22&state=s"},
		"partner":       {world, tiktokshop.PartnerAccount, "https://prow.example/open?service_id=22&state=s"},
		"creator":       {world, tiktokshop.CreatorAccount, "https://c.example/auth?app_key=test-key&state=s&x=1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := pages.URL(c.app, c.kind, "s")
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
	_, err := connection.ConsentPages{}.URL(us, tiktokshop.SellerAccount, "s")
	require.Error(t, err)
}

func TestSafeURL(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"https://partner.example/done?x=1": true, "http://localhost:3000/": true, "http://app.localhost/": true, "http://127.0.0.1/": true, "http://[::1]:1/": true,
		"http://partner.example/": false, "javascript:alert(1)": false, "//partner.example": false, "https://": false, "https://user:word@partner.example/": false,
		"http://localhost.evil.example/": false, "https://x.example/%zz": false, "": false,
	} {
		assert.Equal(t, want, connection.SafeURL(address), address)
	}
}

// apps is a registry of these apps.
type apps []app.App

func (a apps) All(context.Context) ([]app.App, error) { return a, nil }

func (a apps) Find(_ context.Context, name string) (app.App, error) {
	for _, one := range a {
		if one.Name == name {
			return one, nil
		}
	}
	return app.App{}, fault.New("test", fault.NotFound, "no such app")
}

// shelf keeps links.
type shelf map[string]connection.Link

func (s shelf) PutLink(_ context.Context, hash string, link connection.Link) error {
	s[hash] = link
	return nil
}

func (s shelf) Link(context.Context, string) (connection.Link, error) { return connection.Link{}, nil }

func TestMint(t *testing.T) {
	t.Parallel()
	seller, creator := tiktokshop.SellerAccount, tiktokshop.CreatorAccount
	us := app.App{Name: "us", Portal: app.US, Accounts: []tiktokshop.AccountKind{seller, creator}}
	world := app.App{Name: "world", Portal: app.World, Accounts: []tiktokshop.AccountKind{seller}}
	second := app.App{Name: "second", Portal: app.World, Accounts: []tiktokshop.AccountKind{seller}}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		apps apps
		ask  connection.Ask
		app  string
		text string
	}{
		"the only app that serves":  {apps{us, world}, connection.Ask{Kind: creator, Market: "GB"}, "us", ""},
		"by the market":             {apps{us, world}, connection.Ask{Kind: seller, Market: "US"}, "us", ""},
		"by the rest of the world":  {apps{us, world}, connection.Ask{Kind: seller, Market: "GB"}, "world", ""},
		"named":                     {apps{us, world, second}, connection.Ask{Kind: seller, Market: "GB", App: "us"}, "us", ""},
		"several fit":               {apps{us, world, second}, connection.Ask{Kind: seller, Market: "GB"}, "", "several apps"},
		"none serves":               {apps{world}, connection.Ask{Kind: creator, Market: "GB"}, "", "no app serves creator"},
		"unknown":                   {apps{us}, connection.Ask{Kind: creator, Market: "GB", App: "x"}, "", "no app of that name"},
		"named, but does not serve": {apps{world}, connection.Ask{Kind: creator, Market: "GB", App: "world"}, "", "does not serve creator"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kept := shelf{}
			token, link, err := connection.NewLinks(kept, c.apps, func() time.Time { return now }).Mint(t.Context(), c.ask)
			if c.text != "" {
				assert.Equal(t, fault.Invalid, fault.KindOf(err))
				assert.ErrorContains(t, err, c.text)
				assert.Empty(t, kept)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.app, link.App)
			assert.Equal(t, now.Add(connection.LinkLife), link.ExpiresAt)
			assert.Len(t, token.Reveal(), 43)
			assert.Len(t, kept, 1)
			assert.NotContains(t, kept, token.Reveal(), "only the hash is kept")
		})
	}
}
