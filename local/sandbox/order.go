package sandbox

import (
	"errors"
	"fmt"
	"time"
)

// Outcome is how an affiliate order will end.
type Outcome string

// The ends an order can come to.
const (
	Settles Outcome = "settle"  // paid, delivered, settled 15 days after delivery
	Partial Outcome = "partial" // settles, one unit of each larger line refunded
	Refund  Outcome = "refund"  // returned after delivery: no commission
	Cancel  Outcome = "cancel"  // cancelled before delivery: no commission
	Unpaid  Outcome = "unpaid"  // never paid for
	Freeze  Outcome = "freeze"  // held by the fraud check for good
	Thaw    Outcome = "thaw"    // held, then released and settled
)

// life is when things happen to an order, counted from its creation; 0 = never.
// Source of the 15 days: doc:cap-tap-finance-guide-us-only.
type life struct{ paid, delivered, settled, refused, frozen, thawed time.Duration }

func lives() map[Outcome]life {
	const paid, delivered = day / 48, 4 * day
	return map[Outcome]life{
		Settles: {paid: paid, delivered: delivered, settled: delivered + 15*day},
		Partial: {paid: paid, delivered: delivered, settled: delivered + 15*day},
		Refund:  {paid: paid, delivered: delivered, refused: delivered + 6*day},
		Cancel:  {paid: paid, refused: day},
		Unpaid:  {},
		Freeze:  {paid: paid, delivered: delivered, frozen: delivered + 2*day},
		Thaw:    {paid: paid, delivered: delivered, frozen: delivered + 2*day, thawed: delivered + 7*day, settled: delivered + 20*day},
	}
}

// order is one affiliate order: a customer's purchase in one shop.
type order struct {
	id      string
	shop    *shop
	outcome Outcome
	created time.Time
	visible time.Time // when order search starts to show it
	// When each thing happens; zero = never.
	paid, delivered, settled, refused, frozen, thawed time.Time
	lines                                             []*line
	extras                                            bool
}

// line is one SKU row of an order.
type line struct {
	product            *product
	sku                sku
	quantity, refunded int64
	program
	contentType, contentID string
	traceID                string
}

// program is what a sale is attributed to: one creator, through one of an open
// collaboration, a target collaboration or a campaign.
type program struct {
	creator     *user
	target      *target
	campaign    *campaign
	rate        int64  // basis points to the creator
	adsRate     int64  // basis points on sales from ads
	partnerRate int64  // basis points to the partner
	openID      string // of the open collaboration
}

func (p program) via() string {
	switch {
	case p.campaign != nil:
		return "campaign"
	case p.target != nil:
		return "target"
	}
	return "open"
}

// state is the normalised status of an order.
type state string

const (
	unpaid       state = "unpaid"
	pending      state = "pending"
	settled      state = "settled"
	noCommission state = "no_commission"
	frozen       state = "frozen"
)

func reached(t, at time.Time) bool { return !t.IsZero() && !t.After(at) }

func (o *order) state(at time.Time) state {
	switch {
	case reached(o.refused, at):
		return noCommission
	case reached(o.settled, at):
		return settled
	case reached(o.frozen, at) && !reached(o.thawed, at):
		return frozen
	case reached(o.paid, at):
		return pending
	}
	return unpaid
}

// updated is when the order last changed.
func (o *order) updated(at time.Time) time.Time {
	last := o.created
	for _, t := range []time.Time{o.paid, o.delivered, o.settled, o.refused, o.frozen, o.thawed} {
		if reached(t, at) && t.After(last) {
			last = t
		}
	}
	return last
}

// base is what commission is reckoned on, before and after refunds.
func (l *line) base() amount { return l.sku.price * amount(l.quantity) }

func (l *line) actualBase(s state) amount {
	if s == noCommission {
		return 0
	}
	return l.sku.price * amount(l.quantity-l.refunded)
}

