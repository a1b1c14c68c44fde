package order_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/job"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// backfilling is a job of a world's asset. Its waits are passed, and whoever it
// wakes reads.
type backfilling struct {
	*world
	job   job.Job
	wakes wakes
	waits []time.Duration
	found []order.Backfilled
}

// wakes remembers that somebody was woken.
type wakes struct{ sent int }

func (w *wakes) SendBatch(_ context.Context, messages []any) error {
	w.sent += len(messages)
	return nil
}

func (w *world) backfill(params string) *backfilling {
	return &backfilling{world: w, job: job.Job{Owner: "acme", Asset: asset, CreatedAt: w.clock.Now(), Params: json.RawMessage(params)}}
}

// step runs a step once.
func (b *backfilling) step() (out job.Outcome, err error) {
	kind := order.NewBackfill(b.store, &b.wakes, b.clock.Now)
	out, err = kind.Run(b.t.Context(), job.Step{Job: b.job, Number: b.job.Step, Start: b.job.Done, Count: 1})
	if err != nil {
		return out, err
	}
	for _, result := range out.Results {
		var found order.Backfilled
		require.NoError(b.t, json.Unmarshal(result.Result, &found))
		require.Equal(b.t, b.job.Done, result.Index)
		b.found = append(b.found, found)
		b.job.Done++
	}
	b.job.Step++
	b.job.Cursor = out.Cursor
	b.job.Total = max(b.job.Total, out.Total)
	return out, nil
}

// run runs the job to its end.
func (b *backfilling) run() {
	b.t.Helper()
	for range 200 {
		out, err := b.step()
		var later *job.LaterError
		if errors.As(err, &later) {
			b.waits = append(b.waits, later.Wait)
			for left := later.Wait; left > 0; left -= time.Minute { // the planner runs every minute
				b.clock.pass(min(left, time.Minute))
				require.NoError(b.t, b.read())
			}
			continue
		}
		require.NoError(b.t, err)
		if out.Last {
			return
		}
	}
	require.Fail(b.t, "the job does not end")
}

// sellOnce adds an order that was created days before day0.
func (w *world) sellOnce(days int, status string) *sale {
	return w.market.add(sale{id: fmt.Sprint("5760", days), sku: "172", creator: "mia", created: day0.AddDate(0, 0, -days), status: status})
}

func TestTheWholePastIsReadOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, days := range []int{3, 40, 41, 200, 500, 1800} {
		w.sellOnce(days, "SETTLED")
	}
	require.NoError(t, w.read())
	calls := 0
	w.opener.search = func(ctx context.Context, q order.Query) (order.Page, error) {
		if q.To.Before(day0.AddDate(0, 0, -29)) {
			calls++
		}
		return w.market.Search(ctx, q)
	}
	b := w.backfill(``)
	b.run()
	w.market.sales[5].hidden = true // more than two empty years lie between
	w.agreeSince(day0.AddDate(-6, 0, 0))
	assert.Equal(t, b.job.CreatedAt, b.found[0].To)
	for i, found := range b.found[1:] {
		assert.Equal(t, b.found[i].From, found.To, "chunk follows chunk")
	}
	oldest := b.found[len(b.found)-1].From
	assert.Less(t, oldest, day0.AddDate(0, 0, -500-2*365))
	assert.Equal(t, b.job.Done, b.job.Total)
	windows := w.windows()
	assert.LessOrEqual(t, windows[0].From, oldest)
	assert.LessOrEqual(t, calls, len(b.found)+3, "one call for each chunk, and those that are read ahead")
	assert.Less(t, len(b.waits), len(b.found)/2)

	calls = 0
	again := w.backfill(``)
	again.run()
	assert.LessOrEqual(t, calls, 1, "what was read is not read anew")
}

