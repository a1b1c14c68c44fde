package conversion

import (
	"cmp"
	"encoding/binary"
	"maps"
	"math"
	"slices"

	"tiktok-shop-affiliate/shared/money"
)

// The figures of some values of a dimension are kept column by column, so that
// equal neighbours pack well and can be added without a detour:
//
//	kinds    n, then n × (currency, status)
//	columns  n, then n × (group × 2 + actual, kind, places; or inWords for places)
//	values   n, then n × value
//	cells    n, then the value of each, as the difference to the one before
//	  quarter of each, kind of each, rows, quantity, unstated and refunded of each
//	  for each column the amount of each: 0 for none, else 1 + zigzag(amount × 10^places)
//
// Numbers are varints, texts are their length and bytes, and amounts in words are
// decimal texts: those of a column that has one of more than 62 bits. Equal
// figures are equal bytes.

const inWords = 0xff

// cell is a place of a value, with what counts there.
type cell struct {
	value int
	place
	*counted
}

// inTime orders cells like the rows were sold, which is nearly the same order in
// all dimensions, so that these pack well together.
func inTime(a, b cell) int { return cmp.Or(a.place.compare(b.place), cmp.Compare(a.value, b.value)) }

// inTurn orders cells by their values.
func inTurn(a, b cell) int { return cmp.Or(cmp.Compare(a.value, b.value), a.place.compare(b.place)) }

// encode is how values are kept. Its inverse is in decode.go.
func (v values) encode(of columns, order func(a, b cell) int) []byte {
	names := slices.Sorted(maps.Keys(v))
	cells := make([]cell, 0, len(v))
	head := binary.AppendUvarint(nil, uint64(len(names)))
	for i, name := range names {
		head = appendText(head, name)
		for at, figures := range v[name] {
			cells = append(cells, cell{i, at, figures})
		}
	}
	slices.SortFunc(cells, order)
	head = binary.AppendUvarint(head, uint64(len(cells)))
	last := 0
	for _, c := range cells {
		head, last = binary.AppendVarint(head, int64(c.value-last)), c.value
	}
	kinds := kindsOf(cells)
	out := binary.AppendUvarint(nil, uint64(len(kinds)))
	for _, k := range kinds {
		out = appendText(appendText(out, k.currency), string(k.status))
	}
	columns, amounts := encodeAmounts(cells, of)
	out = append(append(out, columns...), head...)
	for _, c := range cells {
		out = append(out, byte(c.quarter))
	}
	for _, c := range cells {
		at, _ := slices.BinarySearchFunc(kinds, c.place, func(k, p place) int { p.quarter = 0; return k.compare(p) })
		out = binary.AppendUvarint(out, uint64(at)) //nolint:gosec // not negative
	}
	for _, count := range []func(*counted) int64{
		func(c *counted) int64 { return c.rows }, func(c *counted) int64 { return c.quantity },
		func(c *counted) int64 { return c.unstated }, func(c *counted) int64 { return c.refunded },
	} {
		for _, c := range cells {
			out = binary.AppendVarint(out, count(c.counted))
		}
	}
	return append(out, amounts...)
}

// kindsOf lists the currencies and statuses of cells, without their quarters.
func kindsOf(cells []cell) (kinds []place) {
	for _, c := range cells {
		c.quarter = 0
		if at, there := slices.BinarySearchFunc(kinds, c.place, place.compare); !there {
			kinds = slices.Insert(kinds, at, c.place)
		}
	}
	return kinds
}

// encodeAmounts writes the columns that any cell has an amount in.
func encodeAmounts(cells []cell, of columns) (head, body []byte) {
	count := 0
	amounts := make([]*money.Tally, len(cells)) // nil: none
	for _, column := range slices.SortedFunc(slices.Values(of), column.compare) {
		number, some, places := slices.Index(of, column), false, 0
		for i, c := range cells {
			if amounts[i] = nil; number >= len(c.amounts) || c.amounts[number].IsZero() {
				continue
			}
			amounts[i], some = &c.amounts[number], true
			if _, p, ok := amounts[i].Units(); ok {
				places = max(places, p)
			}
		}
		if !some {
			continue
		}
		count++
		actual := byte(0)
		if column.actual {
			actual = 1
		}
		head = appendText(append(head, 2*byte(column.group)+actual), column.kind)
		if longer, ok := appendUnits(body, amounts, places); ok {
			head, body = append(head, byte(places)), longer
			continue
		}
		head = append(head, inWords)
		for i, amount := range amounts {
			text := ""
			if amount != nil {
				text = amount.Amount(cells[i].currency).Decimal()
			}
			body = appendText(body, text)
		}
	}
	return append(binary.AppendUvarint(nil, uint64(count)), head...), body
}

// appendUnits writes amounts with a number of places, if all fit.
func appendUnits(out []byte, amounts []*money.Tally, places int) (longer []byte, fit bool) {
	for _, amount := range amounts {
		if amount == nil {
			out = append(out, 0)
			continue
		}
		n, p, ok := amount.Units()
		for ; p < places; p++ {
			if n > math.MaxInt64/10 || n < math.MinInt64/10 {
				return nil, false
			}
			n *= 10
		}
		if !ok || n > math.MaxInt64/4 || n < math.MinInt64/4 {
			return nil, false
		}
		out = binary.AppendUvarint(out, 1+uint64(n<<1^n>>63)) //nolint:gosec // zigzag
	}
	return out, true
}

func appendText[T ~string](out []byte, text T) []byte {
	return append(binary.AppendUvarint(out, uint64(len(text))), text...)
}
