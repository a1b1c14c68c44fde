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

const shopsPath = "/authorization/202309/shops"

func TestGatewayRefusals(t *testing.T) {
	t.Parallel()
	f := connected(t)
	other := sandbox.App{Name: "other", Key: "otherkey", Secret: "other-secret"}
	f.SetApp(other)
	otherCode, err := f.Sandbox.Code("other", sandboxtest.AuroraHome)
	require.NoError(t, err)
	foreign := data[tokenData](t, token(t, f.Server, "get", url.Values{
		"app_key": {other.Key}, "app_secret": {other.Secret}, "auth_code": {otherCode}, "grant_type": {"authorized_code"},
	}))
	orders := request{method: "POST", path: sellerSearch, query: f.shopQuery("page_size", "10"), token: f.seller}
	shops := request{method: "GET", path: shopsPath, token: f.seller}
	for name, one := range map[string]struct {
		request request
		change  func(*request)
		status  int
		code    int
	}{
		"unknown path":     {shops, func(r *request) { r.path = "/authorization/202309/shop" }, 404, 36009009},
		"wrong method":     {shops, func(r *request) { r.method = "POST" }, 405, 36009010},
		"unknown app":      {shops, func(r *request) { r.query = url.Values{"app_key": {"nobody"}} }, 400, 36009004},
		"old timestamp":    {shops, func(r *request) { r.at = f.clock.now().Add(-301 * time.Second) }, 400, 36009004},
		"oldest timestamp": {shops, func(r *request) { r.at = f.clock.now().Add(-300 * time.Second) }, 200, 0},
		"future timestamp": {shops, func(r *request) { r.at = f.clock.now().Add(31 * time.Second) }, 400, 36009004},
		"timestamp in ms":  {shops, func(r *request) { r.query = url.Values{"timestamp": {"1793491200000"}} }, 400, 36009004},
		"wrong sign":       {shops, func(r *request) { r.query = url.Values{"sign": {"00"}} }, 401, 106001},
		"empty sign":       {shops, func(r *request) { r.query = url.Values{"sign": {""}} }, 400, 36009004},
		"body changed on the way": {orders, func(r *request) {
			r.spoil = func(h *http.Request) { h.Body, h.ContentLength = http.NoBody, 0 }
			r.body = `{}`
		}, 401, 106001},
		"no token":              {shops, func(r *request) { r.token = "" }, 400, 36009004},
		"made-up token":         {shops, func(r *request) { r.token = "test-token" }, 401, 105001},
		"another app's token":   {shops, func(r *request) { r.token = foreign.AccessToken }, 401, 105001},
		"refresh token":         {shops, func(r *request) { r.token = foreign.RefreshToken }, 401, 105001},
		"token of another kind": {shops, func(r *request) { r.token = f.creator }, 400, 101000},
		"no shop cipher":        {orders, func(r *request) { r.query = url.Values{"page_size": {"10"}} }, 400, 106013},
		"foreign shop cipher": {orders, func(r *request) {
			r.query = f.shopQuery("page_size", "10", "shop_cipher", f.ShopCipher(t, sandboxtest.BirchBloom, 0))
		}, 400, 101000},
		"unexpected shop cipher": {shops, func(r *request) { r.query = f.shopQuery() }, 400, 36009004},
		"both ciphers":           {orders, func(r *request) { r.query.Set("category_asset_cipher", "x") }, 400, 36009004},
		"unknown parameter":      {orders, func(r *request) { r.query = f.shopQuery("page_size", "10", "sort", "asc") }, 400, 36009004},
		"repeated parameter":     {orders, func(r *request) { r.query = f.shopQuery(); r.query["page_size"] = []string{"10", "10"} }, 200, 98001004},
		"form instead of JSON": {orders, func(r *request) {
			r.body = "a=b"
			r.spoil = func(h *http.Request) { h.Header.Set("Content-Type", "text/plain") }
		}, 400, 36009022},
		"body on GET":        {shops, func(r *request) { r.body = "{}" }, 400, 36009022},
		"page token of ours": {orders, func(r *request) { r.query = f.shopQuery("page_size", "10", "page_token", "bad") }, 200, 98001004},
		"retired operation": {shops, func(r *request) {
			r.method, r.path, r.query = "POST", "/affiliate_seller/202405/products/1/promotion_link/generate", f.shopQuery()
		}, 400, 36009014},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := one.request
			r.query = url.Values{}
			for key, values := range one.request.query {
				r.query[key] = values
			}
			one.change(&r)
			a := call(t, f.Server, f.clock, r)
			assert.Equal(t, one.code, a.Code, a.Message)
			assert.Equal(t, one.status, a.status)
			if a.Code != 0 {
				assert.Equal(t, "null", string(a.Data))
			}
		})
	}
	t.Cleanup(func() { // after the subtests
		assert.Equal(t, 1, f.Truth().Calls["GET "+shopsPath]["200/0"])
		assert.Equal(t, 1, f.Truth().Calls["GET "+shopsPath]["401/106001"])
	})
}

