package sandbox

import (
	"math"
	"slices"
	"strings"
)

type openProductsBody struct {
	Category *struct {
		ID string `json:"id"`
	} `json:"category"`
	Rates *struct {
		GE *int64 `json:"rate_ge"`
		LT *int64 `json:"rate_lt"`
	} `json:"commission_rate_range"`
	Prices *struct {
		GE string `json:"amount_ge"`
		LT string `json:"amount_lt"`
	} `json:"sales_price_range"`
	Keywords []string `json:"title_keywords"`
}

// sellerOpenProducts and creatorOpenProducts are POST
// …/202405/open_collaborations/products/search of the two families: the same
// search, in the shop's or the creator's market.
func sellerOpenProducts(c *call, in openProductsBody) (any, error) {
	return c.openProducts(in, c.shop.region)
}

func creatorOpenProducts(c *call, in openProductsBody) (any, error) {
	return c.openProducts(in, c.grant.user.region)
}

func (c *call) openProducts(in openProductsBody, region string) (any, error) {
	lowest, highest, err := in.priceRange()
	if err != nil {
		return nil, invalid("sales_price_range: %s", err)
	}
	list := slices.DeleteFunc(slices.Clone(c.products), func(p *product) bool {
		price, _ := p.prices()
		return p.openRate == 0 || p.shop.region != region || price < lowest || price >= highest ||
			in.Category != nil && in.Category.ID != p.category.parentID ||
			in.Rates != nil && (in.Rates.GE != nil && p.openRate < *in.Rates.GE || in.Rates.LT != nil && p.openRate >= *in.Rates.LT) ||
			slices.ContainsFunc(in.Keywords, func(word string) bool {
				return !strings.Contains(strings.ToLower(p.title), strings.ToLower(strings.TrimSpace(word)))
			})
	})
	if err := c.sort(list); err != nil {
		return nil, err
	}
	part, next := cut(c.page, list)
	rows := []obj{}
	for _, p := range part {
		rows = append(rows, p.openRow())
	}
	return obj{"products": rows, "next_page_token": next, "total_count": len(list)}, nil
}

func (in openProductsBody) priceRange() (from, to amount, err error) {
	to = math.MaxInt64
	if in.Prices == nil {
		return from, to, nil
	}
	if in.Prices.GE != "" {
		from, err = parseAmount(in.Prices.GE)
	}
	if err == nil && in.Prices.LT != "" {
		to, err = parseAmount(in.Prices.LT)
	}
	return from, to, err
}

// sort orders products as asked; by default by rising commission rate.
func (c *call) sort(list []*product) error {
	by := map[string]func(*product) int64{
		"commission_rate":     func(p *product) int64 { return p.openRate },
		"commission":          func(p *product) int64 { return int64(p.openCommission()) },
		"product_sales_price": func(p *product) int64 { price, _ := p.prices(); return int64(price) },
		"units_sold":          func(p *product) int64 { return p.unitsSold },
	}[orElse(c.query.Get("sort_field"), "commission_rate")]
	order := orElse(c.query.Get("sort_order"), "ASC")
	if by == nil || order != "ASC" && order != "DESC" {
		return invalid("sort_field or sort_order")
	}
	slices.SortStableFunc(list, func(a, b *product) int {
		if order == "DESC" {
			a, b = b, a
		}
		return int(by(a) - by(b))
	})
	return nil
}

func (p *product) openCommission() amount {
	lowest, _ := p.prices()
	return lowest.share(p.openRate)
}

func (p *product) openRow() obj {
	commission := p.openCommission().in(p.shop.currency)
	commission["rate"] = p.openRate
	return obj{
		"id": p.id, "title": p.title, "main_image_url": p.image(), "detail_link": p.page(),
		"shop": obj{"name": p.shop.name}, "sale_region": p.shop.region, "has_inventory": p.inventory() > 0, "units_sold": p.unitsSold,
		"commission": commission, "original_price": p.priceRange(), "sales_price": p.priceRange(),
		"category_chains": []obj{
			{"id": p.category.parentID, "parent_id": "0", "is_leaf": false, "local_name": p.category.parentName},
			{"id": p.category.id, "parent_id": p.category.parentID, "is_leaf": true, "local_name": p.category.name},
		},
	}
}

func (p *product) priceRange() obj {
	lowest, highest := p.prices()
	return obj{"currency": p.shop.currency, "minimum_amount": lowest.String(), "maximum_amount": highest.String()}
}

// page is where buyers find the product.
func (p *product) page() string { return "https://shop.tiktok.com/view/product/" + p.id }

func (p *product) image() string { return "https://images.example/products/" + p.id + ".jpg" }

func (p *product) status() string {
	if p.inventory() == 0 {
		return "OUT_OF_STOCK"
	}
	return "LIVE"
}

func (u *user) avatar() string { return "https://images.example/avatars/" + u.id + ".jpg" }

// maxByID is the most products one call asks for. Source: the API reference.
const maxByID = 50

// openProductsByID is POST /affiliate_creator/202509/open_collaborations/products.
// What is not found is left out.
func openProductsByID(c *call) (any, error) {
	ids := strings.Split(c.query.Get("product_ids"), ",")
	if ids[0] == "" || len(ids) > maxByID {
		return nil, invalid("product_ids must name 1 to %d products", maxByID)
	}
	rows := []obj{}
	for _, p := range c.products {
		if slices.Contains(ids, p.id) && p.openRate > 0 && p.shop.region == c.grant.user.region {
			row := p.openRow()
			if p.openAdsRate > 0 {
				row["shop_ads_commission"] = obj{"rate": p.openAdsRate}
			}
			rows = append(rows, row)
		}
	}
	return obj{"products": rows}, nil
}
