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
	Again     time.Duration // how often an asset is woken that stays due; longer than a read takes, at least a second
}

// Planner wakes the readers of assets that are due. Its cost grows with what is
// due, and it writes nothing for it but one mark a run: what is claimed is the
// time since the last run, not each asset. So two planners at once do not do
// the work twice, and a run after a long break takes all that has become due.
//
// A wake can be lost: the run ends before it has sent all, the queue refuses,
// a reader dies, the due index shows an entry too late. Nothing remembers that,
// and nothing has to: an asset whose read has not ended stays due, and is woken
// again whenever it has been for another Again. A wake too many is cheap, as
// the reader's lease is refused while another reads and when nothing is due.
type Planner struct{ o PlannerOptions }

// NewPlanner makes a planner.
func NewPlanner(o PlannerOptions) *Planner {
	o.Again = max(o.Again, time.Second)
	return &Planner{o: o}
}

const shardsAtOnce = 4

// Run sends a wake for what has become due since the last run, and for what is
// due for so long that it is time to repeat it.
func (p *Planner) Run(ctx context.Context) (woken int, err error) {
	now := p.o.Now()
	from, err := p.o.Store.Advance(ctx, now, now.Add(p.o.Again))
	if errors.Is(err, ErrPlanned) {
		p.o.Log.InfoContext(ctx, "order reads are planned by another")
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	r := &run{from: from, to: now, again: p.o.Again, oldest: map[Perspective]time.Duration{Seller: 0, Creator: 0, TAP: 0}}
	var shards errgroup.Group // each goes on when another fails: the mark has moved for all
	shards.SetLimit(shardsAtOnce)
	for shard := range p.o.Shards {
		shards.Go(func() error {
			if err := p.plan(ctx, shard, r); err != nil {
				return fmt.Errorf("planning shard %d: %w", shard, err)
			}
			return nil
		})
	}
	err = shards.Wait()
	for perspective, age := range r.oldest {
		p.o.Freshness.Overdue(perspective, age)
	}
	p.o.Log.InfoContext(ctx, "order reads planned", "since", from, "due", r.due, "woken", r.woken)
	return r.woken, err
}

// plan sends the wakes of a shard, page by page. One that the queue does not
// take is no reason to keep the next from it.
func (p *Planner) plan(ctx context.Context, shard int, r *run) error {
	var refused []error
	err := p.o.Store.Due(ctx, shard, r.to, func(due []Due) error {
		wakes := r.take(due)
		if len(wakes) == 0 {
			return nil
		}
		if err := p.o.Wakes.SendBatch(ctx, wakes); err != nil {
			refused = append(refused, err)
			return ctx.Err()
		}
		r.sent(len(wakes))
		return nil
	})
	return errors.Join(append(refused, err)...)
}

// run hands out the time from the last run's to its own.
type run struct {
	from, to time.Time
	again    time.Duration

	mu         sync.Mutex
	oldest     map[Perspective]time.Duration // of all that is due
	due, woken int
}

// wakes reports whether an asset that is due since at is woken by this run.
func (r *run) wakes(at time.Time) bool {
	if at.After(r.from.Add(-Slack)) {
		return true
	}
	return r.to.Sub(at)/r.again > r.from.Sub(at)/r.again
}

// take notes a page of due assets and returns the wakes to send for it.
func (r *run) take(due []Due) (wakes []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.due += len(due)
	for _, d := range due {
		perspective := Perspective(d.Asset.Perspective())
		r.oldest[perspective] = max(r.oldest[perspective], r.to.Sub(d.At))
		if r.wakes(d.At) {
			wakes = append(wakes, Wake{Asset: d.Asset})
		}
	}
	return wakes
}

func (r *run) sent(wakes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.woken += wakes
}