func TestTikTokShopRefusesThePast(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]tiktokshop.ErrorKind{"as a bad request": tiktokshop.BadRequest, "with an unknown code": tiktokshop.UnknownCode} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			limit := day0.AddDate(0, 0, -250)
			refused := 0
			w.opener.search = func(ctx context.Context, q order.Query) (order.Page, error) {
				if q.From.Before(limit) {
					refused++
					return order.Page{}, &tiktokshop.Error{Op: "Partner.SearchTAPOrders", Kind: kind, Code: 16501999}
				}
				return w.market.Search(ctx, q)
			}
			for _, days := range []int{3, 40, 200, 400} {
				w.sellOnce(days, "SETTLED")
			}
			require.NoError(t, w.read())
			b := w.backfill(``)
			b.run()
			last := b.found[len(b.found)-1]
			assert.Equal(t, w.windows()[0].From, last.Begins)
			assert.Greater(t, last.Begins, limit)
			assert.Less(t, last.Begins, limit.AddDate(0, 0, 89))
			assert.Equal(t, 2, refused)
			reading, err := w.store.Reading(t.Context(), asset, w.clock.Now())
			require.NoError(t, err)
			assert.Zero(t, reading.Failures, "the newer orders are read as before")
			require.NoError(t, w.read())
			assert.Equal(t, 2, refused, "and the refused ones are left alone")

			w.clock.pass(time.Hour)
			limit = day0.AddDate(0, 0, -1000)
			b = w.backfill(fmt.Sprintf(`{"from":%q}`, day0.AddDate(0, 0, -420).Format(time.RFC3339)))
			b.run()
			w.agreeSince(day0.AddDate(-6, 0, 0))
			assert.Equal(t, 2, refused, "asked for again, it is tried again")
		})
	}
}

func TestARefusalOfTheNewestIsAFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.opener.search = func(context.Context, order.Query) (order.Page, error) {
		return order.Page{}, &tiktokshop.Error{Op: "Partner.SearchTAPOrders", Kind: tiktokshop.BadRequest, Code: 16501999}
	}
	require.NoError(t, w.read())
	b := w.backfill(``)
	_, err := b.step()
	var later *job.LaterError
	require.ErrorAs(t, err, &later)
	assert.Equal(t, 5*time.Minute, later.Wait, "the asset is failing: the job waits longer")
	reading, err := w.store.Reading(t.Context(), asset, w.clock.Now())
	require.NoError(t, err)
	assert.Equal(t, 1, reading.Failures)
	assert.Equal(t, w.clock.Now().Add(6*time.Hour), reading.WantedAt, "and the job does not hurry it")
}

func TestARangeIsReadAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.sellOnce(200, "SETTLED")
	w.sellOnce(3, "PENDING")
	require.NoError(t, w.read())
	w.backfill(``).run()
	for range 3 { // what is old and final is done after it was read twice
		w.clock.pass(40 * 24 * time.Hour)
		require.NoError(t, w.read())
	}
	done := 0
	for _, win := range w.windows() {
		if win.DueAt.IsZero() {
			done++
		}
	}
	require.Positive(t, done)
	w.market.change(func() { old.status = "INELIGIBLE" })
	w.clock.pass(time.Minute)
	require.NoError(t, w.read())
	assert.Equal(t, order.Settled, w.rowsOf(order.TAP, day0.AddDate(-2, 0, 0))[0].Status, "nobody looks any more")

	b := w.backfill(fmt.Sprintf(`{"from":%q,"to":%q}`, day0.AddDate(0, 0, -210).Format(time.RFC3339), day0.AddDate(0, 0, -190).Format(time.RFC3339)))
	b.run()
	require.Len(t, b.found, 1)
	assert.Equal(t, day0.AddDate(0, 0, -210), b.found[0].From)
	assert.Equal(t, day0.AddDate(0, 0, -190), b.found[0].To)
	assert.Positive(t, b.found[0].Rows)
	assert.Equal(t, order.NoCommission, w.rowsOf(order.TAP, day0.AddDate(-2, 0, 0))[0].Status)
	assert.Equal(t, 1, b.wakes.sent, "asked for once")
}

func TestABusyPastDoesNotHoldUpThePresent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rules.Split, w.rules.SplitTo, w.rules.Full, w.rules.Crowded = 30, 10, 20, 25
	w.market.pageSize = 5
	for i := range 200 {
		w.market.add(sale{id: fmt.Sprint(576000 + i), sku: "172", creator: "mia", created: day0.AddDate(0, 0, -40).Add(-time.Duration(i) * time.Hour), status: "SETTLED"})
	}
	require.NoError(t, w.read())
	news, at := w.market.calls, w.clock.Now()
	looked := []time.Duration{}
	w.market.before = func(int) error { w.clock.pass(20 * time.Second); return nil }
	w.opener.search = func(ctx context.Context, q order.Query) (order.Page, error) {
		if q.To.After(w.clock.Now().Add(-time.Minute)) {
			looked = append(looked, w.clock.Now().Sub(at))
			at = w.clock.Now()
		}
		return w.market.Search(ctx, q)
	}
	b := w.backfill(fmt.Sprintf(`{"from":%q}`, day0.AddDate(0, 0, -60).Format(time.RFC3339)))
	b.run()
	w.agreeSince(day0.AddDate(-1, 0, 0))
	assert.Greater(t, w.market.calls-news, 40)
	for _, gap := range looked {
		assert.Less(t, gap, 8*time.Minute, "the newest orders, due every five minutes, have their turn between")
	}
	assert.Greater(t, len(looked), 2)
}

