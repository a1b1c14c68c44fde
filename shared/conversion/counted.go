package conversion

import (
	"slices"
	"strings"

	"tiktok-shop-affiliate/shared/money"
)

// column is one sort of amount that rows have.
type column struct {
	group  group
	kind   string // of the commission or tax, as in order rows
	actual bool   // as it turned out, not as it was estimated
}

type group byte

const (
	base group = iota
	commissions
	taxes
	groups // how many there are
)

func (c column) compare(d column) int {
	if c.group != d.group {
		return int(c.group) - int(d.group)
	}
	if c.kind != d.kind {
		return strings.Compare(c.kind, d.kind)
	}
	switch {
	case c.actual == d.actual:
		return 0
	case d.actual:
		return -1
	}
	return 1
}

// columns number the sorts of amounts in the order in which they are met.
type columns []column

func (c *columns) number(of column) int {
	at := slices.Index(*c, of)
	if at < 0 {
		at, *c = len(*c), append(*c, of)
	}
	return at
}

// counted are figures that are being added up.
type counted struct {
	rows, quantity, unstated, refunded int64
	amounts                            []money.Tally // by the number of the column
}

// amount is the sum of a column, which may not have been there when the figures began.
func (c *counted) amount(column, all int) *money.Tally {
	if len(c.amounts) <= column {
		c.amounts = append(make([]money.Tally, 0, all), c.amounts...)[:all]
	}
	return &c.amounts[column]
}

func (c *counted) add(d *counted) {
	c.rows, c.quantity, c.unstated, c.refunded = c.rows+d.rows, c.quantity+d.quantity, c.unstated+d.unstated, c.refunded+d.refunded
	for i, tally := range d.amounts {
		c.amount(i, len(d.amounts)).AddTally(tally)
	}
}

// figures are the sums in the words of an answer.
func (c *counted) figures(of columns, currency string) Figures {
	f := Figures{Rows: c.rows, Quantity: c.quantity, Unstated: c.unstated, Refunded: c.refunded, Commissions: map[string]Pair{}}
	for i, tally := range c.amounts {
		amount := tally.Amount(currency)
		if amount.IsZero() {
			continue
		}
		switch column := of[i]; column.group {
		case commissions:
			f.Commissions[column.kind] = f.Commissions[column.kind].with(column.actual, amount)
		case taxes:
			if f.Taxes == nil {
				f.Taxes = map[string]Pair{}
			}
			f.Taxes[column.kind] = f.Taxes[column.kind].with(column.actual, amount)
		default:
			f.Base = f.Base.with(column.actual, amount)
		}
	}
	return f
}

func (p Pair) with(actual bool, amount money.Amount) Pair {
	if actual {
		p.Actual = amount
	} else {
		p.Estimated = amount
	}
	return p
}
