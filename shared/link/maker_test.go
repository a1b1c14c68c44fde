package link_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/link"
	"tiktok-shop-affiliate/shared/link/linktest"
)

const (
	batchCall   = "POST /affiliate_partner/202505/campaigns/{campaign_id}/products/promotion_links/generate_batch"
	singleCall  = "POST /affiliate_partner/202405/campaigns/{campaign_id}/products/{product_id}/promotion_link/generate"
	generalCall = "POST /affiliate_creator/202505/affiliate_sharing_links/general_publishers/generate_batch"
	targetCall  = "POST /affiliate_seller/202509/target_collaboration/{target_collaboration_id}/link"
)

func defaultSplit(product string) link.Ask {
	return link.Ask{Purpose: link.CampaignProduct, CampaignID: linktest.Winter, ProductID: product}
}

func TestOneCallServesManyAndTheSecondTimeNone(t *testing.T) {
	t.Parallel()
	w := linktest.New(t)
	id, asset := w.Connect(t, "acme", sandboxtest.Northwind)
	withRate := defaultSplit(linktest.Skillet)
	withRate.CreatorRate = 1200
	asks := []link.Ask{defaultSplit(linktest.Skillet), defaultSplit(linktest.Mirror), withRate, defaultSplit(linktest.Toner), defaultSplit(linktest.Skillet)}

	results, err := w.Maker().Make(t.Context(), "acme", id, asset, asks)
	require.NoError(t, err)
	require.Len(t, results, len(asks))
	for _, i := range []int{0, 2, 3, 4} {
		require.NoError(t, results[i].Err, i)
		assert.False(t, results[i].Cached)
		assert.Contains(t, results[i].Link.URL, "https://affiliate.tiktok.com/")
	}
	assert.Equal(t, results[0].Link, results[4].Link, "the same ask twice is one link")
	assert.NotEqual(t, results[0].Link.URL, results[2].Link.URL, "a rate of its own is another link")
	require.Error(t, results[1].Err, "the mirror is not approved")
	assert.Equal(t, fault.Conflict, fault.KindOf(results[1].Err))
	assert.Equal(t, 1, w.Calls(batchCall))
	assert.Equal(t, 1, w.Calls(singleCall))

	again, err := w.Maker().Make(t.Context(), "acme", id, asset, append(asks[:1:1], asks[2:]...))
	require.NoError(t, err)
	for _, result := range again {
		require.NoError(t, result.Err)
		assert.True(t, result.Cached)
	}
	assert.Equal(t, results[0].Link.URL, again[0].Link.URL)
	assert.Equal(t, 1, w.Calls(batchCall))
	assert.Equal(t, 1, w.Calls(singleCall))

	w.Now = w.Now.Add(31 * 24 * time.Hour)
	late, err := w.Maker().Make(t.Context(), "acme", id, asset, asks[:1])
	require.NoError(t, err)
	require.NoError(t, late[0].Err)
	assert.False(t, late[0].Cached, "old links are made anew")
	assert.Equal(t, results[0].Link.ID(), late[0].Link.ID())
	assert.NotEqual(t, results[0].Link.URL, late[0].Link.URL)
}

func TestOwnersDoNotShareLinks(t *testing.T) {
	t.Parallel()
	w := linktest.New(t)
	first, asset := w.Connect(t, "acme", sandboxtest.Northwind)
	second, _ := w.Connect(t, "globex", sandboxtest.Northwind)
	a, err := w.Maker().Make(t.Context(), "acme", first, asset, []link.Ask{defaultSplit(linktest.Skillet)})
	require.NoError(t, err)
	b, err := w.Maker().Make(t.Context(), "globex", second, asset, []link.Ask{defaultSplit(linktest.Skillet)})
	require.NoError(t, err)
	assert.False(t, b[0].Cached)
	assert.NotEqual(t, a[0].Link.ID(), b[0].Link.ID())
}

