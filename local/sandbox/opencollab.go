package sandbox

import (
	"slices"
	"strings"
	"time"
)

// Refusals of open collaborations. Source: the API reference's error tables.
var (
	errOpenExists = refuse(16003012, "The product already has an open collaboration.")
	errOpenRate   = refuse(16003033, "The commission rate must be between 1%% and 80%%.")
)

func rateAllowed(basisPoints int64) bool { return basisPoints >= 100 && basisPoints <= 8000 }

// midnight is the next 00:00, when what is announced takes effect. TikTok goes by
// the shop's time zone, the sandbox by UTC.
func midnight(now time.Time) time.Time { return now.UTC().Truncate(day).Add(day) }

// openStatus is NORMAL, or TERMINATING until the removal takes effect.
func (p *product) openStatus() string {
	if p.openEnds.IsZero() {
		return "NORMAL"
	}
	return "TERMINATING"
}

// ownProduct finds a product of the shop.
func (c *call) ownProduct(id string) (*product, error) {
	if p := c.product(id); p != nil && p.shop == c.shop {
		return p, nil
	}
	return nil, invalid("product_id is not a product of this shop")
}

type createOpenBody struct {
	Rate    int64  `json:"commission_rate"`
	Product string `json:"product_id"`
}

// createOpen is POST /affiliate_seller/202412/open_collaborations: one product a call.
func createOpen(c *call, in createOpenBody) (any, error) {
	p, err := c.ownProduct(in.Product)
	switch {
	case err != nil:
		return nil, err
	case !rateAllowed(in.Rate):
		return nil, errOpenRate
	case p.openRate > 0:
		return nil, errOpenExists
	}
	c.open(p, in.Rate)
	return obj{"open_collaboration": obj{"id": p.openID, "product_id": p.id, "effective_time": c.now.Unix()}}, nil
}

func (c *call) open(p *product, rate int64) {
	p.openRate, p.openID, p.openStart, p.openEnds = rate, number(openFamily, c.next()), c.now, time.Time{}
}

type searchOpenBody struct {
	Keyword     string `json:"keyword"`
	KeywordType string `json:"keyword_type"`
	Category    string `json:"top_level_category_id"`
}

// searchOpen is POST /affiliate_seller/202412/open_collaborations/search.
func searchOpen(c *call, in searchOpenBody) (any, error) {
	fits, err := keywordFilter(in.Keyword, in.KeywordType, map[string]func(*product) bool{
		"PRODUCT_ID":   func(p *product) bool { return p.id == in.Keyword },
		"PRODUCT_NAME": func(p *product) bool { return like(p.title, in.Keyword) },
	})
	if err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(slices.Clone(c.products), func(p *product) bool {
		return p.shop != c.shop || p.openRate == 0 || !fits(p) || in.Category != "" && in.Category != p.category.parentID
	})
	order := orElse(c.query.Get("sort_order"), "DESC")
	field := c.query.Get("sort_field")
	if order != "ASC" && order != "DESC" || field != "" && field != "product_original_price" {
		return nil, invalid("sort_field or sort_order")
	}
	slices.SortStableFunc(list, func(a, b *product) int {
		if order == "DESC" {
			a, b = b, a
		}
		if field == "" {
			return a.openStart.Compare(b.openStart)
		}
		cheapest, _ := a.prices()
		other, _ := b.prices()
		return int(cheapest - other)
	})
	part, next := cut(c.page, list)
	rows := []obj{}
	for _, p := range part {
		rows = append(rows, c.openCollaboration(p))
	}
	return obj{"open_collaborations": rows, "next_page_token": next, "total_count": len(list)}, nil
}

func (c *call) openCollaboration(p *product) obj {
	commission := obj{"rate": p.openRate, "start_time": p.openStart.Unix()}
	if !p.openEnds.IsZero() {
		commission["end_time"] = p.openEnds.Unix()
	}
	return obj{
		"id": p.openID, "status": p.openStatus(), "current_commission": commission,
		"showcase_creator_count": c.showing(p, nil), "content_creator_count": c.posting(p, nil),
		"product": obj{
			"id": p.id, "title": p.title, "main_image_url": p.image(), "status": p.status(), "inventory": p.inventory(),
			"original_price": p.priceRange(),
		},
	}
}

// removeOpen is DELETE /affiliate_seller/202409/open_collaborations/products/{product_id}.
func removeOpen(c *call) (any, error) {
	p, err := c.ownProduct(c.path["product_id"])
	switch {
	case err != nil:
		return nil, err
	case p.openRate == 0 || p.openStatus() != "NORMAL":
		return nil, invalid("the product has no open collaboration in status NORMAL")
	}
	p.openEnds = midnight(c.now)
	return obj{"terminated_effective_time": p.openEnds.Unix()}, nil
}

type removeCreatorBody struct {
	Creator string `json:"creator_user_open_id"`
	Product string `json:"product_id"`
}

// removeOpenCreator is POST …/202508/open_collaborations/{open_collaboration_id}/remove_creator.
// It does not stop the creator from joining again.
func removeOpenCreator(c *call, in removeCreatorBody) (any, error) {
	p, err := c.ownProduct(in.Product)
	if err != nil {
		return nil, err
	}
	creator := c.creatorByOpenID(c.app, in.Creator)
	if p.openRate == 0 || p.openID != c.path["open_collaboration_id"] || creator == nil {
		return nil, invalid("there is no such open collaboration, product or creator")
	}
	creator.showcase = slices.DeleteFunc(creator.showcase, func(s *shown) bool { return s.product == p && s.via() == "open" })
	return obj{}, nil
}

// keywordFilter picks the filter of a keyword type; both are given or neither.
func keywordFilter[T any](keyword, kind string, kinds map[string]func(T) bool) (func(T) bool, error) {
	if keyword == "" && kind == "" {
		return func(T) bool { return true }, nil
	}
	if fits := kinds[kind]; fits != nil && keyword != "" {
		return fits, nil
	}
	return nil, invalid("keyword and keyword_type must be given together, the type one of %s", strings.Join(byKey(kinds), ", "))
}

// like is a loose comparison of a name with a keyword.
func like(name, keyword string) bool {
	return strings.Contains(strings.ToLower(name), strings.ToLower(strings.TrimSpace(keyword)))
}
