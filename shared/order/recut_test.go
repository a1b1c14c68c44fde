package order_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

const day = 24 * time.Hour

// sell puts count orders into the market, evenly over the time before until.
func (w *world) sell(prefix string, count int, until time.Time, over time.Duration) {
	for i := range count {
		w.market.add(sale{id: fmt.Sprint(prefix, i), sku: "172", creator: "mia", created: until.Add(-over / time.Duration(count) * time.Duration(i+1)), status: "PENDING"})
	}
}

func TestAQuietAssetCostsOneCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(20)
	for range 100 { // days
		require.NoError(t, w.read())
		w.clock.pass(day)
	}
	w.agree()
	w.market.calls = 0
	require.NoError(t, w.read())
	assert.LessOrEqual(t, w.market.calls, 2, "the whole horizon")
	for _, win := range w.windows() {
		end := win.To
		if win.Open() {
			end = w.clock.Now()
		}
		assert.LessOrEqual(t, end.Sub(win.From), 88*day)
	}
}

func TestABusyAssetIsCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rules.Split, w.rules.SplitTo, w.rules.Full, w.rules.Crowded = 20, 10, 8, 16
	w.sell("a", 90, day0, 29*day)
	require.NoError(t, w.read())
	w.agree()
	windows := w.windows()
	assert.Greater(t, len(windows), 5)
	for _, win := range windows {
		assert.LessOrEqual(t, win.Rows, 20)
	}
	w.store.forget()
	for i := range 6 { // half a day each
		w.clock.pass(12 * time.Hour)
		w.sell(fmt.Sprint("b", i, "-"), 5, w.clock.Now(), 12*time.Hour)
		require.NoError(t, w.read())
		w.agree()
	}
	assert.Equal(t, 30, w.store.rows, "cutting windows writes no row again")
	open := w.windows()[len(w.windows())-1]
	assert.Less(t, open.Rows, 16, "the newest window stays small")
}

func TestWindowsThatStaySmallAreMergedWithTheirMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rules.Split, w.rules.SplitTo = 12, 1
	w.fill(10) // 14 rows
	require.NoError(t, w.read())
	w.agree()
	assert.Len(t, w.windows(), 1, "cut in 14, then merged, part by part")
	w.store.forget()
	w.market.calls, w.rules = 0, order.DefaultRules()
	w.clock.pass(11 * time.Hour)
	require.NoError(t, w.read())
	assert.Equal(t, 1, w.market.calls)
	assert.Zero(t, w.store.rows)
	assert.Zero(t, w.store.pages, "the merged window remembers what its parts knew")
}

func TestAWindowThatTimesOutIsCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sell("a", 60, day0, 29*day)
	timeouts := 0
	w.opener.search = func(ctx context.Context, q order.Query) (order.Page, error) {
		if q.To.Sub(q.From) > 5*day && q.Perspective == order.TAP {
			timeouts++
			return order.Page{}, &tiktokshop.Error{Op: "Partner.SearchOrders", Kind: tiktokshop.Unavailable, Code: 36009007}
		}
		return w.market.Search(ctx, q)
	}
	for range 12 {
		require.NoError(t, w.read())
		w.clock.pass(time.Hour)
	}
	w.agree()
	assert.Less(t, timeouts, 8, "each time-out makes the window smaller, and small it stays")
	for range 20 {
		w.clock.pass(day)
		require.NoError(t, w.read())
	}
	assert.Less(t, timeouts, 8+2*20, "the limit is tried anew once a day, and a small one that has grown is cut, too")
	for range 3 {
		w.clock.pass(time.Hour)
		require.NoError(t, w.read())
	}
	w.agree()
}

func TestAWindowIsReadUntilItIsDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rules.Full, w.rules.Newest = 4, day
	w.sell("a", 5, day0, 20*day)
	require.NoError(t, w.read())
	w.clock.pass(time.Hour)
	w.market.add(sale{id: "late", sku: "1", created: day0.Add(-10 * day), status: "FROZEN", hidden: true})
	late := w.market.sales[len(w.market.sales)-1]
	week := func() {
		t.Helper()
		w.clock.pass(7*day + time.Minute)
		require.NoError(t, w.read())
	}
	for range 2 {
		week()
	}
	w.market.change(func() {
		late.hidden = false
		for _, s := range w.market.sales {
			if s != late {
				s.status = "SETTLED"
			}
		}
	})
	for range 13 { // 15 weeks in all
		week()
	}
	w.agree()
	first := w.windows()[0]
	assert.Equal(t, 1, first.Unsettled)
	assert.Greater(t, w.clock.Now().Sub(first.To), 100*day)
	assert.Equal(t, 30*day, first.DueAt.Sub(first.ReadAt).Round(3*day), "monthly until the last row is final")
	w.market.change(func() { late.status = "INELIGIBLE" })
	w.clock.pass(31 * day)
	require.NoError(t, w.read())
	w.agree()
	assert.False(t, w.windows()[0].DueAt.IsZero(), "changed: once more")
	w.clock.pass(31 * day)
	require.NoError(t, w.read())
	assert.True(t, w.windows()[0].DueAt.IsZero(), "final and twice the same")
}

