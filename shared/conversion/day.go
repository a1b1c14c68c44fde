package conversion

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"

	"tiktok-shop-affiliate/shared/money"
	"tiktok-shop-affiliate/shared/order"
)

// Values are the cells of each value of a dimension.
type Values map[string][]Cell

// Day is the figures of one asset's day from one perspective. The zero Day is
// empty. It grows with the number of values, not of rows.
type Day struct {
	Rows int64
	by   map[Dimension]map[string]map[Place]*Figures
}

// Add counts a row. A row that TikTok Shop does not tell of any more is none.
func (d *Day) Add(r order.Row) {
	if !r.MissingSince.IsZero() {
		return
	}
	d.Rows++
	if d.by == nil {
		d.by = map[Dimension]map[string]map[Place]*Figures{}
	}
	cells := ofRow(r)
	for _, dimension := range Dimensions() {
		if d.by[dimension] == nil {
			d.by[dimension] = map[string]map[Place]*Figures{}
		}
		value := dimension.Of(r)
		places := d.by[dimension][value]
		if places == nil {
			places = map[Place]*Figures{}
			d.by[dimension][value] = places
		}
		for _, cell := range cells {
			if places[cell.Place] == nil {
				places[cell.Place] = &Figures{}
			}
			places[cell.Place].Add(cell.Figures)
		}
	}
}

// Values are the day's figures by a dimension.
func (d *Day) Values(dimension Dimension) Values {
	values := make(Values, len(d.by[dimension]))
	for value, places := range d.by[dimension] {
		cells := make([]Cell, 0, len(places))
		for _, place := range slices.SortedFunc(maps.Keys(places), Place.compare) {
			cells = append(cells, Cell{place, *places[place]})
		}
		values[value] = cells
	}
	return values
}

func (p Place) compare(q Place) int {
	return cmp.Or(cmp.Compare(p.Quarter, q.Quarter), cmp.Compare(p.Currency, q.Currency), cmp.Compare(p.Status, q.Status))
}

// Split deals the values out to n parts, each value always to the same one.
func (v Values) Split(n int) []Values {
	parts := make([]Values, n)
	for i := range parts {
		parts[i] = Values{}
	}
	for value, cells := range v {
		h := fnv.New32a()
		_, _ = h.Write([]byte(value))
		parts[int(h.Sum32())%n][value] = cells
	}
	return parts
}

// stored is a cell as it is kept: short names, and decimals of the cell's currency.
type stored struct {
	Quarter     int                  `json:"b"`
	Currency    string               `json:"c,omitempty"`
	Status      order.Status         `json:"s"`
	Rows        int64                `json:"n,omitempty"`
	Quantity    int64                `json:"q,omitempty"`
	Unstated    int64                `json:"u,omitempty"`
	Refunded    int64                `json:"r,omitempty"`
	Base        [2]string            `json:"m"`
	Commissions map[string][2]string `json:"k,omitempty"`
	Taxes       map[string][2]string `json:"t,omitempty"`
}

// MarshalJSON is the form in which values are kept. Equal values are equal bytes.
func (v Values) MarshalJSON() ([]byte, error) {
	kept := make(map[string][]stored, len(v))
	for value, cells := range v {
		list := make([]stored, 0, len(cells))
		for _, c := range cells {
			list = append(list, stored{
				Quarter: c.Quarter, Currency: c.Currency, Status: c.Status, Rows: c.Rows, Quantity: c.Quantity, Unstated: c.Unstated, Refunded: c.Refunded,
				Base: decimals(c.Base), Commissions: allDecimals(c.Commissions), Taxes: allDecimals(c.Taxes),
			})
		}
		kept[value] = list
	}
	return json.Marshal(kept)
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (v *Values) UnmarshalJSON(b []byte) error {
	var kept map[string][]stored
	if err := json.Unmarshal(b, &kept); err != nil {
		return err
	}
	*v = make(Values, len(kept))
	for value, list := range kept {
		cells := make([]Cell, 0, len(list))
		for _, s := range list {
			cell := Cell{Place{s.Quarter, s.Currency, s.Status}, Figures{Rows: s.Rows, Quantity: s.Quantity, Unstated: s.Unstated, Refunded: s.Refunded}}
			var err1, err2, err3 error
			cell.Base, err1 = pair(s.Base, s.Currency)
			cell.Commissions, err2 = pairs(s.Commissions, s.Currency)
			cell.Taxes, err3 = pairs(s.Taxes, s.Currency)
			if err := cmp.Or(err1, err2, err3); err != nil {
				return fmt.Errorf("figures of %.40q: %w", value, err)
			}
			cells = append(cells, cell)
		}
		(*v)[value] = cells
	}
	return nil
}

func decimals(p Pair) [2]string { return [2]string{p.Estimated.Decimal(), p.Actual.Decimal()} }

func allDecimals(pairs map[string]Pair) map[string][2]string {
	if len(pairs) == 0 {
		return nil
	}
	all := make(map[string][2]string, len(pairs))
	for kind, p := range pairs {
		all[kind] = decimals(p)
	}
	return all
}

func pair(texts [2]string, currency string) (p Pair, err error) {
	for i, amount := range []*money.Amount{&p.Estimated, &p.Actual} {
		if texts[i] == "" {
			continue
		}
		if *amount, err = money.Parse(texts[i], currency); err != nil {
			return p, err
		}
	}
	return p, nil
}

func pairs(all map[string][2]string, currency string) (map[string]Pair, error) {
	if len(all) == 0 {
		return nil, nil
	}
	out := make(map[string]Pair, len(all))
	for kind, texts := range all {
		p, err := pair(texts, currency)
		if err != nil {
			return nil, err
		}
		out[kind] = p
	}
	return out, nil
}
