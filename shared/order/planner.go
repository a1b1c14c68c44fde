package order

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Wakes sends wake messages; *queue.Sender is one.
type Wakes interface {
	SendBatch(ctx context.Context, messages []any) error
}

// Freshness takes note of how late reads are.
type Freshness interface {
	// Overdue is told once a run, for each perspective, how long the longest overdue asset has been waiting.
	Overdue(perspective Perspective, age time.Duration)
}

// PlannerOptions is what a Planner is made of.
type PlannerOptions struct {
	Store     DueStore
	Wakes     Wakes
	Freshness Freshness
	Now       func() time.Time
	Log       *slog.Logger
	Shards    int           // of the due index
	Claim     time.Duration // how long a claimed asset is left alone; longer than a read takes
}

// Planner wakes the readers of assets that are due. Its cost grows with what is
// due. It may run twice at once: each asset is claimed by one run.
type Planner struct{ o PlannerOptions }

// NewPlanner makes a planner.
func NewPlanner(o PlannerOptions) *Planner { return &Planner{o: o} }

// The limits of one run.
const (
	shardsAtOnce = 4
	claimsAtOnce = 8
)

// Run claims what is due and sends a wake for each. What was claimed but not
// sent is due again when the claim ends.
func (p *Planner) Run(ctx context.Context) (woken int, err error) {
	now := p.o.Now()
	late := lateness{oldest: map[Perspective]time.Duration{Seller: 0, Creator: 0, TAP: 0}}
	shards, ctx := errgroup.WithContext(ctx)
	shards.SetLimit(shardsAtOnce)
	for shard := range p.o.Shards {
		shards.Go(func() error {
			err := p.o.Store.Due(ctx, shard, now, func(due []Due) error { return p.wake(ctx, due, now, &late) })
			if err != nil {
				return fmt.Errorf("planning shard %d: %w", shard, err)
			}
			return nil
		})
	}
	err = shards.Wait()
	for perspective, age := range late.oldest {
		p.o.Freshness.Overdue(perspective, age)
	}
	p.o.Log.InfoContext(ctx, "order reads planned", "woken", late.woken, "taken_by_others", late.lost)
	return late.woken, err
}

// wake claims a page of due assets and sends their wakes.
func (p *Planner) wake(ctx context.Context, due []Due, now time.Time, late *lateness) error {
	var mu sync.Mutex
	var wakes []any
	claims, claimCtx := errgroup.WithContext(ctx)
	claims.SetLimit(claimsAtOnce)
	for _, d := range due {
		claims.Go(func() error {
			wanted, err := p.o.Store.Claim(claimCtx, d, now.Add(p.o.Claim))
			if errors.Is(err, ErrHeld) {
				late.lose()
				return nil
			}
			if err != nil {
				return err
			}
			late.note(Perspective(d.Asset.Perspective()), now.Sub(wanted))
			mu.Lock()
			defer mu.Unlock()
			wakes = append(wakes, Wake{Asset: d.Asset})
			return nil
		})
	}
	err := claims.Wait()
	if len(wakes) == 0 {
		return err
	}
	return errors.Join(err, p.o.Wakes.SendBatch(ctx, wakes))
}

// lateness is what a run learns.
type lateness struct {
	mu          sync.Mutex
	oldest      map[Perspective]time.Duration
	woken, lost int
}

func (l *lateness) note(perspective Perspective, age time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.woken++
	l.oldest[perspective] = max(l.oldest[perspective], age)
}

func (l *lateness) lose() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost++
}