func TestABackfillOfAnAssetThatIsNotReadWaitsForAReconnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.read())
	w.opener.err = fault.New("test", fault.Reconnect, "gone")
	require.NoError(t, w.store.Ask(t.Context(), asset, w.clock.Now()))
	require.NoError(t, w.read())
	_, err := w.backfill(``).step()
	assert.Equal(t, fault.Reconnect, fault.KindOf(err))
}

func TestAnAgencysPastHasBothPerspectives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.market.agency = true
	w.sellOnce(200, "SETTLED")
	require.NoError(t, w.read())
	w.backfill(``).run()
	assert.Len(t, w.rowsOf(order.TAP, day0.AddDate(-2, 0, 0)), 1)
	require.NoError(t, w.store.Between(t.Context(), asset, order.CAP, day0.AddDate(-2, 0, 0), day0, func(rows []order.Row) error {
		assert.Len(t, rows, 1)
		return nil
	}))
}

func TestWhatIsAskedOfABackfill(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]string{
		``:                                    "0",
		`{"from":"2026-10-01T00:00:00Z"}`:     "1",
		`{"from":"2025-10-01T00:00:00Z"}`:     "5",
		`{"from":"2026-11-02T00:00:00Z"}`:     "/params/from",
		`{"to":"2026-11-02T00:00:00Z"}`:       "/params/to",
		`{"from":"2016-01-02T00:00:00Z"}`:     "/params/from",
		`{"to":"0278-01-02T00:00:00Z"}`:       "/params/to",
		`{"since":"2026-10-01T00:00:00Z"}`:    "/params",
		`{"from":"2026-10-01"}`:               "/params",
		`{"to":"2026-10-01T00:00:00Z"}`:       "0",
		`{"from":"2026-10-01T00:00:00.999Z"}`: "1",
	} {
		got := ""
		ask := job.Ask{At: day0, Asset: account.Asset{ID: asset}, Params: json.RawMessage(params)}
		chunks := order.BackfillSpec().Check(ask, func(pointer, _ string, _ ...any) { got += pointer })
		if got == "" {
			got = fmt.Sprint(chunks)
		}
		assert.Equal(t, want, got, params)
	}
}

func TestOneRefusalIsNotTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sellOnce(200, "SETTLED")
	require.NoError(t, w.read())
	refused := false
	w.opener.search = func(ctx context.Context, q order.Query) (order.Page, error) {
		if old := q.To.Before(day0.AddDate(0, 0, -80)); old && !refused {
			refused = true
			return order.Page{}, &tiktokshop.Error{Op: "Partner.SearchTAPOrders", Kind: tiktokshop.BadRequest, Code: 16501999}
		}
		return w.market.Search(ctx, q)
	}
	b := w.backfill(``)
	b.run()
	assert.True(t, refused)
	w.agreeSince(day0.AddDate(-1, 0, 0))
	assert.Zero(t, b.found[len(b.found)-1].Begins)
}

func TestABackfillThatWaitsLongLooksRarely(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.read())
	b := w.backfill(``)
	var waits []time.Duration
	for range 12 { // nobody reads
		_, err := b.step()
		var later *job.LaterError
		require.ErrorAs(t, err, &later)
		waits = append(waits, later.Wait)
		w.clock.pass(later.Wait)
	}
	assert.Equal(t, 3*time.Second, waits[0])
	assert.Equal(t, 3*time.Second, waits[1])
	assert.Greater(t, waits[11], 10*time.Second)
	assert.Equal(t, 1, b.wakes.sent)
	w.clock.pass(10 * time.Hour)
	_, err := b.step()
	var later *job.LaterError
	require.ErrorAs(t, err, &later)
	assert.Equal(t, 5*time.Minute, later.Wait)
}

func TestABackfillWaitsForTheFirstRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sellOnce(200, "SETTLED")
	b := w.backfill(``)
	_, err := b.step()
	var later *job.LaterError
	require.ErrorAs(t, err, &later)
	assert.Equal(t, 3*time.Second, later.Wait)
	assert.Zero(t, b.wakes.sent, "whoever has connected it has woken its reader")
	b.run()
	w.agreeSince(day0.AddDate(-1, 0, 0))
}
