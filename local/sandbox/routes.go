package sandbox

import "slices"

// cipherRule says which identifier an operation takes in its query.
type cipherRule int

const (
	noCipher cipherRule = iota
	shopCipherNeeded
	categoryCipherNeeded
	categoryCipherAllowed
)

// route is one operation.
type route struct {
	method, path string
	kind         Kind // whose token it takes
	cipher       cipherRule
	scope        string // needed on the grant; empty = none
	maxPage      int    // largest page_size
	sizes        []int  // the only values of page_size; empty = any up to maxPage
	retired      bool   // its version was switched off
	answer       func(*call) (any, error)
	facts        facts // what is published about it
}

// with makes an answer of a handler that takes a JSON body.
func with[T any](handle func(*call, T) (any, error)) func(*call) (any, error) {
	return func(c *call) (any, error) {
		var body T
		if err := c.decode(&body); err != nil {
			return nil, err
		}
		return handle(c, body)
	}
}

// without makes an answer of a handler that takes no body.
func without(handle func(*call) (any, error)) func(*call) (any, error) {
	return with(func(c *call, _ struct{}) (any, error) { return handle(c) })
}

// allRoutes is everything the sandbox can do: the operations with handlers of
// their own, and every other described one.
func allRoutes() []route {
	written := slices.Concat(authorizationRoutes(), sellerRoutes(), creatorRoutes(), partnerRoutes())
	all := append(written, described(written)...)
	for i := range all {
		all[i].facts = published()[all[i].method+" "+all[i].path]
	}
	return all
}

func authorizationRoutes() []route {
	return []route{
		{method: "GET", path: "/authorization/202309/shops", kind: Seller, scope: "seller.authorization.info", answer: without(authorizedShops)},
		{method: "DELETE", path: "/authorization/202403/shops", kind: Seller, cipher: shopCipherNeeded, answer: without(deauthorizeShop)},
		{method: "GET", path: "/authorization/202405/category_assets", kind: Partner, scope: "partner.authorization.info", answer: without(categoryAssets)},
	}
}

func sellerRoutes() []route {
	const (
		read   = "seller.affiliate_collaboration.read"
		write  = "seller.affiliate_collaboration.write"
		market = "seller.creator_marketplace.read"
		base   = "/affiliate_seller/"
		one    = "/target_collaborations/{target_collaboration_id}"
	)
	list := []route{
		{method: "POST", path: base + "202410/orders/search", scope: read, maxPage: 100, answer: with(sellerOrders)},

		{method: "POST", path: base + "202412/open_collaborations", scope: write, answer: with(createOpen)},
		{method: "POST", path: base + "202412/open_collaborations/search", scope: read, maxPage: 100, answer: with(searchOpen)},
		{method: "DELETE", path: base + "202409/open_collaborations/products/{product_id}", scope: write, answer: without(removeOpen)},
		{method: "POST", path: base + "202508/open_collaborations/{open_collaboration_id}/remove_creator", scope: write, answer: with(removeOpenCreator)},
		{method: "GET", path: base + "202409/open_collaboration_settings", scope: read, answer: without(openSettings)},
		{method: "POST", path: base + "202405/open_collaboration_settings", scope: write, answer: with(setOpenSettings)},
		{method: "POST", path: base + "202405/open_collaborations/products/search", scope: read, maxPage: 20, answer: with(sellerOpenProducts)},

		{method: "POST", path: base + "202508/target_collaborations", scope: write, answer: with(createTarget)},
		{method: "PUT", path: base + "202508" + one, scope: write, answer: with(updateTarget)},
		{method: "GET", path: base + "202508" + one, scope: read, answer: without(targetDetail)},
		{method: "DELETE", path: base + "202409" + one, scope: write, answer: without(removeTarget)},
		{method: "POST", path: base + "202508/target_collaborations/search", scope: read, maxPage: 100, sizes: []int{20, 50, 100}, answer: with(searchTargets)},
		{method: "POST", path: base + "202605/target_collaborations/conflicts/check", scope: read, answer: with(checkConflicts)},
		{method: "POST", path: base + "202605/target_collaborations/conflicts/resolve", scope: write, answer: with(resolveConflicts)},
		{method: "POST", path: base + "202509/target_collaboration/{target_collaboration_id}/link", scope: write, answer: without(targetLink)},

		{method: "POST", path: base + "202608/marketplace_creators/search", scope: market, maxPage: 20, sizes: []int{12, 20}, answer: with(searchMarketplace)},
		{method: "POST", path: base + "202608/marketplace_creators/search/filter", scope: market, answer: with(marketplaceFilters)},
		{method: "GET", path: base + "202608/marketplace_creators/{creator_user_id}", scope: market, answer: without(marketplaceCreator)},
		{method: "POST", path: base + "202610/creator_outreach/eligibility/check", answer: with(outreachEligibility)},
		{method: "GET", path: base + "202607/creator_outreach/quota", answer: without(outreachQuota)},
		{method: "POST", path: base + "202608/creator_outreach/records/query", answer: with(outreachRecords)},

		{method: "POST", path: base + "202508/sample_applications/search", scope: read, maxPage: 50, answer: with(sellerSamples)},
		{method: "POST", path: base + "202507/sample_applications/{application_id}/review", scope: write, answer: with(reviewSample)},

		// Switched off on 12 October 2026 without a successor.
		{method: "POST", path: base + "202405/products/{product_id}/promotion_link/generate", retired: true},
	}
	for i := range list {
		list[i].kind, list[i].cipher = Seller, shopCipherNeeded
	}
	return list
}

