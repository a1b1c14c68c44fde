package conversion

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/order"
)

// Key names a day of one asset from one perspective.
type Key struct {
	Asset       account.AssetID
	Perspective order.Perspective
	Day         time.Time // UTC midnight
}

// ErrStale says that another has added up the day since it was looked at.
var ErrStale = errors.New("conversion: the day was added up by another")

// Kept is what a store holds of a day, as far as the next sum must know it.
type Kept any

// Store keeps rows and their sums. Reads are strongly consistent.
type Store interface {
	// Kept looks at what is held of a day.
	Kept(ctx context.Context, key Key) (Kept, error)
	// DayRows calls each with every row of the day, in order.
	DayRows(ctx context.Context, key Key, each func(order.Row)) error
	// Keep replaces what is held of the day, as far as it differs. It is ErrStale
	// when that is not what was Kept any more. It returns the number of items written.
	Keep(ctx context.Context, key Key, kept Kept, day *Day, now time.Time) (written int, err error)
}

// Roller adds up days.
type Roller struct {
	store Store
	now   func() time.Time
}

// NewRoller adds up what the store holds.
func NewRoller(store Store, now func() time.Time) *Roller { return &Roller{store: store, now: now} }

const (
	daysAtOnce = 8
	rollTries  = 5
)

// Roll adds up the days anew. What it returns are the errors of those days that
// could not be.
func (r *Roller) Roll(ctx context.Context, keys []Key) (written int, failed map[Key]error) {
	failed = map[Key]error{}
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(daysAtOnce)
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
// that whoever replaces it has seen all that was there then: the last to begin
// is the one that stays.
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
		n, err := r.store.Keep(ctx, key, kept, &day, r.now())
		written += n
		if !errors.Is(err, ErrStale) {
			return written, err
		}
	}
	return written, fault.New("conversion.Roll", fault.Unavailable, fmt.Sprintf("the %s of %s was in others' hands all the time", key.Day.Format(time.DateOnly), key.Asset))
}
