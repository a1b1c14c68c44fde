package order

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/job"
)

// BackfillParams say which orders of an asset a job has read.
type BackfillParams struct {
	// From is the first create time. Empty: as far back as TikTok Shop answers, which is taken to be where it refuses, or where
	// two years in a row hold no order; what has been read already is then not read anew.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"` // exclusive; empty: when the job was made
}

// Limits of a backfill.
const (
	backfillMost  = 10 * 365 * day    // from From to To
	backfillChunk = 88 * day          // of create times, one item of the job; no order search takes many more at a time
	backfillAhead = 3 * backfillChunk // asked for together with a chunk, so that the job rarely waits
	backfillEmpty = 2 * 365 * day
)

// Times after which a job looks again whether its orders have been read.
const (
	backfillLook  = 3 * time.Second // at first; later after a share of the time since they were asked for
	backfillShare = 4
	backfillPause = 5 * time.Minute // at most
)

// check names a fault of parameters that are given at a time.
func (p BackfillParams) check(now time.Time, fault func(pointer, format string, args ...any)) {
	to := p.To
	if to.IsZero() {
		to = now
	}
	switch {
	case to.After(now):
		fault("/params/to", "must not lie in the future")
	case to.Before(Earliest()):
		fault("/params/to", "must not be before the year 2000")
	case p.From.IsZero():
	case !p.From.Before(to):
		fault("/params/from", "must be before to, which is now when left out")
	case to.Sub(p.From) > backfillMost:
		fault("/params/from", "must be at most ten years before to")
	}
}

// BackfillSpec describes jobs that have past orders read.
func BackfillSpec() job.Spec {
	return job.Spec{
		Name: "orders_backfill", Connected: true, Open: true, StepItems: 1,
		Check: func(ask job.Ask, fault func(pointer, format string, args ...any)) (chunks int) {
			p, err := job.ReadParams[BackfillParams](ask.Params)
			if err != nil {
				fault("/params", "is not what orders_backfill takes: %s", err)
				return 0
			}
			p.check(ask.At, fault)
			if p.From.IsZero() {
				return 0
			}
			from, to := p.span(ask.At)
			return int((to.Sub(from) + backfillChunk - 1) / backfillChunk)
		},
	}
}

// span is what a job that was made at a time has to get through.
func (p BackfillParams) span(made time.Time) (from, to time.Time) {
	to, from = p.To.Truncate(time.Second), p.From.Truncate(time.Second)
	if p.To.IsZero() {
		to = made.Truncate(time.Second)
	}
	return later(from, to.Add(-backfillMost)), to
}

// BackfillStore is the part of the store that a backfill needs.
type BackfillStore interface {
	Past
	// Windows lists the windows of a stream in order.
	Windows(ctx context.Context, asset account.AssetID, perspective Perspective) ([]Window, error)
	// Reading tells how an asset is being read.
	Reading(ctx context.Context, asset account.AssetID, now time.Time) (Reading, error)
}

// Backfill is the kind of job that has past orders read: chunk by chunk, the
// newest first, it asks for them and waits until the asset's reader has been
// there. It only asks and looks, so a step may be run twice.
type Backfill struct {
	store BackfillStore
	wakes Wakes
	now   func() time.Time
}

// NewBackfill asks store and wakes readers.
func NewBackfill(store BackfillStore, wakes Wakes, now func() time.Time) *Backfill {
	return &Backfill{store: store, wakes: wakes, now: now}
}

// Spec implements job.Kind.
func (*Backfill) Spec() job.Spec { return BackfillSpec() }

// Backfilled is the result of a chunk.
type Backfilled struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Rows int       `json:"rows"` // of the windows that hold its orders
	// Begins is given when TikTok Shop refuses orders that are older.
	Begins time.Time `json:"begins,omitzero"`
}

// backfillPlace is where a job goes on.
type backfillPlace struct {
	To    time.Time     `json:"to"`    // end of the next chunk
	Empty time.Duration `json:"empty"` // create times in a row without an order
}

