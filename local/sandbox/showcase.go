package sandbox

import (
	"regexp"
	"slices"
)

// Limits of showcase calls. Source: the API reference.
const (
	maxShowcase       = 2000
	maxShowcaseAdd    = 20
	maxShowcaseRemove = 200
	errShowcase       = 16001001 // of one product
)

// shown is a product in a creator's showcase, or in the bag of a LIVE.
type shown struct {
	product *product
	program        // through which the creator promotes it
	live    bool   // in the bag of the LIVE
	hidden  bool   // from visitors
	outside string // page of a product sold outside TikTok Shop
}

// showcaseList is GET /affiliate_creator/202405/showcases/products.
func showcaseList(c *call) (any, error) {
	origin := c.query.Get("origin")
	if origin != "SHOWCASE" && origin != "LIVE" {
		return nil, invalid("origin must be SHOWCASE or LIVE")
	}
	list := slices.DeleteFunc(slices.Clone(c.grant.user.showcase), func(s *shown) bool { return s.live != (origin == "LIVE") })
	total := len(list)
	part, next := cut(c.page, list)
	rows := []obj{}
	for _, s := range part {
		rows = append(rows, c.shownRow(s))
	}
	return obj{"products": rows, "next_page_token": next, "total_count": total}, nil
}

func (c *call) shownRow(s *shown) obj {
	p := s.product
	review, inventory, source := "APPROVED", "IN_STOCK", "AFFILIATE"
	if p.openRate == 0 && s.via() == "open" {
		review = "ZERO_COMMISSION"
	}
	if p.inventory() == 0 {
		inventory = "SOLD_OUT"
	}
	image := []obj{{"url": p.image(), "heigth": 800, "width": 800}} // the spelling is TikTok's
	row := obj{
		"id": p.id, "title": p.title, "detail_link": p.page(), "main_images": image, "sale_regions": []string{p.shop.region},
		"shop":  obj{"name": p.shop.name},
		"price": obj{"original_price": p.priceRange(), "platform_discount_price": p.priceRange(), "seller_discount_price": p.priceRange()},
		"status": obj{
			"added_status": "ADDED", "inventory_status": inventory, "review_status": review, "is_hidden": s.hidden,
		},
		"commission": obj{"rate": s.rate, "reward_rate": 0},
	}
	collaboration := obj{"id": p.openID, "type": "1"} // open
	switch s.via() {
	case "target":
		collaboration = obj{"id": s.target.id, "type": "2"}
	case "campaign":
		collaboration = obj{"id": s.campaign.id, "type": "5", "partner": obj{"id": number(partnerFamily, 1), "name": s.campaign.owner.name}}
	}
	if s.outside != "" {
		source = "THIRD_PARTY"
		row["third_party_link"], row["addition"] = s.outside, obj{"customized_main_images": image}
	}
	row["collaboration"], row["source"] = collaboration, source
	return row
}

type showcaseAddBody struct {
	Type     string   `json:"add_type"`
	Products []string `json:"product_ids"`
	Link     string   `json:"product_link"`
}

var productInLink = regexp.MustCompile(`/product/(\d+)`)

// showcaseAdd is POST /affiliate_creator/202405/showcases/products/add. What
// fails is told per product, in an answer of code 0.
func showcaseAdd(c *call, in showcaseAddBody) (any, error) {
	ids := in.Products
	switch {
	case in.Type == "PRODUCT_ID" && in.Link == "" && len(ids) > 0 && len(ids) <= maxShowcaseAdd:
	case in.Type == "PRODUCT_LINK" && in.Link != "" && len(ids) == 0:
		ids = []string{""}
		if found := productInLink.FindStringSubmatch(in.Link); found != nil {
			ids[0] = found[1]
		}
	default:
		return nil, invalid("add_type takes 1 to %d product_ids (PRODUCT_ID) or one product_link (PRODUCT_LINK)", maxShowcaseAdd)
	}
	failed := []obj{}
	for _, id := range ids {
		if reason := c.show(id); reason != "" {
			failed = append(failed, obj{"code": errShowcase, "message": reason, "detail": obj{"product_id": id}})
		}
	}
	return obj{"errors": failed}, nil
}

