package conversion

import (
	"encoding/binary"
	"errors"

	"tiktok-shop-affiliate/shared/money"
	"tiktok-shop-affiliate/shared/order"
)

var errForm = errors.New("conversion: what is kept is not of the form that is read here")

// adder is asked where to add what is decoded.
type adder interface {
	// at is where the cells of a value at a place count; nil: nowhere. The value is
	// only valid during the call.
	at(value []byte, place place) *counted
	// column is the number of a column, and how many there are.
	column(column) (number, all int)
}

// decoder reads what encode has written. It keeps its memory from one call to
// the next.
type decoder struct {
	rest   []byte
	failed bool
	kinds  []place
	into   []*counted // of each cell
	places []place    // of each cell
	values [][]byte   // of each cell
	names  [][]byte
}

// add adds everything that is kept in there.
func (d *decoder) add(kept []byte, to adder) error {
	d.rest, d.failed = kept, false
	d.kinds = d.kinds[:0]
	for range d.count() {
		d.kinds = append(d.kinds, place{currency: string(d.text()), status: order.Status(d.text())})
	}
	type sort struct {
		column
		places int
	}
	var sorts []sort
	for range d.count() {
		of := d.byte()
		if group(of/2) >= groups {
			return errForm
		}
		sorts = append(sorts, sort{column{group(of / 2), string(d.text()), of%2 == 1}, int(d.byte())})
	}
	d.cells(to)
	for _, count := range []func(*counted) *int64{
		func(c *counted) *int64 { return &c.rows }, func(c *counted) *int64 { return &c.quantity },
		func(c *counted) *int64 { return &c.unstated }, func(c *counted) *int64 { return &c.refunded },
	} {
		for _, cell := range d.into {
			n := d.varint()
			if cell != nil {
				*count(cell) += n
			}
		}
	}
	for _, s := range sorts {
		number, all := to.column(s.column)
		switch {
		case s.places == inWords:
			d.words(number, all)
		case s.places > money.MostPlaces:
			return errForm
		default:
			d.numbers(number, all, s.places)
		}
	}
	if d.failed || len(d.rest) > 0 {
		return errForm
	}
	return nil
}

// cells reads which cells there are and asks where each of them counts.
func (d *decoder) cells(to adder) {
	d.values, d.places, d.into = d.values[:0], d.places[:0], d.into[:0]
	d.names = d.names[:0]
	for range d.count() {
		d.names = append(d.names, d.text())
	}
	name := int64(0)
	for range d.count() {
		if name += d.varint(); name < 0 || name >= int64(len(d.names)) {
			d.failed = true
			return
		}
		d.values = append(d.values, d.names[name])
	}
	for range d.values {
		quarter := int(d.byte())
		d.failed = d.failed || quarter >= quarters
		d.places = append(d.places, place{quarter: quarter})
	}
	for i, value := range d.values {
		kind := d.uvarint()
		if d.failed = d.failed || kind >= uint64(len(d.kinds)); d.failed {
			return
		}
		at := d.places[i]
		at.currency, at.status = d.kinds[kind].currency, d.kinds[kind].status
		d.places[i] = at
		d.into = append(d.into, to.at(value, at))
	}
}

func (d *decoder) numbers(number, all, places int) {
	for _, cell := range d.into {
		if n := d.uvarint(); n > 0 && cell != nil {
			n--
			cell.amount(number, all).Add(int64(n>>1)^-int64(n&1), places) //nolint:gosec // zigzag
		}
	}
}

func (d *decoder) words(number, all int) {
	for i, cell := range d.into {
		text := d.text()
		if cell == nil || len(text) == 0 {
			continue
		}
		amount, err := money.Parse(string(text), d.places[i].currency)
		d.failed = d.failed || err != nil
		cell.amount(number, all).AddAmount(amount)
	}
}

func (d *decoder) uvarint() uint64 {
	if len(d.rest) > 0 && d.rest[0] < 0x80 { // nearly all are
		n := d.rest[0]
		d.rest = d.rest[1:]
		return uint64(n)
	}
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		d.failed, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *decoder) varint() int64 {
	n := d.uvarint()
	return int64(n>>1) ^ -int64(n&1) //nolint:gosec // zigzag
}

// count is how many things follow, each of which takes a byte at least.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.failed, d.rest = true, nil
		return 0
	}
	return int(n) //nolint:gosec // at most the bytes there are
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.failed = true
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) text() []byte {
	n := d.count()
	text := d.rest[:n:n]
	d.rest = d.rest[n:]
	return text
}