// NewOrders describes affiliate orders to create. Zero fields are filled in turn
// from what the world offers.
type NewOrders struct {
	Count         int     `json:"count"`          // 1
	Shop          string  `json:"shop"`           // shop id; every shop in turn
	Creator       string  `json:"creator"`        // user id; every fitting creator in turn
	Campaign      string  `json:"campaign"`       // campaign id
	Via           string  `json:"via"`            // "open", "target" or "campaign"; in turn
	Outcome       Outcome `json:"outcome"`        // every outcome in turn
	DaysAgo       float64 `json:"days_ago"`       // create time of the oldest, in real days before now
	SpreadDays    float64 `json:"spread_days"`    // the newest was created this much later; at most DaysAgo
	Lines         int     `json:"lines"`          // SKU rows of each; 1, sometimes 2
	SameSKU       bool    `json:"same_sku"`       // two rows of one SKU, through two creators where there are two
	Quantity      int64   `json:"quantity"`       // of each row; 1 to 3
	AppearSeconds float64 `json:"appear_seconds"` // order search shows them only after this many seconds
	TraceID       string  `json:"trace_id"`       // event id of a general sharing link
	Extras        bool    `json:"extras"`         // with bonuses, commission on ads and taxes of other markets
	Notify        bool    `json:"notify"`         // send an order status webhook (type 1) for each
}

// CreateOrders makes affiliate orders and returns their ids.
func (s *Sandbox) CreateOrders(n NewOrders) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.createOrders(n)
}

func (s *Sandbox) createOrders(n NewOrders) ([]string, error) {
	if n.Outcome != "" {
		if _, known := lives()[n.Outcome]; !known {
			return nil, fmt.Errorf("unknown outcome %q", n.Outcome)
		}
	}
	if n.SpreadDays > n.DaysAgo || n.DaysAgo < 0 || n.SpreadDays < 0 {
		return nil, errors.New("spread_days must lie between 0 and days_ago")
	}
	count := orElse(n.Count, 1)
	var made []*order
	for i := range count {
		age := n.DaysAgo
		if count > 1 {
			age -= n.SpreadDays * float64(i) / float64(count-1)
		}
		o, err := s.newOrder(n, time.Duration(age*float64(day)))
		if err != nil {
			return nil, err
		}
		made = append(made, o)
	}
	ids := make([]string, len(made))
	for i, o := range made {
		ids[i] = o.id
		s.orders = append(s.orders, o)
		if n.Notify {
			for _, g := range s.grants {
				if g.active() && find(g.shops(), func(shop *shop) bool { return shop == o.shop }) != nil {
					s.notify(g.app, orderStatusChanged(o, s.now()))
				}
			}
		}
	}
	return ids, nil
}

func (s *Sandbox) newOrder(n NewOrders, age time.Duration) (*order, error) {
	turn, now := s.turns, s.now()
	s.turns++
	o := &order{
		id: number(orderFamily, s.next()), outcome: n.Outcome, extras: n.Extras, created: now.Add(-age).Truncate(time.Second),
		visible: now.Add(time.Duration(n.AppearSeconds * float64(time.Second))),
	}
	if o.outcome == "" {
		o.outcome = []Outcome{Settles, Settles, Partial, Settles, Refund, Settles, Thaw, Settles, Cancel, Settles, Freeze, Unpaid}[turn%12]
	}
	plan := lives()[o.outcome]
	o.paid, o.delivered, o.settled = s.when(o, plan.paid, now), s.when(o, plan.delivered, now), s.when(o, plan.settled, now)
	o.refused, o.frozen, o.thawed = s.when(o, plan.refused, now), s.when(o, plan.frozen, now), s.when(o, plan.thawed, now)

	choices := s.choices(n)
	if len(choices) == 0 {
		return nil, errors.New("nothing in the world fits: no such shop, creator or campaign sells anything that way")
	}
	first := choices[turn%len(choices)]
	o.shop = first.product.shop
	lines := n.Lines
	if lines == 0 {
		lines = 1 + turn%4/3
	}
	if n.SameSKU {
		lines = 2
	}
	o.lines = append(o.lines, s.newLine(n, o, first, turn))
	for i := 1; len(o.lines) < lines && i < len(choices); i++ {
		next := choices[(turn+i)%len(choices)]
		fits := next.product.shop == o.shop && (next.product == first.product && next.creator != first.creator) == n.SameSKU
		taken := find(o.lines, func(l *line) bool { return l.product == next.product && !n.SameSKU }) != nil
		if fits && !taken {
			o.lines = append(o.lines, s.newLine(n, o, next, turn))
		}
	}
	return o, nil
}

