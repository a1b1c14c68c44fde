package conversion_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/conversion/conversiontest"
	"tiktok-shop-affiliate/shared/order"
)

// BenchmarkAMonth sums up a month of 100,000 rows of 2,000 creators and 500
// products from what is kept of it, without a table; and adds up a day of them.
func BenchmarkAMonth(b *testing.B) {
	const days = 31
	month := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	market := conversiontest.NewMarket("tap:main:partner:x:1:US", 2000, 500)
	rows := map[time.Time][]order.Row{}
	var keys []conversion.Key
	for d := range days {
		day := month.AddDate(0, 0, d)
		rows[day] = market.Day(b, day, 100_000/days, d < 10)
		keys = append(keys, conversion.Key{Asset: market.Asset, Perspective: order.TAP, Day: day})
	}
	memory := conversiontest.NewMemory(func(_ context.Context, key conversion.Key, each func(order.Row)) error {
		for _, row := range rows[key.Day] {
			each(row)
		}
		return nil
	})
	roller := conversion.NewRoller(conversion.RollerOptions{Store: memory, Now: func() time.Time { return month }})
	items, failed := roller.Roll(b.Context(), keys)
	require.Empty(b, failed)
	newYork := zone(b, "America/New_York")
	for _, by := range append(conversion.Dimensions(), "") {
		size, parts := 0, 0
		require.NoError(b, memory.Parts(b.Context(), market.Asset, order.TAP, by, month, month.AddDate(0, 1, 0), func(_ time.Time, part conversion.Part) error {
			size, parts = size+len(part.Sums), parts+1
			return nil
		}))
		for _, interval := range []conversion.Interval{conversion.Daily, conversion.Monthly} {
			b.Run(fmt.Sprintf("by=%s/%s", by, interval), func(b *testing.B) {
				q := conversion.Query{Perspective: order.TAP, By: by, Interval: interval, Zone: newYork, From: month, To: month.AddDate(0, 1, 0)}
				b.ReportAllocs()
				var lines []conversion.Line
				for b.Loop() {
					var err error
					lines, _, err = q.Read(b.Context(), memory, []account.AssetID{market.Asset}, nil, 1000)
					require.NoError(b, err)
				}
				b.ReportMetric(float64(len(lines)), "lines/op")
				b.ReportMetric(float64(size)/1024, "KB-kept")
				b.ReportMetric(float64(parts), "parts-kept")
			})
		}
	}
	b.Logf("%d items", items)
	b.Run("a day is added up", func(b *testing.B) {
		for b.Loop() {
			var day conversion.Day
			for _, row := range rows[month] {
				day.Add(row)
			}
		}
	})
}
