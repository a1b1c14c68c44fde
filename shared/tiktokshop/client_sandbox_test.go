package tiktokshop_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// liveGrant keeps its tokens like the product does, in memory.
type liveGrant struct {
	client  *tiktokshop.Client
	app     tiktokshop.App
	tokens  tiktokshop.TokenSet
	renewed int
	revoked bool
}

func (g *liveGrant) App() tiktokshop.App          { return g.app }
func (g *liveGrant) Kind() tiktokshop.AccountKind { return g.tokens.Kind }
func (g *liveGrant) AccessToken(context.Context) (redact.Secret, error) {
	return g.tokens.AccessToken, nil
}

func (g *liveGrant) RenewToken(ctx context.Context, _ redact.Secret) (redact.Secret, error) {
	g.renewed++
	tokens, err := g.client.RefreshToken(ctx, g.app, g.tokens.RefreshToken)
	if err != nil {
		return redact.Secret{}, err
	}
	g.tokens = tokens
	return tokens.AccessToken, nil
}
func (g *liveGrant) Revoked(context.Context, error) { g.revoked = true }

// world is a sandbox and a client that talks to it.
type world struct {
	*sandboxtest.Server
	client *tiktokshop.Client
}

func newWorld(t *testing.T, options ...func(*sandbox.Options)) *world {
	t.Helper()
	s := sandboxtest.Start(t, options...)
	client, err := tiktokshop.New(tiktokshop.Options{BaseURL: s.BaseURL, AuthURL: s.BaseURL})
	require.NoError(t, err)
	return &world{s, client}
}

func (w *world) connect(t *testing.T, user string) *liveGrant {
	t.Helper()
	app := tiktokshop.App{Key: w.App.Key, Secret: redact.New(w.App.Secret)}
	tokens, err := w.client.ExchangeCode(t.Context(), app, w.Code(t, user))
	require.NoError(t, err)
	return &liveGrant{client: w.client, app: app, tokens: tokens}
}

// campaign is a campaign of the partner that has a product in the state.
func (w *world) campaign(t *testing.T, partner string, status string, product tiktokshop.ReviewStatus) (campaignID, productID string) {
	t.Helper()
	for _, c := range w.State().Campaigns {
		if c.Partner != partner || c.Status != status {
			continue
		}
		for id, state := range c.Products {
			if state == string(product) {
				return c.ID, id
			}
		}
	}
	require.FailNow(t, "the sandbox has no such campaign", "%s %s", status, product)
	return "", ""
}