func TestCreatorLinksSayWhyOneFailed(t *testing.T) {
	t.Parallel()
	w := linktest.New(t)
	id, asset := w.Connect(t, "acme", sandboxtest.MiaLane)
	results, err := w.Maker().Make(t.Context(), "acme", id, asset, []link.Ask{
		{Purpose: link.CreatorGeneral, ProductID: linktest.Skillet},
		{Purpose: link.CreatorGeneral, ProductID: linktest.Lamp},
		{Purpose: link.CreatorGeneral, ProductID: linktest.MealPrep, CampaignID: linktest.Winter},
	})
	require.NoError(t, err)
	require.NoError(t, results[0].Err)
	assert.Contains(t, results[0].Link.URL, linktest.Skillet)
	assert.Contains(t, results[0].Link.DeepLink, "o_event_id")
	assert.Contains(t, results[0].Link.OneLink, "o_event_id")
	assert.ErrorContains(t, results[1].Err, "Product was sold out")
	assert.ErrorContains(t, results[2].Err, "Product is not in the campaign", "the partner's batch call comes first")
	assert.Equal(t, 2, w.Calls(generalCall), "one call a campaign")
}

func TestTargetCollaborationLinks(t *testing.T) {
	t.Parallel()
	w := linktest.New(t)
	id, asset := w.Connect(t, "acme", sandboxtest.AuroraHome)
	results, err := w.Maker().Make(t.Context(), "acme", id, asset, []link.Ask{
		{Purpose: link.TargetCollaboration, CollaborationID: linktest.AutumnDeal},
		{Purpose: link.TargetCollaboration, CollaborationID: "7402999999999999999"},
	})
	require.NoError(t, err)
	require.NoError(t, results[0].Err)
	assert.NotEmpty(t, results[0].Link.URL)
	require.Error(t, results[1].Err)
	assert.Equal(t, 2, w.Calls(targetCall))
}

func TestNoMoreCallsAfterTikTokAsksToSlowDown(t *testing.T) {
	t.Parallel()
	w := linktest.New(t)
	id, asset := w.Connect(t, "acme", sandboxtest.AuroraHome)
	w.TikTok.AddFault(sandbox.Fault{Operation: targetCall, Times: -1, Status: 429, Code: 36009002})
	var asks []link.Ask
	for _, collaboration := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"} {
		asks = append(asks, link.Ask{Purpose: link.TargetCollaboration, CollaborationID: collaboration})
	}
	results, err := w.Maker().Make(t.Context(), "acme", id, asset, asks)
	require.NoError(t, err)
	for _, result := range results {
		assert.Equal(t, fault.RateLimited, fault.KindOf(result.Err))
	}
	assert.LessOrEqual(t, w.Calls(targetCall), 3, "only those that were under way")
}

func TestSuccessWithoutALinkIsNone(t *testing.T) {
	t.Parallel()
	w := linktest.New(t)
	id, asset := w.Connect(t, "acme", sandboxtest.Northwind)
	w.TikTok.AddFault(sandbox.Fault{Operation: batchCall, Body: `{"code":0,"message":"Success","request_id":"test-request","data":{}}`})
	results, err := w.Maker().Make(t.Context(), "acme", id, asset, []link.Ask{defaultSplit(linktest.Skillet)})
	require.NoError(t, err)
	require.Error(t, results[0].Err)

	results, err = w.Maker().Make(t.Context(), "acme", id, asset, []link.Ask{defaultSplit(linktest.Skillet)})
	require.NoError(t, err)
	require.NoError(t, results[0].Err, "and nothing was kept of it")
}

func TestPurposesNeedTheirPerspective(t *testing.T) {
	t.Parallel()
	for _, purpose := range link.Purposes() {
		assert.NotEmpty(t, purpose.Perspective(), purpose)
	}
	assert.Empty(t, link.Purpose("seller_product").Perspective())
	assert.Equal(t, "tap", account.CategoryAsset("main:partner:1", "7", "US").Perspective())
}
