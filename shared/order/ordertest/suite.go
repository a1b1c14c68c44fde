package ordertest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order"
)

// Store is everything the suite asks of a store.
type Store interface {
	order.Store
	order.DueStore
	order.Past
	Ask(ctx context.Context, asset account.AssetID, now time.Time) error
	Reading(ctx context.Context, asset account.AssetID, now time.Time) (order.Reading, error)
}

// Harness is a store under test, empty and of its own.
type Harness struct {
	Store Store
	Enrol func(t *testing.T, asset account.AssetID, now time.Time) // as a consent does
}

// Suite is the conformance test of stores: the real one and the one in memory
// pass it.
func Suite(t *testing.T, open func(t *testing.T) Harness) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Harness){
		"rows are created once and replaced in turn": rowsInTurn,
		"rows between two times":                     rowsBetween,
		"schedule":                                   scheduling,
		"a read that nobody needs is refused":        idle,
		"asking for what is due already":             asking,
		"the planner's mark":                         mark,
		"a reconnect while it is taken off":          reconnect,
		"CAP orders are learned":                     capability,
		"doubt":                                      doubt,
		"windows and checkpoints":                    windows,
		"windows are recut as a whole or not at all": recut,
		"one lease, one planner":                     races,
		"the past is asked for":                      past,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

const (
	shop    = account.AssetID("shop:7494049642642441621")
	partner = account.AssetID("tap:main:partner:6AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA:860872:US")
)

func noon() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

func rowsInTurn(t *testing.T, h Harness) {
	t.Helper()
	row := TAPRow(t, partner, "576461234567890123", time.Date(2026, 10, 20, 9, 30, 0, 0, time.UTC), "PENDING")
	older, newer := order.Lease{Asset: partner, Fence: 1}, order.Lease{Asset: partner, Fence: 2}

	require.ErrorIs(t, h.Store.Replace(t.Context(), older, row), order.ErrStale, "not there")
	require.NoError(t, h.Store.Create(t.Context(), older, row))
	var exists *order.ExistsError
	require.ErrorAs(t, h.Store.Create(t.Context(), newer, row), &exists)
	assert.Equal(t, row, exists.Row)

	second := row
	second.Rev, second.SettledSeenAt, second.SettledSeenAfter, second.MissingSince = 2, noon(), noon().Add(-time.Hour), noon().Add(time.Millisecond)
	second.History = append(row.History, order.StatusChange{At: noon(), From: order.Pending, To: order.Settled})
	require.NoError(t, h.Store.Replace(t.Context(), newer, second))
	require.ErrorIs(t, h.Store.Replace(t.Context(), newer, second), order.ErrStale)
	third := row
	third.Rev = 3
	require.ErrorIs(t, h.Store.Replace(t.Context(), older, third), order.ErrFenced, "an older lease may not write over a newer one")

	other := row
	other.Ordinal = 1
	require.NoError(t, h.Store.Create(t.Context(), older, other))
	found, err := h.Store.Order(t.Context(), partner, order.TAP, row.OrderID)
	require.NoError(t, err)
	assert.ElementsMatch(t, []order.Row{second, other}, found, "what was stored comes back")
	found, err = h.Store.Order(t.Context(), partner, order.CAP, row.OrderID)
	require.NoError(t, err)
	assert.Empty(t, found, "perspectives are apart")
}

func rowsBetween(t *testing.T, h Harness) {
	t.Helper()
	start := time.Date(2026, 8, 30, 0, 0, 0, 0, time.UTC)
	var ids []string
	for i := range 20 { // over three months' ends
		id := fmt.Sprintf("5764%03d", i)
		ids = append(ids, id)
		require.NoError(t, h.Store.Create(t.Context(), order.Lease{Fence: 1}, TAPRow(t, partner, id, start.Add(time.Duration(i)*72*time.Hour), "PENDING")))
	}
	between := func(from, to time.Time) (got []string) {
		require.NoError(t, h.Store.Between(t.Context(), partner, order.TAP, from, to, func(rows []order.Row) error {
			for _, row := range rows {
				got = append(got, row.OrderID)
			}
			return nil
		}))
		return got
	}
	assert.Equal(t, ids, between(start, start.AddDate(0, 6, 0)))
	assert.Equal(t, ids[1:4], between(start.Add(72*time.Hour), start.Add(4*72*time.Hour)), "from is inclusive, to exclusive")
	assert.Empty(t, between(start.Add(time.Second), start.Add(72*time.Hour)))
	stop := fmt.Errorf("stop")
	require.ErrorIs(t, h.Store.Between(t.Context(), partner, order.TAP, start, start.AddDate(0, 6, 0), func([]order.Row) error { return stop }), stop)
}

func allDue(t *testing.T, store Store, now time.Time) (all []order.Due) {
	t.Helper()
	for shard := range Shards {
		require.NoError(t, store.Due(t.Context(), shard, now, func(due []order.Due) error {
			all = append(all, due...)
			return nil
		}))
	}
	return all
}

func scheduling(t *testing.T, h Harness) {
	t.Helper()
	ctx, store, now := t.Context(), h.Store, noon()
	require.ErrorIs(t, store.Ask(ctx, shop, now), order.ErrUnscheduled)
	h.Enrol(t, shop, now)

	due := allDue(t, store, now)
	require.Equal(t, []order.Due{{Asset: shop, At: now}}, due)
	assert.Empty(t, allDue(t, store, now.Add(-time.Second)))

	first, err := store.Acquire(ctx, shop, "first", now, now.Add(time.Minute))
	require.NoError(t, err)
	_, err = store.Acquire(ctx, shop, "second", now.Add(time.Second), now.Add(time.Minute))
	require.ErrorIs(t, err, order.ErrHeld)
	assert.Equal(t, due, allDue(t, store, now), "due until the read has ended")
	second, err := store.Acquire(ctx, shop, "second", now.Add(time.Minute), now.Add(2*time.Minute))
	require.NoError(t, err, "a lease ends by itself")
	assert.Greater(t, second.Fence, first.Fence)
	_, err = store.Release(ctx, first, now, now.Add(time.Hour), 0)
	require.ErrorIs(t, err, order.ErrFenced)
	asked, err := store.Release(ctx, second, now, now.Add(time.Hour+time.Millisecond), 3)
	require.NoError(t, err)
	assert.False(t, asked)
	_, err = store.Release(ctx, second, now, now.Add(time.Hour), 3)
	require.ErrorIs(t, err, order.ErrFenced, "released already")
	assert.Equal(t, []order.Due{{Asset: shop, At: now.Add(time.Hour + time.Second)}}, allDue(t, store, now.Add(2*time.Hour)), "never before its time")

	now = now.Add(2 * time.Hour)
	third, err := store.Acquire(ctx, shop, "third", now, now.Add(time.Minute))
	require.NoError(t, err)
	assert.Equal(t, 3, third.Failures)
	require.NoError(t, store.Ask(ctx, shop, now.Add(time.Second)))
	asked, err = store.Release(ctx, third, now.Add(2*time.Second), now.Add(time.Hour), 0)
	require.NoError(t, err)
	assert.True(t, asked, "what was asked for meanwhile is not lost")
	fourth, err := store.Acquire(ctx, shop, "fourth", now.Add(2*time.Second), now.Add(time.Minute))
	require.NoError(t, err)
	assert.Equal(t, now.Add(time.Second), fourth.AskedAt)
	_, err = store.Release(ctx, fourth, now, time.Time{}, 0)
	require.NoError(t, err)
	assert.Empty(t, allDue(t, store, now.Add(100*time.Hour)), "off the schedule")
	require.ErrorIs(t, store.Ask(ctx, shop, now), order.ErrUnscheduled)
	_, err = store.Acquire(ctx, shop, "fifth", now.Add(time.Hour), now.Add(2*time.Hour))
	require.ErrorIs(t, err, order.ErrUnscheduled)

	h.Enrol(t, shop, now.Add(time.Hour))
	sixth, err := store.Acquire(ctx, shop, "sixth", now.Add(time.Hour), now.Add(2*time.Hour))
	require.NoError(t, err)
	assert.Greater(t, sixth.Fence, fourth.Fence, "a reconnect keeps the fence")
	assert.Zero(t, sixth.Failures)
}

func idle(t *testing.T, h Harness) {
	t.Helper()
	now := noon()
	h.Enrol(t, shop, now)
	lease, err := h.Store.Acquire(t.Context(), shop, "reader", now, now.Add(time.Minute))
	require.NoError(t, err)
	due := now.Add(time.Hour)
	_, err = h.Store.Release(t.Context(), lease, now, due, 0)
	require.NoError(t, err)
	_, err = h.Store.Acquire(t.Context(), shop, "reader of the second wake", now.Add(time.Second), now.Add(time.Minute))
	require.ErrorIs(t, err, order.ErrIdle)
	_, err = h.Store.Acquire(t.Context(), shop, "reader", due.Add(-order.Slack-time.Second), due)
	require.ErrorIs(t, err, order.ErrIdle)
	again, err := h.Store.Acquire(t.Context(), shop, "reader whose clock is behind", due.Add(-order.Slack), due.Add(time.Minute))
	require.NoError(t, err)
	assert.Equal(t, lease.Fence+1, again.Fence, "what was refused has left no trace")
	assert.Zero(t, again.DoubtAt)
}

func asking(t *testing.T, h Harness) {
	t.Helper()
	now := noon()
	h.Enrol(t, shop, now)
	asked := now.Add(time.Minute + time.Millisecond)
	require.NoError(t, h.Store.Ask(t.Context(), shop, asked))
	assert.Equal(t, []order.Due{{Asset: shop, At: now}}, allDue(t, h.Store, asked), "it has been waiting since before")
	lease, err := h.Store.Acquire(t.Context(), shop, "reader", asked, asked.Add(time.Minute))
	require.NoError(t, err)
	assert.Equal(t, asked, lease.AskedAt)

	during := asked.Add(10 * time.Second)
	require.NoError(t, h.Store.Ask(t.Context(), shop, during))
	again, err := h.Store.Release(t.Context(), lease, during.Add(time.Second), during.Add(time.Hour), 0)
	require.NoError(t, err)
	assert.True(t, again)
	assert.Equal(t, []order.Due{{Asset: shop, At: during.Truncate(time.Second).Add(time.Second)}}, allDue(t, h.Store, during.Add(time.Second)), "since it was asked for")

	lease, err = h.Store.Acquire(t.Context(), shop, "reader", during.Add(2*time.Second), during.Add(time.Minute))
	require.NoError(t, err)
	assert.Equal(t, during, lease.AskedAt)
	_, err = h.Store.Release(t.Context(), lease, during, during.Add(time.Hour), 0)
	require.NoError(t, err)
	idle := during.Add(time.Minute)
	require.NoError(t, h.Store.Ask(t.Context(), shop, idle))
	assert.Equal(t, []order.Due{{Asset: shop, At: idle.Truncate(time.Second)}}, allDue(t, h.Store, idle), "brought forward")
}

func mark(t *testing.T, h Harness) {
	t.Helper()
	now := noon().Add(time.Millisecond)
	advance := func(now time.Time) (time.Time, error) {
		return h.Store.Advance(t.Context(), now, now.Add(5*time.Minute))
	}
	from, err := advance(now)
	require.NoError(t, err)
	assert.Zero(t, from, "nothing was handed out before")
	for name, at := range map[string]time.Time{"the same moment": now, "a clock that is behind": now.Add(-time.Second)} {
		_, err = advance(at)
		require.ErrorIs(t, err, order.ErrPlanned, name)
	}
	from, err = advance(now.Add(time.Millisecond))
	require.NoError(t, err)
	assert.Equal(t, now, from)
	from, err = advance(now.Add(25 * time.Hour))
	require.NoError(t, err)
	assert.Equal(t, now.Add(time.Millisecond), from)
	_, err = advance(now.Add(25*time.Hour - 5*time.Minute))
	require.ErrorIs(t, err, order.ErrPlanned, "ahead by no more than can be waited for")
	back := now.Add(24 * time.Hour)
	from, err = advance(back)
	require.NoError(t, err, "a mark that a wrong clock has set does not stop the planner")
	assert.Zero(t, from, "what was handed out is not known")
	from, err = advance(back.Add(time.Minute))
	require.NoError(t, err)
	assert.Equal(t, back, from)
}

func reconnect(t *testing.T, h Harness) {
	t.Helper()
	now := noon()
	h.Enrol(t, shop, now)
	lease, err := h.Store.Acquire(t.Context(), shop, "reader", now, now.Add(time.Minute))
	require.NoError(t, err)
	h.Enrol(t, shop, now.Add(time.Second))
	again, err := h.Store.Release(t.Context(), lease, now.Add(2*time.Second), time.Time{}, 0)
	require.NoError(t, err)
	assert.True(t, again)
	assert.Len(t, allDue(t, h.Store, now.Add(time.Second)), 1, "the new consent wins")
}

func capability(t *testing.T, h Harness) {
	t.Helper()
	now := noon()
	h.Enrol(t, partner, now)
	turn := func(learned order.Capability, meanwhile func()) (before order.Capability) {
		now = now.Add(time.Hour)
		lease, err := h.Store.Acquire(t.Context(), partner, "reader", now, now.Add(time.Minute))
		require.NoError(t, err)
		before, lease.CAP = lease.CAP, learned
		meanwhile()
		_, err = h.Store.Release(t.Context(), lease, now, now.Add(time.Minute), 0)
		require.NoError(t, err)
		return before
	}
	nothing := func() {}
	assert.Equal(t, order.Untried, turn(order.Withheld, nothing))
	assert.Equal(t, order.Withheld, turn(order.Withheld, nothing), "remembered")
	h.Enrol(t, partner, now)
	assert.Equal(t, order.Untried, turn(order.Withheld, func() { h.Enrol(t, partner, now) }), "a new consent forgets")
	assert.Equal(t, order.Untried, turn(order.Granted, nothing), "also one that came during a read")
	assert.Equal(t, order.Granted, turn(order.Granted, nothing))
}

func doubt(t *testing.T, h Harness) {
	t.Helper()
	now := noon()
	h.Enrol(t, shop, now)
	acquire := func() order.Lease {
		now = now.Add(time.Hour)
		lease, err := h.Store.Acquire(t.Context(), shop, "reader", now, now.Add(time.Minute))
		require.NoError(t, err)
		return lease
	}
	first := acquire()
	assert.Zero(t, first.DoubtAt, "nothing was there")
	_, err := h.Store.Release(t.Context(), first, now, now, 0)
	require.NoError(t, err)
	assert.Zero(t, acquire().DoubtAt, "it ended well")
	crashed := acquire()
	assert.Equal(t, now, crashed.DoubtAt, "the one before was not released")
	_, err = h.Store.Release(t.Context(), crashed, now, now, 0)
	require.NoError(t, err)
	assert.Equal(t, crashed.DoubtAt, acquire().DoubtAt, "remembered")
}

func windows(t *testing.T, h Harness) {
	t.Helper()
	ctx, store, now := t.Context(), h.Store, noon()
	older, newer := order.Lease{Asset: shop, Fence: 1}, order.Lease{Asset: shop, Fence: 2}
	w := order.Window{Asset: shop, Perspective: order.Seller, From: now.Add(-24 * time.Hour), DueAt: now}
	require.ErrorIs(t, store.SaveWindow(ctx, older, w, nil), order.ErrFenced, "not there")
	require.NoError(t, store.CreateWindows(ctx, older, []order.Window{w}))
	require.ErrorIs(t, store.CreateWindows(ctx, older, []order.Window{w}), order.ErrFenced)

	page := order.Checkpoint{Page: 0, Scan: 1, Next: "token", SettleAt: now.Add(time.Hour), Marks: order.Marks{1: 2, 3: 4}}
	require.NoError(t, store.SaveCheckpoint(ctx, newer, w, page))
	require.NoError(t, store.SaveCheckpoint(ctx, newer, w, order.Checkpoint{Page: 1, Scan: 1, Marks: order.Marks{}}))
	require.ErrorIs(t, store.SaveCheckpoint(ctx, older, w, page), order.ErrFenced)
	pages, err := store.Checkpoints(ctx, w)
	require.NoError(t, err)
	assert.Equal(t, []order.Checkpoint{page, {Page: 1, Scan: 1, Marks: order.Marks{}}}, pages)
	require.ErrorIs(t, store.DropCheckpoints(ctx, older, w, pages[1:]), order.ErrFenced)
	require.NoError(t, store.DropCheckpoints(ctx, newer, w, pages[1:]))

	w.Scan, w.ScanStart, w.ScanTo = 1, now, now
	require.NoError(t, store.SaveWindow(ctx, newer, w, nil))
	w.Scan, w.ScanStart, w.ScanTo, w.ReadAt, w.Rows, w.To, w.DueAt = 1, time.Time{}, time.Time{}, now, 2, now, now.Add(time.Hour)
	w.RefusedAt, w.Past = now.Add(-time.Minute), true
	w.Most, w.SlowAt, w.Unsettled, w.SettleAt, w.Digest, w.Equal, w.NewsAt = 36*time.Hour, now, 1, now.Add(time.Hour), 1<<64-2, 3, now
	following := order.Window{Asset: shop, Perspective: order.Seller, From: now, DueAt: now.Add(time.Minute)}
	require.ErrorIs(t, store.SaveWindow(ctx, older, w, &following), order.ErrFenced)
	require.NoError(t, store.SaveWindow(ctx, newer, w, &following))
	listed, err := store.Windows(ctx, shop, order.Seller)
	require.NoError(t, err)
	assert.Equal(t, []order.Window{w, following}, listed)
	pages, err = store.Checkpoints(ctx, w)
	require.NoError(t, err)
	assert.Equal(t, []order.Checkpoint{page}, pages)
}

func recut(t *testing.T, h Harness) {
	t.Helper()
	ctx, store, now := t.Context(), h.Store, noon()
	older, newer := order.Lease{Asset: shop, Fence: 1}, order.Lease{Asset: shop, Fence: 2}
	window := func(from, to int) order.Window {
		w := order.Window{Asset: shop, Perspective: order.Seller, From: now.AddDate(0, 0, from), DueAt: now}
		if to != 0 {
			w.To = now.AddDate(0, 0, to)
		}
		return w
	}
	marks := func(n uint64) order.Marks { return order.Marks{n: n} }
	require.NoError(t, store.CreateWindows(ctx, newer, []order.Window{window(-30, -20), window(-20, 0)}))
	a, b := window(-30, -20), window(-20, 0)
	for page := range 2 {
		require.NoError(t, store.SaveCheckpoint(ctx, newer, a, order.Checkpoint{Page: page, Scan: 1, Marks: marks(1)}))
		require.NoError(t, store.SaveCheckpoint(ctx, newer, b, order.Checkpoint{Page: page, Scan: 1, Marks: marks(2)}))
	}
	pagesB, err := store.Checkpoints(ctx, b)
	require.NoError(t, err)
	merged := window(-30, 0)
	merged.Rows, merged.Scan = 2, 1
	page := order.Checkpoint{Scan: 1, Marks: order.Marks{1: 1, 2: 2}}
	merge := order.Recut{Keep: merged, Pages: []order.Checkpoint{page}, Forget: []order.Checkpoint{{Page: 1}}, Drop: []order.Dropped{{Window: b, Pages: pagesB}}}

	state := func() (windows []order.Window, pages []order.Checkpoint) {
		windows, err := store.Windows(ctx, shop, order.Seller)
		require.NoError(t, err)
		for _, w := range []order.Window{a, b} {
			of, err := store.Checkpoints(ctx, w)
			require.NoError(t, err)
			pages = append(pages, of...)
		}
		return windows, pages
	}
	windowsBefore, pagesBefore := state()
	clash := merge
	clash.Add = []order.Window{window(-30, -25)}
	clash.Add[0].From = b.From.Add(time.Hour)
	require.NoError(t, store.CreateWindows(ctx, newer, clash.Add), "what it would add is there")
	require.ErrorIs(t, store.Recut(ctx, newer, clash), order.ErrFenced)
	gone := merge
	gone.Keep = window(-60, -30)
	require.ErrorIs(t, store.Recut(ctx, newer, gone), order.ErrFenced, "what it would keep is not there")
	require.ErrorIs(t, store.Recut(ctx, older, merge), order.ErrFenced, "an older lease")
	windowsAfter, pagesAfter := state()
	assert.Len(t, windowsAfter, 3)
	assert.Subset(t, windowsAfter, windowsBefore)
	assert.Equal(t, pagesBefore, pagesAfter, "nothing of it was done")

	merge.Drop = append(merge.Drop, order.Dropped{Window: clash.Add[0]})
	require.NoError(t, store.Recut(ctx, newer, merge))
	windowsAfter, pagesAfter = state()
	assert.Equal(t, []order.Window{merged}, windowsAfter)
	assert.Equal(t, []order.Checkpoint{page}, pagesAfter)
	require.ErrorIs(t, store.SaveWindow(ctx, newer, b, nil), order.ErrFenced, "dropped")
	require.ErrorIs(t, store.Recut(ctx, newer, merge), order.ErrFenced)

	split := order.Recut{Keep: window(-30, -10), Add: []order.Window{window(-10, -5), window(-5, 0)}}
	require.NoError(t, store.Recut(ctx, newer, split))
	windowsAfter, pagesAfter = state()
	assert.Equal(t, append([]order.Window{split.Keep}, split.Add...), windowsAfter)
	assert.Equal(t, []order.Checkpoint{page}, pagesAfter, "the first part keeps the memory")
}

func races(t *testing.T, h Harness) {
	t.Helper()
	now := noon()
	h.Enrol(t, shop, now)
	won := func(try func(i int) error) (n int) {
		results := make(chan error)
		for i := range 8 {
			go func() { results <- try(i) }()
		}
		for range 8 {
			if err := <-results; err == nil {
				n++
			} else {
				assert.True(t, errors.Is(err, order.ErrHeld) || errors.Is(err, order.ErrPlanned), err)
			}
		}
		return n
	}
	assert.Equal(t, 1, won(func(int) error {
		_, err := h.Store.Advance(t.Context(), now, now.Add(time.Minute))
		return err
	}))
	assert.Equal(t, 1, won(func(i int) error {
		_, err := h.Store.Acquire(t.Context(), shop, fmt.Sprint(i), now, now.Add(time.Minute))
		return err
	}))
}
