package proof_test

import (
	"context"
	"errors"
	"time"

	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/order"
)

// stream notes that a row was written: that is told some seconds later, or much
// later when nobody could listen.
func (s *schedule) stream(row order.Row) {
	if len(s.changes) == 0 {
		s.rollAt = s.now.Add(30 * time.Second)
		if !s.calm && s.r.IntN(8) == 0 {
			s.rollAt = s.now.Add(time.Duration(s.r.Int64N(int64(6 * time.Hour))))
		}
	}
	s.changes = append(s.changes, conversion.Key{Asset: row.Asset, Perspective: row.Perspective, Day: conversion.DayOf(row.CreatedAt)})
}

// rollDays brings a batch of the stream to the roller. What it could not do, and
// all after it, comes again; so does a batch whose reader has died, and now and
// then one that was done.
func (s *schedule) rollDays(ctx context.Context) {
	size := len(s.changes)
	if !s.calm {
		size = 1 + s.r.IntN(size)
	}
	batch := s.changes[:size:size]
	s.changes = s.changes[size:]
	done, seen := size, map[conversion.Key]bool{}
	for i, key := range batch {
		if !seen[key] && !s.roll(ctx, key) {
			done = min(done, i)
		}
		seen[key] = true
	}
	if !s.calm && s.r.IntN(10) == 0 {
		done = 0
	}
	s.changes, s.rollAt = append(batch[done:], s.changes...), s.now.Add(time.Duration(1+s.r.IntN(60))*time.Second)
}

// roll is one roller that adds up a day. It reports whether it has.
func (s *schedule) roll(ctx context.Context, key conversion.Key) bool {
	p := s.newRolling()
	defer func() { s.idle = append(s.idle, p) }()
	p.key, p.left, p.dead = key, -1, false
	if !s.calm && s.r.IntN(3) == 0 {
		p.left = s.r.IntN(12)
	}
	s.total.rolls.Add(1)
	s.rolling++
	defer func() { s.rolling-- }()
	_, failed := p.roller.Roll(ctx, []conversion.Key{key})
	return len(failed) == 0
}

// newRolling is a roller that does nothing at the moment.
func (s *schedule) newRolling() *rolling {
	if n := len(s.idle); n > 0 {
		p := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return p
	}
	p := &rolling{Store: s.sums, s: s}
	p.roller = conversion.NewRoller(conversion.RollerOptions{Store: p, Now: func() time.Time { return s.now }, Sizes: s.sizes, AtOnce: 1})
	return p
}

// rolling is the store as one roller meets it, until it dies; others work on the
// same day meanwhile.
type rolling struct {
	conversion.Store
	s      *schedule
	roller *conversion.Roller
	key    conversion.Key
	left   int // operations until it dies; negative: never
	dead   bool
}

func (p *rolling) die() bool {
	if p.left == 0 && !p.dead {
		p.dead = true
		p.s.total.rollCrashes.Add(1)
	}
	p.left--
	return p.dead
}

// meanwhile another roller adds up the same day; or the roller sleeps for long,
// as one does that was given up for dead, while rows are read, written and
// added up.
func (p *rolling) meanwhile(ctx context.Context) error {
	s := p.s
	if s.calm || s.rolling > 2 || s.depth > 0 {
		return nil
	}
	switch s.r.IntN(24) {
	case 0, 1:
		s.total.rollsInside.Add(1)
		s.roll(ctx, p.key)
	case 2:
		s.now = s.now.Add(time.Duration(s.r.Int64N(int64(day))))
		if err := s.memory.Ask(ctx, s.asset, s.now); err != nil && !errors.Is(err, order.ErrUnscheduled) {
			return err
		}
		if err := s.read(ctx); err != nil {
			return err
		}
		for s.r.IntN(3) > 0 && len(s.changes) > 0 {
			s.total.rollsInside.Add(1)
			s.rollDays(ctx)
		}
	}
	return nil
}

// Kept implements conversion.Store.
func (p *rolling) Kept(ctx context.Context, key conversion.Key) (conversion.Kept, error) {
	if p.die() {
		return conversion.Kept{}, errProcess
	}
	kept, err := p.Store.Kept(ctx, key)
	if err == nil {
		err = p.meanwhile(ctx)
	}
	return kept, err
}

// DayRows implements conversion.Store.
func (p *rolling) DayRows(ctx context.Context, key conversion.Key, each func(order.Row)) error {
	if p.die() {
		return errProcess
	}
	if err := p.Store.DayRows(ctx, key, each); err != nil {
		return err
	}
	return p.meanwhile(ctx)
}

// Open implements conversion.Store.
func (p *rolling) Open(ctx context.Context, key conversion.Key, rev int64) error {
	if p.die() {
		return errProcess
	}
	if err := p.Store.Open(ctx, key, rev); err != nil {
		return err
	}
	return p.meanwhile(ctx)
}

// PutPart implements conversion.Store.
func (p *rolling) PutPart(ctx context.Context, key conversion.Key, part conversion.Part, rev int64) error {
	if p.die() {
		return errProcess
	}
	if err := p.Store.PutPart(ctx, key, part, rev); err != nil {
		return err
	}
	p.s.total.parts.Add(1)
	return p.meanwhile(ctx)
}

// PutDay implements conversion.Store.
func (p *rolling) PutDay(ctx context.Context, key conversion.Key, kept conversion.Kept, now time.Time) error {
	if p.die() {
		return errProcess
	}
	return p.Store.PutDay(ctx, key, kept, now)
}
