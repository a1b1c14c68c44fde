package order_test

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/order/ordertest"
)

func TestCallsOfAScan(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{0, 1, 99, 100, 101, 250, 1000} {
		t.Run(fmt.Sprint(rows, " rows"), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.rules.Full, w.rules.Crowded = 10_000, 10_000 // one window
			w.sell("a", rows, day0, 29*day)
			require.NoError(t, w.read())
			w.agree()
			want := max(1, (rows+99)/100)
			assert.Equal(t, want, w.market.calls, "a window that is new")
			w.market.calls = 0
			w.clock.pass(time.Second)
			require.NoError(t, w.store.Ask(t.Context(), asset, w.clock.Now()))
			require.NoError(t, w.read())
			assert.Equal(t, want, w.market.calls, "and one that is known")
		})
	}
}

// sold answers with count rows over 30 days without keeping them.
type sold struct {
	count int
	peak  uint64 // of the heap, at any page
}

func (s *sold) Open(context.Context, account.AssetID) (order.Search, error) {
	at := func(i int) time.Time { return day0.Add(-30*day + 30*day/time.Duration(s.count)*time.Duration(i)) }
	return func(_ context.Context, q order.Query) (order.Page, error) {
		first, last := 0, s.count
		for first < last && at(first).Before(q.From) {
			first++
		}
		for last > first && !at(last-1).Before(q.To) {
			last--
		}
		offset := 0
		if q.Token != "" {
			if _, err := fmt.Sscan(q.Token, &offset); err != nil {
				return order.Page{}, err
			}
		}
		page := order.Page{Total: last - first}
		for i := first + offset; i < min(last, first+offset+100); i++ {
			row, err := order.FromTikTok("shop:1", order.Seller, map[string]any{"id": fmt.Sprint(i), "create_time": at(i).Unix()}, []byte(`{"sku_id":"1","settlement_status":"To-SETTLE"}`), q.From)
			if err != nil {
				return page, err
			}
			page.Rows = append(page.Rows, row)
		}
		if first+offset+100 < last {
			page.Next = fmt.Sprint(offset + 100)
		}
		runtime.GC()
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		s.peak = max(s.peak, memory.HeapAlloc)
		return page, nil
	}, nil
}

// forgetting is a store that keeps schedules and windows but no rows or pages, so
// that what a fetcher holds can be seen.
type forgetting struct{ *ordertest.Memory }

func (forgetting) Create(context.Context, order.Lease, order.Row) error { return nil }

func (forgetting) Order(context.Context, account.AssetID, order.Perspective, string) ([]order.Row, error) {
	return nil, nil
}

func (forgetting) SaveCheckpoint(context.Context, order.Lease, order.Window, order.Checkpoint) error {
	return nil
}

// BenchmarkFetcherMemory shows what one read holds on the heap at most. A page
// of 100 rows is in memory at a time, and 16 bytes a row of one window; windows
// are cut at 5,000 rows.
func BenchmarkFetcherMemory(b *testing.B) {
	for _, rows := range []int{100, 1000, 5000, 20000} {
		b.Run(fmt.Sprint(rows, "rows"), func(b *testing.B) {
			for b.Loop() {
				memory := ordertest.NewMemory()
				memory.Enrol("shop:1", day0)
				shop := &sold{count: rows}
				runtime.GC()
				var before runtime.MemStats
				runtime.ReadMemStats(&before)
				err := order.NewFetcher(order.FetcherOptions{
					Store: forgetting{memory}, Searches: shop, Oddities: &gauge{}, Now: func() time.Time { return day0 }, Log: slog.New(slog.DiscardHandler),
					Rules: order.DefaultRules(), Horizon: 30 * day,
				}).Read(b.Context(), "shop:1")
				require.NoError(b, err)
				b.ReportMetric(float64(shop.peak-before.HeapAlloc)/1024, "peak-KiB")
			}
		})
	}
}
