package proof_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/order"
)

// sell makes up all that will be sold, from a month before the consent on.
func (s *schedule) sell() {
	creators := []*creator{s.newCreator("mia"), s.newCreator("creator-0"), s.newCreator("creator-1")}
	for i := range 4 + s.r.IntN(26) {
		created := day0.Add(-29*day + time.Duration(s.r.Int64N(int64(29*day+proofDays*day)))).Truncate(time.Second)
		if !s.past.IsZero() && s.r.IntN(2) == 0 {
			created = s.past.Add(time.Duration(s.r.Int64N(int64(day0.Add(-29 * day).Sub(s.past))))).Truncate(time.Second)
		}
		if s.r.IntN(4) == 0 && len(s.lives) > 0 { // a rush, to the second
			created = s.lives[s.r.IntN(len(s.lives))].created
		}
		for _, perspective := range s.perspectives() {
			visible := created
			if s.r.IntN(4) == 0 {
				visible = created.Add(time.Duration(s.r.Int64N(int64(20 * day)))) // late
			}
			rows := 1 + s.r.IntN(10)/7
			for row := range rows {
				who, sku := 0, fmt.Sprint(row)
				if s.r.IntN(2) == 0 {
					who, sku = 1+row, "0" // one SKU through two creators
				}
				l := &life{perspective: perspective, id: fmt.Sprint(576000 + i), sku: sku, creator: creators[who], created: created, visible: visible, steps: s.steps(created)}
				s.describe(l, who, rows)
				if s.r.IntN(12) == 0 && rows == 1 {
					l.gone = visible.Add(time.Duration(s.r.Int64N(int64(10 * day))))
					if s.r.IntN(2) == 0 {
						l.back = l.gone.Add(time.Duration(s.r.Int64N(int64(5 * day))))
					}
				}
				s.lives = append(s.lives, l)
			}
		}
	}
}

// newCreator is one that calls itself something else at times, once or twice.
func (s *schedule) newCreator(name string) *creator {
	c := &creator{names: []naming{{name: name}}}
	for at := day0.Add(-20 * day); s.r.IntN(3) == 0; {
		at = at.Add(time.Duration(s.r.Int64N(int64(25 * day)))).Truncate(time.Second)
		c.names = append(c.names, naming{at, fmt.Sprint(name, ".", len(c.names))})
		s.total.renamed.Add(1)
	}
	return c
}

// describe makes up what was sold, through what and for how much.
func (s *schedule) describe(l *life, who, rows int) {
	l.product, l.units, l.price, l.rate = fmt.Sprint("p", s.r.IntN(4)), 1+s.r.Int64N(3), 1+s.r.Int64N(9999), 1+s.r.Int64N(30)
	l.currency = []string{"USD", "USD", "USD", "USD", "GBP", ""}[s.r.IntN(6)]
	l.contentType = []string{"VIDEO", "LIVE", "SHOP"}[s.r.IntN(3)]
	if rows > 1 || s.r.IntN(4) > 0 {
		l.content = fmt.Sprint("content-", who, "-", s.r.IntN(2))
	}
	if s.r.IntN(2) == 0 {
		l.campaign = fmt.Sprint("k", s.r.IntN(2))
	}
	if s.r.IntN(2) == 0 {
		l.collaboration = []string{"open", "target"}[s.r.IntN(2)]
	}
	if l.perspective != order.Seller {
		l.shop = fmt.Sprint("Shop ", s.r.IntN(2))
	}
}

// steps is a random life of a row: over within 26 days, or never.
func (s *schedule) steps(created time.Time) []step {
	at := created
	after := func(most time.Duration) time.Time {
		at = at.Add(time.Duration(s.r.Int64N(int64(most)))).Truncate(time.Second)
		return at
	}
	steps := []step{{created, "CUSTOMER UNPAID"}}
	if s.r.IntN(15) == 0 {
		return steps
	}
	steps = append(steps, step{after(2 * day), "PENDING"})
	for range 2 {
		if s.r.IntN(4) > 0 {
			break
		}
		steps = append(steps, step{after(4 * day), "FROZEN"})
		if s.r.IntN(4) == 0 {
			return steps
		}
		steps = append(steps, step{after(3 * day), "PENDING"})
	}
	return append(steps, step{after(10 * day), []string{"SETTLED", "SETTLED", "INELIGIBLE"}[s.r.IntN(3)]})
}

