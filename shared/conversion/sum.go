package conversion

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order"
)

const (
	readsAtOnce  = 8
	partsOfARead = 512 // at most, unless one day has more; some hundred KB
)

// sums are the lines of a span that are being added up. It is what a decoder
// adds to.
type sums struct {
	q    Query
	span span
	by   Dimension

	mu       sync.Mutex
	unpacker unpacker
	decoder  decoder
	columns  columns
	values   map[string]map[spot]*sum
	days     map[time.Time]*[quarters]int // the periods of a UTC day's quarters; -1: none
	periods  *[quarters]int               // of the day that is being added
	large    []stretch
}

// spot is where a value's figures count.
type spot struct {
	period   int
	currency string
}

// sum is a line that is being added up.
type sum struct {
	position Position
	period   period
	statuses []statusSum
}

type statusSum struct {
	status order.Status
	*counted
}

// stretch is a range of days of an asset whose parts are read at once.
type stretch struct {
	asset    account.AssetID
	from, to time.Time
	parts    map[time.Time]int // of each large day
	all      int
}

// sumUp adds up a span. A day of the zone lies within its date in UTC and the
// days before and after. What is kept of the days is read first, then the parts
// of the large ones.
func (q Query) sumUp(ctx context.Context, reader Reader, assets []account.AssetID, s span) (*sums, error) {
	all := &sums{q: q, span: s, by: q.By, values: map[string]map[spot]*sum{}, days: map[time.Time]*[quarters]int{}}
	if q.By == "" {
		all.by = ByShop // has the fewest values
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(readsAtOnce)
	for _, asset := range assets {
		group.Go(func() error {
			return reader.Days(groupCtx, asset, q.Perspective, s.from().AddDate(0, 0, -1), s.to().AddDate(0, 0, 1), func(day time.Time, kept Kept) error {
				return all.addDay(asset, day, kept)
			})
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	group, groupCtx = errgroup.WithContext(ctx)
	group.SetLimit(readsAtOnce)
	for _, large := range all.large {
		group.Go(func() error {
			return reader.Parts(groupCtx, large.asset, q.Perspective, all.by, large.from, large.to, func(day time.Time, part Part) error {
				if part.Number >= large.parts[day] {
					return nil
				}
				return all.addPart(large.asset, day, part)
			})
		})
	}
	return all, group.Wait()
}

func (s *sums) addDay(asset account.AssetID, day time.Time, kept Kept) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case kept.Parts != nil:
		s.addLarge(asset, day, len(kept.Parts[s.by])/hashBytes)
		return nil
	case len(kept.Sums) == 0: // nothing but opened
		return nil
	}
	plain, err := s.unpacker.unpack(kept.Sums)
	if err == nil {
		plain, err = oneOf(plain, s.by)
	}
	return s.add(asset, day, plain, err)
}

// addLarge notes a day whose parts are to be read, with the days before if they
// are few.
func (s *sums) addLarge(asset account.AssetID, day time.Time, parts int) {
	next := day.AddDate(0, 0, 1)
	for i := range s.large {
		if l := &s.large[i]; l.asset == asset && l.to.Equal(day) && l.all+parts <= partsOfARead {
			l.to, l.all, l.parts[day] = next, l.all+parts, parts
			return
		}
	}
	s.large = append(s.large, stretch{asset, day, next, map[time.Time]int{day: parts}, parts})
}

func (s *sums) addPart(asset account.AssetID, day time.Time, part Part) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	plain, err := s.unpacker.unpack(part.Sums)
	return s.add(asset, day, plain, err)
}

func (s *sums) add(asset account.AssetID, day time.Time, plain []byte, err error) error {
	if err == nil {
		s.look(day)
		err = s.decoder.add(plain, s)
	}
	if err != nil {
		return fmt.Errorf("figures of %s, %s, %s: %w", asset, s.q.Perspective, date(day), err)
	}
	return nil
}

// look finds out in which period the quarters of a UTC day lie.
func (s *sums) look(day time.Time) {
	if s.periods = s.days[day]; s.periods != nil {
		return
	}
	s.periods = &[quarters]int{}
	s.days[day] = s.periods
	for i := range s.periods {
		at := day.Add(time.Duration(i) * Quarter).In(s.q.Zone)
		local := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
		s.periods[i] = slices.IndexFunc(s.span, func(p period) bool { return !local.Before(p.from) && local.Before(p.to) })
	}
}

// at implements adder.
func (s *sums) at(value []byte, place place) *counted {
	at := spot{s.periods[place.quarter], place.currency}
	switch {
	case at.period < 0, s.q.Currency != "" && place.currency != s.q.Currency, s.q.Key != nil && string(value) != *s.q.Key:
		return nil
	case s.q.By == "":
		value = nil
	}
	of := s.values[string(value)]
	if of == nil {
		of = map[spot]*sum{}
		s.values[string(value)] = of
	}
	line := of[at]
	if line == nil {
		p := s.span[at.period]
		line = &sum{position: Position{date(p.from), string(value), place.currency}, period: p}
		of[at] = line
	}
	for _, have := range line.statuses {
		if have.status == place.status {
			return have.counted
		}
	}
	figures := &counted{}
	line.statuses = append(line.statuses, statusSum{place.status, figures})
	return figures
}

// column implements adder.
func (s *sums) column(c column) (number, all int) {
	number = s.columns.number(c)
	return number, len(s.columns)
}

// lines are the first lines after a position, in order, and whether there are
// more than the limit.
func (s *sums) lines(after *Position, limit int) (lines []Line, more bool) {
	var found []*sum
	for _, of := range s.values {
		for _, line := range of {
			if after == nil || line.position.compare(*after) > 0 {
				found = append(found, line)
			}
		}
	}
	slices.SortFunc(found, func(a, b *sum) int { return a.position.compare(b.position) })
	if more = len(found) > limit; more {
		found = found[:limit]
	}
	for _, line := range found {
		lines = append(lines, line.line(s.columns))
	}
	return lines, more
}

func (s *sum) line(of columns) Line {
	p := s.position
	line := Line{From: p.From, To: date(s.period.to), Key: text(p.Key), Currency: text(p.Currency), ByStatus: map[string]Figures{}}
	var total counted
	for _, c := range s.statuses {
		line.ByStatus[string(c.status)] = c.figures(of, p.Currency)
		total.add(c.counted)
	}
	line.Figures = total.figures(of, p.Currency)
	return line
}
