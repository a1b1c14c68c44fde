package proof_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/order"
)

// found is a row of the truth with the one that is stored.
type found struct {
	*life
	row order.Row
}

// compare holds rows, histories, events and sums against the truth.
func (s *schedule) compare(ctx context.Context) error {
	stored, windows, err := s.stored(ctx)
	if err != nil {
		return err
	}
	var problems []error
	var sold []found
	for _, l := range s.lives {
		of := windows[l.perspective]
		if l.created.Before(of[0].From) { // before the first read that TikTok Shop and we survived, or the past that it tells of
			continue
		}
		rows := stored[l.key()]
		delete(stored, l.key())
		if len(rows) == 0 {
			if l.shown(s.now) {
				problems = append(problems, fmt.Errorf("%s was missed", l.key()))
			}
			continue
		}
		problems = append(problems, s.holds(l, rows[0], of), s.doubles(l, rows[1:]))
		if rows[0].MissingSince.IsZero() {
			sold = append(sold, found{l, rows[0]})
		}
	}
	for key := range stored {
		problems = append(problems, fmt.Errorf("%s was never sold", key))
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	return s.addsUp(ctx, sold)
}

// stored are the rows by what stays the same of them, those that TikTok Shop
// shows first; and the windows of each perspective.
func (s *schedule) stored(ctx context.Context) (rows map[string][]order.Row, windows map[order.Perspective][]order.Window, err error) {
	rows, windows = map[string][]order.Row{}, map[order.Perspective][]order.Window{}
	for _, p := range s.perspectives() {
		if windows[p], err = s.memory.Windows(ctx, s.asset, p); err != nil {
			return nil, nil, err
		}
		err = s.memory.Between(ctx, s.asset, p, day0.AddDate(-1, 0, 0), s.now.Add(day), func(all []order.Row) error {
			for _, row := range all {
				key := fmt.Sprintf("%s %s %s %s", row.Perspective, row.OrderID, row.SKUID, row.ContentID)
				rows[key] = append(rows[key], row)
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	for _, same := range rows {
		slices.SortStableFunc(same, func(a, b order.Row) int {
			if a.MissingSince.IsZero() != b.MissingSince.IsZero() {
				return b.MissingSince.Compare(a.MissingSince) * -1
			}
			return b.ChangedAt.Compare(a.ChangedAt)
		})
	}
	return rows, windows, nil
}

// holds demands that what is stored of a row is what TikTok Shop shows, or
// showed last.
func (s *schedule) holds(l *life, row order.Row, windows []order.Window) error {
	shown := l.shown(s.now)
	if done := windows[l.within(windows)]; done.DueAt.IsZero() && done.ReadAt.Before(l.back) && l.back.Before(s.now) {
		shown = row.MissingSince.IsZero() // it came back when nobody had to look any more, but may have
	}
	switch {
	case shown && !row.MissingSince.IsZero():
		return fmt.Errorf("%s is called missing", l.key())
	case !shown && row.MissingSince.IsZero():
		return fmt.Errorf("%s is missing and not marked", l.key())
	case shown && row.Status != order.ParseStatus(l.status(s.now)):
		return fmt.Errorf("%s is stored as %s, is %s", l.key(), row.Status, l.status(s.now))
	case !l.creator.hadIn(row.CreatorUsername, s.lastRead(l, shown, windows)):
		return fmt.Errorf("%s is stored as by %s, is by %s", l.key(), row.CreatorUsername, l.creator.name(s.now))
	}
	s.total.rows.Add(1)
	if l.visible.After(l.created) {
		s.total.late.Add(1)
	}
	if !row.MissingSince.IsZero() {
		s.total.missing.Add(1)
	}
	if row.Ordinal > 0 {
		s.total.twice.Add(1)
	}
	return errors.Join(l.agrees(row), s.told(row))
}

// lastRead is since when the row's user name may be old: never while its window
// is read, since the window's last read when it is done, and any time when
// TikTok Shop does not show it.
func (s *schedule) lastRead(l *life, shown bool, windows []order.Window) time.Time {
	at := l.within(windows)
	switch {
	case !shown:
		return time.Time{}
	case windows[at].DueAt.IsZero():
		return windows[at].ReadAt
	}
	return s.now
}

// doubles may be there of a row whose creator was renamed while pages shifted:
// it was then taken for another, and the old one is called missing. A video or a
// live tells that it is the same.
func (s *schedule) doubles(l *life, rows []order.Row) error {
	for _, row := range rows {
		if row.MissingSince.IsZero() || !l.creator.hadIn(row.CreatorUsername, time.Time{}) || l.content != "" && l.contentType != "SHOP" {
			return fmt.Errorf("%s is stored twice: %s", l.key(), row.CreatorUsername)
		}
		s.total.doubled.Add(1)
		if err := s.told(row); err != nil {
			return err
		}
	}
	return nil
}
