package sandbox

import (
	"fmt"
	"time"
)

// Families of ids, told apart by their first digits.
const (
	shopFamily     = 7495
	productFamily  = 1729
	skuFamily      = 1730
	openFamily     = 7401
	targetFamily   = 7402
	campaignFamily = 7403
	contentFamily  = 7412
	partnerFamily  = 7404
	sampleFamily   = 7405
	orderFamily    = 5766
	noticeFamily   = 7380
)

const day = 24 * time.Hour

// newWorld makes the same world every time; only its campaigns and
// collaborations are dated relative to now.
func newWorld(now time.Time) world {
	w := world{}
	aurora := &user{id: "aurora-home", kind: Seller, name: "Aurora Home", region: "US"}
	birch := &user{id: "birch-bloom", kind: Seller, name: "Birch & Bloom", region: "US"}
	mia := &user{id: "mia-lane", kind: Creator, name: "Mia Lane", username: "mia.lane", region: "US"}
	leo := &user{id: "leo-park", kind: Creator, name: "Leo Park", username: "leo_park", region: "US", sellerType: "LOCAL"}
	nora := &user{id: "nora-quinn", kind: Creator, name: "Nora Quinn", username: "noraquinn", region: "GB"}
	match := func() *categoryAsset {
		return &categoryAsset{id: 7, name: "Seller and Scalable Creator Match-up", market: "US"}
	}
	northwind := &user{id: "northwind", kind: Partner, name: "Northwind Partners", region: "US", category: match()}
	harbor := &user{id: "harbor-agency", kind: Partner, name: "Harbor Agency", region: "US", category: match(), agencyOf: []*user{leo}}
	w.users = []*user{aurora, birch, mia, leo, nora, northwind, harbor}

	addShop := func(owner *user, n int64, name, region, currency, sellerType string) *shop {
		s := &shop{
			id: number(shopFamily, n), code: fmt.Sprintf("%sSB%08d", region, n), name: name,
			region: region, currency: currency, sellerType: sellerType, owner: owner,
		}
		owner.shops = append(owner.shops, s)
		return s
	}
	auroraUS := addShop(aurora, 1, "Aurora Home US", "US", "USD", "CROSS_BORDER")
	auroraGB := addShop(aurora, 2, "Aurora Home UK", "GB", "GBP", "CROSS_BORDER")
	birchUS := addShop(birch, 3, "Birch & Bloom", "US", "USD", "LOCAL")

	kitchen := category{id: "600024", name: "Cookware", parentID: "600001", parentName: "Kitchenware"}
	decor := category{id: "604579", name: "Home Decor", parentID: "604453", parentName: "Home Supplies"}
	beauty := category{id: "601534", name: "Skincare", parentID: "601450", parentName: "Beauty & Personal Care"}
	for i, p := range []struct {
		shop     *shop
		category category
		title    string
		price    int64 // cents, of the cheapest variant
		variants int
		stock    int64 // of each variant
		openRate int64 // basis points
	}{
		{auroraUS, kitchen, "Cast Iron Skillet 10 in", 3499, 1, 120, 1200},
		{auroraUS, kitchen, "Glass Meal Prep Set", 2799, 2, 80, 1000},
		{auroraUS, kitchen, "Gooseneck Kettle", 4950, 2, 40, 1500},
		{auroraUS, decor, "Linen Throw Blanket", 3900, 3, 60, 1800},
		{auroraUS, decor, "Arched Wall Mirror", 12900, 1, 15, 800},
		{auroraUS, decor, "Soy Candle Trio", 1899, 1, 300, 2000},
		{auroraUS, decor, "Rattan Pendant Lamp", 8900, 1, 0, 1000},
		{auroraUS, kitchen, "Bamboo Cutting Board", 1599, 2, 150, 0},
		{auroraGB, decor, "Wool Cushion Cover", 1450, 3, 70, 1200},
		{auroraGB, kitchen, "Enamel Pie Dish", 1800, 1, 90, 1000},
		{auroraGB, decor, "Oak Photo Ledge", 2400, 1, 35, 1400},
		{birchUS, beauty, "Rose Water Toner 2+1 & Pouch", 1650, 2, 200, 2500},
		{birchUS, beauty, "Overnight Lip Mask", 1200, 1, 500, 3000},
		{birchUS, beauty, "Vitamin C Serum", 2895, 1, 130, 2200},
		{birchUS, beauty, "Bath Salts Jar", 2250, 1, 85, 1500},
	} {
		item := &product{
			id: number(productFamily, int64(i+1)), title: p.title, description: "<p>" + p.title + ", made to last.</p>",
			shop: p.shop, category: p.category, openRate: p.openRate, unitsSold: int64(37 * (i + 3)),
		}
		if p.openRate > 0 {
			item.openID, item.openStart = number(openFamily, int64(i+1)), now.Add(-time.Duration(60+i)*day)
		}
		for v := range p.variants {
			item.skus = append(item.skus, sku{
				id: number(skuFamily, int64((i+1)*10+v)), name: []string{"Standard", "Large", "Gift box"}[v],
				price: cents(p.price + int64(v)*750), stock: p.stock,
			})
		}
		w.products = append(w.products, item)
	}

	w.products[2].tiers = "12.0 OR 15.0"
	w.products[0].openAdsRate, w.products[11].openAdsRate = 600, 900

	w.targets = []*target{
		{
			id: number(targetFamily, 1), name: "Autumn kitchen", message: "We would love to cook with you.", shop: auroraUS,
			products: []targetProduct{{product: w.products[0], rate: 2000}, {product: w.products[2], rate: 2200, adsRate: 500}}, creators: []*user{mia, leo},
			created: now.Add(-40 * day), end: now.Add(60 * day), contact: contact{Email: "creators@aurora.example"}, samples: true,
		},
		{
			id: number(targetFamily, 2), name: "Cosy corners", shop: auroraGB, products: []targetProduct{{product: w.products[8], rate: 1800}},
			creators: []*user{nora}, created: now.Add(-20 * day), end: now.Add(40 * day), contact: contact{Email: "creators@aurora.example"},
		},
		{
			id: number(targetFamily, 3), name: "Glow together", shop: birchUS, products: []targetProduct{{product: w.products[11], rate: 3500}},
			creators: []*user{mia}, created: now.Add(-35 * day), end: now.Add(30 * day), contact: contact{Email: "hello@birch.example"}, samples: true, exempt: true,
		},
		{
			id: number(targetFamily, 4), name: "Top creators of the season", message: "Picked by TikTok Shop.", shop: auroraUS, topCreators: true,
			products: []targetProduct{{product: w.products[3], rate: 2100}}, creators: []*user{leo},
			created: now.Add(-5 * day), end: now.Add(50 * day), contact: contact{Email: "creators@aurora.example"},
		},
	}
	w.campaigns = []*campaign{
		{
			id: number(campaignFamily, 1), name: "Winter favourites", description: "Well priced things for cold evenings.", owner: northwind,
			rate: 2000, start: now.Add(-45 * day), end: now.Add(60 * day), registrationEnd: now.Add(30 * day),
			products: []*entry{
				{product: w.products[0], creatorRate: 1500, partnerRate: 500, status: "APPROVED", available: true, samples: 20, sold: 41, linked: true},
				{product: w.products[11], creatorRate: 2500, partnerRate: 800, status: "APPROVED", available: true, samples: 10, sold: 12, linked: true},
				{product: w.products[1], creatorRate: 1200, partnerRate: 600, status: "PENDING", available: true, samples: 15},
				{product: w.products[2], creatorRate: 1600, partnerRate: 400, status: "PENDING", available: true, samples: 8},
				{product: w.products[3], creatorRate: 2000, partnerRate: 1000, status: "PENDING", available: true, samples: 12},
				{product: w.products[4], creatorRate: 900, partnerRate: 300, status: "PENDING", available: true, samples: 2},
				{product: w.products[5], creatorRate: 1800, partnerRate: 700, status: "PENDING", available: true, samples: 40},
				{product: w.products[6], creatorRate: 1500, partnerRate: 500, status: "PENDING", available: false},
				{product: w.products[7], creatorRate: 400, partnerRate: 600, status: "PENDING", available: true},
				{product: w.products[12], creatorRate: 3000, partnerRate: 1000, status: "PENDING", available: true, samples: 50},
				{product: w.products[13], creatorRate: 1000, partnerRate: 200, status: "PENDING", available: true, samples: 5},
				{product: w.products[14], creatorRate: 1500, partnerRate: 700, status: "REJECTED", available: true},
			},
		},
		{
			id: number(campaignFamily, 2), name: "Spring preview", description: "Opens next month.", owner: northwind, rate: 1500,
			start: now.Add(30 * day), end: now.Add(90 * day), registrationEnd: now.Add(60 * day),
			products: []*entry{{product: w.products[3], creatorRate: 1000, partnerRate: 500, status: "PENDING", available: true}},
		},
		{
			id: number(campaignFamily, 3), name: "Summer clear-out", description: "Over.", owner: northwind, rate: 1000,
			start: now.Add(-150 * day), end: now.Add(-60 * day), registrationEnd: now.Add(-100 * day),
			products: []*entry{{product: w.products[5], creatorRate: 1500, partnerRate: 500, status: "CLOSED", available: true, sold: 77}},
		},
		{
			id: number(campaignFamily, 4), name: "Birch gift weeks", description: "A seller's campaign.", owner: northwind, joined: true, rate: 2600,
			start: now.Add(-10 * day), end: now.Add(40 * day), registrationEnd: now.Add(20 * day),
			products: []*entry{{product: w.products[12], creatorRate: 2000, partnerRate: 600, status: "APPROVED", available: true, samples: 5}},
		},
	}
	for _, c := range w.campaigns {
		c.sellerTypes, c.contact = []string{"LOCAL", "CROSS_BORDER"}, campaignContact{Email: c.owner.id + "@partners.example"}
	}
	w.seedShowcases()
	w.seedSamples(now)
	w.seedCrowd()
	return w
}