func TestReadsAfterALongPause(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(5)
	require.NoError(t, w.read())
	w.clock.pass(300 * day)
	w.sell("b", 12, w.clock.Now(), 290*day)
	require.NoError(t, w.read())
	w.agree()
	for q := range w.market.asked {
		assert.LessOrEqual(t, q.To.Sub(q.From), 89*day, "TikTok Shop takes three months")
	}
}

func TestRowsThatVanishAreMarked(t *testing.T) {
	t.Parallel()
	for _, size := range []int{2, 100} {
		t.Run(fmt.Sprint(size, " rows a page"), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.market.pageSize = size
			w.fill(6)
			require.NoError(t, w.read())
			gone := w.market.sales[3]
			w.market.change(func() { gone.hidden = true })
			w.clock.pass(time.Hour)
			require.NoError(t, w.read())
			w.agree()
			var marked []order.Row
			for _, row := range w.rows() {
				if !row.MissingSince.IsZero() {
					marked = append(marked, row)
				}
			}
			require.Len(t, marked, 1)
			assert.Equal(t, gone.id, marked[0].OrderID)
			assert.Equal(t, w.clock.Now(), marked[0].MissingSince)
			assert.Equal(t, int64(2), marked[0].Rev)
			w.store.forget()
			w.clock.pass(time.Hour)
			require.NoError(t, w.read())
			assert.Zero(t, w.store.rows, "marked once")
			w.market.change(func() { gone.hidden = false })
			w.clock.pass(time.Hour)
			require.NoError(t, w.read())
			w.agree()
			assert.Equal(t, 1, w.store.rows, "and taken back when it is there again")
		})
	}
}

func TestCAPOrdersAreLearnedByTryingOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(3)
	for range 5 {
		require.NoError(t, w.read())
		w.clock.pass(time.Hour)
	}
	assert.Equal(t, 1, w.market.capTries, "the answer is remembered")
	w.agree()
	w.market.agency = true
	require.NoError(t, w.read())
	assert.Empty(t, w.rowsOf(order.CAP, day0.AddDate(0, -4, 0)))
	w.connect(asset)
	require.NoError(t, w.read())
	assert.Len(t, w.rowsOf(order.CAP, day0.AddDate(0, -4, 0)), 4, "tried again after a new consent")
	w.agree()
	w.market.agency = false
	w.clock.pass(time.Hour)
	require.NoError(t, w.read())
	w.clock.pass(time.Hour)
	require.NoError(t, w.read())
	assert.Equal(t, 2, w.market.capTries, "taken away: not asked again")
	w.agree()
}

// A row that the first scan of a window has stored, and that is gone before
// anything of the window was read in full, is missed all the same.
func TestARowIsMissedThatOnlyABrokenScanHasSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.market.pageSize = 5
	w.rules.Split, w.rules.SplitTo, w.rules.Full = 12, 6, 3
	var first *sale
	for i := range 10 {
		s := w.market.add(sale{id: fmt.Sprint(576000 + i), sku: "172", creator: "mia", created: day0.AddDate(0, 0, -2*i-1), status: "PENDING"})
		if first == nil {
			first = s
		}
	}
	w.market.before = func(call int) error {
		if call == 2 {
			return &tiktokshop.Error{Op: "Partner.SearchTAPOrders", Kind: tiktokshop.RateLimited, Code: 36009002}
		}
		return nil
	}
	require.NoError(t, w.read())
	require.Len(t, w.rows(), 5, "the first page is stored")
	w.market.change(func() { first.hidden = true })
	for i := range 10 { // now it is too full, and is cut
		w.market.add(sale{id: fmt.Sprint(577000 + i), sku: "172", creator: "leo", created: day0.AddDate(0, 0, -2*i-2), status: "PENDING"})
	}
	w.clock.pass(time.Hour)
	require.NoError(t, w.read())
	require.Greater(t, len(w.windows()), 2)
	w.agree()
	for _, row := range w.rows() {
		assert.Equal(t, row.OrderID == first.id, !row.MissingSince.IsZero(), row.OrderID)
	}
}
