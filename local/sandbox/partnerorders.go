package sandbox

import "slices"

// partnerStatus is the word of the TAP and CAP searches.
func partnerStatus(s state) string {
	return map[state]string{
		unpaid: "CUSTOMER UNPAID", pending: "PENDING", settled: "SETTLED", noCommission: "INELIGIBLE", frozen: "FROZEN",
	}[s]
}

type tapOrdersBody struct {
	CreateTimeGE *int64 `json:"create_time_ge"`
	CreateTimeLT *int64 `json:"create_time_lt"`
	CampaignID   string `json:"campaign_id"`
}

func tapOrders(c *call, in tapOrdersBody) (any, error) {
	ge, lt, err := c.pairedWindow(in.CreateTimeGE, in.CreateTimeLT, threeMonths)
	if err != nil {
		return nil, err
	}
	rows := within(c.rows(c.now, seenByTAP(c.grant.user)), ge, lt)
	if in.CampaignID != "" {
		rows = slices.DeleteFunc(rows, func(r row) bool { return r.campaign.id != in.CampaignID })
	}
	return c.skuOrders(rows, c.tapRow), nil
}

// skuOrders is the answer of the partner searches: a flat list whose page token
// is left out at the end.
func (c *call) skuOrders(rows []row, one func(row) obj) obj {
	part, next := cut(c.page, rows)
	list := []obj{}
	for _, r := range part {
		list = append(list, one(r))
	}
	answer := obj{"sku_orders": list, "total_count": len(rows)}
	if next != "" {
		answer["next_page_token"] = next
	}
	return answer
}

// partnerRow is what TAP and CAP rows have in common.
func (c *call) partnerRow(r row) obj {
	s := r.state(c.now)
	o := obj{
		"id": r.order.id, "sku_id": r.sku.id, "product_id": r.product.id, "product_name": r.product.title,
		"create_time": r.created.Unix(), "last_update_time": r.updated(c.now).Unix(), "settle_status": partnerStatus(s),
		"creator_username": r.creator.username, "price": r.money(r.sku.price), "quantity": r.quantity,
		"content_type": r.contentType, "content_id": r.contentID, "fully_return": r.fullyReturned(s), "is_carousel": false,
		"estimated_commission_base": r.money(r.base()),
	}
	r.deliveredBy(c.now, o)
	if s == settled {
		o["settlement_time"] = r.settled.Unix()
	}
	if s.final() {
		o["actual_commission_base"] = r.money(r.actualBase(s))
	}
	return o
}

func (c *call) tapRow(r row) obj {
	o, s := c.partnerRow(r), r.state(c.now)
	o["campaign_id"] = r.campaign.id
	o["creator_standard_commission_rate"], o["partner_standard_commission_rate"] = r.rate, r.partnerRate
	o["estimated_creator_standard_commission"] = r.money(r.base().share(r.rate))
	o["estimated_partner_standard_commission"] = r.money(r.base().share(r.partnerRate))
	if s.final() {
		o["actual_creator_standard_commission"] = r.money(r.actualBase(s).share(r.rate))
		o["actual_partner_standard_commission"] = r.money(r.actualBase(s).share(r.partnerRate))
	}
	r.extras(s, o, r.tapExtras)
	return o
}

type capOrdersBody struct {
	CreateTimeGE *int64 `json:"create_time_ge"`
	CreateTimeLT *int64 `json:"create_time_lt"`
	OrderID      string `json:"order_id"`
	ProductID    string `json:"product_id"`
	SettleStatus int    `json:"settle_status"`
}

func capOrders(c *call, in capOrdersBody) (any, error) {
	if len(c.grant.user.agencyOf) == 0 {
		return nil, refuse(16501011, "No permission: the partner is no creator agency.")
	}
	ge, lt, err := c.pairedWindow(in.CreateTimeGE, in.CreateTimeLT, ninetyTwoDays)
	if err != nil {
		return nil, err
	}
	states := []state{"", unpaid, pending, settled, noCommission, frozen}
	if in.SettleStatus < 0 || in.SettleStatus >= len(states) {
		return nil, invalid("settle_status must be 1 to 5")
	}
	rows := slices.DeleteFunc(within(c.rows(c.now, seenByAgency(c.grant.user)), ge, lt), func(r row) bool {
		return in.OrderID != "" && r.order.id != in.OrderID || in.ProductID != "" && r.product.id != in.ProductID ||
			in.SettleStatus != 0 && r.state(c.now) != states[in.SettleStatus]
	})
	return c.skuOrders(rows, c.capRow), nil
}

func (c *call) capRow(r row) obj {
	o, s := c.partnerRow(r), r.state(c.now)
	model, tiers := r.model()
	o["shop_name"], o["tags"], o["attribution_type"] = r.order.shop.name, "", ""
	if r.contentType == "LINKSHARE" {
		o["attribution_type"] = "Direct"
	}
	o["commission_model"], o["commission_tier_setting"] = model, tiers
	o["standard_commission_rate"], o["shop_ads_commission_rate"], o["revenue_sharing_portion_rate"] = r.rate, r.adsRate, agencyRate
	r.attribute(o)
	amounts := func(prefix, agencyTotal string, base amount) {
		standard, ads := base.share(r.rate), base.share(r.adsRate)
		agency := (standard + ads).share(agencyRate)
		o[prefix+"standard_commission"], o[prefix+"shop_ads_commission"] = r.money(standard), r.money(ads)
		o[prefix+"creator_total_earnings_after_tax"] = r.money(standard + ads - agency)
		o[agencyTotal] = r.money(agency)
	}
	amounts("estimated_", "estimated_total_agency_earnings", r.base())
	if s.final() {
		amounts("actual_", "actual_total_agency_commission", r.actualBase(s))
	}
	r.extras(s, o, r.capExtras)
	return o
}
