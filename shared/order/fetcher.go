package order

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Searches opens order searches; *TikTok is one.
type Searches interface {
	Open(ctx context.Context, asset account.AssetID) (Search, error)
}

// Oddities takes note of what somebody should look into.
type Oddities interface {
	// UnreadableRows is told how many rows came with fields that are not of the documented form.
	UnreadableRows(n int)
}

// FetcherOptions is what a Fetcher is made of.
type FetcherOptions struct {
	Store    Store
	Searches Searches
	Oddities Oddities
	Now      func() time.Time
	Log      *slog.Logger
	Cadence  Cadence
	Horizon  time.Duration // how far back the first read of an asset goes
}

// Fetcher reads the due windows of assets.
type Fetcher struct {
	store    Store
	searches Searches
	oddities Oddities
	now      func() time.Time
	log      *slog.Logger
	cadence  Cadence
	horizon  time.Duration
}

// NewFetcher makes a fetcher.
func NewFetcher(o FetcherOptions) *Fetcher {
	return &Fetcher{store: o.Store, searches: o.Searches, oddities: o.Oddities, now: o.Now, log: o.Log, cadence: o.Cadence, horizon: o.Horizon}
}

// The times of a read.
const (
	leaseTime = 2 * time.Minute  // when the invocation has no deadline
	stopAhead = 15 * time.Second // what is kept of a lease to end a page and to reschedule

	retryFirst = time.Minute // after a failure; doubles with each one in a row
	retryMost  = time.Hour
	retrySlow  = 6 * time.Hour // after a refusal that time alone rarely heals
)

// errStopped says that the time is up; what is left stays due.
var errStopped = errors.New("order: the time of this read is up")

// searchError tells TikTok Shop's errors from the store's.
type searchError struct{ err error }

func (e *searchError) Error() string { return "searching orders: " + e.err.Error() }
func (e *searchError) Unwrap() error { return e.err }

// Read reads the asset's due windows, unless another does. What TikTok Shop
// refuses or delays is written to the schedule and is not an error here.
func (f *Fetcher) Read(ctx context.Context, asset account.AssetID) error {
	for {
		now := f.now()
		lease, err := f.store.Acquire(ctx, asset, rand.Text(), now, now.Add(timeLeft(ctx)))
		if errors.Is(err, ErrHeld) || errors.Is(err, ErrUnscheduled) {
			f.log.InfoContext(ctx, "nothing to read", "asset", asset, "reason", err.Error())
			return nil
		}
		if err != nil {
			return err
		}
		due, err := f.readDue(ctx, lease)
		again, err := f.settle(ctx, lease, due, err)
		if err != nil || !again || timeLeft(ctx) <= stopAhead {
			return err
		}
	}
}

// timeLeft is how long a read may take, from the invocation's deadline.
func timeLeft(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return time.Until(deadline)
	}
	return leaseTime
}

// readDue reads the windows that are due and returns when the asset is due next.
func (f *Fetcher) readDue(ctx context.Context, lease Lease) (next time.Time, err error) {
	search, err := f.searches.Open(ctx, lease.Asset)
	if err != nil {
		return time.Time{}, &searchError{err}
	}
	for _, perspective := range Perspectives(lease.Asset) {
		windows, err := f.windows(ctx, lease, perspective)
		if err != nil {
			return time.Time{}, err
		}
		dues := map[time.Time]time.Time{} // by the start of the window
		for _, w := range windows {
			dues[w.From] = w.DueAt
		}
		for i, w := range f.dueWindows(windows, lease, f.now()) {
			if i > 0 && f.timeUp(ctx, lease) {
				return time.Time{}, errStopped
			}
			read, following, err := f.scan(ctx, lease, w, search)
			if err != nil {
				return time.Time{}, fmt.Errorf("window %s of %s: %w", w.From.Format(time.RFC3339), lease.Asset, err)
			}
			dues[read.From] = read.DueAt
			if following != nil {
				dues[following.From] = following.DueAt
			}
		}
		for _, due := range dues {
			if !due.IsZero() && (next.IsZero() || due.Before(next)) {
				next = due
			}
		}
	}
	return next, nil
}

// windows lists the stream's windows and makes the first ones.
func (f *Fetcher) windows(ctx context.Context, lease Lease, perspective Perspective) ([]Window, error) {
	windows, err := f.store.Windows(ctx, lease.Asset, perspective)
	if err != nil || len(windows) > 0 {
		return windows, err
	}
	windows = firstWindows(lease.Asset, perspective, f.horizon, f.now())
	return windows, f.store.CreateWindows(ctx, lease, windows)
}

func (f *Fetcher) timeUp(ctx context.Context, lease Lease) bool {
	return timeLeft(ctx) <= stopAhead || !f.now().Add(stopAhead).Before(lease.Until)
}

// settle turns the outcome of a read into the asset's next due time.
func (f *Fetcher) settle(ctx context.Context, lease Lease, due time.Time, outcome error) (again bool, err error) {
	now, failures := f.now(), 0
	var refused *searchError
	switch kind := fault.KindOf(outcome); {
	case outcome == nil:
	case errors.Is(outcome, ErrFenced):
		f.log.WarnContext(ctx, "the lease was lost to another reader", "asset", lease.Asset)
		return false, nil
	case errors.Is(outcome, errStopped):
		due = now
	case !errors.As(outcome, &refused): // the store's, or our own
		due, failures, err = now.Add(retryFirst), lease.Failures+1, outcome
		lease.DoubtAt = now
	case kind == fault.Reconnect && f.unreachable(ctx, lease.Asset), kind == fault.NotFound && f.unreachable(ctx, lease.Asset):
		due = time.Time{}
		f.log.WarnContext(ctx, "orders are not read any more until the account is connected again", "asset", lease.Asset, "error", outcome)
	default:
		failures = lease.Failures + 1
		due = now.Add(backoff(kind, failures, retryAfter(outcome)))
		f.log.WarnContext(ctx, "orders could not be read", "asset", lease.Asset, "failures", failures, "due_at", due, "error", outcome)
	}
	again, releaseErr := f.store.Release(context.WithoutCancel(ctx), lease, now, due, failures)
	if errors.Is(releaseErr, ErrFenced) {
		releaseErr = nil
	}
	return again && outcome == nil, errors.Join(err, releaseErr)
}

// unreachable asks again, because another account may hold the same asset.
func (f *Fetcher) unreachable(ctx context.Context, asset account.AssetID) bool {
	_, err := f.searches.Open(ctx, asset)
	return fault.Is(err, fault.Reconnect) || fault.Is(err, fault.NotFound)
}

// backoff is how long to leave an asset alone after a failure.
func backoff(kind fault.Kind, failures int, after time.Duration) time.Duration {
	switch kind {
	case fault.RateLimited, fault.Unavailable, fault.OutcomeUnknown, fault.Internal:
		return max(after, min(retryFirst<<min(failures-1, 10), retryMost))
	}
	return max(after, retrySlow)
}

func retryAfter(err error) time.Duration {
	var refused *tiktokshop.Error
	if errors.As(err, &refused) {
		return refused.RetryAfter
	}
	var ours *fault.Error
	if errors.As(err, &ours) {
		return ours.RetryAfter
	}
	return 0
}
