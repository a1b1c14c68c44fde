package sandbox

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Refusals of campaign operations. Source: the API reference's error tables.
var (
	errNoCampaign      = refuse(16032005, "The campaign does not exist.")
	errCampaignState   = refuse(16032008, "The operation is not allowed in the present state.")
	errCampaignOffline = refuse(16032009, "The campaign is not online.")
	errNoEntry         = refuse(16032010, "The campaign product does not exist.")
)

func campaignParameter(text string) error {
	return refuse(16032001, "Invalid parameter: %s", text)
}

// campaignList is GET /affiliate_partner/202405/campaigns.
func campaignList(c *call) (any, error) {
	status := orElse(c.query.Get("status"), "UNSPECIFIED")
	if !slices.Contains([]string{"READY", "UPCOMING", "ONGOING", "CLOSED", "UNSPECIFIED"}, status) {
		return nil, campaignParameter("status")
	}
	joined, filter := false, c.query.Get("query_type_filter")
	if !slices.Contains([]string{"", "JOINED", "MARKETPLACE"}, filter) {
		return nil, campaignParameter("query_type_filter")
	}
	switch orElse(c.query.Get("type"), "MY_CAMPAIGNS") {
	case "MY_CAMPAIGNS":
	case "SELLER_CAMPAIGNS":
		joined = true
		if filter == "MARKETPLACE" { // there is none the partner has not joined
			status = "none"
		}
	case "GS_SELLING_CAMPAIGNS", "EXCLUSIVE_TIKTOK_SHOP": // the partner has none
		status = "none"
	default:
		return nil, campaignParameter("type")
	}
	list := []*campaign{}
	for _, campaign := range c.campaigns {
		if campaign.owner == c.grant.user && campaign.joined == joined && (status == "UNSPECIFIED" || campaign.status(c.now) == status) {
			list = append(list, campaign)
		}
	}
	part, next := cut(c.page, list)
	rows := []obj{}
	for _, campaign := range part {
		rows = append(rows, campaign.head(c.now))
	}
	return obj{"campaigns": rows, "next_page_token": next, "total_count": len(list)}, nil
}

func (c *campaign) head(now time.Time) obj {
	return obj{
		"id": c.id, "name": c.name, "status": c.status(now), "campaign_start_time": c.start.Unix(), "campaign_end_time": c.end.Unix(),
		"registration_start_time": c.start.Unix(), "registration_end_time": c.registrationEnd.Unix(),
	}
}

// ownCampaign finds the partner's campaign of the path.
func (c *call) ownCampaign() (*campaign, error) {
	found := c.campaign(c.path["campaign_id"])
	if found == nil || found.owner != c.grant.user {
		return nil, errNoCampaign
	}
	return found, nil
}

// ownEntry finds a submitted product of the partner's campaign.
func (c *call) ownEntry() (*campaign, *entry, error) {
	found, err := c.ownCampaign()
	if err != nil {
		return nil, nil, err
	}
	e := found.entry(c.path["product_id"])
	if e == nil {
		return nil, nil, errNoEntry
	}
	return found, e, nil
}

// campaignDetail is GET /affiliate_partner/202405/campaigns/{campaign_id}.
func campaignDetail(c *call) (any, error) {
	found, err := c.ownCampaign()
	if err != nil {
		return nil, err
	}
	detail := found.head(c.now)
	detail["description"], detail["commission_rate"] = found.description, found.rate
	detail["region"], detail["contact_info"] = found.owner.category.market, found.contact
	shops := []obj{}
	for _, shop := range c.shops() {
		if slices.Contains(found.shopCodes, shop.code) {
			shops = append(shops, obj{"code": shop.code, "name": shop.name})
		}
	}
	detail["target_seller_types"], detail["target_shops"] = append([]string{}, found.sellerTypes...), shops
	return detail, nil
}