func TestLenientGateway(t *testing.T) {
	t.Parallel()
	s, c := start(t, func(o *sandbox.Options) { o.Settings.Lenient = true })
	accessToken := s.Tokens(t, sandboxtest.MiaLane).AccessToken
	a := call(t, s, c, request{method: "POST", path: creatorSearch, query: url.Values{"page_size": {"5"}, "extra": {"1"}}, body: `{"extra":1}`, token: accessToken})
	assert.Zero(t, a.Code, a.Message)
}

func TestAssetLookUps(t *testing.T) {
	t.Parallel()
	f := connected(t)
	shops := data[struct {
		Shops []struct{ ID, Name, Region, SellerType, Cipher, Code string }
	}](t, call(t, f.Server, f.clock, request{method: "GET", path: shopsPath, token: f.seller}))
	require.Len(t, shops.Shops, 2)
	assert.Equal(t, auroraUS, shops.Shops[0].ID)
	assert.Equal(t, f.shopCipher, shops.Shops[0].Cipher)
	assert.Equal(t, "GB", shops.Shops[1].Region)

	assets := data[struct {
		Assets []struct {
			Cipher string
			Market string `json:"target_market"`
		} `json:"category_assets"`
	}](t, call(t, f.Server, f.clock, request{method: "GET", path: "/authorization/202405/category_assets", token: f.tap}))
	require.Len(t, assets.Assets, 1)
	assert.Equal(t, "US", assets.Assets[0].Market)
	assert.Equal(t, f.CategoryCipher(t, sandboxtest.Northwind), assets.Assets[0].Cipher)

	profile := data[map[string]any](t, call(t, f.Server, f.clock, request{method: "GET", path: "/affiliate_creator/202508/profiles", token: f.creator}))
	assert.Equal(t, "mia.lane", profile["username"])
	assert.Equal(t, f.OpenID(t, sandboxtest.MiaLane), profile["creator_user_open_id"])
}

func TestDeauthorizingOneShopLeavesTheOther(t *testing.T) {
	t.Parallel()
	f := connected(t)
	second := f.shopQuery("page_size", "10", "shop_cipher", f.ShopCipher(t, sandboxtest.AuroraHome, 1))
	a := call(t, f.Server, f.clock, request{method: "DELETE", path: "/authorization/202403/shops", query: f.shopQuery(), token: f.seller})
	require.Zero(t, a.Code)
	ask := func(query url.Values) int {
		return call(t, f.Server, f.clock, request{method: "POST", path: sellerSearch, query: query, token: f.seller}).Code
	}
	assert.Equal(t, 101000, ask(f.shopQuery("page_size", "10")))
	assert.Zero(t, ask(second))
	require.NoError(t, f.DeauthorizeShop("", "7495000000000000002"))
	assert.Equal(t, 105001, ask(second), "the last shop ends the grant")
	assert.Error(t, f.DeauthorizeShop("", "7495000000000000002"))
	for _, account := range f.Truth().Accounts {
		if account.Kind == sandbox.Seller {
			assert.False(t, account.Active)
		}
	}
}
