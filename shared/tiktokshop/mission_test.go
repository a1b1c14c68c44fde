package tiktokshop_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// TestSandboxCollaborations walks a product from the shop to a creator: open
// and target collaboration, what conflicts, and the creator's showcase.
func TestSandboxCollaborations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	product := func(title string) string {
		for _, p := range w.State().Products {
			if p.Title == title {
				return p.ID
			}
		}
		require.FailNow(t, "the sandbox has no such product", title)
		return ""
	}
	sellerGrant := w.connect(t, sandboxtest.AuroraHome)
	shops, err := w.client.Seller(sellerGrant, "").AuthorizedShops(ctx)
	require.NoError(t, err)
	seller, creator := w.client.Seller(sellerGrant, shops.Shops[0].Cipher), w.client.Creator(w.connect(t, sandboxtest.MiaLane))
	profile, err := creator.Profile(ctx)
	require.NoError(t, err)
	mia := string(profile.CreatorUserOpenID)

	offered := product("Bamboo Cutting Board")
	open := tiktokshop.SellerCreateOpenCollaborationRequest{ProductID: offered, CommissionRate: 1250}
	made, err := seller.CreateOpenCollaboration(ctx, open)
	require.NoError(t, err)
	_, err = seller.CreateOpenCollaboration(ctx, open)
	assert.Equal(t, 16003012, fails(t, err).Code, "a product is offered once")
	listed := false
	for page, err := range tiktokshop.Pages(ctx, tiktokshop.SellerSearchOpenCollaborationsRequest{PageSize: 2}, seller.SearchOpenCollaborations) {
		require.NoError(t, err)
		for _, c := range page.OpenCollaborations {
			listed = listed || c.ID == made.OpenCollaboration.ID && c.CurrentCommission.Rate == "1250"
		}
	}
	assert.True(t, listed)

	added, err := creator.AddShowcaseProducts(ctx, tiktokshop.CreatorAddShowcaseProductsRequest{AddType: tiktokshop.ShowcaseAddTypeProductID, ProductIDs: []string{offered, "1"}})
	assert.Equal(t, tiktokshop.Conflicting, fails(t, err).Kind, "one of them is no product")
	require.Len(t, added.Errors, 1)
	assert.Equal(t, tiktokshop.ID("1"), added.Errors[0].Detail.ProductID)
	var showcase []string
	for page, err := range tiktokshop.Pages(ctx, tiktokshop.CreatorShowcaseProductsRequest{PageSize: 20, Origin: tiktokshop.ShowcaseOriginShowcase}, creator.ShowcaseProducts) {
		require.NoError(t, err)
		for _, p := range page.Products {
			showcase = append(showcase, string(p.ID))
		}
	}
	assert.Contains(t, showcase, offered)
	require.NoError(t, seller.RemoveCreator(ctx, tiktokshop.SellerRemoveCreatorRequest{OpenCollaborationID: string(made.OpenCollaboration.ID), ProductID: offered, CreatorUserOpenID: mia}))

	invitation := tiktokshop.SellerCreateTargetCollaborationRequest{
		Name: "Autumn", EndTime: tiktokshop.Unix(time.Now().AddDate(0, 1, 0).Unix()), CreatorUserOpenIDs: []string{mia},
		Products: []tiktokshop.NewTargetProduct{{ID: offered, TargetCommissionRate: 2000}}, SellerContactInfo: tiktokshop.NewSellerContact{Email: "a@example.com"},
	}
	target, err := seller.CreateTargetCollaboration(ctx, invitation)
	require.NoError(t, err)
	assert.NotEmpty(t, target.TargetCollaboration.ID)
	again, err := seller.CreateTargetCollaboration(ctx, invitation)
	assert.Equal(t, tiktokshop.Conflicting, fails(t, err).Kind, "the pair is in a collaboration already")
	assert.NotEmpty(t, again.TargetCollaborationConflicts)
	invitations, err := creator.SearchTargetCollaborations(ctx, tiktokshop.CreatorSearchTargetCollaborationsRequest{PageSize: 100, ShopID: string(shops.Shops[0].ID)})
	require.NoError(t, err)
	assert.True(t, slices.ContainsFunc(invitations.TargetCollaborations, func(i tiktokshop.Invitation) bool { return i.ID == target.TargetCollaboration.ID }))

	require.NoError(t, seller.EditOpenCollaborationSettings(ctx, tiktokshop.SellerEditOpenCollaborationSettingsRequest{
		AutoAddProduct: tiktokshop.AutoAddChange{CommissionRate: 1000, Enable: true},
	}))
	_, err = seller.PromotionLink(ctx, tiktokshop.SellerPromotionLinkRequest{ProductID: offered})
	assert.Equal(t, tiktokshop.Retired, fails(t, err).Kind)
}

