package conversion

import (
	"cmp"
	"hash/fnv"
	"time"

	"tiktok-shop-affiliate/shared/money"
	"tiktok-shop-affiliate/shared/order"
)

// Quarter is the length of a bucket: every time zone's offset is a multiple of it.
const Quarter = 15 * time.Minute

const quarters = int(24 * time.Hour / Quarter)

// DayOf is the UTC day of a time.
func DayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// place is where in a UTC day a row counts.
type place struct {
	quarter  int    // 0 to 95
	currency string // ISO 4217; empty where a row has no amount at all
	status   order.Status
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.quarter, q.quarter), cmp.Compare(p.currency, q.currency), cmp.Compare(p.status, q.status))
}

// values are the cells of each value of a dimension.
type values map[string]map[place]*counted

// Day is the figures of one asset's day from one perspective. The zero Day is
// empty. It grows with the number of values, not of rows.
type Day struct {
	Rows    int64
	Revs    int64 // of all rows, those that count for none too
	columns columns
	by      map[Dimension]values
}

// Add counts a row. A row that TikTok Shop does not tell of any more is none.
func (d *Day) Add(r order.Row) {
	d.Revs += r.Rev
	if !r.MissingSince.IsZero() {
		return
	}
	d.Rows++
	if d.by == nil {
		d.by = map[Dimension]values{}
	}
	cells := d.cells(r)
	for _, dimension := range Dimensions() {
		of := d.by[dimension]
		if of == nil {
			of = values{}
			d.by[dimension] = of
		}
		value := dimension.Of(r)
		places := of[value]
		if places == nil {
			places = map[place]*counted{}
			of[value] = places
		}
		for at, cell := range cells {
			if places[at] == nil {
				places[at] = &counted{}
			}
			places[at].add(cell)
		}
	}
}

// cells splits a row by currency. A row counts where its commission base is; an
// amount of another currency counts there, without a row.
func (d *Day) cells(r order.Row) map[place]*counted {
	quarter := int(r.CreatedAt.Sub(DayOf(r.CreatedAt)) / Quarter)
	own := &counted{rows: 1}
	cells := map[place]*counted{{quarter, r.Currency(), r.Status}: own}
	if r.Quantity == nil {
		own.unstated = 1
	} else {
		own.quantity = *r.Quantity
	}
	if r.Refunded != nil {
		own.refunded = *r.Refunded
	}
	add := func(group group, kind string, c order.Commission) {
		for i, amount := range []money.Amount{c.Estimated, c.Actual} {
			if amount.IsZero() {
				continue
			}
			at := place{quarter, amount.Currency(), r.Status}
			if cells[at] == nil {
				cells[at] = &counted{}
			}
			number := d.columns.number(column{group, kind, i == 1})
			cells[at].amount(number, len(d.columns)).AddAmount(amount)
		}
	}
	add(base, "", r.Base)
	for kind, c := range r.Commissions {
		add(commissions, kind, c)
	}
	for kind, c := range r.Taxes {
		add(taxes, kind, c)
	}
	return cells
}

// split deals the values out to n parts, each value always to the same one.
func (v values) split(n int) []values {
	parts := make([]values, n)
	for i := range parts {
		parts[i] = values{}
	}
	for value, places := range v {
		h := fnv.New32a()
		_, _ = h.Write([]byte(value))
		parts[int(h.Sum32())%n][value] = places
	}
	return parts
}
