package sandbox

import (
	"slices"
	"strconv"
	"time"
)

// expiring is how long before its end a collaboration counts as about to expire.
const expiring = 7 * day

type searchTargetsBody struct {
	Status  string `json:"collaboration_status"`
	Accept  string `json:"creator_accept_status"`
	Creator string `json:"creator_user_open_id"`
	Samples string `json:"free_sample_setting"`
	Search  *struct {
		Keyword string `json:"keyword"`
		Type    string `json:"keyword_type"`
	} `json:"search_param"`
}

// searchTargets is POST /affiliate_seller/202508/target_collaborations/search.
func searchTargets(c *call, in searchTargetsBody) (any, error) {
	inState, known := map[string]func(*target) bool{
		"ONGOING":   func(t *target) bool { return t.living(c.now) && t.end.Sub(c.now) > expiring },
		"EXPIRING":  func(t *target) bool { return t.living(c.now) && t.end.Sub(c.now) <= expiring },
		"VALID":     func(t *target) bool { return t.living(c.now) },
		"CANCELING": func(t *target) bool { return t.living(c.now) && !t.cancelled.IsZero() },
		"COMPLETED": func(t *target) bool { return !t.living(c.now) },
	}[in.Status]
	switch {
	case !known:
		return nil, invalid("collaboration_status must be ONGOING, EXPIRING, VALID, CANCELING or COMPLETED")
	case !slices.Contains([]string{"", "ACCEPT", "ALL"}, in.Accept):
		return nil, invalid("creator_accept_status must be ACCEPT or ALL")
	case !slices.Contains([]string{"", "WITH_FREE_SAMPLE", "ALL"}, in.Samples):
		return nil, invalid("free_sample_setting must be WITH_FREE_SAMPLE or ALL")
	}
	fits := func(*target) bool { return true }
	if in.Search != nil {
		var err error
		if fits, err = keywordFilter(in.Search.Keyword, in.Search.Type, targetKeywords(in.Search.Keyword)); err != nil {
			return nil, err
		}
	}
	list := slices.DeleteFunc(slices.Clone(c.targets), func(t *target) bool {
		return t.shop != c.shop || !inState(t) || !fits(t) || in.Samples == "WITH_FREE_SAMPLE" && !t.samples ||
			in.Accept == "ACCEPT" && t.showing() == 0 ||
			in.Creator != "" && !slices.ContainsFunc(t.creators, func(u *user) bool { return openID(c.app, u) == in.Creator })
	})
	part, next := cut(c.page, list)
	rows := []obj{}
	for _, t := range part {
		row := c.targetHead(t)
		delete(row, "creator_invited_count")
		row["creator_inivited_count"], row["create_time"] = t.invited(), t.created.Unix() // the spelling is TikTok's
		rows = append(rows, row)
	}
	return obj{"target_collaborations": rows, "next_page_token": next, "total_count": len(list)}, nil
}

func targetKeywords(keyword string) map[string]func(*target) bool {
	anyProduct := func(fits func(*product) bool) func(*target) bool {
		return func(t *target) bool {
			return slices.ContainsFunc(t.products, func(item targetProduct) bool { return fits(item.product) })
		}
	}
	return map[string]func(*target) bool{
		"PRODUCT_ID":                anyProduct(func(p *product) bool { return p.id == keyword }),
		"PRODUCT_NAME":              anyProduct(func(p *product) bool { return like(p.title, keyword) }),
		"TARGET_COLLABORATION_ID":   func(t *target) bool { return t.id == keyword },
		"TARGET_COLLABORATION_NAME": func(t *target) bool { return like(t.name, keyword) },
	}
}

// invited counts the creators who are not leaving.
func (t *target) invited() int { return len(t.creators) - len(t.leaving) }

// showing counts the creators whose showcase has a product of the collaboration.
func (t *target) showing() (n int) {
	for _, u := range t.creators {
		if t.leaving[u].IsZero() && len(t.shownBy(u)) > 0 {
			n++
		}
	}
	return n
}

// posted lists the products of the collaboration that a creator sold with content.
func (c *call) posted(t *target, u *user) map[*product]bool {
	products := map[*product]bool{}
	for _, o := range c.orders {
		for _, l := range o.lines {
			if l.target == t && l.creator == u && l.contentID != "" {
				products[l.product] = true
			}
		}
	}
	return products
}

