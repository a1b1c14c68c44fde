package sandbox

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

var errNoTarget = refuse(50001700, "No access to the target collaboration.")

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
	Contact *struct {
		Email    string `json:"email"`
		Line     string `json:"line"`
		Phone    string `json:"phone_number"`
		Telegram string `json:"telegram"`
		WhatsApp string `json:"whatsapp"`
	} `json:"seller_contact_info"`
	Samples *struct {
		Has    bool `json:"has_free_sample"`
		Exempt bool `json:"is_sample_approval_exempt"`
	} `json:"free_sample_rule"`
}

// createTarget is POST /affiliate_seller/202508/target_collaborations. One
// conflict or unknown id fails the whole call, with code 0.
func createTarget(c *call, in createTargetBody) (any, error) {
	end, err := strconv.ParseInt(in.EndTime, 10, 64)
	switch {
	case err != nil || end <= c.now.Unix():
		return nil, invalid("end_time must be a later Unix time, as text")
	case strings.TrimSpace(in.Name) == "" || in.Contact == nil || in.Samples == nil:
		return nil, invalid("name, seller_contact_info and free_sample_rule are required")
	case len(in.Creators) == 0 || len(in.Creators) > 50:
		return nil, invalid("creator_user_open_ids must name 1 to 50 creators")
	case len(in.Products) == 0 || len(in.Products) > 100:
		return nil, invalid("products must name 1 to 100 products")
	case !slices.Contains([]string{"", "LIVE", "VIDEO"}, in.ContentType):
		return nil, invalid("preferred_content_type must be LIVE or VIDEO")
	}
	t := &target{
		id: number(targetFamily, c.next()), name: in.Name, message: in.Message, shop: c.shop, created: c.now,
		end: time.Unix(end, 0), email: in.Contact.Email, samples: in.Samples.Has, exempt: in.Samples.Exempt,
	}
	badCreators, badProducts := []string{}, []string{}
	for _, id := range in.Creators {
		if u := c.creatorByOpenID(c.app, id); u != nil {
			t.creators = append(t.creators, u)
		} else {
			badCreators = append(badCreators, id)
		}
	}
	for _, item := range in.Products {
		if item.Rate < 100 || item.Rate > 8000 {
			return nil, invalid("target_commission_rate must be between 100 and 8000")
		}
		if p := c.product(item.ID); p != nil && p.shop == c.shop {
			t.products = append(t.products, targetProduct{p, item.Rate, item.AdsRate})
		} else {
			badProducts = append(badProducts, item.ID)
		}
	}
	conflicts := c.conflicts(t)
	if len(badCreators)+len(badProducts)+len(conflicts) > 0 {
		return obj{
			"invalid_open_id_list": badCreators, "invalid_product_id_list": badProducts, "target_collaboration_conflicts": conflicts,
		}, nil
	}
	c.targets = append(c.targets, t)
	return obj{"target_collaboration": obj{"id": t.id}, "create_time": c.now.Unix()}, nil
}

// conflicts lists the pairs that another living collaboration already has.
func (c *call) conflicts(t *target) []obj {
	pairs := []obj{}
	for _, other := range c.targets {
		for _, item := range t.products {
			for _, creator := range t.creators {
				if other.end.After(c.now) && other.has(item.product) && slices.Contains(other.creators, creator) {
					pairs = append(pairs, obj{"creator_user_open_id": openID(c.app, creator), "product_id": item.product.id})
				}
			}
		}
	}
	return pairs
}

func (t *target) has(p *product) bool {
	return slices.ContainsFunc(t.products, func(item targetProduct) bool { return item.product == p })
}

// targetDetail is GET /affiliate_seller/202508/target_collaborations/{target_collaboration_id}.
func targetDetail(c *call) (any, error) {
	t := c.target(c.path["target_collaboration_id"])
	if t == nil || t.shop != c.shop {
		return nil, errNoTarget
	}
	creators, products := []obj{}, []obj{}
	for _, u := range t.creators {
		creators = append(creators, obj{
			"creator_open_id": openID(c.app, u), "username": u.username, "nickname": u.name, "avatar": obj{"url": u.avatar()},
			"selection_region": u.region, "collaboration_status": "NORMAL", "product_effective_status": "EFFECTIVE_ALL",
			"content_product_count": 0, "showcase_product_count": 0,
		})
	}
	for _, item := range t.products {
		lowest, highest := item.product.prices()
		commission := obj{
			"currency": t.shop.currency, "rate": item.rate, "effective_time": strconv.FormatInt(t.created.Unix(), 10),
			"minimum_amount": lowest.share(item.rate).String(), "maximum_amount": highest.share(item.rate).String(),
		}
		if item.adsRate > 0 {
			commission["shop_ads_commission_rate"] = item.adsRate
		}
		products = append(products, obj{
			"id": item.product.id, "title": item.product.title, "main_image_url": item.product.image(), "commission": commission,
			"collaboration_status": "NORMAL", "commission_effective_status": "EFFECTIVE_ALL", "status": item.product.status(),
			"original_price": item.product.priceRange(),
		})
	}
	return obj{"target_collaboration": obj{
		"id": t.id, "name": t.name, "message": t.message, "type": "STANDARD", "start_time": t.created.Unix(), "end_time": t.end.Unix(),
		"update_time": t.created.Unix(), "creators": creators, "products": products, "creator_invited_count": len(creators),
		"product_count": len(products), "content_creator_count": 0, "showcase_creator_count": 0,
		"free_sample_rule":    obj{"has_free_sample": t.samples, "is_sample_approval_exempt": t.exempt},
		"seller_contact_info": obj{"email": t.email},
	}}, nil
}
