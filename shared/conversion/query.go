package conversion

import (
	"cmp"
	"context"
	"time"

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

// Spans that are read at once when periods are shorter: a page seldom needs all
// that is asked for.
const (
	firstDays = 8
	mostDays  = 31
)

// Read sums up the assets, period by period and in the order of keys and
// currencies, up to limit lines after a position. next is nil at the end.
func (q Query) Read(ctx context.Context, reader Reader, assets []account.AssetID, after *Position, limit int) (lines []Line, next *Position, err error) {
	from, days := q.From, firstDays
	if q.By == "" { // few lines
		days = mostDays
	}
	for ; after != nil && from.Before(q.To); from = q.next(from) {
		if after.From < date(q.next(from)) {
			break
		}
	}
	for from.Before(q.To) {
		s := q.span(from, days)
		sums, err := q.sumUp(ctx, reader, assets, s)
		if err != nil {
			return nil, nil, err
		}
		some, more := sums.lines(after, limit-len(lines))
		lines = append(lines, some...)
		if more {
			last := lines[limit-1].position()
			return lines, &last, nil
		}
		from, days = s.to(), min(2*days, mostDays)
	}
	return lines, nil, nil
}

// period is a range of dates that lines are of.
type period struct{ from, to time.Time }

// span is what is read at once: periods that follow each other.
type span []period

func (s span) from() time.Time { return s[0].from }
func (s span) to() time.Time   { return s[len(s)-1].to }

// span is as many periods as the days hold, at least one.
func (q Query) span(from time.Time, days int) (s span) {
	for from.Before(q.To) {
		to := q.next(from)
		if len(s) > 0 && to.Sub(s.from()) > time.Duration(days)*24*time.Hour {
			break
		}
		s, from = append(s, period{from, to}), to
	}
	return s
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

func monday(d time.Time) time.Time { return d.AddDate(0, 0, -int(d.Weekday()+6)%7) }

func date(d time.Time) string { return d.Format(time.DateOnly) }

// text is nil for no text.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
