package order_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// fill puts count orders into the market, some with two SKUs, over the last days.
func (w *world) fill(count int) {
	for i := range count {
		s := sale{id: fmt.Sprint(576000 + i), sku: "172", creator: "mia", content: fmt.Sprint(75000 + i), created: day0.Add(-time.Hour - time.Duration(i)*11*time.Hour), status: "PENDING"}
		w.market.add(s)
		if i%3 == 0 {
			s.sku = "173"
			w.market.add(s)
		}
	}
}

func TestAnOrderIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settles := w.market.add(sale{id: "1", sku: "172", creator: "mia", created: day0.Add(-time.Hour), status: "CUSTOMER UNPAID"})
	refunded := w.market.add(sale{id: "2", sku: "172", creator: "mia", created: day0.AddDate(0, 0, -20), status: "PENDING"})
	require.NoError(t, w.read())
	w.agree()

	w.clock.pass(10 * time.Minute)
	w.market.change(func() { settles.status = "PENDING" })
	require.NoError(t, w.read())
	w.clock.pass(24 * time.Hour)
	require.NoError(t, w.read())
	lastLook := w.clock.Now()
	w.clock.pass(25 * time.Hour)
	w.market.change(func() {
		settles.status, settles.settled = "SETTLED", w.clock.Now().Add(-time.Hour)
		refunded.status = "INELIGIBLE"
	})
	require.NoError(t, w.read())
	w.agree()

	rows := w.rows()
	require.Len(t, rows, 2)
	assert.Equal(t, order.NoCommission, rows[0].Status)
	assert.True(t, rows[0].SettledSeenAt.IsZero())
	followed := rows[1]
	assert.Equal(t, []order.StatusChange{
		{At: day0, To: order.Unpaid},
		{At: day0.Add(10 * time.Minute), From: order.Unpaid, To: order.Pending},
		{At: w.clock.Now(), From: order.Pending, To: order.Settled},
	}, followed.History)
	assert.Equal(t, w.clock.Now().Add(-time.Hour), followed.SettledAt)
	assert.Equal(t, w.clock.Now(), followed.SettledSeenAt)
	assert.Equal(t, lastLook, followed.SettledSeenAfter)
	assert.Equal(t, int64(3), followed.Rev)
	assert.Equal(t, day0, followed.FirstSeenAt)
}

// TestARowComesBackSettled says no more than was seen: while a row was not shown,
// nobody knows whether it had settled.
func TestARowComesBackSettled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hides := w.market.add(sale{id: "1", sku: "172", creator: "mia", created: day0.Add(-time.Hour), status: "PENDING"})
	w.market.add(sale{id: "2", sku: "172", creator: "mia", created: day0.Add(-time.Hour), status: "PENDING"})
	require.NoError(t, w.read())
	w.market.change(func() { hides.hidden = true })
	for range 2 {
		w.clock.pass(24 * time.Hour)
		require.NoError(t, w.read())
	}
	require.False(t, w.rows()[0].MissingSince.IsZero())
	w.clock.pass(24 * time.Hour)
	w.market.change(func() { hides.hidden, hides.status = false, "SETTLED" })
	require.NoError(t, w.read())
	w.agree()
	back := w.rows()[0]
	assert.Equal(t, []time.Time{day0, w.clock.Now()}, []time.Time{back.SettledSeenAfter, back.SettledSeenAt})
}

func TestNoNewsCostsNoWriteOfARow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(40)
	require.NoError(t, w.read())
	w.agree()
	w.store.forget()
	w.market.calls = 0
	w.clock.pass(11 * time.Hour)
	require.NoError(t, w.read())
	assert.Zero(t, w.store.rows, "rows written")
	assert.Zero(t, w.store.pages, "checkpoints written")
	assert.Equal(t, 1, w.store.windows, "the window says when it was read")
	assert.Equal(t, 1, w.market.calls, "one call for the whole horizon of up to 100 rows")
}

func TestPagesThatSplitAnOrder(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 2, 3, 7} {
		t.Run(fmt.Sprint(size, " rows a page"), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.market.pageSize = size
			w.fill(10)
			require.NoError(t, w.read())
			w.agree()
			w.store.forget()
			w.clock.pass(25 * time.Hour)
			require.NoError(t, w.read())
			assert.Zero(t, w.store.rows)
			w.agree()
		})
	}
}

