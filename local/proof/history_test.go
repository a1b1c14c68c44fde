package proof_test

import (
	"fmt"
	"slices"

	"tiktok-shop-affiliate/shared/order"
)

// agrees demands that the history is one that could be seen.
func (l *life) agrees(row order.Row) error {
	at := 0
	for i, h := range row.History {
		for at < len(l.steps) && (order.ParseStatus(l.steps[at].status) != h.To || l.steps[at].at.After(h.At)) {
			at++
		}
		if at == len(l.steps) {
			return fmt.Errorf("%s: step %d of the history, %s at %s, never was", l.key(), i, h.To, h.At)
		}
	}
	if row.Status == order.Settled && (row.SettledSeenAt.Before(l.steps[len(l.steps)-1].at) || row.SettledSeenAfter.After(row.SettledSeenAt)) {
		return fmt.Errorf("%s settled at %s, said to be after %s and before %s", l.key(), l.steps[len(l.steps)-1].at, row.SettledSeenAfter, row.SettledSeenAt)
	}
	if row.Status == order.Settled && row.SettledSeenAfter.After(l.steps[len(l.steps)-1].at) {
		return fmt.Errorf("%s settled at %s, before it is said to: after %s", l.key(), l.steps[len(l.steps)-1].at, row.SettledSeenAfter)
	}
	return nil
}

// told demands that the events of a row, one write after the other, are those of
// its history, in order and each once: created; settled or ineligible with the
// write that made it so; and changed for every other write.
func (s *schedule) told(row order.Row) error {
	revisions := s.journal[row.Key]
	if int64(len(revisions)) != row.Rev {
		return fmt.Errorf("%s: %d writes made revision %d", row.OrderID, len(revisions), row.Rev)
	}
	var all []order.Event // but changed
	for i, revision := range revisions {
		var old *order.Row
		want := []order.Event{order.EventChanged}
		if i > 0 {
			old = &revisions[i-1]
		} else {
			want = []order.Event{order.EventCreated}
		}
		if end, ended := ends[revision.Status]; ended && (old == nil || old.Status != revision.Status) {
			want = append(slices.DeleteFunc(want, func(e order.Event) bool { return e == order.EventChanged }), end)
		}
		events, changes, err := order.Events(old, revision)
		switch {
		case err != nil || !slices.Equal(events, want):
			return fmt.Errorf("%s: revision %d is told as %v, is %v: %w", row.OrderID, i+1, events, want, err)
		case revision.Rev != int64(i+1):
			return fmt.Errorf("%s: write %d made revision %d", row.OrderID, i+1, revision.Rev)
		case old != nil && len(changes) == 0:
			return fmt.Errorf("%s: revision %d says nothing new", row.OrderID, i+1)
		}
		all = append(all, slices.DeleteFunc(events, func(e order.Event) bool { return e == order.EventChanged })...)
		s.total.events.Add(int64(len(want)))
	}
	want := []order.Event{order.EventCreated}
	for _, h := range row.History {
		if end, ended := ends[h.To]; ended {
			want = append(want, end)
		}
	}
	if !slices.Equal(all, want) {
		return fmt.Errorf("%s: told as %v, has been %v", row.OrderID, all, want)
	}
	return nil
}

// ends are the events of statuses that end a row.
var ends = map[order.Status]order.Event{order.Settled: order.EventSettled, order.NoCommission: order.EventIneligible}
