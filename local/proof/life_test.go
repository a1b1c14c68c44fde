package proof_test

import (
	"fmt"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/order"
)

// life is one row of the truth.
type life struct {
	perspective      order.Perspective
	id, sku          string
	creator          *creator
	created, visible time.Time
	gone, back       time.Time // not shown from one to the other; zero: never
	steps            []step    // of the status, in order

	product, content, contentType, campaign, collaboration, shop string
	currency                                                     string // empty: TikTok Shop names no amounts
	units, price, rate                                           int64  // price in cents, rate in percent
}

type step struct {
	at     time.Time
	status string
}

// creator changes its user name, and stays who it is.
type creator struct{ names []naming }

type naming struct {
	at   time.Time // from then on; zero: from the start
	name string
}

func (c *creator) name(at time.Time) (name string) {
	for _, n := range c.names {
		if !n.at.After(at) {
			name = n.name
		}
	}
	return name
}

// hadIn reports whether it had the name at some time from one time on.
func (c *creator) hadIn(name string, from time.Time) bool {
	for i, n := range c.names {
		if ended := i+1 < len(c.names) && !c.names[i+1].at.After(from); n.name == name && !ended {
			return true
		}
	}
	return false
}

// key is what stays the same of a row: one SKU of an order is sold through two
// creators by different contents only.
func (l *life) key() string {
	return fmt.Sprintf("%s %s %s %s", l.perspective, l.id, l.sku, l.content)
}

// within is the index of the window that its order belongs to.
func (l *life) within(windows []order.Window) int {
	return slices.IndexFunc(windows, func(w order.Window) bool { return !l.created.Before(w.From) && (w.Open() || l.created.Before(w.To)) })
}

func (l *life) shown(at time.Time) bool {
	hidden := !l.gone.IsZero() && !l.gone.After(at) && (l.back.IsZero() || l.back.After(at))
	return !l.visible.After(at) && !hidden
}

func (l *life) status(at time.Time) (status string) {
	for _, s := range l.steps {
		if !s.at.After(at) {
			status = s.status
		}
	}
	return status
}

func (l *life) ended() time.Time {
	end := later(l.steps[len(l.steps)-1].at, l.visible)
	return later(later(end, later(l.gone, l.back)), l.creator.names[len(l.creator.names)-1].at)
}

// base and commission are the amounts, in cents and hundredths of cents, and
// whether there are actual ones.
func (l *life) amounts(status string) (base, commission, actualBase, actualCommission int64, actual bool) {
	base = l.units * l.price
	commission = base * l.rate
	switch status {
	case "SETTLED":
		return base, commission, base, commission, true
	case "INELIGIBLE":
		return base, commission, 0, 0, true
	}
	return base, commission, 0, 0, false
}
