package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// PlannerOptions is what a Planner is made of.
type PlannerOptions struct {
	Store  DueStore
	Wakes  Wakes
	Now    func() time.Time
	Log    *slog.Logger
	Shards int // of the due index
}

// Planner wakes lanes that are due. It may run twice at once: each lane is
// claimed by one run.
type Planner struct{ PlannerOptions }

// NewPlanner makes a planner.
func NewPlanner(o PlannerOptions) *Planner { return &Planner{o} }

const (
	// claimTime is how long a woken lane is left alone if nobody works at it.
	claimTime = 2 * time.Minute
	// perShard is how many lanes of a shard one run wakes; the rest is due at the next.
	perShard = 200
)

// Run wakes what is due. A lane that is claimed but not woken is due again when
// the claim ends.
func (p *Planner) Run(ctx context.Context) (woken int, err error) {
	now := p.Now()
	var faults []error
	for shard := range p.Shards {
		due, err := p.Store.Due(ctx, shard, now, perShard)
		if err != nil {
			faults = append(faults, fmt.Errorf("planning shard %d: %w", shard, err))
			continue
		}
		for _, d := range due {
			err := p.Store.Claim(ctx, d, now.Add(claimTime))
			if err == nil {
				err = p.Wakes.Send(ctx, Wake{Lane: d.Lane})
			}
			switch {
			case errors.Is(err, ErrHeld):
			case err != nil:
				faults = append(faults, err)
			default:
				woken++
			}
		}
	}
	p.Log.InfoContext(ctx, "lanes of jobs woken", "count", woken)
	return woken, errors.Join(faults...)
}