func TestOneSKUThroughTwoCreators(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.market.pageSize = 1 // each row on a page of its own
	first := w.market.add(sale{id: "1", sku: "172", creator: "mia", content: "75", created: day0.Add(-time.Hour), status: "PENDING"})
	w.market.add(sale{id: "1", sku: "172", creator: "leo", content: "75", created: day0.Add(-time.Hour), status: "PENDING"})
	require.NoError(t, w.read())
	w.agree()
	before := w.rows()
	assert.Equal(t, []int{0, 1}, []int{before[0].Ordinal, before[1].Ordinal})

	w.market.change(func() { // the other way round, and one has news
		w.market.sales[0], w.market.sales[1] = w.market.sales[1], w.market.sales[0]
		first.status = "SETTLED"
	})
	w.clock.pass(time.Hour)
	require.NoError(t, w.read())
	w.agree()
	after := w.rows()
	for i := range after {
		assert.Equal(t, before[i].Key, after[i].Key, "a row keeps its key")
		assert.Equal(t, before[i].CreatorUsername, after[i].CreatorUsername)
	}

	w.market.change(func() { first.creator = "mia.lane" }) // a user name can change
	w.clock.pass(time.Hour)
	require.NoError(t, w.read())
	w.agree()
	assert.Equal(t, before[0].Key, w.rows()[0].Key)

	w.market.add(sale{id: "1", sku: "172", creator: "nora", content: "76", created: day0.Add(-time.Hour), status: "PENDING"})
	w.clock.pass(time.Hour)
	require.NoError(t, w.read())
	w.agree()
	assert.Equal(t, 2, w.rows()[2].Ordinal, "a third is new")
}

func TestRowsThatMoveBetweenPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.market.pageSize = 4
	w.fill(12)
	vanishing := w.market.sales[0]
	late := w.market.add(sale{id: "9", sku: "172", creator: "leo", created: day0.AddDate(0, 0, -3), status: "PENDING", hidden: true})
	w.market.before = func(call int) error {
		w.market.change(func() {
			switch call {
			case 2: // rows behind it shift backwards: one is seen twice
				late.hidden = false
			case 5: // rows shift forwards: one is passed over
				vanishing.hidden = true
			}
		})
		return nil
	}
	require.NoError(t, w.read())
	w.market.change(func() { vanishing.hidden = false })
	w.clock.pass(25 * time.Hour)
	require.NoError(t, w.read())
	w.agree()
}

func TestThrottlingAndOutagesGoToTheSchedule(t *testing.T) {
	t.Parallel()
	refuse := func(kind tiktokshop.ErrorKind, after time.Duration) error {
		return &tiktokshop.Error{Op: "Partner.SearchOrders", Kind: kind, RetryAfter: after}
	}
	for name, test := range map[string]struct {
		err  error
		want time.Duration
	}{
		"throttled":              {refuse(tiktokshop.RateLimited, 0), time.Minute},
		"throttled for a while":  {refuse(tiktokshop.RateLimited, 10*time.Minute), 10 * time.Minute},
		"quota of the day":       {refuse(tiktokshop.QuotaUsed, 9*time.Hour), 9 * time.Hour},
		"TikTok Shop is down":    {refuse(tiktokshop.Unavailable, 0), time.Minute},
		"retired":                {refuse(tiktokshop.Retired, 0), 6 * time.Hour},
		"the shop is inactive":   {refuse(tiktokshop.Inactive, 0), 6 * time.Hour},
		"a scope is missing":     {refuse(tiktokshop.MissingScope, 0), 6 * time.Hour},
		"tokens are not renewed": {fault.New("account", fault.Unavailable, "later"), time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.market.pageSize = 3
			w.fill(6)
			w.market.before = func(call int) error {
				if call == 2 {
					return test.err
				}
				return nil
			}
			require.NoError(t, w.read(), "acknowledged")
			assert.Equal(t, w.clock.Now().Add(test.want), w.dueAt())
			w.clock.pass(test.want)
			require.NoError(t, w.read())
			w.agree()
		})
	}
	t.Run("again and again", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.market.before = func(int) error { return refuse(tiktokshop.RateLimited, 0) }
		for _, minutes := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
			require.NoError(t, w.read())
			assert.Equal(t, w.clock.Now().Add(time.Duration(minutes)*time.Minute), w.dueAt())
			w.clock.pass(time.Duration(minutes) * time.Minute)
		}
	})
}

