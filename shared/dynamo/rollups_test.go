package dynamo

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/order"
)

var rollDay = time.Date(2026, 10, 20, 0, 0, 0, 0, time.UTC)

func rollKey() conversion.Key {
	return conversion.Key{Asset: testTAP, Perspective: order.TAP, Day: rollDay}
}

// imagined are rows that are not in the table: n of a day, or what is set.
type imagined struct {
	*Rollups
	mu   sync.Mutex
	rows []order.Row
}

func (i *imagined) DayRows(_ context.Context, _ conversion.Key, each func(order.Row)) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, row := range i.rows {
		each(row)
	}
	return nil
}

// rowsOf makes n rows of a day, with a realistic number of distinct values.
func rowsOf(t testing.TB, asset account.AssetID, day time.Time, n int) []order.Row {
	t.Helper()
	plain := tapRow(t, asset, "1", day, "PENDING")
	rows := make([]order.Row, 0, n)
	for i := range n {
		row := plain
		row.OrderID, row.CreatedAt = fmt.Sprint(576_461_234_000_000_000+i), day.Add(time.Duration(i)*24*time.Hour/time.Duration(n))
		row.CreatorUsername, row.ProductID = fmt.Sprint("creator.number.", i*7919%(1+n/6)), fmt.Sprint(1_729_384_756_000_000_000+i*7%(1+n/15))
		row.ContentID, row.CampaignID = fmt.Sprint(7_523_456_789_000_000_000+i*7919%(1+n/2)), fmt.Sprint(7_512_345_678_000_000_000+i%5)
		if i%3 == 0 {
			row.Status = order.Settled
		}
		rows = append(rows, row)
	}
	return rows
}

func byValue(t testing.TB, r *Rollups, by conversion.Dimension) map[string]int64 {
	t.Helper()
	rows := map[string]int64{}
	require.NoError(t, r.Values(t.Context(), testTAP, order.TAP, by, rollDay, rollDay.AddDate(0, 0, 1), func(day time.Time, values conversion.Values) {
		assert.Equal(t, rollDay, day)
		for value, cells := range values {
			for _, cell := range cells {
				rows[value] += cell.Rows
			}
		}
	}))
	return rows
}

func roll(t testing.TB, store conversion.Store) (written int) {
	t.Helper()
	written, failed := conversion.NewRoller(store, func() time.Time { return rollDay.Add(30 * time.Hour) }).Roll(t.Context(), []conversion.Key{rollKey()})
	require.Empty(t, failed)
	return written
}

func TestASmallDayIsOneItem(t *testing.T) {
	t.Parallel()
	client, used := metered(t)
	store := NewRollups(client, awstest.Tables(t).Orders)
	lease := order.Lease{Asset: testTAP, Fence: 1}
	create := func(id string, at time.Time) order.Row {
		row := tapRow(t, testTAP, id, at, "PENDING")
		require.NoError(t, store.Create(t.Context(), lease, row))
		return row
	}
	first := create("1", rollDay)
	create("2", rollDay.Add(24*time.Hour-time.Second))
	create("3", rollDay.Add(-time.Second))
	create("4", rollDay.Add(24*time.Hour))
	used.take()
	assert.Equal(t, 1, roll(t, store))
	writes, reads := used.take()
	assert.LessOrEqual(t, writes, 2.0)
	t.Logf("a day of 2 rows: %.0f write units, %.1f read units", writes, reads)
	assert.Equal(t, map[string]int64{"mia.lane.finds": 2}, byValue(t, store, conversion.ByCreator), "the day's rows and no others")

	assert.Equal(t, 0, roll(t, store), "no news, no write")

	moved := first
	moved.CreatorUsername, moved.Rev = "leo", 2
	moved.Raw = []byte(`{"row":{"id":"1","creator_username":"leo","create_time":` + fmt.Sprint(rollDay.Unix()) + `}}`)
	require.NoError(t, store.Replace(t.Context(), lease, moved))
	assert.Equal(t, 1, roll(t, store))
	assert.Equal(t, map[string]int64{"mia.lane.finds": 1, "leo": 1}, byValue(t, store, conversion.ByCreator), "what is attributed anew counts once")
	assert.Equal(t, map[string]int64{"": 1, "7512345678901234567": 1}, byValue(t, store, conversion.ByCampaign))
}

func TestALargeDayIsManyItems(t *testing.T) {
	t.Parallel()
	client, used := metered(t)
	rows := rowsOf(t, testTAP, rollDay, 320)
	store := &imagined{Rollups: NewRollups(client, awstest.Tables(t).Orders), rows: rows[:20]}
	assert.Equal(t, 1, roll(t, store), "it begins small")
	check := func() {
		t.Helper()
		for _, by := range conversion.Dimensions() {
			want := map[string]int64{}
			for _, row := range store.rows {
				want[by.Of(row)]++
			}
			assert.Equal(t, want, byValue(t, store.Rollups, by), by)
		}
	}
	check()
	store.rows = rows
	first := roll(t, store)
	assert.Greater(t, first, 8, "and is dealt out when it grows")
	check()
	assert.Equal(t, 0, roll(t, store), "no news, no write")

	used.take()
	store.rows[7].CreatorUsername = "somebody.else"
	again := roll(t, store)
	assert.LessOrEqual(t, again, 4, "the day, before and after, and the parts of two creators")
	check()
	writes, _ := used.take()
	t.Logf("a day of %d rows: %d items; one row attributed anew: %d items, %.0f write units", len(rows), first, again, writes)

	used.take()
	store.rows[8].Status = order.NoCommission
	again = roll(t, store)
	assert.LessOrEqual(t, again, 2+len(conversion.Dimensions()))
	check()
	writes, _ = used.take()
	t.Logf("one row's status changed: %d items, %.0f write units", again, writes)

	store.rows = store.rows[:5]
	roll(t, store)
	check()
}