// Run implements job.Kind.
func (b *Backfill) Run(ctx context.Context, step job.Step) (job.Outcome, error) {
	params, err := job.ReadParams[BackfillParams](step.Job.Params)
	if err != nil {
		return job.Outcome{}, err
	}
	first, to := params.span(step.Job.CreatedAt)
	at := backfillPlace{To: to}
	if len(step.Job.Cursor) > 0 {
		if err := json.Unmarshal(step.Job.Cursor, &at); err != nil {
			return job.Outcome{}, err
		}
	}
	c := chunk{
		asset: step.Job.Asset, from: later(at.To.Add(-backfillChunk), first), to: at.To,
		asked: step.Job.CreatedAt, ahead: later(at.To.Add(-backfillChunk-backfillAhead), first), anew: !params.From.IsZero(),
	}
	if err := b.look(ctx, &c); err != nil {
		return job.Outcome{}, err
	}
	if c.rows > 0 {
		at.Empty = 0
	} else {
		at.Empty += c.to.Sub(c.from)
	}
	at.To = c.from
	begins, refused := c.refused()
	result, err := job.Succeeded(Backfilled{From: c.from, To: c.to, Rows: c.rows, Begins: begins})
	if err != nil {
		return job.Outcome{}, err
	}
	result.Index = step.Start
	out := job.Outcome{Results: []job.Result{result}}
	out.Last = refused || !first.Before(c.from) || params.From.IsZero() && at.Empty >= backfillEmpty
	if out.Last {
		out.Total = step.Start + 1
	}
	out.Cursor, err = json.Marshal(at)
	return out, err
}

// chunk is a part of a backfill.
type chunk struct {
	asset    account.AssetID
	from, to time.Time
	asked    time.Time // when the backfill was asked for
	ahead    time.Time // how far back to go on reading meanwhile
	anew     bool      // what was read before that is to be read anew

	wish    Reach
	streams int
	unread  bool
	rows    int
	begins  []time.Time // of the streams that TikTok Shop refuses the rest of
}

// look finds out whether the chunk has been read, and asks for what has not. A
// chunk that is not read in full is *job.LaterError.
func (b *Backfill) look(ctx context.Context, c *chunk) error {
	reading, err := b.store.Reading(ctx, c.asset, b.now())
	if err != nil {
		return err
	}
	for _, perspective := range Perspectives(c.asset) {
		if perspective == CAP && reading.CAP != Granted {
			continue
		}
		windows, err := b.store.Windows(ctx, c.asset, perspective)
		if err != nil {
			return err
		}
		c.streams++
		c.stream(windows)
	}
	if !c.unread {
		return nil
	}
	wait := max(backfillLook, b.now().Sub(later(reading.PastAt, c.asked))/backfillShare) // many jobs may wait for a long queue
	if wanted := reading.WantedAt.Sub(b.now()); !reading.Busy && wanted > 0 {
		wait = wanted + backfillLook
	}
	wait = min(wait, backfillPause)
	if c.wish.Since.IsZero() && len(c.wish.Again) == 0 && reading.Scheduled {
		return &job.LaterError{Wait: wait}
	}
	c.wish.Asked = c.asked
	news, err := b.store.Reach(ctx, c.asset, c.wish, b.now())
	switch {
	case errors.Is(err, ErrUnscheduled):
		return fault.Wrap("order.Backfill", fault.Reconnect, "Orders of this asset are not read any more, since the access to it has ended. Resume the job when the account is connected again.", err)
	case err != nil:
		return err
	case news:
		if reading.Failures == 0 {
			wait = backfillLook
		}
		err = b.wakes.SendBatch(ctx, []any{Wake{Asset: c.asset}})
	}
	return errors.Join(err, &job.LaterError{Wait: wait})
}

// stream takes note of what is missing in the windows of a stream.
func (c *chunk) stream(windows []Window) {
	if len(windows) == 0 { // its first read will make them
		c.unread = true
		return
	}
	begin := windows[0]
	if c.from.Before(begin.From) {
		if begin.RefusedAt.Before(c.asked.Truncate(time.Millisecond)) {
			c.unread, c.wish.Since = true, c.ahead
		} else {
			c.begins = append(c.begins, begin.From)
		}
	}
	for _, w := range windows {
		if !w.overlaps(c.from, c.to) {
			continue
		}
		c.rows += w.Rows
		switch {
		case w.ReadAt.IsZero():
			c.unread = true
		case c.anew && w.ReadAt.Before(c.asked.Truncate(time.Millisecond)):
			c.unread, c.wish.Again = true, append(c.wish.Again, w.From)
		}
	}
}

// refused says where the orders begin that TikTok Shop tells of, when it refuses
// a part of the chunk in every perspective.
func (c *chunk) refused() (begins time.Time, refused bool) {
	if len(c.begins) == 0 || len(c.begins) < c.streams {
		return time.Time{}, false
	}
	return slices.MinFunc(c.begins, time.Time.Compare), true
}
