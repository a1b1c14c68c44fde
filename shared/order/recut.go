package order

import (
	"context"
	"errors"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Recut changes how a stream is cut into windows: as a whole, or not at all.
type Recut struct {
	Keep   Window       // exists: its new state
	Pages  []Checkpoint // of Keep, to be stored
	Forget []Checkpoint // of Keep, to be removed
	Add    []Window     // do not exist yet
	Drop   []Dropped    // exist, and become part of Keep
}

// Dropped is a window that goes with its pages.
type Dropped struct {
	Window Window
	Pages  []Checkpoint
}

// Limits of one Recut. A DynamoDB transaction takes 100 items.
const (
	mostParts  = 50
	mostMerged = 90 // pages of two windows that are merged
)

// codeTimeout is TikTok Shop's time-out within itself, which wide windows meet.
const codeTimeout = 36009007

// tooFullError says that a window holds more rows than one should.
type tooFullError struct{ total int }

func (e *tooFullError) Error() string { return "order: the window holds too many rows" }

// parts cuts a window that ends at end at the given number of even parts.
func (w Window) parts(end time.Time, count int) []time.Time {
	span := end.Sub(w.From)
	cuts := make([]time.Time, 0, count)
	for i := 1; i < count; i++ {
		cuts = append(cuts, w.From.Add(span/time.Duration(count)*time.Duration(i)).Truncate(time.Second))
	}
	return cuts
}

// cutAt parts the window at times within it. The first part keeps the memory;
// it may know more rows than it holds, which its next scan sorts out. All parts
// keep the number of the last scan, which tells that rows may be stored.
func (w Window) cutAt(cuts []time.Time, now time.Time) Recut {
	part := Window{Asset: w.Asset, Perspective: w.Perspective, DueAt: now, Scan: w.Scan, Past: w.Past, Most: w.Most, SlowAt: w.SlowAt, ReadAt: w.ReadAt, NewsAt: w.NewsAt}
	change := Recut{Keep: part}
	change.Keep.From, change.Keep.To, change.Keep.RefusedAt = w.From, cuts[0], w.RefusedAt
	for i, cut := range cuts {
		part.From, part.To = cut, w.To
		if i+1 < len(cuts) {
			part.To = cuts[i+1]
		}
		change.Add = append(change.Add, part)
	}
	return change
}

// tooLong says where to cut a window that ends at end and is longer than TikTok
// Shop takes; nowhere when it is not.
func (r Rules) tooLong(w Window, end, now time.Time) (cuts []time.Time) {
	for at := w.From.Add(r.longest(w, now)); at.Before(end) && len(cuts) < mostParts; at = at.Add(r.longest(w, now)) {
		cuts = append(cuts, at)
	}
	return cuts
}

// longest is how long the window may become by now.
func (r Rules) longest(w Window, now time.Time) time.Duration {
	days := now.Sub(w.SlowAt) / day
	if w.Most <= 0 || days >= 12 { // 2¹² hours are longer than any window
		return r.Longest
	}
	return min(w.Most<<max(0, days), r.Longest)
}

// tooFull says where to cut a window that holds total rows, nowhere when it is
// small enough or cannot be cut any more.
func (r Rules) tooFull(w Window, end time.Time, total int) (cuts []time.Time) {
	if total <= r.Split {
		return nil
	}
	return w.parts(end, min((total+r.SplitTo-1)/r.SplitTo, int(end.Sub(w.From)/r.Shortest), mostParts))
}

// tooSlow says where to cut a window that TikTok Shop has timed out on. One that
// was read at about this length and fits on a page is to blame only when it goes
// on: failures are those in a row before this one.
func (r Rules) tooSlow(w Window, end time.Time, err error, failures int) (cuts []time.Time) {
	var refused *tiktokshop.Error
	suspect := w.Equal == 0 || w.Rows > pageSize || failures >= innocent
	if !errors.As(err, &refused) || refused.Code != codeTimeout || !suspect || end.Sub(w.From) < 2*r.Shortest {
		return nil
	}
	return w.parts(end, 2)
}

// innocent is how many time-outs in a row are not taken to be a small window's fault.
const innocent = 3

// merged is the one window that two side by side become, if they should.
func (r Rules) merged(a, b Window, now time.Time) (m Window, ok bool) {
	end := b.To
	if b.Open() {
		end = now
	}
	span, rows := end.Sub(a.From), a.Rows+b.Rows
	longest := min(r.longest(a, now), r.longest(b, now))
	small := !a.DueAt.IsZero() && !b.DueAt.IsZero() && rows < r.Full && span <= min(r.Join, longest)
	done := a.DueAt.IsZero() && b.DueAt.IsZero() && span <= longest
	if a.Equal == 0 || b.Equal == 0 || !a.ScanTo.IsZero() || !b.ScanTo.IsZero() || !small && !done {
		return m, false
	}
	m = a
	if m.Most == 0 || b.Most > 0 && r.longest(b, now) < r.longest(a, now) {
		m.Most, m.SlowAt = b.Most, b.SlowAt
	}
	m.To, m.DueAt, m.Scan = b.To, sooner(a.DueAt, b.DueAt), max(a.Scan, b.Scan)
	m.ReadAt, m.NewsAt, m.SettleAt = sooner(a.ReadAt, b.ReadAt), later(a.NewsAt, b.NewsAt), sooner(a.SettleAt, b.SettleAt)
	m.Rows, m.Unsettled, m.Digest, m.Equal = rows, a.Unsettled+b.Unsettled, a.Digest+b.Digest, min(a.Equal, b.Equal)
	return m, true
}

// merge makes one window of two side by side, if they are small or done, with
// the memory of both. Done windows are not remembered.
func (f *Fetcher) merge(ctx context.Context, lease Lease, a, b Window) (m Window, ok bool, err error) {
	m, ok = f.rules.merged(a, b, f.now())
	if !ok {
		return a, false, nil
	}
	pagesA, err1 := f.store.Checkpoints(ctx, a)
	pagesB, err2 := f.store.Checkpoints(ctx, b)
	if err := errors.Join(err1, err2); err != nil {
		return a, false, err
	}
	if len(pagesA)+len(pagesB) > mostMerged {
		return a, false, nil
	}
	change := Recut{Keep: m, Forget: pagesA, Drop: []Dropped{{b, pagesB}}}
	if !m.DueAt.IsZero() {
		page := Checkpoint{Scan: m.Scan, SettleAt: m.SettleAt, Marks: remembered(slices.Concat(pagesA, pagesB))}
		change.Pages = []Checkpoint{page}
		change.Forget = slices.DeleteFunc(pagesA, func(p Checkpoint) bool { return p.Page == page.Page })
	}
	if err := f.store.Recut(ctx, lease, change); err != nil {
		return a, false, err
	}
	f.log.InfoContext(ctx, "windows merged", "asset", m.Asset, "perspective", m.Perspective, "from", m.From, "to", m.To, "rows", m.Rows)
	return m, true, nil
}
