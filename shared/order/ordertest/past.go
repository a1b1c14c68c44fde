package ordertest

import (
	"context"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order"
)

// Reach implements order.Past.
func (m *Memory) Reach(_ context.Context, asset account.AssetID, wish order.Reach, now time.Time) (news bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.schedule(asset)
	if !s.scheduled {
		return false, order.ErrUnscheduled
	}
	earlier := !wish.Since.IsZero() && (s.since.IsZero() || wish.Since.Before(s.since))
	if earlier {
		s.since = second(wish.Since)
	}
	if earlier || !wish.Since.IsZero() && s.sinceAt.Before(milli(wish.Asked)) {
		news = true
	}
	for _, t := range wish.Again {
		if !slices.ContainsFunc(s.pulls, second(t).Equal) {
			s.pulls, news = append(s.pulls, second(t)), true
		}
	}
	if news {
		s.sinceAt = milli(now)
		s.asks++
		m.units.Schedules += 3
		if s.failures == 0 && s.due.After(now) {
			s.due = second(now)
		}
	}
	return news, nil
}

// Reading tells how an asset is being read.
func (m *Memory) Reading(_ context.Context, asset account.AssetID, now time.Time) (order.Reading, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.schedule(asset)
	r := order.Reading{Scheduled: s.scheduled, Busy: s.leased && s.until.After(now), Failures: s.failures, Reads: s.fence, CAP: s.capability, PastAt: s.sinceAt}
	if r.Scheduled {
		r.WantedAt = s.due
	}
	return r, nil
}