// campaignProducts is GET /affiliate_partner/202405/campaigns/{campaign_id}/products.
func campaignProducts(c *call) (any, error) {
	found, err := c.ownCampaign()
	if err != nil {
		return nil, err
	}
	status, id := c.query.Get("review_status"), c.query.Get("product_id")
	if status != "" && !slices.Contains([]string{"PENDING", "APPROVED", "REJECTED", "PENDING_CLOSED", "CLOSED"}, status) {
		return nil, campaignParameter("review_status")
	}
	categoryID := c.query.Get("category_id")
	list := slices.DeleteFunc(slices.Clone(found.products), func(e *entry) bool {
		p := e.product
		return status != "" && e.status != status || id != "" && p.id != id ||
			!strings.Contains(p.title, c.query.Get("product_name")) || !strings.Contains(p.shop.name, c.query.Get("shop_name")) ||
			categoryID != "" && categoryID != p.category.id && categoryID != p.category.parentID
	})
	part, next := cut(c.page, list)
	rows := []obj{}
	for _, e := range part {
		rows = append(rows, e.row())
	}
	return obj{"products": rows, "next_page_token": next, "total_count": len(list)}, nil
}

func (e *entry) row() obj {
	p := e.product
	lowest, highest := p.prices()
	skus := []obj{}
	for _, sku := range p.skus {
		price := obj{"region_code": p.shop.region, "currency": p.shop.currency, "list_price": sku.price.String(), "sale_price": sku.price.String()}
		if p.shop.sellerType == "CROSS_BORDER" {
			price["localized_dutiable_price"] = sku.price.String()
		}
		skus = append(skus, obj{
			"sku_id": sku.id, "sku_name": sku.name, "base_price": price, "region_prices": []obj{price},
			"inventory": obj{"available_quantity": strconv.FormatInt(sku.stock, 10)}, "properties": []obj{{"name": "Variant", "value_name": sku.name}},
		})
	}
	return obj{
		"id": p.id, "name": p.title, "product_description": p.description, "main_image_url": p.image(), "shop_name": p.shop.name,
		"category": obj{"id": p.category.id, "name": p.category.name}, "review_status": e.status, "is_available": e.available,
		"lowest_price": lowest.in(p.shop.currency), "highest_price": highest.in(p.shop.currency), "inventory": p.inventory(),
		"total_commission_rate": e.totalRate(), "creator_commission_rate": e.creatorRate, "partner_commission_rate": e.partnerRate,
		"open_collaboration_commission_rate": p.openRate, "product_sales": e.sold, "sample_quota": e.samples, "sku_information_list": skus,
	}
}

type reviewBody struct {
	Result  string   `json:"review_result"`
	Reasons []string `json:"reject_reasons"`
}

// reviewProduct is POST …/campaigns/{campaign_id}/products/{product_id}/review.
func reviewProduct(c *call, in reviewBody) (any, error) {
	found, e, err := c.ownEntry()
	if err != nil {
		return nil, err
	}
	reject := in.Result == "REJECT" || in.Result == "REJECT_FOREVER"
	known := []string{"COMMISSION_TOO_LOW", "PRODUCT_HARD_TO_PROMOTE", "PRODUCT_TOO_EXPENSIVE", "NO_SUITABLE_CREATOR"}
	switch {
	case in.Result != "APPROVE" && !reject:
		return nil, campaignParameter("review_result")
	case reject != (len(in.Reasons) > 0), slices.ContainsFunc(in.Reasons, func(reason string) bool { return !slices.Contains(known, reason) }):
		return nil, campaignParameter("reject_reasons")
	case found.status(c.now) == "CLOSED":
		return nil, errCampaignOffline
	case e.status != "PENDING":
		return nil, errCampaignState
	}
	e.status = "APPROVED"
	if reject {
		e.status = "REJECTED"
	}
	c.reviews = append(c.reviews, Review{c.now, c.app.Name, c.grant.user.id, found.id, e.product.id, in.Result, append([]string{}, in.Reasons...)})
	return obj{}, nil
}