// targetHead is what lists and details have in common.
func (c *call) targetHead(t *target) obj {
	kind, posting, products := "STANDARD", 0, 0
	if t.topCreators {
		kind = "TOP_CREATOR_PROGRAM"
	}
	for _, u := range t.creators {
		if t.leaving[u].IsZero() && len(c.posted(t, u)) > 0 {
			posting++
		}
	}
	for _, item := range t.products {
		if item.leaves.IsZero() {
			products++
		}
	}
	return obj{
		"id": t.id, "name": t.name, "message": t.message, "type": kind, "start_time": t.created.Unix(), "end_time": t.end.Unix(),
		"update_time": orElse(t.updated, t.created).Unix(), "creator_invited_count": t.invited(), "product_count": products,
		"content_creator_count": posting, "showcase_creator_count": t.showing(),
		"free_sample_rule": sampleRule{t.samples, t.exempt},
	}
}

// leavingStatus is the word for a member that stays or leaves.
func leavingStatus(at time.Time) string {
	if at.IsZero() {
		return "NORMAL"
	}
	return "DELETING"
}

// targetDetail is GET /affiliate_seller/202508/target_collaborations/{target_collaboration_id}.
func targetDetail(c *call) (any, error) {
	t, err := c.ownTarget()
	if err != nil {
		return nil, err
	}
	creators, products := []obj{}, []obj{}
	for _, u := range t.creators {
		creators = append(creators, obj{
			"creator_open_id": openID(c.app, u), "username": u.username, "nickname": u.name, "avatar": obj{"url": u.avatar()},
			"selection_region": u.region, "collaboration_status": leavingStatus(t.leaving[u]), "product_effective_status": "EFFECTIVE_ALL",
			"content_product_count": len(c.posted(t, u)), "showcase_product_count": len(t.shownBy(u)),
		})
	}
	for _, item := range t.products {
		products = append(products, t.itemRow(item))
	}
	detail := c.targetHead(t)
	detail["creators"], detail["products"], detail["seller_contact_info"] = creators, products, t.contact
	return obj{"target_collaboration": detail}, nil
}

func (t *target) itemRow(item targetProduct) obj {
	rate, since, effective := item.rate, t.created, "EFFECTIVE_ALL"
	if item.lower > 0 {
		rate, since, effective = item.lower, item.lowered, "EFFECTIVE_NONE"
	}
	lowest, highest := item.product.prices()
	commission := obj{
		"currency": t.shop.currency, "rate": rate, "effective_time": strconv.FormatInt(since.Unix(), 10),
		"minimum_amount": lowest.share(rate).String(), "maximum_amount": highest.share(rate).String(),
	}
	if item.adsRate > 0 {
		commission["shop_ads_commission_rate"] = item.adsRate
	}
	return obj{
		"id": item.product.id, "title": item.product.title, "main_image_url": item.product.image(), "commission": commission,
		"collaboration_status": leavingStatus(item.leaves), "commission_effective_status": effective, "status": item.product.status(),
		"original_price": item.product.priceRange(),
	}
}

type creatorTargetsBody struct {
	Shop    string `json:"shop_id"`
	Keyword string `json:"keyword"`
	Type    string `json:"keyword_type"`
}

// creatorTargets is POST /affiliate_creator/202405/target_collaborations/search.
// Only a search by id finds collaborations that are over.
func creatorTargets(c *call, in creatorTargetsBody) (any, error) {
	if in.Shop == "" {
		return nil, invalid("shop_id is required")
	}
	live := func(t *target) bool { return c.creatorStatus(t) == "LIVE" }
	fits, err := keywordFilter(in.Keyword, in.Type, map[string]func(*target) bool{
		"TARGET_COLLABORATIONS_ID":   func(t *target) bool { return t.id == in.Keyword },
		"TARGET_COLLABORATIONS_NAME": func(t *target) bool { return live(t) && like(t.name, in.Keyword) },
	})
	if err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(slices.Clone(c.targets), func(t *target) bool {
		return t.shop.id != in.Shop || !t.invites(c.grant.user) || !fits(t) || in.Type == "" && !live(t)
	})
	part, next := cut(c.page, list)
	rows := []obj{}
	for _, t := range part {
		products := []obj{}
		for _, item := range t.products {
			lowest, _ := item.product.prices()
			commission := lowest.share(item.rate).in(t.shop.currency)
			commission["rate"] = item.rate
			products = append(products, obj{
				"id": item.product.id, "title": item.product.title, "main_image_url": item.product.image(), "commission": commission,
			})
		}
		rows = append(rows, obj{"id": t.id, "name": t.name, "status": c.creatorStatus(t), "products": products})
	}
	return obj{"target_collaborations": rows, "next_page_token": next, "total_count": len(list)}, nil
}

func (c *call) creatorStatus(t *target) string {
	switch {
	case !t.cancelled.IsZero() && !t.cancelled.After(c.now):
		return "DELETED"
	case !t.end.After(c.now):
		return "EXPIRED"
	}
	return "LIVE"
}
