package conversion

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/fault"
)

// RollerOptions is what a Roller is made of.
type RollerOptions struct {
	Store  Store
	Now    func() time.Time
	Sizes  Sizes
	AtOnce int // days, and parts of a day; 0: 8
}

// Roller adds up days.
type Roller struct {
	store   Store
	now     func() time.Time
	sizes   Sizes
	atOnce  int
	packers sync.Pool
}

// NewRoller adds up what the store holds.
func NewRoller(o RollerOptions) *Roller {
	if o.AtOnce == 0 {
		o.AtOnce = 8
	}
	return &Roller{store: o.Store, now: o.Now, sizes: o.Sizes.orDefault(), atOnce: o.AtOnce, packers: sync.Pool{New: func() any { return newPacker() }}}
}

const rollTries = 5

// Roll adds up the days anew. What it returns are the errors of those days that
// could not be.
func (r *Roller) Roll(ctx context.Context, keys []Key) (written int, failed map[Key]error) {
	failed = map[Key]error{}
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(r.atOnce)
	for _, key := range keys {
		group.Go(func() error {
			n, err := r.roll(ctx, key)
			mu.Lock()
			defer mu.Unlock()
			written += n
			if err != nil {
				failed[key] = err
			}
			return nil
		})
	}
	_ = group.Wait()
	return written, failed
}

// roll adds up one day. The rows are read after what is kept was looked at, so
// that whoever replaces it has seen all that its writer has: see keep.go.
func (r *Roller) roll(ctx context.Context, key Key) (written int, err error) {
	for range rollTries {
		kept, err := r.store.Kept(ctx, key)
		if err != nil {
			return written, err
		}
		var day Day
		if err := r.store.DayRows(ctx, key, day.Add); err != nil {
			return written, err
		}
		n, err := r.keep(ctx, key, kept, &day)
		written += n
		if !errors.Is(err, ErrStale) {
			return written, err
		}
	}
	return written, fault.New("conversion.Roll", fault.Unavailable, fmt.Sprintf("the %s of %s was in others' hands all the time", key.Day.Format(time.DateOnly), key.Asset))
}