func creatorRoutes() []route {
	const (
		read = "creator.affiliate_collaboration.read"
		base = "/affiliate_creator/"
	)
	list := []route{
		{method: "GET", path: base + "202508/profiles", scope: "creator.affiliate.info", answer: without(creatorProfile)},
		{method: "POST", path: base + "202410/orders/search", scope: read, maxPage: 100, answer: with(creatorOrders)},

		{method: "GET", path: base + "202405/showcases/products", scope: "creator.showcase.read", maxPage: 20, answer: without(showcaseList)},
		{method: "POST", path: base + "202405/showcases/products/add", scope: "creator.showcase.write", answer: with(showcaseAdd)},
		{method: "DELETE", path: base + "202409/showcases/products", scope: "creator.showcase.write", answer: with(showcaseRemove)},
		{method: "POST", path: base + "202409/showcases/products/top", scope: "creator.showcase.write", answer: with(showcaseTop)},

		{method: "POST", path: base + "202405/target_collaborations/search", scope: read, maxPage: 100, answer: with(creatorTargets)},
		{method: "POST", path: base + "202405/open_collaborations/products/search", scope: read, maxPage: 20, answer: with(creatorOpenProducts)},
		{method: "POST", path: base + "202509/open_collaborations/products", scope: read, answer: without(openProductsByID)},
		{method: "POST", path: base + "202412/sample_applications/search", scope: read, maxPage: 50, answer: with(creatorSamples)},

		{method: "POST", path: base + "202505/affiliate_sharing_links/general_publishers/generate_batch", scope: "creator.affiliate.share_link.read", answer: with(generalLinks)},

		// Switched off on 15 August 2026; the order search carries the trace.
		{method: "POST", path: base + "202505/orders/trace/search", retired: true},
	}
	for i := range list {
		list[i].kind = Creator
	}
	return list
}

func partnerRoutes() []route {
	const (
		read  = "partner.tap_campaign.read"
		write = "partner.tap_campaign.write"
		base  = "/affiliate_partner/202405/campaigns"
		one   = base + "/{campaign_id}"
	)
	list := []route{
		{method: "POST", path: "/affiliate_partner/202603/orders/search", scope: read, maxPage: 100, answer: with(tapOrders)},
		{method: "POST", path: "/affiliate_partner/202603/cap_order/search", scope: read, maxPage: 100, answer: with(capOrders)},

		{method: "GET", path: base, scope: read, maxPage: 100, answer: without(campaignList)},
		{method: "POST", path: base, scope: write, answer: with(createCampaign)},
		{method: "GET", path: one, scope: read, answer: without(campaignDetail)},
		{method: "POST", path: one + "/partial_edit", scope: write, answer: with(editCampaign)},
		{method: "POST", path: one + "/publish", scope: write, answer: without(publishCampaign)},
		{method: "GET", path: one + "/products", scope: read, maxPage: 100, answer: without(campaignProducts)},
		{method: "POST", path: one + "/products/{product_id}/review", scope: "partner.tap_campaign.product.write", answer: with(reviewProduct)},
		{method: "POST", path: one + "/products/{product_id}/promotion_link/generate", scope: "partner.tap_campaign.link.write", answer: with(campaignLink)},
		{method: "POST", path: "/affiliate_partner/202505/campaigns/{campaign_id}/products/promotion_links/generate_batch", scope: read, cipher: categoryCipherAllowed, answer: with(campaignLinks)},
	}
	for i := range list {
		list[i].kind = Partner
		if list[i].cipher == noCipher {
			list[i].cipher = categoryCipherNeeded
		}
	}
	return list
}
