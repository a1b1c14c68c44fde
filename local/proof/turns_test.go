package proof_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/order/ordertest"
)

// read is one delivery of a wake to one of the fetchers.
func (s *schedule) read(ctx context.Context) error {
	p := &process{Memory: s.memory, s: s, left: -1}
	if !s.calm && s.r.IntN(6) == 0 {
		p.left = s.r.IntN(25)
	}
	s.total.reads.Add(1)
	if s.depth++; s.depth > 1 {
		s.total.nested.Add(1)
	}
	defer func() { s.depth-- }()
	err := order.NewFetcher(order.FetcherOptions{
		Store: p, Searches: searches{p}, Oddities: gauge{}, Now: func() time.Time { return s.now }, Rules: s.rules, Horizon: 30 * day, AtOnce: 1,
		Log: slog.New(slog.DiscardHandler),
	}).Read(ctx, s.asset)
	if p.dead { // SQS brings the message again
		s.send(2 * time.Minute)
		return nil
	}
	return err
}

func (s *schedule) send(within time.Duration) {
	s.queue = append(s.queue, message{s.now.Add(time.Duration(s.r.Int64N(int64(within))))})
}

// SendBatch is the queue: it brings every message once or several times, now or
// later, and refuses at times.
func (s *schedule) SendBatch(_ context.Context, messages []any) error {
	if !s.calm && s.r.IntN(12) == 0 {
		s.total.lost.Add(1)
		return errors.New("the queue does not answer")
	}
	for range messages {
		s.send(20 * time.Second)
		for !s.calm && s.r.IntN(5) == 0 {
			s.send(10 * time.Minute)
		}
	}
	return nil
}

func (s *schedule) plan(ctx context.Context) error {
	clock := func() time.Time {
		if s.calm {
			return s.now
		}
		skew := time.Duration(s.r.IntN(7)-3) * time.Second
		if s.r.IntN(40) == 0 { // wrong
			skew = time.Duration(s.r.IntN(240)-120) * time.Minute
		}
		return s.now.Add(skew)
	}
	planner := order.NewPlanner(order.PlannerOptions{
		Store: s.memory, Wakes: s, Freshness: gauge{}, Now: clock, Log: slog.New(slog.DiscardHandler), Shards: ordertest.Shards, Again: 5 * time.Minute,
	})
	for range 1 + s.r.IntN(5)/4 { // sometimes two
		if _, err := planner.Run(ctx); err != nil && s.calm {
			return err
		}
	}
	return nil
}

// live lives through the schedule and compares.
func (s *schedule) live(ctx context.Context) error {
	end := day0.Add(proofDays * day)
	last := end
	for _, l := range s.lives {
		last = later(last, l.ended())
	}
	for s.now.Before(end) {
		if err := s.turn(ctx); err != nil {
			return err
		}
	}
	s.calm, s.offline = true, s.now
	asked := s.now
	for !s.seen(ctx, last) {
		if err := s.reach(ctx, order.Reach{Since: s.past, Asked: asked}); err != nil {
			return err
		}
		if s.now.After(last.Add(40 * day)) {
			return errors.New("a window is not read any more")
		}
		if err := s.turn(ctx); err != nil {
			return err
		}
	}
	for len(s.changes) > 0 {
		s.now = later(s.now, s.rollAt)
		s.rollDays(ctx)
	}
	s.total.days.Add(int64(s.now.Sub(day0) / day))
	return errors.Join(s.compare(ctx), s.memoryIsTrue(ctx))
}

// reach asks for the past, as a backfill does.
func (s *schedule) reach(ctx context.Context, wish order.Reach) error {
	_, err := s.memory.Reach(ctx, s.asset, wish, s.now)
	if errors.Is(err, order.ErrUnscheduled) {
		return nil
	}
	if !wish.Since.IsZero() {
		s.total.reached.Add(1)
	}
	return err
}

// turn goes to the next moment at which something happens.
func (s *schedule) turn(ctx context.Context) error {
	next := s.now.Add(12 * time.Hour)
	for shard := range ordertest.Shards {
		err := s.memory.Due(ctx, shard, next, func(due []order.Due) error {
			if at := due[0].At; at.Before(next) {
				next = at
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	planned := next
	if len(s.changes) > 0 && s.rollAt.Before(next) {
		next = s.rollAt
	}
	for _, m := range s.queue {
		if m.at.Before(next) {
			next = m.at
		}
	}
	s.now = later(s.now, next)
	if s.offline.IsZero() || !s.offline.After(s.now) { // somebody has consented anew
		if err := s.memory.Ask(ctx, s.asset, s.now); errors.Is(err, order.ErrUnscheduled) {
			s.memory.Enrol(s.asset, s.now)
		}
	}
	if !planned.After(s.now) {
		s.now = s.now.Add(time.Duration(s.r.IntN(60)) * time.Second) // the planner runs every minute
		if err := s.plan(ctx); err != nil {
			return err
		}
	}
	due := slices.DeleteFunc(slices.Clone(s.queue), func(m message) bool { return m.at.After(s.now) })
	s.queue = slices.DeleteFunc(s.queue, func(m message) bool { return !m.at.After(s.now) })
	for range due {
		if err := s.read(ctx); err != nil {
			return err
		}
	}
	if len(s.changes) > 0 && !s.rollAt.After(s.now) {
		s.rollDays(ctx)
	}
	return nil
}

// seen reports whether every window that is not done was read after all was
// over.
func (s *schedule) seen(ctx context.Context, last time.Time) bool {
	for _, p := range s.perspectives() {
		windows, err := s.memory.Windows(ctx, s.asset, p)
		if err != nil || len(windows) == 0 || !s.reached(windows[0]) {
			return false
		}
		for _, w := range windows {
			if !w.DueAt.IsZero() && !w.ReadAt.After(last) {
				return false
			}
		}
	}
	return true
}

// reached reports whether a stream's first window begins where it should.
func (s *schedule) reached(first order.Window) bool {
	return s.past.IsZero() || !first.From.After(s.past) || !first.RefusedAt.Before(s.offline.Truncate(time.Millisecond)) && first.From.Sub(s.refused) < s.rules.Longest
}

// gauge is told what is measured, and forgets it.
type gauge struct{}

func (gauge) Overdue(order.Perspective, time.Duration) {}
func (gauge) UnreadableRows(int)                       {}