func TestSandboxOperations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *sandbox.Options) { o.Orders = 60 })
	ctx := t.Context()
	now := time.Now()
	from, to := tiktokshop.Unix(now.AddDate(0, 0, -31).Unix()), tiktokshop.Unix(now.Add(time.Hour).Unix())

	sellerGrant := w.connect(t, sandboxtest.AuroraHome)
	assert.Equal(t, tiktokshop.SellerAccount, sellerGrant.Kind())
	shops, err := w.client.Seller(sellerGrant, "").AuthorizedShops(ctx)
	require.NoError(t, err)
	require.Len(t, shops.Shops, 2)
	seller := w.client.Seller(sellerGrant, shops.Shops[0].Cipher)
	rows := 0
	for page, err := range tiktokshop.Pages(ctx, tiktokshop.SellerSearchOrdersRequest{PageSize: 5, CreateTimeGE: from, CreateTimeLT: to}, seller.SearchOrders) {
		require.NoError(t, err)
		for _, order := range page.Orders {
			assert.NotEmpty(t, order.ID)
			for _, sku := range order.SKUs {
				rows++
				assert.NotEmpty(t, sku.SettlementStatus)
				assert.NotEmpty(t, sku.Raw)
				price, err := sku.Price.Parse()
				require.NoError(t, err)
				assert.False(t, price.IsZero())
			}
		}
	}
	assert.Equal(t, w.truth("shop:"+string(shops.Shops[0].ID), "seller"), rows)
	var target string
	for _, c := range w.State().Targets {
		if c.Shop == string(shops.Shops[0].ID) {
			target = c.ID
		}
	}
	link, err := seller.TargetCollaborationLink(ctx, tiktokshop.SellerTargetCollaborationLinkRequest{TargetCollaborationID: target})
	require.NoError(t, err)
	assert.NotEmpty(t, link.Link)

	partnerGrant := w.connect(t, sandboxtest.Northwind)
	assets, err := w.client.Partner(partnerGrant, "").CategoryAssets(ctx)
	require.NoError(t, err)
	require.NotEmpty(t, assets.CategoryAssets)
	partner := w.client.Partner(partnerGrant, assets.CategoryAssets[0].Cipher)
	rows = 0
	for page, err := range tiktokshop.Pages(ctx, tiktokshop.PartnerSearchOrdersRequest{PageSize: 5, CreateTimeGE: from, CreateTimeLT: to}, partner.SearchOrders) {
		require.NoError(t, err)
		rows += len(page.SKUOrders)
		for _, row := range page.SKUOrders {
			_, err := row.CreatorStandardCommissionRate.BasisPoints()
			require.NoError(t, err)
		}
	}
	assert.Positive(t, rows)
	campaigns, err := partner.Campaigns(ctx, tiktokshop.PartnerCampaignsRequest{PageSize: 100, Type: tiktokshop.CampaignTypeMyCampaigns})
	require.NoError(t, err)
	assert.NotEmpty(t, campaigns.Campaigns)
	campaignID, _ := w.campaign(t, sandboxtest.Northwind, "ONGOING", tiktokshop.ReviewStatusPending)
	detail, err := partner.Campaign(ctx, tiktokshop.PartnerCampaignRequest{CampaignID: campaignID})
	require.NoError(t, err)
	assert.Equal(t, tiktokshop.CampaignStatusOngoing, detail.Status)
	products, err := partner.CampaignProducts(ctx, tiktokshop.PartnerCampaignProductsRequest{CampaignID: campaignID, PageSize: 100, ReviewStatus: tiktokshop.ReviewStatusPending})
	require.NoError(t, err)
	require.NotEmpty(t, products.Products)
	var productID string // one that can have a link
	for _, p := range products.Products {
		require.NotNil(t, p.IsAvailable)
		if *p.IsAvailable {
			productID = string(p.ID)
		}
	}
	require.NotEmpty(t, productID)
	assert.True(t, products.Products[0].Inventory.Known)
	review := tiktokshop.PartnerReviewCampaignProductRequest{CampaignID: campaignID, ProductID: productID, ReviewResult: tiktokshop.ReviewResultApprove}
	require.NoError(t, partner.ReviewCampaignProduct(ctx, review))
	assert.NotEqual(t, fault.OutcomeUnknown, fault.KindOf(partner.ReviewCampaignProduct(ctx, review)), "no longer pending")
	single, err := partner.PromotionLink(ctx, tiktokshop.PartnerPromotionLinkRequest{CampaignID: campaignID, ProductID: productID, CreatorCommissionRate: 100})
	require.NoError(t, err)
	assert.NotEmpty(t, single.ProductPromotionLink)
	batch, err := partner.PromotionLinks(ctx, tiktokshop.PartnerPromotionLinksRequest{CampaignID: campaignID, ProductIDs: []string{productID, "1"}})
	require.NoError(t, err)
	require.Len(t, batch.ProductPromotionLinks, 1)
	assert.Equal(t, []tiktokshop.ID{"1"}, batch.FailedProductIDs)

	creatorGrant := w.connect(t, sandboxtest.LeoPark)
	creator := w.client.Creator(creatorGrant)
	profile, err := creator.Profile(ctx)
	require.NoError(t, err)
	assert.NotEmpty(t, profile.CreatorUserOpenID)
	rows = 0
	for page, err := range tiktokshop.Pages(ctx, tiktokshop.CreatorSearchOrdersRequest{PageSize: 5, CreateTimeGE: from, CreateTimeLT: to}, creator.SearchOrders) {
		require.NoError(t, err)
		for _, order := range page.Orders {
			rows += len(order.SKUs)
		}
	}
	assert.Positive(t, rows)
	general, err := creator.GeneralLinks(ctx, tiktokshop.CreatorGeneralLinksRequest{CampaignID: campaignID, Material: tiktokshop.LinkMaterial{Type: "PRODUCT", IDs: []string{productID, "1"}}})
	require.NoError(t, err)
	assert.Len(t, general.SharingLinks, 1)
	require.Len(t, general.FailedMaterials, 1)
	assert.Equal(t, tiktokshop.ID("1"), general.FailedMaterials[0].MaterialID)

	agencyGrant := w.connect(t, sandboxtest.HarborAgency)
	agencyAssets, err := w.client.Partner(agencyGrant, "").CategoryAssets(ctx)
	require.NoError(t, err)
	agency := w.client.Partner(agencyGrant, agencyAssets.CategoryAssets[0].Cipher)
	_, err = agency.SearchCAPOrders(ctx, tiktokshop.PartnerSearchCAPOrdersRequest{PageSize: 100, CreateTimeGE: from, CreateTimeLT: to})
	require.NoError(t, err)

	require.NoError(t, seller.DeauthorizeShop(ctx))
	shops, err = w.client.Seller(sellerGrant, "").AuthorizedShops(ctx)
	require.NoError(t, err)
	assert.Len(t, shops.Shops, 1)

	walked := 0
	for _, outcomes := range w.Truth().Calls {
		if outcomes["200/0"] > 0 {
			walked++
		}
	}
	assert.GreaterOrEqual(t, walked, 16)
}

