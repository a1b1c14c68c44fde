package sandbox

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
	scope        string   // needed on the grant; empty = none
	maxPage      int      // largest page_size; 0 = not a paged list
	query        []string // its own query parameters besides paging
	retired      bool     // its version was switched off
	answer       func(*call) (any, error)
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

// routes is everything the sandbox can do.
func routes() []route {
	const campaignsPath = "/affiliate_partner/202405/campaigns"
	sorting := []string{"sort_field", "sort_order"}
	return []route{
		{method: "GET", path: "/authorization/202309/shops", kind: Seller, scope: "seller.authorization.info", answer: without(authorizedShops)},
		{method: "DELETE", path: "/authorization/202403/shops", kind: Seller, cipher: shopCipherNeeded, answer: without(deauthorizeShop)},
		{method: "GET", path: "/authorization/202405/category_assets", kind: Partner, scope: "partner.authorization.info", answer: without(categoryAssets)},

		{method: "POST", path: "/affiliate_seller/202410/orders/search", kind: Seller, cipher: shopCipherNeeded, scope: "seller.affiliate_collaboration.read", maxPage: 100, answer: with(sellerOrders)},
		{method: "POST", path: "/affiliate_creator/202410/orders/search", kind: Creator, scope: "creator.affiliate_collaboration.read", maxPage: 100, answer: with(creatorOrders)},
		{method: "POST", path: "/affiliate_partner/202603/orders/search", kind: Partner, cipher: categoryCipherNeeded, scope: "partner.tap_campaign.read", maxPage: 100, answer: with(tapOrders)},
		{method: "POST", path: "/affiliate_partner/202603/cap_order/search", kind: Partner, cipher: categoryCipherNeeded, scope: "partner.tap_campaign.read", maxPage: 100, answer: with(capOrders)},

		{method: "GET", path: "/affiliate_creator/202508/profiles", kind: Creator, scope: "creator.affiliate.info", answer: without(creatorProfile)},

		{method: "GET", path: campaignsPath, kind: Partner, cipher: categoryCipherNeeded, scope: "partner.tap_campaign.read", maxPage: 100, query: []string{"status", "type", "query_type_filter"}, answer: without(campaignList)},
		{method: "GET", path: campaignsPath + "/{campaign_id}", kind: Partner, cipher: categoryCipherNeeded, scope: "partner.tap_campaign.read", answer: without(campaignDetail)},
		{method: "GET", path: campaignsPath + "/{campaign_id}/products", kind: Partner, cipher: categoryCipherNeeded, scope: "partner.tap_campaign.read", maxPage: 100, query: []string{"review_status", "product_name", "product_id", "shop_name", "category_id"}, answer: without(campaignProducts)},
		{method: "POST", path: campaignsPath + "/{campaign_id}/products/{product_id}/review", kind: Partner, cipher: categoryCipherNeeded, scope: "partner.tap_campaign.product.write", answer: with(reviewProduct)},
		{method: "POST", path: campaignsPath + "/{campaign_id}/products/{product_id}/promotion_link/generate", kind: Partner, cipher: categoryCipherNeeded, scope: "partner.tap_campaign.link.write", answer: with(campaignLink)},
		{method: "POST", path: "/affiliate_partner/202505/campaigns/{campaign_id}/products/promotion_links/generate_batch", kind: Partner, cipher: categoryCipherAllowed, scope: "partner.tap_campaign.read", answer: with(campaignLinks)},

		{method: "POST", path: "/affiliate_creator/202505/affiliate_sharing_links/general_publishers/generate_batch", kind: Creator, scope: "creator.affiliate.share_link.read", answer: with(generalLinks)},
		{method: "POST", path: "/affiliate_seller/202509/target_collaboration/{target_collaboration_id}/link", kind: Seller, cipher: shopCipherNeeded, scope: "seller.affiliate_collaboration.write", answer: without(targetLink)},
		{method: "POST", path: "/affiliate_seller/202508/target_collaborations", kind: Seller, cipher: shopCipherNeeded, scope: "seller.affiliate_collaboration.write", answer: with(createTarget)},
		{method: "GET", path: "/affiliate_seller/202508/target_collaborations/{target_collaboration_id}", kind: Seller, cipher: shopCipherNeeded, scope: "seller.affiliate_collaboration.read", answer: without(targetDetail)},
		{method: "POST", path: "/affiliate_seller/202405/open_collaborations/products/search", kind: Seller, cipher: shopCipherNeeded, scope: "seller.affiliate_collaboration.read", maxPage: 20, query: sorting, answer: with(sellerOpenProducts)},
		{method: "POST", path: "/affiliate_creator/202405/open_collaborations/products/search", kind: Creator, scope: "creator.affiliate_collaboration.read", maxPage: 20, query: sorting, answer: with(creatorOpenProducts)},

		// Switched off on 12 October 2026 without a successor.
		{method: "POST", path: "/affiliate_seller/202405/products/{product_id}/promotion_link/generate", kind: Seller, cipher: shopCipherNeeded, retired: true},
	}
}
