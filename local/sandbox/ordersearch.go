package sandbox

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// row is one SKU row as some party sees it.
type row struct {
	*order
	*line
	ordinal int // of the line in its order
}

// rows lists what a party can see, newest first.
func (s *Sandbox) rows(at time.Time, seen func(*order, *line) bool) (list []row) {
	for _, o := range s.orders {
		if o.visible.After(at) {
			continue
		}
		for i, l := range o.lines {
			if seen(o, l) {
				list = append(list, row{o, l, i})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b row) int {
		if c := b.created.Compare(a.created); c != 0 {
			return c
		}
		if c := strings.Compare(b.order.id, a.order.id); c != 0 {
			return c
		}
		return a.ordinal - b.ordinal
	})
	return list
}

// Who sees which rows.
func seenByShop(shop *shop) func(*order, *line) bool {
	return func(o *order, _ *line) bool { return o.shop == shop }
}

func seenByCreator(creator *user) func(*order, *line) bool {
	return func(_ *order, l *line) bool { return l.creator == creator }
}

func seenByTAP(partner *user) func(*order, *line) bool {
	return func(_ *order, l *line) bool { return l.campaign != nil && l.campaign.owner == partner }
}

func seenByAgency(partner *user) func(*order, *line) bool {
	return func(_ *order, l *line) bool { return l.campaign == nil && slices.Contains(partner.agencyOf, l.creator) }
}

// within keeps the rows created in [ge, lt); nil bounds are open.
func within(rows []row, ge, lt *int64) []row {
	return slices.DeleteFunc(rows, func(r row) bool {
		at := r.created.Unix()
		return ge != nil && at < *ge || lt != nil && at >= *lt
	})
}

// tooLong says whether a range of create time exceeds what a search takes.
type tooLong func(from, to time.Time) bool

func threeMonths(from, to time.Time) bool { return to.UTC().After(from.UTC().AddDate(0, 3, 0)) }

func ninetyTwoDays(from, to time.Time) bool { return to.Sub(from) > 92*day }

// window checks create_time_ge and create_time_lt. Without an end it ends now;
// without a beginning it is as long as it needs to be.
func (c *call) window(ge, lt *int64, limit tooLong) error {
	if ge == nil {
		return nil
	}
	from, to := time.Unix(*ge, 0), c.now
	if lt != nil {
		to = time.Unix(*lt, 0)
	}
	switch {
	case from.After(to):
		return invalid("create_time_ge must not be after create_time_lt")
	case limit(from, to):
		return invalid("the range of create_time is too long")
	}
	return nil
}

// pairedWindow is the rule of the partner searches: both bounds, or none for the
// last three months.
func (c *call) pairedWindow(ge, lt *int64, limit tooLong) (*int64, *int64, error) {
	if (ge == nil) != (lt == nil) {
		return nil, nil, invalid("create_time_ge and create_time_lt must be provided together")
	}
	if ge == nil {
		from, to := c.now.UTC().AddDate(0, -3, 0).Unix(), c.now.Unix()+1
		return &from, &to, nil
	}
	return ge, lt, c.window(ge, lt, limit)
}

// grouped puts SKU rows back under their orders, after paging.
func grouped(rows []row, head func(row) obj, sku func(row) obj) []obj {
	orders := []obj{}
	last := ""
	for _, r := range rows {
		if r.order.id != last {
			last = r.order.id
			group := head(r)
			group["id"], group["create_time"], group["skus"] = r.order.id, r.created.Unix(), []obj{}
			orders = append(orders, group)
		}
		group := orders[len(orders)-1]
		group["skus"] = append(group["skus"].([]obj), sku(r))
	}
	return orders
}

func (r row) currency() string { return r.order.shop.currency }

func (r row) money(a amount) obj { return a.in(r.currency()) }

// final reports whether actual amounts exist.
func (s state) final() bool { return s == settled || s == noCommission }

func (r row) fullyReturned(s state) string {
	if s == noCommission && r.refunded == r.quantity {
		return "Yes"
	}
	return "No"
}

// deliveredBy adds the delivery time once there is one.
func (r row) deliveredBy(at time.Time, to obj) {
	if reached(r.delivered, at) {
		to["delivery_time"] = r.delivered.Unix()
	}
}

// attribute adds where a sale came from, leaving out what does not apply.
func (r row) attribute(to obj) {
	switch r.via() {
	case "campaign":
		to["campaign_id"] = r.campaign.id
	case "target":
		to["target_collaboration_id"] = r.target.id
	default:
		to["open_collaboration_id"] = r.openID
	}
}

type sellerOrdersBody struct {
	CreateTimeGE *int64 `json:"create_time_ge"`
	CreateTimeLT *int64 `json:"create_time_lt"`
	ProgramID    string `json:"program_id"`
}

func sellerOrders(c *call, in sellerOrdersBody) (any, error) {
	if err := c.window(in.CreateTimeGE, in.CreateTimeLT, threeMonths); err != nil {
		return nil, err
	}
	rows := within(c.rows(c.now, seenByShop(c.shop)), in.CreateTimeGE, in.CreateTimeLT)
	if in.ProgramID != "" {
		rows = slices.DeleteFunc(rows, func(r row) bool { return r.programID() != in.ProgramID })
	}
	part, next := cut(c.page, rows)
	return obj{
		"orders": grouped(part, c.sellerHead, c.sellerSKU), "next_page_token": next, "total_count": len(rows),
	}, nil
}

func (r row) programID() string {
	only := obj{}
	r.attribute(only)
	for _, id := range only {
		return id.(string)
	}
	return ""
}

func (c *call) sellerHead(r row) obj {
	head := obj{}
	r.deliveredBy(c.now, head)
	return head
}

// sellerStatus is the seller's word. Sellers have none for a frozen commission.
func sellerStatus(s state) string {
	return map[state]string{
		unpaid: "AWAITING PAYMENT", pending: "To-SETTLE", frozen: "To-SETTLE", settled: "SETTLED", noCommission: "INELIGIBLE",
	}[s]
}

func (c *call) sellerSKU(r row) obj {
	s := r.state(c.now)
	model, tiers := r.model()
	sku := obj{
		"sku_id": r.sku.id, "product_id": r.product.id, "quantity": r.quantity, "price": r.money(r.sku.price),
		"settlement_status": sellerStatus(s), "fully_return": r.fullyReturned(s), "is_carousel": false,
		"commission_model": model, "commission_tier_setting": tiers, "content_type": r.contentType, "content_id": r.contentID,
		"creator_username": r.creator.username, "estimated_commission_base": r.money(r.base()),
	}
	r.attribute(sku)
	paid, rate := "paid_commission", r.rate
	if r.campaign != nil {
		paid, rate = "paid_partner_commission", r.rate+r.partnerRate
		sku["creator_username"] = ""
		sku["partner_commission_rate"] = strconv.FormatInt(rate, 10)
	} else {
		sku["commission_rate"] = strconv.FormatInt(rate, 10)
	}
	sku["estimated_"+paid] = r.money(r.base().share(rate))
	if r.adsRate > 0 {
		sku["shop_ads_commission_rate"] = strconv.FormatInt(r.adsRate, 10)
		sku["estimated_paid_shop_ads_commission"] = r.money(r.base().share(r.adsRate))
	}
	if s.final() {
		base := r.actualBase(s)
		sku["actual_commission_base"], sku["actual_"+paid] = r.money(base), r.money(base.share(rate))
		if r.adsRate > 0 {
			sku["actual_paid_shop_ads_commission"] = r.money(base.share(r.adsRate))
		}
	}
	r.extras(s, sku, r.sellerExtras)
	return sku
}

func (r row) model() (model, tiers string) {
	if r.product.tiers != "" && r.via() == "open" {
		return "Tiered commission", r.product.tiers
	}
	return "Fixed commission", "-"
}

type creatorOrdersBody struct {
	CreateTimeGE *int64 `json:"create_time_ge"`
	CreateTimeLT *int64 `json:"create_time_lt"`
}

func creatorOrders(c *call, in creatorOrdersBody) (any, error) {
	if err := c.window(in.CreateTimeGE, in.CreateTimeLT, threeMonths); err != nil {
		return nil, err
	}
	rows := within(c.rows(c.now, seenByCreator(c.grant.user)), in.CreateTimeGE, in.CreateTimeLT)
	part, next := cut(c.page, rows)
	return obj{
		"orders": grouped(part, c.creatorHead, c.creatorSKU), "next_page_token": next, "total_count": len(rows),
	}, nil
}

func creatorStatus(s state) string {
	return map[state]string{
		unpaid: "AWAITING PAYMENT", pending: "To-SETTLE", frozen: "FROZEN", settled: "SETTLED", noCommission: "REFUNDED",
	}[s]
}

func (c *call) creatorHead(r row) obj {
	head := obj{"status": creatorStatus(r.state(c.now))}
	r.deliveredBy(c.now, head)
	return head
}

// agencyRate is the part of a creator's commission that goes to the agency, in basis points.
const agencyRate = 1_000

func (c *call) creatorSKU(r row) obj {
	s := r.state(c.now)
	model, tiers := r.model()
	base := amount(0) // actual amounts are zero before they exist
	returned := int64(0)
	if s.final() {
		base, returned = r.actualBase(s), r.refunded
	}
	estimated := r.base().share(r.rate) + r.base().share(r.adsRate) + r.bonus(r.base())
	actual := base.share(r.rate) + base.share(r.adsRate) + r.bonus(base)
	zero := r.money(0)
	sku := obj{
		"id": r.sku.id, "product_id": r.product.id, "product_name": r.product.title, "shop_name": r.order.shop.name,
		"price": r.money(r.sku.price), "quantity": r.quantity, "refunded_quantity": returned, "returned_quantity": 0,
		"content_type": r.contentType, "content_id": r.contentID, "commission_model": model, "commission_tier_setting": tiers,
		"commission_rate": r.rate + r.adsRate, "standard_commission_rate": r.rate, "shop_ads_commission_rate": r.adsRate,
		"commission_bonus_rate": 0, "creator_commission_reward_rate": 0, "tag": "", "is_carousel": false,
		"estimated_commission_base": r.money(r.base()), "estimated_standard_commission": r.money(r.base().share(r.rate)),
		"estimated_shop_ads_commission": r.money(r.base().share(r.adsRate)), "estimated_bonus_commission": zero,
		"estimated_creator_commission_reward_fee": zero, "estimated_commission": r.money(estimated),
		"actual_commission_base": r.money(base), "actual_standard_commission": r.money(base.share(r.rate)),
		"actual_shop_ads_commission": r.money(base.share(r.adsRate)), "actual_bonus_commission": zero,
		"actual_creator_commission_reward_fee": zero, "actual_commission": r.money(actual),
		"last_update_time": r.updated(c.now).Unix(),
	}
	r.attribute(sku)
	r.extras(s, sku, r.creatorExtras)
	if c.agency(r.line) != nil {
		sku["shared_with_partner"] = r.money(actual.share(agencyRate))
		sku["actual_commission"] = r.money(actual - actual.share(agencyRate))
	}
	if r.traceID != "" {
		sku["trace_info"] = obj{"type": "GENERAL", "id": r.traceID}
	}
	return sku
}

// agency is the partner who shares in a sale as the creator's agency, or nil.
func (s *Sandbox) agency(l *line) *user {
	return find(s.ofKind(Partner), func(u *user) bool { return seenByAgency(u)(nil, l) })
}