func TestSandboxCreatorsAndProducts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	sellerGrant := w.connect(t, sandboxtest.AuroraHome)
	shops, err := w.client.Seller(sellerGrant, "").AuthorizedShops(ctx)
	require.NoError(t, err)
	seller, creator := w.client.Seller(sellerGrant, shops.Shops[0].Cipher), w.client.Creator(w.connect(t, sandboxtest.LeoPark))

	seen := map[tiktokshop.ID]bool{}
	for page, err := range tiktokshop.Pages(ctx, tiktokshop.SellerSearchCreatorsRequest{PageSize: 12}, seller.SearchCreators) {
		require.NoError(t, err)
		for _, found := range page.Creators {
			assert.False(t, seen[found.CreatorOpenID], "a creator came twice")
			seen[found.CreatorOpenID] = true
		}
	}
	require.NotEmpty(t, seen)
	for id := range seen {
		detail, err := seller.CreatorPerformance(ctx, tiktokshop.SellerCreatorPerformanceRequest{CreatorOpenID: string(id)})
		require.NoError(t, err)
		assert.NotEmpty(t, detail.Creator.Username)
		break
	}
	for page, err := range tiktokshop.Pages(ctx, tiktokshop.SellerSearchOpenProductsRequest{PageSize: 3}, seller.SearchOpenProducts) {
		require.NoError(t, err)
		for _, p := range page.Products {
			_, err := p.Commission.Rate.BasisPoints()
			require.NoError(t, err)
		}
	}
	found, err := creator.SearchOpenProducts(ctx, tiktokshop.CreatorSearchOpenProductsRequest{PageSize: 20})
	require.NoError(t, err)
	assert.NotEmpty(t, found.Products)
}

func TestSandboxCampaignLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	partnerGrant := w.connect(t, sandboxtest.Northwind)
	assets, err := w.client.Partner(partnerGrant, "").CategoryAssets(ctx)
	require.NoError(t, err)
	partner := w.client.Partner(partnerGrant, assets.CategoryAssets[0].Cipher)
	start := tiktokshop.Unix(time.Now().Add(24 * time.Hour).Unix())
	made, err := partner.CreateCampaign(ctx, tiktokshop.PartnerCreateCampaignRequest{
		Name: "Spring", Description: "For spring", CommissionRate: 2000, ContactInfo: tiktokshop.NewCampaignContact{Email: "a@example.com"},
		CampaignStartTime: start, CampaignEndTime: start + 30*86400, RegistrationStartTime: start, RegistrationEndTime: start + 7*86400,
		TargetSellerTypes: []tiktokshop.SellerType{tiktokshop.SellerTypeLocal},
	})
	require.NoError(t, err)
	id := string(made.CampaignID)
	require.NoError(t, partner.EditCampaign(ctx, tiktokshop.PartnerEditCampaignRequest{CampaignID: id, Name: "Summer"}))
	detail, err := partner.Campaign(ctx, tiktokshop.PartnerCampaignRequest{CampaignID: id})
	require.NoError(t, err)
	assert.Equal(t, "Summer", detail.Name)
	assert.Equal(t, "For spring", detail.Description, "what an edit leaves out stays")
	assert.Equal(t, tiktokshop.CampaignStatusReady, detail.Status)
	require.NoError(t, partner.PublishCampaign(ctx, tiktokshop.PartnerPublishCampaignRequest{CampaignID: id}))
	detail, err = partner.Campaign(ctx, tiktokshop.PartnerCampaignRequest{CampaignID: id})
	require.NoError(t, err)
	assert.NotEqual(t, tiktokshop.CampaignStatusReady, detail.Status)
}
