package sandbox

import (
	"fmt"
	"net/url"
	"slices"
)

// maxLinks is the most products a link batch takes. Source: OAS.
const maxLinks = 50

func (c *call) made(l Link) {
	l.At, l.App, l.User = c.now, c.app.Name, c.grant.user.id
	c.links = append(c.links, l)
}

// share is a short link in TikTok's form.
func (c *call) share(path string) string {
	return "https://affiliate.tiktok.com/api/v1/" + path + "/" + opaque(12, path, fmt.Sprint(c.next()), c.app.Key)
}

// linkable says why a campaign product cannot have a link now.
func (e *entry) linkable() error {
	if e.status != "APPROVED" && e.status != "PENDING_CLOSED" || !e.available {
		return errCampaignState
	}
	return nil
}

type campaignLinkBody struct {
	Rate int64 `json:"creator_commission_rate"`
}

// campaignLink is POST …/campaigns/{campaign_id}/products/{product_id}/promotion_link/generate.
func campaignLink(c *call, in campaignLinkBody) (any, error) {
	found, e, err := c.ownEntry()
	switch {
	case err != nil:
		return nil, err
	case found.status(c.now) != "ONGOING":
		return nil, errCampaignOffline
	case e.linkable() != nil:
		return nil, e.linkable()
	case in.Rate < 100 || in.Rate > e.totalRate():
		return nil, campaignParameter(fmt.Sprintf("creator_commission_rate must be between 100 and %d", e.totalRate()))
	}
	link := c.share("share")
	c.made(Link{Kind: "campaign", Campaign: found.id, Product: e.product.id, Rate: in.Rate, Link: link})
	return obj{"product_promotion_link": link}, nil
}

type campaignLinksBody struct {
	Products []string `json:"product_ids"`
}

// campaignLinks is POST /affiliate_partner/202505/campaigns/{campaign_id}/products/promotion_links/generate_batch.
func campaignLinks(c *call, in campaignLinksBody) (any, error) {
	found, err := c.ownCampaign()
	switch {
	case err != nil:
		return nil, err
	case len(in.Products) == 0 || len(in.Products) > maxLinks:
		return nil, campaignParameter("product_ids must name 1 to 50 products")
	case found.status(c.now) != "ONGOING":
		return nil, errCampaignOffline
	}
	links, failed := []obj{}, []string{}
	for _, id := range in.Products {
		e := found.entry(id)
		if e == nil || e.linkable() != nil {
			failed = append(failed, id)
			continue
		}
		e.linked = true
		link := c.share("share")
		links = append(links, obj{"product_id": id, "link": link})
		c.made(Link{Kind: "campaign_batch", Campaign: found.id, Product: id, Rate: e.creatorRate, Link: link})
	}
	return obj{"product_promotion_links": links, "failed_product_ids": failed}, nil
}

type generalLinksBody struct {
	Campaign string `json:"campaign_id"`
	LinkType string `json:"link_type"`
	Material *struct {
		IDs    []string `json:"ids"`
		Type   string   `json:"type"`
		Schema string   `json:"promotion_campaign_schema"`
	} `json:"material"`
}

// generalLinks is POST /affiliate_creator/202505/affiliate_sharing_links/general_publishers/generate_batch.
func generalLinks(c *call, in generalLinksBody) (any, error) {
	if in.Material == nil || in.Material.Type != "PRODUCT" {
		return nil, invalid("material.type must be PRODUCT")
	}
	if n := len(in.Material.IDs); n == 0 || n > maxLinks {
		return nil, invalid("material.ids must name 1 to 50 products")
	}
	links, failed := []obj{}, []obj{}
	for _, id := range in.Material.IDs {
		if reason := c.unshareable(id, in.Campaign); reason != "" {
			failed = append(failed, obj{"material_id": id, "fail_reason": reason})
			continue
		}
		link := c.sharingLink(id, in.LinkType == "TOKO")
		links = append(links, link)
		c.made(Link{Kind: "general", Campaign: in.Campaign, Product: id, Link: link["sharing_link"].(string)})
	}
	return obj{"sharing_links": links, "failed_materials": failed}, nil
}

// unshareable says why a creator gets no link for a product; empty = they do. A
// product must be in an open collaboration, or in the campaign named through the
// partner's batch call.
func (c *call) unshareable(id, campaignID string) string {
	p := c.product(id)
	switch {
	case p == nil:
		return "Product does not exist"
	case p.shop.region != c.grant.user.region:
		return "Product is not available in the creator's region"
	case p.inventory() == 0:
		return "Product was sold out"
	case campaignID == "" && p.openRate == 0:
		return "Product is not in a collaboration"
	case campaignID == "":
		return ""
	}
	in := c.campaign(campaignID)
	if in == nil || in.status(c.now) != "ONGOING" {
		return "Campaign is not online"
	}
	if e := in.entry(id); e == nil || !e.linked {
		return "Product is not in the campaign"
	}
	return ""
}

func (c *call) sharingLink(id string, toko bool) obj {
	if toko {
		return obj{"material_id": id, "sharing_link": "https://www.tokopedia.com/view/product/" + id + "?utm_source=open_api"}
	}
	chain := fmt.Sprintf(`{"t":1,"k":"%032d","sc":"OPEN_API"}`, c.next())
	web := "https://www.tiktok.com/view/product/" + id + "?" + url.Values{"chain_key": {chain}, "scene": {"pdp"}, "utm_source": {"open_api"}}.Encode()
	inApp := "https://shop.tiktok.com/view/product/" + id + "?" + url.Values{"chain_key": {chain}, "event_id": {"o_event_id"}, "utm_source": {"open_api"}}.Encode()
	return obj{
		"material_id": id, "sharing_link": web,
		"deep_link": "snssdk1180://ec/pdp?biz_type=0&params_url=" + url.QueryEscape(inApp),
		"one_link":  "https://snssdk1180.onelink.me/BAuo?params_url=" + url.QueryEscape(inApp),
	}
}

// targetLink is POST /affiliate_seller/202509/target_collaboration/{target_collaboration_id}/link.
func targetLink(c *call) (any, error) {
	t, err := c.ownTarget()
	switch {
	case err != nil:
		return nil, err
	case !t.living(c.now):
		return nil, errTargetExpired
	}
	i := slices.IndexFunc(c.links, func(l Link) bool { return l.Target == t.id && l.App == c.app.Name })
	if i >= 0 { // one link per collaboration
		return obj{"link": c.links[i].Link}, nil
	}
	link := c.share("oec/affiliate/seller/invitation_group/share/long_url")
	c.made(Link{Kind: "target", Target: t.id, Link: link})
	return obj{"link": link}, nil
}
