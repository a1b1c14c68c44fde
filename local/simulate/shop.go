package main

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order"
)

const day = 24 * time.Hour

// class is a share of the connections that sell alike.
type class struct {
	perMille int     // of the connections
	perDay   float64 // order rows each
}

// classes are the skew: most connections hardly sell, a few sell most.
func classes() []class {
	return []class{{550, 0}, {300, 0.1}, {120, 1}, {27, 15}, {3, 150}}
}

// sale is an order of one row. Times are Unix seconds; 0 for never.
type sale struct {
	created, visible, paid, delivered, settled, refused int64
	number                                              int64

	id  string // once it was shown
	raw saying // what it said last
}

// saying is a row's raw JSON at one stage of its life.
type saying struct {
	status    order.Status
	delivered int64
	json      []byte
}

// connection is an asset with everything it sells before and during the
// simulation, the oldest first.
type connection struct {
	asset account.AssetID
	sales []sale
}

// Assumptions about orders, beside the classes.
const (
	lateShare      = 0.03 // of the rows appear hours to 20 days after their create time
	refusedShare   = 0.10 // are cancelled or returned
	longSettlement = 0.20 // settle 31 days after delivery, the others after 15
)

// newConnection makes up the n-th connection of a world that begins at start and
// ends at end. Every 20th is a partner, every third a creator, the others are shops.
func newConnection(n int, start, end time.Time) *connection {
	r := rand.New(rand.NewPCG(uint64(n), 20261127)) //nolint:gosec // repeatable, not secret
	c := &connection{asset: account.ShopAsset(strconv.Itoa(7_490_000_000 + n))}
	switch {
	case n%20 == 19:
		c.asset = account.CategoryAsset(account.NewID("main", "partner", strconv.Itoa(n)), "7", "US")
	case n%3 == 2:
		c.asset = account.CreatorAsset("main", strconv.Itoa(n))
	}
	rate, at := 0.0, n*7919%1000 // spreads the classes evenly
	for _, class := range classes() {
		if at -= class.perMille; at < 0 {
			rate = class.perDay
			break
		}
	}
	if rate == 0 {
		return c
	}
	hours := func(from, to float64) int64 { return int64(3600 * (from + (to-from)*r.Float64())) }
	for created := start; created.Before(end); {
		created = created.Add(time.Duration(r.ExpFloat64() / rate * float64(day)))
		s := sale{created: created.Unix(), number: int64(len(c.sales))}
		s.visible = s.created + hours(0, 0.1)
		if r.Float64() < lateShare {
			s.visible = s.created + hours(1, 20*24)
		}
		s.paid, s.delivered = s.created+hours(0, 0.5), s.created+hours(48, 150)
		if r.Float64() < refusedShare {
			s.refused = s.created + hours(12, 300)
		} else if s.settled = s.delivered + 15*86400 + hours(0, 12); r.Float64() < longSettlement {
			s.settled += 16 * 86400
		}
		c.sales = append(c.sales, s)
	}
	slices.SortFunc(c.sales, func(a, b sale) int { return cmp.Compare(a.created, b.created) })
	return c
}

// said is the status at a time and since when.
func (s *sale) said(at int64) (status order.Status, since int64) {
	status, since = order.Unpaid, s.visible
	for _, step := range []struct {
		at int64
		to order.Status
	}{{s.paid, order.Pending}, {s.settled, order.Settled}, {s.refused, order.NoCommission}} {
		if step.at != 0 && step.at <= at {
			status, since = step.to, max(s.visible, step.at)
		}
	}
	if status == order.Pending && s.delivered <= at { // the delivery is news, too
		since = max(s.visible, s.delivered)
	}
	return status, since
}

// words are what the searches call a status.
func words(p order.Perspective, s order.Status) string {
	switch {
	case s == order.Unpaid && p == order.TAP:
		return "CUSTOMER UNPAID"
	case s == order.Unpaid:
		return "AWAITING PAYMENT"
	case s == order.Pending && p == order.TAP:
		return "PENDING"
	case s == order.Pending:
		return "To-SETTLE"
	case s == order.Settled:
		return "SETTLED"
	case p == order.Creator:
		return "REFUNDED"
	}
	return "INELIGIBLE"
}

// row fills in the sale as an order search gives it, with only the fields that
// matter here: the facts need not be read from the raw JSON once more.
func (c *connection) row(row *order.Row, p order.Perspective, s *sale, at int64) {
	if s.id == "" {
		s.id = strconv.FormatInt(firstNumber+s.number, 10)
	}
	status, _ := s.said(at)
	row.Key = order.Key{Asset: c.asset, Perspective: p, CreatedAt: time.Unix(s.created, 0).UTC(), OrderID: s.id, SKUID: "1"}
	row.Status, row.StatusText, row.DeliveredAt = status, words(p, status), time.Time{}
	now := saying{status: status}
	if s.delivered <= at && s.refused == 0 {
		now.delivered = s.delivered
		row.DeliveredAt = time.Unix(s.delivered, 0).UTC()
	}
	if s.raw.json == nil || s.raw.status != now.status || s.raw.delivered != now.delivered {
		switch p {
		case order.Seller:
			now.json = raw(`{"order":{"create_time":`, s.created, now.delivered, s.id, `"},"row":{"settlement_status":"`, row.StatusText, `","sku_id":"1"}}`)
		case order.Creator:
			now.json = raw(`{"order":{"create_time":`, s.created, now.delivered, s.id, `","status":"`, row.StatusText, `"},"row":{"id":"1"}}`)
		case order.TAP, order.CAP:
			now.json = raw(`{"row":{"create_time":`, s.created, now.delivered, s.id, `","settle_status":"`, row.StatusText, `","sku_id":"1"}}`)
		}
		s.raw = now
	}
	row.Raw = s.raw.json
}

const firstNumber = 576_000_000 // of an order

func raw(head string, created, delivered int64, id, beforeStatus, status, tail string) []byte {
	text := append(make([]byte, 0, 160), head...)
	text = strconv.AppendInt(text, created, 10)
	text = strconv.AppendInt(append(text, `,"delivery_time":`...), delivered, 10)
	text = append(append(text, `,"id":"`...), id...)
	text = append(append(text, beforeStatus...), status...)
	return append(text, tail...)
}

const pageSize = 100

// search answers as an order search does: rows created in a range, the newest
// first, pages by offset. The rows are in buffer, and there until the next call.
func (c *connection) search(buffer *[pageSize]order.Row, q order.Query, at int64) (order.Page, error) {
	first := sort.Search(len(c.sales), func(i int) bool { return c.sales[i].created >= q.From.Unix() })
	last := sort.Search(len(c.sales), func(i int) bool { return c.sales[i].created >= q.To.Unix() })
	offset := 0
	if q.Token != "" {
		var err error
		if offset, err = strconv.Atoi(q.Token); err != nil {
			return order.Page{}, err
		}
	}
	page, rows := order.Page{}, 0
	for i := last - 1; i >= first; i-- {
		s := &c.sales[i]
		if s.visible > at {
			continue
		}
		if page.Total >= offset && page.Total < offset+pageSize {
			c.row(&buffer[rows], q.Perspective, s, at)
			rows++
		}
		page.Total++
	}
	page.Rows = buffer[:rows]
	if offset+pageSize < page.Total {
		page.Next = strconv.Itoa(offset + pageSize)
	}
	return page, nil
}
