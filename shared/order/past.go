package order

import (
	"context"
	"errors"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Reach is a wish for an asset's past.
type Reach struct {
	Since time.Time   // orders created since then are wanted; zero: no further back than is read
	Again []time.Time // the windows around these create times are to be read anew
	Asked time.Time   // when; a refusal that is older does not count any more
}

// Past takes wishes for the past of assets.
type Past interface {
	// Reach adds to what is wished of an asset and makes the asset due, unless it is failing: then it keeps its time of trying
	// again. news says whether anything was not wished already. It answers ErrUnscheduled when the asset's orders are not read.
	Reach(ctx context.Context, asset account.AssetID, wish Reach, now time.Time) (news bool, err error)
}

// The past of a stream, beyond its first read, is read window by window from
// the newest to the oldest, each when nothing else is due.

// reachBack makes the window before the first one, if the asset is to be read
// further back.
func (f *Fetcher) reachBack(ctx context.Context, lease Lease, first Window) (older []Window, err error) {
	if lease.Since.IsZero() || !lease.Since.Before(first.From) || !first.RefusedAt.Before(lease.SinceAt) {
		return nil, nil
	}
	older = []Window{{
		Asset: first.Asset, Perspective: first.Perspective, To: first.From, DueAt: f.now(), Past: true,
		From: later(lease.Since, first.From.Add(-f.rules.Longest)),
	}}
	return older, f.store.CreateWindows(ctx, lease, older)
}

// past reports whether the window is of the past and has never been read.
func (w Window) past() bool { return w.Past && w.ReadAt.IsZero() }

// refusesPast reports whether err may be how TikTok Shop says that it does not
// tell of orders this old: no limit is documented, and so no code for it.
func refusesPast(err error) bool {
	var search *searchError
	var refused *tiktokshop.Error
	return errors.As(err, &search) && search.first && errors.As(err, &refused) && slices.Contains([]tiktokshop.ErrorKind{tiktokshop.BadRequest, tiktokshop.UnknownCode}, refused.Kind)
}

// endAt lets the stream begin with windows[at], since what lies before is
// refused.
func (f *Fetcher) endAt(ctx context.Context, lease Lease, windows []Window, at int, refusal error) ([]Window, error) {
	first := windows[at]
	first.RefusedAt = later(f.now(), lease.SinceAt) // clocks differ
	change := Recut{Keep: first}
	for _, w := range windows[:at] {
		pages, err := f.store.Checkpoints(ctx, w)
		if err != nil {
			return windows, err
		}
		change.Drop = append(change.Drop, Dropped{w, pages})
	}
	if err := f.store.Recut(ctx, lease, change); err != nil {
		return windows, err
	}
	f.log.WarnContext(ctx, "TikTok Shop refuses older orders", "asset", lease.Asset, "perspective", first.Perspective, "before", first.From, "error", refusal)
	return append([]Window{first}, windows[at+1:]...), nil
}
