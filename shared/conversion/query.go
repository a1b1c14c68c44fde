package conversion

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order"
)

// Interval is how long the periods of a query are.
type Interval string

// The intervals. Weeks begin on Monday.
const (
	Daily   Interval = "day"
	Weekly  Interval = "week"
	Monthly Interval = "month"
)

// Known reports whether i is one of the intervals.
func (i Interval) Known() bool { return i == Daily || i == Weekly || i == Monthly }

// Query asks for figures of one perspective. Dates are midnights in UTC that
// stand for days in Zone; sales count on the day of their order.
type Query struct {
	Perspective order.Perspective
	By          Dimension // empty: not told apart
	Interval    Interval
	Zone        *time.Location
	From, To    time.Time // dates: first, and first not
	Currency    string    // empty: all, each apart
	Key         *string   // only this value of By; nil: all
}

// Line is the figures of a period, value and currency.
type Line struct {
	From     string             `json:"from"`     // first day of the period, in the zone
	To       string             `json:"to"`       // first day after it
	Key      *string            `json:"key"`      // null: not told apart, or rows that name none
	Currency *string            `json:"currency"` // null: rows without any amount
	Figures                     // of all statuses
	ByStatus map[string]Figures `json:"by_status"`
}

// Position is the line a page ended with.
type Position struct {
	From     string `json:"f"`
	Key      string `json:"k"`
	Currency string `json:"c"`
}

func (l Line) position() Position {
	p := Position{From: l.From}
	if l.Key != nil {
		p.Key = *l.Key
	}
	if l.Currency != nil {
		p.Currency = *l.Currency
	}
	return p
}

func (p Position) compare(q Position) int {
	return cmp.Or(cmp.Compare(p.From, q.From), cmp.Compare(p.Key, q.Key), cmp.Compare(p.Currency, q.Currency))
}

// Reader gives kept figures.
type Reader interface {
	// Values calls each with the figures of every UTC day of [from, to) that has
	// any. A day may come in several parts.
	Values(ctx context.Context, asset account.AssetID, perspective order.Perspective, by Dimension, from, to time.Time, each func(day time.Time, values Values)) error
}

const assetsAtOnce = 8

// Read sums up the assets, period by period and in the order of keys and
// currencies, up to limit lines after a position. next is nil at the end.
func (q Query) Read(ctx context.Context, reader Reader, assets []account.AssetID, after *Position, limit int) (lines []Line, next *Position, err error) {
	for _, span := range q.spans(after) {
		some, err := q.readSpan(ctx, reader, assets, span)
		if err != nil {
			return nil, nil, err
		}
		for _, line := range some {
			at := line.position()
			if after != nil && at.compare(*after) <= 0 {
				continue
			}
			if len(lines) == limit {
				last := lines[limit-1].position()
				return lines, &last, nil
			}
			lines = append(lines, line)
		}
	}
	return lines, nil, nil
}

// span is a range of dates that is read at once: whole periods.
type span struct{ from, to time.Time }

// spanDays is how many days are read at once when periods are shorter.
const spanDays = 31

// spans cuts the query's dates, from the period of the position on.
func (q Query) spans(after *Position) (spans []span) {
	for from := q.From; from.Before(q.To); {
		to := q.next(from)
		if after != nil && after.From >= date(to) {
			from = to
			continue
		}
		if n := len(spans); n > 0 && to.Sub(spans[n-1].from) <= spanDays*24*time.Hour {
			spans[n-1].to = to
		} else {
			spans = append(spans, span{from, to})
		}
		from = to
	}
	return spans
}

// next is the first date after the period that holds a date.
func (q Query) next(d time.Time) time.Time {
	switch q.Interval {
	case Weekly:
		d = monday(d).AddDate(0, 0, 7)
	case Monthly:
		d = d.AddDate(0, 0, 1-d.Day()).AddDate(0, 1, 0)
	default:
		d = d.AddDate(0, 0, 1)
	}
	if d.After(q.To) {
		return q.To
	}
	return d
}

// first is the first date of the period that holds a date.
func (q Query) first(d time.Time) time.Time {
	switch q.Interval {
	case Weekly:
		d = monday(d)
	case Monthly:
		d = d.AddDate(0, 0, 1-d.Day())
	}
	if d.Before(q.From) {
		return q.From
	}
	return d
}

func monday(d time.Time) time.Time { return d.AddDate(0, 0, -int(d.Weekday()+6)%7) }

func date(d time.Time) string { return d.Format(time.DateOnly) }

// readSpan sums up a span. A day of the zone lies within its date in UTC and the
// days before and after.
func (q Query) readSpan(ctx context.Context, reader Reader, assets []account.AssetID, s span) ([]Line, error) {
	by := q.By
	if by == "" {
		by = ByShop // has the fewest values
	}
	var mu sync.Mutex
	sums := map[Position]*Line{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(assetsAtOnce)
	for _, asset := range assets {
		group.Go(func() error {
			return reader.Values(ctx, asset, q.Perspective, by, s.from.AddDate(0, 0, -1), s.to.AddDate(0, 0, 1), func(day time.Time, values Values) {
				mu.Lock()
				defer mu.Unlock()
				q.add(sums, s, day, values)
			})
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	lines := make([]Line, 0, len(sums))
	for _, line := range sums {
		lines = append(lines, *line)
	}
	slices.SortFunc(lines, func(a, b Line) int { return a.position().compare(b.position()) })
	return lines, nil
}

// add counts the cells of a UTC day that lie in the span.
func (q Query) add(sums map[Position]*Line, s span, day time.Time, values Values) {
	dates := map[int]time.Time{} // of the day's quarters, in the zone
	for value, cells := range values {
		if q.Key != nil && value != *q.Key {
			continue
		}
		if q.By == "" {
			value = ""
		}
		for _, cell := range cells {
			local, ok := dates[cell.Quarter]
			if !ok {
				at := day.Add(time.Duration(cell.Quarter) * Quarter).In(q.Zone)
				local = time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
				dates[cell.Quarter] = local
			}
			if local.Before(s.from) || !local.Before(s.to) || q.Currency != "" && cell.Currency != q.Currency {
				continue
			}
			first := q.first(local)
			at := Position{date(first), value, cell.Currency}
			line := sums[at]
			if line == nil {
				line = &Line{From: at.From, To: date(q.next(first)), Key: text(value), Currency: text(cell.Currency), ByStatus: map[string]Figures{}}
				line.Commissions = map[string]Pair{}
				sums[at] = line
			}
			line.Figures.Add(cell.Figures)
			of := line.ByStatus[string(cell.Status)]
			if of.Commissions == nil {
				of.Commissions = map[string]Pair{}
			}
			of.Add(cell.Figures)
			line.ByStatus[string(cell.Status)] = of
		}
	}
}

// text is nil for no text.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