// page answers like the order searches: pages by offset over what is shown at
// this moment, with a row of the page before again at times.
func (s *schedule) page(q order.Query) (order.Page, error) {
	var rows []*life
	for _, l := range s.lives {
		if l.perspective == q.Perspective && l.shown(s.now) && !l.created.Before(q.From) && l.created.Before(q.To) {
			rows = append(rows, l)
		}
	}
	slices.SortStableFunc(rows, func(a, b *life) int {
		if s.oldFirst {
			a, b = b, a
		}
		return cmp.Or(b.created.Compare(a.created), cmp.Compare(b.id, a.id), cmp.Compare(b.content, a.content))
	})
	from := 0
	if q.Token != "" {
		if _, err := fmt.Sscan(q.Token, &from); err != nil {
			return order.Page{}, err
		}
	}
	page, to := order.Page{Total: len(rows)}, min(from+s.pageSize, len(rows))
	if to < len(rows) {
		page.Next = fmt.Sprint(to)
	}
	if from > 0 && !s.calm && s.r.IntN(10) == 0 {
		from--
	}
	for _, l := range rows[min(from, to):to] {
		row, err := s.row(l)
		if err != nil {
			return page, err
		}
		page.Rows = append(page.Rows, row)
	}
	return page, nil
}

// saying is what a row says at a time.
type saying struct {
	l            *life
	status, name string
}

// row is a row in the words of its search.
func (s *schedule) row(l *life) (row order.Row, err error) {
	said := saying{l, l.status(s.now), l.creator.name(s.now)}
	if row, ok := s.said[said]; ok {
		return row, nil
	}
	defer func() { s.said[said] = row }()
	fields := l.fields(said)
	var head map[string]any
	switch l.perspective {
	case order.Seller:
		fields["sku_id"] = l.sku
		fields["settlement_status"] = map[string]string{"CUSTOMER UNPAID": "AWAITING PAYMENT", "PENDING": "To-SETTLE", "SETTLED": "SETTLED", "INELIGIBLE": "INELIGIBLE", "FROZEN": "FROZEN"}[said.status]
		head = map[string]any{"id": l.id, "create_time": l.created.Unix()}
	case order.Creator:
		fields["id"] = l.sku
		head = map[string]any{"id": l.id, "create_time": l.created.Unix(), "status": said.status}
	case order.TAP, order.CAP:
		fields["id"], fields["sku_id"], fields["create_time"], fields["settle_status"] = l.id, l.sku, l.created.Unix(), said.status
		fields["delivery_time"] = l.created.Add(3 * day).Unix()
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return row, err
	}
	return order.FromTikTok(s.asset, l.perspective, head, raw, s.now)
}

// fields are what all searches call the same.
func (l *life) fields(said saying) map[string]any {
	fields := map[string]any{
		"creator_username": said.name, "product_id": l.product, "content_id": l.content, "content_type": l.contentType, "campaign_id": l.campaign, "shop_name": l.shop,
		"quantity": l.units,
	}
	if l.collaboration != "" {
		fields[l.collaboration+"_collaboration_id"] = "7"
	}
	if l.currency == "" {
		return fields
	}
	amount := func(n int64, unit int64, places int) map[string]any {
		return map[string]any{"amount": fmt.Sprintf("%d.%0*d", n/unit, places, n%unit), "currency": l.currency}
	}
	base, commission, actualBase, actualCommission, actual := l.amounts(said.status)
	fields["estimated_commission_base"], fields["estimated_"+commissionField[l.perspective]] = amount(base, 100, 2), amount(commission, 10_000, 4)
	if actual {
		fields["actual_commission_base"], fields["actual_"+commissionField[l.perspective]] = amount(actualBase, 100, 2), amount(actualCommission, 10_000, 4)
	}
	return fields
}

// The commission of each perspective: what its search calls it, and we do.
var (
	commissionField = map[order.Perspective]string{
		order.Seller: "paid_commission", order.Creator: "commission", order.TAP: "creator_standard_commission", order.CAP: "standard_commission",
	}
	commissionKind = map[order.Perspective]string{order.Seller: "creator", order.Creator: "total", order.TAP: "creator_standard", order.CAP: "creator_standard"}
)