// show adds a product to the creator's showcase; the answer says why it did not.
// A product must be in an open collaboration, or in a target collaboration of the creator.
func (c *call) show(id string) string {
	u, p := c.grant.user, c.product(id)
	switch {
	case p == nil:
		return "The product does not exist."
	case p.shop.region != u.region:
		return "The product is not sold in the creator's region."
	case len(u.showcase) >= maxShowcase:
		return "The showcase is full."
	case c.shownBy(u, p) != nil:
		return ""
	}
	entry := &shown{product: p}
	for _, t := range c.targets {
		if item := t.item(p); item != nil && t.living(c.now) && t.invites(u) {
			entry.program = program{creator: u, target: t, rate: item.rate, adsRate: item.adsRate}
		}
	}
	if entry.target == nil {
		if p.openRate == 0 {
			return "The product is in no collaboration of the creator."
		}
		entry.program = program{creator: u, rate: p.openRate, openID: p.openID}
	}
	u.showcase = append([]*shown{entry}, u.showcase...)
	return ""
}

func (c *call) shownBy(u *user, p *product) *shown {
	return find(u.showcase, func(s *shown) bool { return s.product == p && !s.live })
}

type showcaseIDsBody struct {
	Products []string `json:"product_ids"`
}

// inner is the envelope inside the answer of a showcase change.
func (c *call) inner(unknown string) obj {
	if unknown == "" {
		return obj{"code": 0, "message": "Success", "request_id": requestID(c.now)}
	}
	return obj{"code": errShowcase, "message": "The product is not in the showcase: " + unknown, "request_id": requestID(c.now)}
}

// unknownShown names the first product that is not in the creator's showcase.
func (c *call) unknownShown(ids []string) string {
	for _, id := range ids {
		if p := c.product(id); p == nil || c.shownBy(c.grant.user, p) == nil {
			return orElse(id, "(empty)")
		}
	}
	return ""
}

// showcaseRemove is DELETE /affiliate_creator/202409/showcases/products.
func showcaseRemove(c *call, in showcaseIDsBody) (any, error) {
	if len(in.Products) == 0 || len(in.Products) > maxShowcaseRemove {
		return nil, invalid("product_ids must name 1 to %d products", maxShowcaseRemove)
	}
	unknown := c.unknownShown(in.Products)
	if unknown == "" {
		u := c.grant.user
		u.showcase = slices.DeleteFunc(u.showcase, func(s *shown) bool { return !s.live && slices.Contains(in.Products, s.product.id) })
	}
	return c.inner(unknown), nil
}

// showcaseTop is POST /affiliate_creator/202409/showcases/products/top.
func showcaseTop(c *call, in showcaseIDsBody) (any, error) {
	if len(in.Products) == 0 {
		return nil, invalid("product_ids must not be empty")
	}
	unknown := c.unknownShown(in.Products)
	if unknown == "" {
		place := func(s *shown) int {
			if i := slices.Index(in.Products, s.product.id); i >= 0 && !s.live {
				return i
			}
			return len(in.Products)
		}
		slices.SortStableFunc(c.grant.user.showcase, func(a, b *shown) int { return place(a) - place(b) })
	}
	return c.inner(unknown), nil
}

// showing counts the creators whose showcase has the product, through the target
// collaboration or, without one, through the open one.
func (s *Sandbox) showing(p *product, t *target) (n int) {
	for _, u := range s.ofKind(Creator) {
		if slices.ContainsFunc(u.showcase, func(s *shown) bool { return s.product == p && s.target == t && s.campaign == nil }) {
			n++
		}
	}
	return n
}

// posting counts the creators who sold the product with content of theirs.
func (s *Sandbox) posting(p *product, t *target) int {
	creators := map[*user]bool{}
	for _, o := range s.orders {
		for _, l := range o.lines {
			if l.product == p && l.target == t && l.campaign == nil && l.contentID != "" {
				creators[l.creator] = true
			}
		}
	}
	return len(creators)
}

func (w *world) seedShowcases() {
	mia, leo := w.user("mia-lane"), w.user("leo-park")
	kitchen, glow := w.targets[0], w.targets[2]
	open := func(p *product) program { return program{rate: p.openRate, openID: p.openID} }
	mia.showcase = []*shown{
		{product: w.products[0], program: program{creator: mia, target: kitchen, rate: 2000}},
		{product: w.products[5], program: open(w.products[5])},
		{product: w.products[11], program: program{creator: mia, target: glow, rate: 3500}, hidden: true},
		{product: w.products[12], program: program{creator: mia, campaign: w.campaigns[0], rate: 3000}},
		{product: w.products[13], program: open(w.products[13]), outside: "https://birch.example/serum"},
		{product: w.products[5], program: open(w.products[5]), live: true},
	}
	leo.showcase = []*shown{{product: w.products[3], program: open(w.products[3])}}
}