func TestALostGrantEndsTheReadsUntilAReconnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(3)
	w.market.before = func(int) error {
		w.opener.err = fault.New("account.Asset", fault.Reconnect, "gone")
		return &tiktokshop.Error{Op: "Partner.SearchOrders", Kind: tiktokshop.Revoked, Code: 105001}
	}
	require.NoError(t, w.read())
	assert.True(t, w.dueAt().IsZero(), "off the schedule")
	opened := w.opener.opened
	require.NoError(t, w.read(), "a late wake")
	assert.Equal(t, opened, w.opener.opened, "does nothing")

	w.market.before, w.opener.err = nil, nil
	w.clock.pass(time.Hour)
	w.connect(asset)
	assert.Equal(t, w.clock.Now(), w.dueAt())
	require.NoError(t, w.read())
	w.agree()
}

func TestCrashesAtEveryStep(t *testing.T) {
	t.Parallel()
	for _, page := range []int{3, 100} {
		t.Run(fmt.Sprint(page, " rows a page"), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.market.pageSize = page
			w.fill(10)
			crashes := 0
			for step := 1; ; step++ { // each life of the process gets one step further before it dies
				w.store.forget()
				w.store.crashFrom = step
				err := w.read()
				w.clock.pass(2*time.Minute + time.Second) // the lease ends
				if err == nil {
					break
				}
				require.ErrorIs(t, err, errCrash)
				crashes++
			}
			assert.Greater(t, crashes, 3)
			w.agree()
			w.store.forget()
			w.clock.pass(25 * time.Hour)
			require.NoError(t, w.read())
			assert.Zero(t, w.store.rows, "and nothing is written twice")
			w.agree()
			for _, row := range w.rows() {
				assert.Equal(t, int64(1), row.Rev)
			}
		})
	}
}

func TestAChangeThatIsTakenBackAfterACrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sold := w.market.add(sale{id: "1", sku: "172", creator: "mia", created: day0.Add(-time.Hour), status: "PENDING"})
	require.NoError(t, w.read())
	w.clock.pass(time.Hour)
	w.market.change(func() { sold.status = "FROZEN" })
	w.store.forget()
	w.store.crashFrom = 2 // the row is written, the checkpoint is not
	require.ErrorIs(t, w.read(), errCrash)
	assert.Equal(t, order.Frozen, w.rows()[0].Status)
	w.store.forget()
	w.market.change(func() { sold.status = "PENDING" }) // as the checkpoint remembers it
	w.clock.pass(3 * time.Minute)
	require.NoError(t, w.read())
	w.agree()
}

func TestAScanGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.market.pageSize = 2
	w.fill(10)
	w.market.before = func(call int) error { // time passes quickly: each read is cut short
		w.clock.pass(55 * time.Second)
		return nil
	}
	reads := 0
	for ; reads == 0 || w.windows()[0].ReadAt.IsZero(); reads++ {
		require.Less(t, reads, 30)
		require.NoError(t, w.read())
	}
	assert.Greater(t, reads, 2)
	for page, times := range w.market.asked {
		assert.Equal(t, 1, times, "no page is read twice: %+v", page)
	}
	w.agree()
}

func TestTwoReadersOfOneAsset(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.market.pageSize = 5
	w.fill(12)
	var readers errgroup.Group
	for range 4 {
		readers.Go(func() error { return w.read() })
	}
	require.NoError(t, readers.Wait())
	w.agree()
	assert.LessOrEqual(t, w.market.calls, 5, "one of them read")
}

func TestAReaderThatSleptWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sold := w.market.add(sale{id: "1", sku: "172", creator: "mia", created: day0.Add(-time.Hour), status: "PENDING"})
	require.NoError(t, w.read())
	w.clock.pass(time.Hour)

	asleep, awake := make(chan struct{}), make(chan struct{})
	slow := w.fetcher()
	stale, err := w.market.Search(t.Context(), order.Query{Perspective: order.TAP, From: day0.AddDate(0, 0, -1), To: w.clock.Now()})
	require.NoError(t, err)
	w.opener.search = func(context.Context, order.Query) (order.Page, error) {
		close(asleep)
		<-awake
		return stale, nil // what it saw before it fell asleep
	}
	var reader errgroup.Group
	reader.Go(func() error { return slow.Read(t.Context(), asset) })
	<-asleep

	w.clock.pass(3 * time.Minute)
	w.market.change(func() { sold.status = "SETTLED" })
	w.opener.search = w.market.Search
	require.NoError(t, w.read())
	due := w.dueAt()
	close(awake)
	require.NoError(t, reader.Wait())
	assert.Equal(t, order.Settled, w.rows()[0].Status)
	assert.Equal(t, due, w.dueAt(), "nor does it touch the schedule")
}

func TestAPageTokenThatIsNotTakenAnyMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.market.pageSize = 4
	w.fill(12)
	w.market.before = func(call int) error {
		if call == 3 {
			return &tiktokshop.Error{Op: "Partner.SearchOrders", Kind: tiktokshop.BadRequest, Code: 98001004}
		}
		return nil
	}
	require.NoError(t, w.read())
	w.agree()
	assert.True(t, w.dueAt().After(w.clock.Now()))
}

func TestAskingForAReadDuringARead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(2)
	w.market.before = func(call int) error {
		if call == 1 {
			w.market.add(sale{id: "9", sku: "172", created: day0.Add(-time.Minute), status: "PENDING"})
			return w.store.Ask(t.Context(), asset, w.clock.Now())
		}
		return nil
	}
	require.NoError(t, w.read())
	w.agree()
	assert.Equal(t, 2, w.market.calls, "the window is read once more")
}

func TestUnreadableRowsDoNotBlock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(2)
	search := w.market.Search
	w.opener.search = func(ctx context.Context, q order.Query) (order.Page, error) {
		page, err := search(ctx, q)
		row, rowErr := order.FromTikTok(asset, q.Perspective, nil, []byte(`"what is this"`), q.From)
		page.Rows, page.Total = append(page.Rows, row), page.Total+1
		require.NoError(t, rowErr)
		return page, err
	}
	require.NoError(t, w.read())
	rows := w.rows()
	require.Len(t, rows, 4, "three of the market and the other")
	at := slices.IndexFunc(rows, func(r order.Row) bool { return len(r.Unreadable) > 0 })
	require.NotEqual(t, -1, at)
	assert.Equal(t, order.Unknown, rows[at].Status)
	assert.JSONEq(t, `{"row":"what is this"}`, string(rows[at].Raw))
	assert.Positive(t, w.gauge.unreadable)
}

// dueAt is when the asset is due, zero when it is not scheduled.
func (w *world) dueAt() (at time.Time) {
	w.t.Helper()
	for shard := range 16 {
		require.NoError(w.t, w.store.Due(w.t.Context(), shard, day0.AddDate(1, 0, 0), func(due []order.Due) error {
			for _, d := range due {
				if d.Asset == asset {
					at = d.At
				}
			}
			return nil
		}))
	}
	return at
}

func TestARenamedCreatorOfAVideoIsNotAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	video := w.market.add(sale{id: "1", sku: "172", creator: "mia", content: "75", kind: "VIDEO", created: day0.Add(-time.Hour), status: "PENDING"})
	showcase := w.market.add(sale{id: "2", sku: "172", creator: "mia", content: "75", kind: "SHOP", created: day0.Add(-2 * time.Hour), status: "PENDING"})
	require.NoError(t, w.read())
	w.opener.search = func(ctx context.Context, q order.Query) (order.Page, error) {
		page, err := w.market.Search(ctx, q)
		page.Total++ // rows keep moving between the pages
		return page, err
	}
	w.market.change(func() { video.creator, showcase.creator = "mia.2", "mia.2" })
	w.clock.pass(10 * time.Minute)
	require.NoError(t, w.read())
	byOrder := map[string][]order.Row{}
	for _, row := range w.rows() {
		byOrder[row.OrderID] = append(byOrder[row.OrderID], row)
	}
	require.Len(t, byOrder["1"], 1, "a video has one creator")
	assert.Equal(t, "mia.2", byOrder["1"][0].CreatorUsername)
	assert.Equal(t, int64(2), byOrder["1"][0].Rev)
	assert.Len(t, byOrder["2"], 2, "a product of a showcase may have been sold by another whom the scan has passed over")
}