// truth is how many order rows the sandbox says an asset sees.
func (w *world) truth(asset, perspective string) int {
	rows := 0
	for _, row := range w.TruthRows() {
		if row.Asset == asset && row.Perspective == perspective {
			rows++
		}
	}
	return rows
}

func TestSandboxTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.connect(t, sandboxtest.MiaLane)
	assert.Equal(t, tiktokshop.CreatorAccount, g.Kind())
	assert.NotEmpty(t, g.tokens.OpenID)
	assert.NotEmpty(t, g.tokens.Scopes)
	assert.True(t, g.tokens.AccessExpiresAt.After(time.Now()))

	code := w.Code(t, sandboxtest.MiaLane)
	_, err := w.client.ExchangeCode(t.Context(), g.app, code)
	require.NoError(t, err)
	_, err = w.client.ExchangeCode(t.Context(), g.app, code)
	assert.Equal(t, tiktokshop.InvalidGrant, fails(t, err).Kind, "a code works once")

	g = w.connect(t, sandboxtest.MiaLane)
	require.NoError(t, w.ExpireTokens(w.App.Name, sandboxtest.MiaLane, false))
	_, err = w.client.Creator(g).Profile(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, g.renewed, "an expired token is renewed within the call")

	require.NoError(t, w.RemoveAccess(w.App.Name, sandboxtest.MiaLane))
	_, err = w.client.Creator(g).Profile(t.Context())
	assert.Equal(t, fault.Reconnect, fault.KindOf(err))
	assert.True(t, g.revoked)

	wrong := g.app
	wrong.Secret = redact.New("test-wrong-secret")
	_, err = w.client.RefreshToken(t.Context(), wrong, g.tokens.RefreshToken)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "test-wrong-secret")
}

func TestSandboxFaults(t *testing.T) {
	t.Parallel()
	const read, write = "GET /affiliate_partner/202405/campaigns", "POST /affiliate_partner/202405/campaigns/{campaign_id}/products/{product_id}/review"
	for name, c := range map[string]struct {
		fault       sandbox.Fault
		read, write fault.Kind
	}{
		"one cut connection": {sandbox.Fault{Cut: true}, "", fault.OutcomeUnknown},
		"half an answer":     {sandbox.Fault{After: true, Truncate: true}, "", fault.OutcomeUnknown},
		"overload once":      {sandbox.Fault{Status: 503, Body: "<html>"}, "", fault.OutcomeUnknown},
		"throttled":          {sandbox.Fault{Status: 429, Code: 36009002, RetryAfter: 600, Times: -1}, fault.RateLimited, fault.RateLimited},
		"retired":            {sandbox.Fault{Status: 400, Code: 36009014, Times: -1}, fault.Retired, fault.Retired},
		"unknown code":       {sandbox.Fault{Code: 12345678, Times: -1}, fault.Internal, fault.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			g := w.connect(t, sandboxtest.Northwind)
			assets, err := w.client.Partner(g, "").CategoryAssets(t.Context())
			require.NoError(t, err)
			partner := w.client.Partner(g, assets.CategoryAssets[0].Cipher)
			campaignID, productID := w.campaign(t, sandboxtest.Northwind, "ONGOING", tiktokshop.ReviewStatusPending)
			for _, operation := range []string{read, write} {
				c.fault.Operation = operation
				w.AddFault(c.fault)
			}
			_, err = partner.Campaigns(t.Context(), tiktokshop.PartnerCampaignsRequest{PageSize: 10})
			assert.Equal(t, c.read, fault.KindOf(err), err)
			err = partner.ReviewCampaignProduct(t.Context(), tiktokshop.PartnerReviewCampaignProductRequest{CampaignID: campaignID, ProductID: productID, ReviewResult: tiktokshop.ReviewResultApprove})
			assert.Equal(t, c.write, fault.KindOf(err), err)
		})
	}
}

// TestRefreshIsSentOnce: net/http repeats a GET whose reused connection breaks,
// which would spend a rotating refresh token unseen.
func TestRefreshIsSentOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.connect(t, sandboxtest.MiaLane)
	w.AddFault(sandbox.Fault{Operation: "GET /api/v2/token/refresh", Skip: 1, After: true, Cut: true, Times: -1})
	tokens, err := w.client.RefreshToken(t.Context(), g.app, g.tokens.RefreshToken)
	require.NoError(t, err)
	_, err = w.client.RefreshToken(t.Context(), g.app, tokens.RefreshToken)
	assert.Equal(t, fault.OutcomeUnknown, fault.KindOf(err))
	assert.Equal(t, 1, w.Faults()[0].Spoiled)
}