func TestAWriterThatDiesLeavesNothingWrong(t *testing.T) {
	t.Parallel()
	db := dynamodb.NewFromConfig(awstest.Config(t))
	rows := rowsOf(t, testTAP, rollDay, 320)
	store := &imagined{Rollups: NewRollups(db, awstest.Tables(t).Orders), rows: rows}
	all := roll(t, store)
	kept, err := store.Kept(t.Context(), rollKey())
	require.NoError(t, err)

	// it dies after the day was opened and one part written
	require.NoError(t, store.open(t.Context(), rollKey(), kept.(keptDay).rev))
	foreign, err := deflated([]byte(`{"nobody":[{"b":1,"s":"settled","n":77,"m":["",""]}]}`))
	require.NoError(t, err)
	require.NoError(t, store.putPart(t.Context(), rollKey(), part{conversion.ByCreator, 0, foreign}, kept.(keptDay).rev+1))

	var day conversion.Day
	for _, row := range rows {
		day.Add(row)
	}
	day.Add(rows[0])
	_, err = store.Keep(t.Context(), rollKey(), kept, &day, rollDay)
	require.ErrorIs(t, err, conversion.ErrStale, "what began before does not go on")

	assert.Equal(t, all, roll(t, store), "every part is written again")
	assert.NotContains(t, byValue(t, store.Rollups, conversion.ByCreator), "nobody")
	assert.Equal(t, 0, roll(t, store))
	require.ErrorIs(t, store.putPart(t.Context(), rollKey(), part{conversion.ByCreator, 0, foreign}, kept.(keptDay).rev+1), conversion.ErrStale, "nor does a part of an older writer")
}

func TestRollersAtOnceAgree(t *testing.T) {
	t.Parallel()
	db := dynamodb.NewFromConfig(awstest.Config(t))
	store := &imagined{Rollups: NewRollups(db, awstest.Tables(t).Orders)}
	rows := rowsOf(t, testTAP, rollDay, 320)
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for j := range 4 {
				store.mu.Lock()
				store.rows = rows[:max(len(store.rows), (4*i+j+1)*len(rows)/16)]
				store.mu.Unlock()
				_, failed := conversion.NewRoller(store, func() time.Time { return rollDay }).Roll(t.Context(), []conversion.Key{rollKey()})
				for _, err := range failed { // too many at once: the stream brings it again
					assert.NotErrorIs(t, err, conversion.ErrStale)
				}
			}
		})
	}
	group.Wait()
	roll(t, store)
	var total int64
	for _, n := range byValue(t, store.Rollups, conversion.ByContent) {
		total += n
	}
	assert.Equal(t, int64(len(rows)), total)
	out, err := db.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &store.table, Key: dayKey(rollKey()), ConsistentRead: aws.Bool(true)})
	require.NoError(t, err)
	assert.NotContains(t, out.Item, attrOpen)
}

// BenchmarkMonth reads a month of 100,000 rows from its sums, as the API does.
func BenchmarkMonth(b *testing.B) {
	client, used := metered(b)
	store := &imagined{Rollups: NewRollups(client, awstest.Tables(b).Orders)}
	month := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	began, items := time.Now(), 0
	for i := range 31 {
		day := month.AddDate(0, 0, i)
		store.rows = rowsOf(b, testTAP, day, 100_000/31)
		n, failed := conversion.NewRoller(store, func() time.Time { return day }).Roll(b.Context(), []conversion.Key{{Asset: testTAP, Perspective: order.TAP, Day: day}})
		require.Empty(b, failed)
		items += n
	}
	writes, _ := used.take()
	b.Logf("100,000 rows in %d items, %.0f write units, added up and written in %s", items, writes, time.Since(began).Round(time.Millisecond))
	newYork, err := time.LoadLocation("America/New_York")
	require.NoError(b, err)
	for _, by := range append(conversion.Dimensions(), "") {
		for _, interval := range []conversion.Interval{conversion.Daily, conversion.Monthly} {
			b.Run(fmt.Sprintf("by=%s/%s", by, interval), func(b *testing.B) {
				q := conversion.Query{Perspective: order.TAP, By: by, Interval: interval, Zone: newYork, From: month, To: month.AddDate(0, 1, 0)}
				var lines []conversion.Line
				for range b.N {
					lines, _, err = q.Read(b.Context(), store.Rollups, []account.AssetID{testTAP}, nil, 1_000)
					require.NoError(b, err)
				}
				_, reads := used.take()
				b.ReportMetric(float64(len(lines)), "lines/op")
				b.ReportMetric(reads/float64(b.N), "read-units/op")
			})
		}
	}
}
