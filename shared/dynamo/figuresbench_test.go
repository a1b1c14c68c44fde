package dynamo

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/bus"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/feed"
	"tiktok-shop-affiliate/shared/order"
)

// BenchmarkWriteUnits reports what DynamoDB charges for a read of 60 rows that
// are new, changed, settled or unchanged, per row of the 60: for the rows with
// their index, the windows with their pages and the schedule, and for what
// follows from the change: the sums of its days and the feed of one owner.
func BenchmarkWriteUnits(b *testing.B) {
	steps := []struct{ name, status string }{{"new", "PENDING"}, {"changed", "FROZEN"}, {"settled", "SETTLED"}, {"unchanged", "SETTLED"}}
	for last, step := range steps {
		b.Run(step.name, func(b *testing.B) {
			l := newLife(b)
			sum := map[string]float64{}
			for n := range b.N {
				asset := account.AssetID(fmt.Sprintf("tap:main:partner:open:%d:US", n))
				enrol(b, l.orders.client, l.orders.table, asset, l.now)
				for i, s := range steps[:last+1] {
					l.used.take()
					l.turn(asset, s.status, i > 0)
				}
				for kind, units := range l.used.take() {
					sum[kind] += units
				}
			}
			for _, kind := range []string{"rows", "windows", "schedule", "rollups", "feed"} {
				b.ReportMetric(sum[kind]/float64(b.N)/lifeRows, kind+"-WU/row")
			}
		})
	}
}

const lifeRows = 60

// life is rows of a market that change, and what follows from it.
type life struct {
	b      *testing.B
	used   ledger
	now    time.Time
	market *tapMarket
	orders *Orders
	roller *conversion.Roller
	feed   *feed.Writer
}

func newLife(b *testing.B) *life {
	b.Helper()
	l := &life{b: b, now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return l.now }
	client := l.used.client(b)
	l.orders = NewOrders(client, awstest.Tables(b).Orders)
	l.roller = conversion.NewRoller(conversion.RollerOptions{Store: NewRollups(client, l.orders.table), Now: clock})
	l.feed = feed.NewWriter(NewFeed(client, awstest.Table(b, "FeedTable")), clock)
	return l
}

// turn has all rows read with a status, and what follows done as the publisher
// and the roller do it.
func (l *life) turn(asset account.AssetID, status string, again bool) {
	l.b.Helper()
	ctx := l.b.Context()
	l.market = &tapMarket{t: l.b, rows: lifeRows, start: l.now.Truncate(24*time.Hour).AddDate(0, 0, -20), status: status, asset: asset}
	fetcher := order.NewFetcher(order.FetcherOptions{
		Store: l.orders, Searches: l.market, Oddities: l.market, Now: func() time.Time { return l.now }, Log: slog.New(slog.DiscardHandler),
		Rules: order.DefaultRules(), Horizon: 30 * 24 * time.Hour,
	})
	before := l.rows(asset)
	if again {
		require.NoError(l.b, l.orders.Ask(ctx, asset, l.now))
		l.used.take() // asking is the caller's affair
	}
	require.NoError(l.b, fetcher.Read(ctx, asset))

	days := map[conversion.Key]bool{}
	var keys []conversion.Key
	var events []json.RawMessage
	for id, row := range l.rows(asset) {
		was, known := before[id]
		if known && was.Rev == row.Rev {
			continue
		}
		var old *order.Row
		if known {
			old = &was
		}
		told, differences, err := order.Events(old, row)
		require.NoError(l.b, err)
		for _, event := range told {
			data, err := json.Marshal(orderEvent{Row: row, Changes: differences})
			require.NoError(l.b, err)
			whole, err := json.Marshal(bus.Event{ID: fmt.Sprintf("%032d", len(events)), Type: "order." + fmt.Sprint(event), Time: row.ChangedAt, Owner: "acme", Asset: string(asset), Data: data})
			require.NoError(l.b, err)
			events = append(events, whole)
		}
		key := conversion.Key{Asset: asset, Perspective: row.Perspective, Day: row.CreatedAt.Truncate(24 * time.Hour)}
		if !days[key] {
			days[key], keys = true, append(keys, key)
		}
	}
	_, failed := l.roller.Roll(ctx, keys)
	require.Empty(l.b, failed)
	if len(events) > 0 {
		done, err := l.feed.Append(ctx, "acme", events)
		require.NoError(l.b, err)
		require.Len(l.b, events, done)
	}
	l.now = l.now.Add(10 * time.Minute)
}

// rows are what is stored of the asset, by order.
func (l *life) rows(asset account.AssetID) map[string]order.Row {
	l.b.Helper()
	all := map[string]order.Row{}
	require.NoError(l.b, l.orders.Between(l.b.Context(), asset, order.TAP, l.now.AddDate(0, -2, 0), l.now, func(rows []order.Row) error {
		for _, row := range rows {
			all[row.OrderID] = row
		}
		return nil
	}))
	return all
}
