package order

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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
	Rules    Rules
	Horizon  time.Duration // how far back the first read of an asset goes
	AtOnce   int           // how many orders of a page are looked up and written at once; 0: 8
}

// Fetcher reads the due windows of assets.
type Fetcher struct {
	store    Store
	searches Searches
	oddities Oddities
	now      func() time.Time
	log      *slog.Logger
	rules    Rules
	horizon  time.Duration
	atOnce   int
}

// NewFetcher makes a fetcher.
func NewFetcher(o FetcherOptions) *Fetcher {
	return &Fetcher{store: o.Store, searches: o.Searches, oddities: o.Oddities, now: o.Now, log: o.Log, rules: o.Rules, horizon: o.Horizon, atOnce: cmp.Or(o.AtOnce, ordersAtOnce)}
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

// stoppedError is errStopped with the windows of the stream that are left.
type stoppedError struct{ left []Window }

func (e *stoppedError) Error() string { return errStopped.Error() }
func (e *stoppedError) Unwrap() error { return errStopped }

// served are the pulls of a lease that no window is left of.
func (e *stoppedError) served(pulls []time.Time) []time.Time {
	return slices.DeleteFunc(slices.Clone(pulls), func(from time.Time) bool {
		return slices.ContainsFunc(e.left, func(w Window) bool { return w.overlaps(from, from.Add(PullSpan)) })
	})
}

// searchError tells TikTok Shop's errors from the store's.
type searchError struct {
	err   error
	first bool // it was the first page of a scan
}

func (e *searchError) Error() string { return "searching orders: " + e.err.Error() }
func (e *searchError) Unwrap() error { return e.err }

// Read reads the asset's due windows, unless another does. What TikTok Shop
// refuses or delays is written to the schedule and is not an error here.
func (f *Fetcher) Read(ctx context.Context, asset account.AssetID) error {
	for {
		now := f.now()
		lease, err := f.store.Acquire(ctx, asset, rand.Text(), now, now.Add(timeLeft(ctx)))
		if errors.Is(err, ErrHeld) || errors.Is(err, ErrUnscheduled) || errors.Is(err, ErrIdle) {
			f.log.InfoContext(ctx, "nothing to read", "asset", asset, "reason", err.Error())
			return nil
		}
		if err != nil {
			return err
		}
		due, err := f.readDue(ctx, &lease)
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
// That one perspective is not allowed to the account does not stop the other.
func (f *Fetcher) readDue(ctx context.Context, lease *Lease) (next time.Time, err error) {
	search, err := f.searches.Open(ctx, lease.Asset)
	if err != nil {
		return time.Time{}, &searchError{err: err}
	}
	search = counted(search, &lease.Calls)
	var refused error
	read := 0
	for _, perspective := range Perspectives(lease.Asset) {
		if perspective == CAP && lease.CAP == Withheld {
			continue
		}
		due, err := f.readStream(ctx, *lease, perspective, search)
		switch {
		case perspective == CAP && withheld(err):
			lease.CAP = Withheld
			f.log.InfoContext(ctx, "the partner is no creator agency as far as TikTok Shop lets us see", "asset", lease.Asset, "error", err)
			continue
		case perspective == CAP && lease.CAP == Untried && unclear(err):
			if due, err = f.postpone(ctx, *lease, perspective); err != nil {
				return time.Time{}, err
			}
		case notAllowed(err):
			refused, due = err, f.now().Add(retrySlow)
			f.log.WarnContext(ctx, "orders of one perspective are refused", "asset", lease.Asset, "perspective", perspective, "error", err)
		case err != nil:
			return time.Time{}, err
		default:
			read++
			if perspective == CAP {
				lease.CAP = Granted
			}
		}
		next = sooner(next, due)
	}
	if read == 0 && refused != nil {
		return time.Time{}, refused
	}
	return next, nil
}

// readStream reads the due windows of one perspective and returns when the next
// one is due.
func (f *Fetcher) readStream(ctx context.Context, lease Lease, perspective Perspective, search Search) (next time.Time, err error) {
	windows, err := f.windows(ctx, lease, perspective)
	if err != nil {
		return time.Time{}, err
	}
	read := map[time.Time]bool{} // by the start of the window
	unread := func() []Window {
		return dueWindows(slices.DeleteFunc(slices.Clone(windows), func(w Window) bool { return read[w.From] }), lease, f.now())
	}
	for {
		due := unread()
		if len(due) == 0 {
			older, err := f.reachBack(ctx, lease, windows[0])
			if err != nil {
				return time.Time{}, err
			}
			if len(older) == 0 {
				break
			}
			windows, due = append(older, windows...), older
		}
		if len(read) > 0 && f.timeUp(ctx, lease) {
			return time.Time{}, &stoppedError{due}
		}
		w := slices.MinFunc(due, f.rules.moreUrgent(f.now()))
		at := slices.IndexFunc(windows, func(other Window) bool { return other.From.Equal(w.From) })
		got, err := f.scan(ctx, lease, w, search)
		if w.past() && refusesPast(err) {
			if got, err = f.scan(ctx, lease, w, search); refusesPast(err) { // once more, to be sure
				if windows, err = f.endAt(ctx, lease, windows, at+1, err); err != nil {
					return time.Time{}, err
				}
				continue
			}
		}
		if errors.Is(err, errStopped) {
			return time.Time{}, &stoppedError{due}
		}
		if err != nil {
			return time.Time{}, fmt.Errorf("window %s of %s: %w", w.From.Format(time.RFC3339), lease.Asset, err)
		}
		windows = slices.Replace(windows, at, at+1, got.windows...)
		if !got.read {
			continue
		}
		for _, w := range got.windows {
			read[w.From] = true
		}
		if windows, err = f.mergeAround(ctx, lease, windows, at, unread()); err != nil {
			return time.Time{}, err
		}
	}
	for _, w := range windows {
		next = sooner(next, w.DueAt)
	}
	return next, nil
}

// mergeAround merges the window with its neighbours, except with those that are
// to be read first.
func (f *Fetcher) mergeAround(ctx context.Context, lease Lease, windows []Window, at int, unread []Window) ([]Window, error) {
	for _, left := range []int{at, at - 1} { // with the next one, then with the one before
		if left < 0 || left+1 >= len(windows) {
			continue
		}
		a, b := windows[left], windows[left+1]
		if slices.ContainsFunc(unread, func(w Window) bool { return w.From.Equal(a.From) || w.From.Equal(b.From) }) {
			continue
		}
		m, ok, err := f.merge(ctx, lease, a, b)
		if err != nil {
			return windows, err
		}
		if ok {
			windows = slices.Replace(windows, left, left+2, m)
		}
	}
	return windows, nil
}

// withheld reports whether err says that the account is not given CAP orders.
func withheld(err error) bool {
	var refused *tiktokshop.Error
	return errors.As(err, &refused) && (refused.Kind == tiktokshop.NotAllowed || refused.Kind == tiktokshop.MissingScope)
}

// unclear reports whether err may be how TikTok Shop says so to accounts that
// are no agency, or may have another cause.
func unclear(err error) bool {
	var refused *tiktokshop.Error
	return errors.As(err, &refused) && slices.Contains([]tiktokshop.ErrorKind{tiktokshop.BadRequest, tiktokshop.Missing, tiktokshop.WrongAccount, tiktokshop.Retired}, refused.Kind)
}

// postpone leaves the due windows of a perspective alone for a while.
func (f *Fetcher) postpone(ctx context.Context, lease Lease, perspective Perspective) (until time.Time, err error) {
	windows, err := f.store.Windows(ctx, lease.Asset, perspective)
	if err != nil {
		return time.Time{}, err
	}
	until = f.now().Add(retrySlow)
	for _, w := range dueWindows(windows, lease, f.now()) {
		w.DueAt = until
		if err := f.store.SaveWindow(ctx, lease, w, nil); err != nil {
			return time.Time{}, err
		}
	}
	f.log.WarnContext(ctx, "it is not clear whether the partner has CAP orders", "asset", lease.Asset, "due_at", until)
	return until, nil
}

func notAllowed(err error) bool {
	var refused *tiktokshop.Error
	return errors.As(err, &refused) && refused.Kind == tiktokshop.NotAllowed
}

// windows lists the stream's windows and makes the first one.
func (f *Fetcher) windows(ctx context.Context, lease Lease, perspective Perspective) ([]Window, error) {
	windows, err := f.store.Windows(ctx, lease.Asset, perspective)
	if err != nil || len(windows) > 0 {
		return windows, err
	}
	windows = []Window{firstWindow(lease.Asset, perspective, f.horizon, f.now())}
	return windows, f.store.CreateWindows(ctx, lease, windows)
}

func (f *Fetcher) timeUp(ctx context.Context, lease Lease) bool {
	return timeLeft(ctx) <= stopAhead || !f.now().Add(stopAhead).Before(lease.Until)
}

// settle turns the outcome of a read into the asset's next due time.
func (f *Fetcher) settle(ctx context.Context, lease Lease, due time.Time, outcome error) (again bool, err error) {
	now, failures := f.now(), 0
	var refused *searchError
	var stopped *stoppedError
	switch kind := fault.KindOf(outcome); {
	case outcome == nil:
	case errors.Is(outcome, ErrFenced):
		f.log.WarnContext(ctx, "the lease was lost to another reader", "asset", lease.Asset)
		return false, nil
	case errors.As(outcome, &stopped):
		due, lease.Pulls = now, stopped.served(lease.Pulls)
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

// counted counts the calls of a search, whatever comes of them.
func counted(search Search, calls *int64) Search {
	return func(ctx context.Context, q Query) (Page, error) {
		*calls++
		return search(ctx, q)
	}
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