// when dates an event of an order: what is past by the natural plan stays there,
// what lies ahead comes as fast as the settings say.
func (s *Sandbox) when(o *order, after time.Duration, now time.Time) time.Time {
	if after == 0 {
		return time.Time{}
	}
	natural := o.created.Add(after)
	if !natural.After(now) {
		return natural
	}
	return now.Add(s.settings.ahead(natural.Sub(now)))
}

// choice is a product that can be sold through a program.
type choice struct {
	product *product
	program
}

func (s *Sandbox) choices(n NewOrders) (fitting []choice) {
	offer := func(p *product, via program) {
		region := p.shop.region == via.creator.region
		if region && (n.Shop == "" || n.Shop == p.shop.id) && (n.Creator == "" || n.Creator == via.creator.id) &&
			(n.Campaign == "" || via.campaign != nil && n.Campaign == via.campaign.id) && (n.Via == "" || n.Via == via.via()) {
			fitting = append(fitting, choice{p, via})
		}
	}
	creators := s.ofKind(Creator)
	for _, p := range s.products {
		for _, creator := range creators {
			if p.openRate > 0 {
				offer(p, program{creator: creator, rate: p.openRate, openID: p.openID})
			}
			for _, c := range s.campaigns {
				if e := c.entry(p.id); e != nil && (e.status == "APPROVED" || e.status == "CLOSED") {
					offer(p, program{creator: creator, campaign: c, rate: e.creatorRate, partnerRate: e.partnerRate})
				}
			}
		}
		for _, t := range s.targets {
			if !t.cancelled.IsZero() {
				continue
			}
			for _, item := range t.products {
				for _, creator := range t.creators {
					if item.product == p {
						offer(p, program{creator: creator, target: t, rate: item.rate, adsRate: item.adsRate})
					}
				}
			}
		}
	}
	return fitting
}

func (s *Sandbox) newLine(n NewOrders, o *order, c choice, turn int) *line {
	variant := turn % len(c.product.skus)
	if n.SameSKU {
		variant = 0
	}
	l := &line{
		product: c.product, sku: c.product.skus[variant], program: c.program, quantity: orElse(n.Quantity, int64(1+turn%3)),
		contentType: []string{"VIDEO", "LIVE", "SHOP"}[turn%3], contentID: number(contentFamily, s.next()), traceID: n.TraceID,
	}
	if l.contentType == "SHOP" {
		l.contentID = ""
	}
	if n.TraceID != "" {
		l.contentType, l.contentID = "LINKSHARE", ""
	}
	if o.outcome == Partial && l.quantity > 1 {
		l.refunded = 1
	}
	if o.outcome == Refund {
		l.refunded = l.quantity
	}
	if l.campaign != nil {
		l.campaign.entry(l.product.id).sold += l.quantity
	}
	return l
}

// FinishOrders lets everything that still lies ahead of the orders happen now;
// no id means all of them. It returns how many orders it touched.
func (s *Sandbox) FinishOrders(ids ...string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	wanted := map[string]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	now, touched := s.now(), 0
	for _, o := range s.orders {
		if len(ids) > 0 && !wanted[o.id] {
			continue
		}
		touched++
		for _, t := range []*time.Time{&o.visible, &o.paid, &o.delivered, &o.settled, &o.refused, &o.frozen, &o.thawed} {
			if t.After(now) {
				*t = now
			}
		}
	}
	return touched
}

// seedOrders spreads orders over the shops and the last 30 days.
func (s *Sandbox) seedOrders(count int) {
	shops := s.shops()
	for i, shop := range shops {
		share := (count + len(shops) - 1 - i) / len(shops)
		if share == 0 {
			break
		}
		if _, err := s.createOrders(NewOrders{Count: share, Shop: shop.id, DaysAgo: 30, SpreadDays: 30}); err != nil {
			panic(err) // the seeded world sells in every shop
		}
	}
}
