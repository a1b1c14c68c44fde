package sandbox

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Refusals of target collaborations. Source: the API reference's error tables.
var (
	errNoTarget      = refuse(50001700, "No access to the target collaboration.")
	errTargetExpired = refuse(50001701, "The target collaboration has expired.")
)

// Limits of target collaborations. Source: the API reference.
const (
	maxTargetCreators = 50
	maxTargetProducts = 100
)

// contact is how creators reach the seller.
type contact struct {
	Email    string `json:"email,omitempty"`
	Line     string `json:"line,omitempty"`
	Phone    string `json:"phone_number,omitempty"`
	Telegram string `json:"telegram,omitempty"`
	WhatsApp string `json:"whatsapp,omitempty"`
}

type sampleRule struct {
	Has    bool `json:"has_free_sample"`
	Exempt bool `json:"is_sample_approval_exempt"`
}

// wish is a target collaboration as a seller asks for it.
type wish struct {
	name, end string
	creators  []string // open ids
	products  []wishedProduct
	contact   *contact
	samples   *sampleRule
}

type wishedProduct struct {
	id            string
	rate, adsRate int64
}

// plan is a wish whose ids were looked up.
type plan struct {
	end                      time.Time
	creators                 []*user
	products                 []targetProduct
	badCreators, badProducts []string
}

func (p plan) invalid() bool { return len(p.badCreators)+len(p.badProducts) > 0 }

// examine checks what both creating and updating check.
func (c *call) examine(in wish) (p plan, err error) {
	end, err := strconv.ParseInt(in.end, 10, 64)
	switch {
	case err != nil || end <= c.now.Unix():
		return p, invalid("end_time must be a later Unix time, as text")
	case strings.TrimSpace(in.name) == "" || in.contact == nil || in.samples == nil:
		return p, invalid("name, seller_contact_info and free_sample_rule are required")
	case len(in.creators) == 0 || len(in.creators) > maxTargetCreators:
		return p, invalid("creator_user_open_ids must name 1 to %d creators", maxTargetCreators)
	case len(in.products) == 0 || len(in.products) > maxTargetProducts:
		return p, invalid("products must name 1 to %d products", maxTargetProducts)
	}
	p.end, p.badCreators, p.badProducts = time.Unix(end, 0), []string{}, []string{}
	for _, id := range in.creators {
		if u := c.creatorByOpenID(c.app, id); u != nil {
			p.creators = append(p.creators, u)
		} else {
			p.badCreators = append(p.badCreators, id)
		}
	}
	for _, item := range in.products {
		if !rateAllowed(item.rate) {
			return p, invalid("the commission rate of a product must be between 100 and 8000")
		}
		if found := c.product(item.id); found != nil && found.shop == c.shop {
			p.products = append(p.products, targetProduct{product: found, rate: item.rate, adsRate: item.adsRate})
		} else {
			p.badProducts = append(p.badProducts, item.id)
		}
	}
	return p, nil
}

type createTargetBody struct {
	Name        string   `json:"name"`
	Message     string   `json:"message"`
	EndTime     string   `json:"end_time"`
	ContentType string   `json:"preferred_content_type"`
	Creators    []string `json:"creator_user_open_ids"`
	Products    []struct {
		ID      string `json:"id"`
		Rate    int64  `json:"target_commission_rate"`
		AdsRate int64  `json:"shop_ads_commission_rate"`
	} `json:"products"`
	Contact *contact    `json:"seller_contact_info"`
	Samples *sampleRule `json:"free_sample_rule"`
}

// createTarget is POST /affiliate_seller/202508/target_collaborations. One
// conflict or unknown id fails the whole call, with code 0.
func createTarget(c *call, in createTargetBody) (any, error) {
	asked := wish{in.Name, in.EndTime, in.Creators, nil, in.Contact, in.Samples}
	for _, item := range in.Products {
		asked.products = append(asked.products, wishedProduct{item.ID, item.Rate, item.AdsRate})
	}
	p, err := c.examine(asked)
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"", "LIVE", "VIDEO"}, in.ContentType) {
		return nil, invalid("preferred_content_type must be LIVE or VIDEO")
	}
	conflicts := []obj{}
	for _, pair := range c.conflicts(p.creators, p.products, nil) {
		conflicts = append(conflicts, obj{"creator_user_open_id": openID(c.app, pair.creator), "product_id": pair.product.id})
	}
	if p.invalid() || len(conflicts) > 0 {
		return obj{
			"invalid_open_id_list": p.badCreators, "invalid_product_id_list": p.badProducts, "target_collaboration_conflicts": conflicts,
		}, nil
	}
	if err := c.invite(p.creators); err != nil {
		return nil, err
	}
	t := &target{
		id: number(targetFamily, c.next()), name: in.Name, message: in.Message, shop: c.shop, created: c.now, updated: c.now,
		end: p.end, contact: *in.Contact, samples: in.Samples.Has, exempt: in.Samples.Exempt, creators: p.creators, products: p.products,
	}
	c.targets = append(c.targets, t)
	return obj{"target_collaboration": obj{"id": t.id}, "create_time": c.now.Unix()}, nil
}

// pair is a creator and a product which a living collaboration already has.
type pair struct {
	creator *user
	product *product
	in      *target
}

// conflicts lists the pairs that living collaborations other than one have.
func (c *call) conflicts(creators []*user, products []targetProduct, except *target) (pairs []pair) {
	for _, other := range c.targets {
		if other == except || other.shop != c.shop || !other.living(c.now) {
			continue
		}
		for _, item := range products {
			for _, creator := range creators {
				if other.item(item.product) != nil && other.invites(creator) {
					pairs = append(pairs, pair{creator, item.product, other})
				}
			}
		}
	}
	return pairs
}

// living reports whether creators still earn through the collaboration.
func (t *target) living(now time.Time) bool {
	return t.end.After(now) && (t.cancelled.IsZero() || t.cancelled.After(now))
}

func (t *target) item(p *product) *targetProduct {
	if i := slices.IndexFunc(t.products, func(item targetProduct) bool { return item.product == p }); i >= 0 {
		return &t.products[i]
	}
	return nil
}

func (t *target) invites(u *user) bool { return slices.Contains(t.creators, u) }

// ownTarget finds the shop's collaboration of the path.
func (c *call) ownTarget() (*target, error) {
	t := c.target(c.path["target_collaboration_id"])
	if t == nil || t.shop != c.shop || !t.cancelled.IsZero() && !t.cancelled.After(c.now) {
		return nil, errNoTarget
	}
	return t, nil
}

// removeTarget is DELETE /affiliate_seller/202409/target_collaborations/{target_collaboration_id}.
// It takes effect at once, or at midnight when a showcase has a product of it.
func removeTarget(c *call) (any, error) {
	t, err := c.ownTarget()
	switch {
	case err != nil:
		return nil, err
	case !t.living(c.now):
		return nil, errTargetExpired
	}
	t.cancelled = c.now
	if slices.ContainsFunc(t.creators, func(u *user) bool { return len(t.shownBy(u)) > 0 }) {
		t.cancelled = midnight(c.now)
	}
	return obj{}, nil
}

// shownBy lists what a creator's showcase has of the collaboration.
func (t *target) shownBy(u *user) (list []*shown) {
	for _, s := range u.showcase {
		if s.target == t {
			list = append(list, s)
		}
	}
	return list
}
