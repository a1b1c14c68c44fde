package conversion

import (
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/money"
	"tiktok-shop-affiliate/shared/order"
)

// Dimension is what sales are told apart by.
type Dimension string

// The dimensions. Every row has one value in each, which may be "": nobody named.
const (
	ByCreator       Dimension = "creator"       // user name; sellers are not told it for campaign sales
	ByProduct       Dimension = "product"       // id
	ByContent       Dimension = "content"       // id
	ByCollaboration Dimension = "collaboration" // "open:<id>" or "target:<id>"
	ByCampaign      Dimension = "campaign"      // id
	ByShop          Dimension = "shop"          // a seller's asset id; in the other views the shop's name, where TikTok Shop tells it
)

// Dimensions lists them all.
func Dimensions() []Dimension {
	return []Dimension{ByCreator, ByProduct, ByContent, ByCollaboration, ByCampaign, ByShop}
}

// Known reports whether d is one of the dimensions.
func (d Dimension) Known() bool { return slices.Contains(Dimensions(), d) }

// Of is the row's value.
func (d Dimension) Of(r order.Row) string {
	switch d {
	case ByCreator:
		return r.CreatorUsername
	case ByProduct:
		return r.ProductID
	case ByContent:
		return r.ContentID
	case ByCollaboration:
		switch {
		case r.OpenCollaborationID != "":
			return "open:" + r.OpenCollaborationID
		case r.TargetCollaborationID != "":
			return "target:" + r.TargetCollaborationID
		}
	case ByCampaign:
		return r.CampaignID
	case ByShop:
		if r.Perspective == order.Seller {
			return string(r.Asset)
		}
		return r.ShopName
	}
	return ""
}

// Pair is an amount as it was estimated from the start and as it turned out.
// Absent is null and not zero.
type Pair struct {
	Estimated money.Amount `json:"estimated"`
	Actual    money.Amount `json:"actual"`
}

func (p Pair) plus(q Pair) Pair { return Pair{sum(p.Estimated, q.Estimated), sum(p.Actual, q.Actual)} }

// sum adds amounts of one currency, which is what cells are made of.
func sum(a, b money.Amount) money.Amount {
	total, err := a.Add(b)
	if err != nil {
		return a
	}
	return total
}

// Figures are sums over order rows. A row is one SKU of one order.
type Figures struct {
	Rows        int64           `json:"rows"`
	Quantity    int64           `json:"quantity"`              // units, refunded ones included, of the rows that state them
	Unstated    int64           `json:"rows_without_quantity"` // rows that state no units
	Refunded    int64           `json:"refunded_quantity"`
	Base        Pair            `json:"commission_base"` // estimated: price × quantity; actual: without refunded and returned units
	Commissions map[string]Pair `json:"commissions"`     // by kind, as in order rows
	Taxes       map[string]Pair `json:"taxes,omitempty"`
}

// Add adds figures of the same currency.
func (f *Figures) Add(g Figures) {
	f.Rows, f.Quantity, f.Unstated, f.Refunded = f.Rows+g.Rows, f.Quantity+g.Quantity, f.Unstated+g.Unstated, f.Refunded+g.Refunded
	f.Base = f.Base.plus(g.Base)
	f.Commissions = merged(f.Commissions, g.Commissions)
	f.Taxes = merged(f.Taxes, g.Taxes)
}

func merged(into, from map[string]Pair) map[string]Pair {
	if into == nil && len(from) > 0 {
		into = make(map[string]Pair, len(from))
	}
	for kind, pair := range from {
		into[kind] = into[kind].plus(pair)
	}
	return into
}

// Quarter is the length of a bucket: every time zone's offset is a multiple of it.
const Quarter = 15 * time.Minute

// Place is where in a UTC day a row counts.
type Place struct {
	Quarter  int    // 0 to 95
	Currency string // ISO 4217; empty where a row has no amount at all
	Status   order.Status
}

// Cell is the figures of one place.
type Cell struct {
	Place
	Figures
}

// ofRow splits a row by currency. A row counts where its commission base is; an
// amount of another currency counts there, without a row.
func ofRow(r order.Row) []Cell {
	own := r.Currency()
	cells := map[string]*Figures{own: {Rows: 1}}
	in := func(currency string) *Figures {
		if cells[currency] == nil {
			cells[currency] = &Figures{}
		}
		return cells[currency]
	}
	f := cells[own]
	if r.Quantity == nil {
		f.Unstated = 1
	} else {
		f.Quantity = *r.Quantity
	}
	if r.Refunded != nil {
		f.Refunded = *r.Refunded
	}
	split := func(c order.Commission, add func(*Figures, Pair)) {
		if !c.Estimated.IsZero() {
			add(in(c.Estimated.Currency()), Pair{Estimated: c.Estimated})
		}
		if !c.Actual.IsZero() {
			add(in(c.Actual.Currency()), Pair{Actual: c.Actual})
		}
	}
	split(r.Base, func(f *Figures, p Pair) { f.Base = f.Base.plus(p) })
	for kind, c := range r.Commissions {
		split(c, func(f *Figures, p Pair) { f.Commissions = merged(f.Commissions, map[string]Pair{kind: p}) })
	}
	for kind, c := range r.Taxes {
		split(c, func(f *Figures, p Pair) { f.Taxes = merged(f.Taxes, map[string]Pair{kind: p}) })
	}
	quarter := int(r.CreatedAt.Sub(DayOf(r.CreatedAt)) / Quarter)
	list := make([]Cell, 0, len(cells))
	for currency, figures := range cells {
		list = append(list, Cell{Place{quarter, currency, r.Status}, *figures})
	}
	return list
}

// DayOf is the UTC day of a time.
func DayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
