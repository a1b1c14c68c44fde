package dynamo

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/conversion/conversiontest"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/money"
	"tiktok-shop-affiliate/shared/order"
)

var month = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)

// queried counts queries, and the bytes of what they read as DynamoDB does.
type queried struct {
	mu             sync.Mutex
	queries, bytes int
}

func (q *queried) client(t testing.TB) *dynamodb.Client {
	t.Helper()
	count := middleware.InitializeMiddlewareFunc("queried", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		out, meta, err := next.HandleInitialize(ctx, in)
		if answer, ok := out.Result.(*dynamodb.QueryOutput); ok {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.queries++
			for _, item := range answer.Items {
				q.bytes += size(&types.AttributeValueMemberM{Value: item})
			}
		}
		return out, meta, err
	})
	return dynamodb.NewFromConfig(awstest.Config(t), func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error { return stack.Initialize.Add(count, middleware.After) })
	})
}

// take is the number of queries, and of read units at their least.
func (q *queried) take() (queries, units int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	queries, units = q.queries, (q.bytes+8191)/8192 // eventually consistent: half a unit for 4 KB
	q.queries, q.bytes = 0, 0
	return queries, units
}

// size is about what DynamoDB counts for a value.
func size(value types.AttributeValue) (bytes int) {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return len(v.Value)/2 + 1
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberM:
		for name, part := range v.Value {
			bytes += len(name) + size(part) + 1
		}
	}
	return bytes
}

const monthDays = 31

// load keeps a month of 100,000 rows of 2,000 creators and 500 products by some
// dimensions. So many of its days differ; the others are like them. What is kept
// is made in memory and written in batches.
func load(t testing.TB, client *dynamodb.Client, table string, differ int, dimensions ...conversion.Dimension) (all []order.Row) {
	t.Helper()
	keyOf := func(day int) conversion.Key {
		return conversion.Key{Asset: testTAP, Perspective: order.TAP, Day: month.AddDate(0, 0, day)}
	}
	market, rows := conversiontest.NewMarket(testTAP, 2000, 500), map[time.Time][]order.Row{}
	var keys []conversion.Key
	for i := range differ {
		key := keyOf(i)
		keys, rows[key.Day] = append(keys, key), market.Day(t, key.Day, 100_000/monthDays, i%3 == 0)
	}
	memory := conversiontest.NewMemory(func(_ context.Context, key conversion.Key, each func(order.Row)) error {
		for _, row := range rows[key.Day] {
			each(row)
		}
		return nil
	})
	_, failed := conversion.NewRoller(conversion.RollerOptions{Store: memory, Now: func() time.Time { return month }}).Roll(t.Context(), keys)
	require.Empty(t, failed)
	var writes []types.WriteRequest
	for i := range monthDays {
		key, like := keyOf(i), keys[i%differ]
		for _, row := range rows[like.Day] {
			row.CreatedAt = row.CreatedAt.Add(key.Day.Sub(like.Day))
			all = append(all, row)
		}
		kept, err := memory.Kept(t.Context(), like)
		require.NoError(t, err)
		writes = append(writes, types.WriteRequest{PutRequest: &types.PutRequest{Item: dayItem(key, kept, month)}})
		for _, by := range dimensions {
			require.NoError(t, memory.Parts(t.Context(), testTAP, order.TAP, by, like.Day, like.Day.AddDate(0, 0, 1), func(_ time.Time, part conversion.Part) error {
				writes = append(writes, types.WriteRequest{PutRequest: &types.PutRequest{Item: partItem(key, part, kept.Rev)}})
				return nil
			}))
		}
	}
	var group errgroup.Group
	group.SetLimit(4)
	for batch := range slices.Chunk(writes, 25) {
		group.Go(func() error {
			out, err := client.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: batch}})
			if err == nil && len(out.UnprocessedItems) > 0 {
				err = fmt.Errorf("%d items were not written", len(out.UnprocessedItems))
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
	return all
}

// TestAMonthIsReadFromFewItems reads a month of 100,000 rows: with few queries
// and read units, and what they add up to.
func TestAMonthIsReadFromFewItems(t *testing.T) {
	t.Parallel()
	var used queried
	client, table := used.client(t), awstest.Tables(t).Orders
	rows := load(t, client, table, 4, conversion.ByCreator)
	type figures struct {
		rows, quantity, settled int64
		base, earned, actual    string
	}
	type total struct {
		figures
		base, earned, actual money.Amount
	}
	add := func(to *money.Amount, more money.Amount) {
		so, err := to.Add(more)
		require.NoError(t, err)
		*to = so
	}
	totals := map[string]*total{}
	want := map[string]figures{}
	kolkata, err := time.LoadLocation("Asia/Kolkata")
	require.NoError(t, err)
	for _, row := range rows {
		if row.CreatedAt.In(kolkata).Month() != time.October {
			continue
		}
		f := totals[row.CreatorUsername]
		if f == nil {
			f = &total{}
			totals[row.CreatorUsername] = f
		}
		if row.Status == order.Settled {
			f.settled++
		}
		f.rows, f.quantity = f.rows+1, f.quantity+*row.Quantity
		add(&f.base, row.Base.Estimated)
		add(&f.earned, row.Commissions["creator_standard"].Estimated)
		add(&f.actual, row.Commissions["creator_standard"].Actual)
	}
	for creator, f := range totals {
		want[creator] = figures{f.rows, f.quantity, f.settled, f.base.Decimal(), f.earned.Decimal(), f.actual.Decimal()}
	}
	q := conversion.Query{Perspective: order.TAP, By: conversion.ByCreator, Interval: conversion.Monthly, Zone: kolkata, From: month, To: month.AddDate(0, 1, 0)}
	got := map[string]figures{}
	var after *conversion.Position
	for page := 1; ; page++ {
		used.take()
		lines, next, err := q.Read(t.Context(), NewRollups(client, table), []account.AssetID{testTAP}, after, 1000)
		require.NoError(t, err)
		queries, units := used.take()
		t.Logf("page %d: %d lines from %d queries and %d read units", page, len(lines), queries, units)
		assert.LessOrEqual(t, queries, 12)
		assert.LessOrEqual(t, units, 250)
		for _, line := range lines {
			got[*line.Key] = figures{
				line.Rows, line.Quantity, line.ByStatus[string(order.Settled)].Rows, line.Base.Estimated.Decimal(),
				line.Commissions["creator_standard"].Estimated.Decimal(), line.Commissions["creator_standard"].Actual.Decimal(),
			}
		}
		if after = next; next == nil {
			break
		}
	}
	assert.Equal(t, want, got)

	q.Interval, q.Zone = conversion.Daily, time.UTC
	used.take()
	lines, _, err := q.Read(t.Context(), NewRollups(client, table), []account.AssetID{testTAP}, nil, 1000)
	require.NoError(t, err)
	queries, units := used.take()
	t.Logf("a page by day: %d lines from %d queries and %d read units", len(lines), queries, units)
	assert.Len(t, lines, 1000)
	assert.LessOrEqual(t, units, 90, "a page does not read the month")
}

// BenchmarkMonth reads a month of 100,000 rows from its sums, as the API does.
func BenchmarkMonth(b *testing.B) {
	var used queried
	client, table := used.client(b), awstest.Tables(b).Orders
	load(b, client, table, monthDays, conversion.Dimensions()...)
	newYork, err := time.LoadLocation("America/New_York")
	require.NoError(b, err)
	for _, by := range append(conversion.Dimensions(), "") {
		for _, interval := range []conversion.Interval{conversion.Daily, conversion.Monthly} {
			b.Run("by="+strconv.Quote(string(by))+"/"+string(interval), func(b *testing.B) {
				q := conversion.Query{Perspective: order.TAP, By: by, Interval: interval, Zone: newYork, From: month, To: month.AddDate(0, 1, 0)}
				var lines []conversion.Line
				used.take()
				for range b.N {
					lines, _, err = q.Read(b.Context(), NewRollups(client, table), []account.AssetID{testTAP}, nil, 1000)
					require.NoError(b, err)
				}
				queries, units := used.take()
				b.ReportMetric(float64(len(lines)), "lines/op")
				b.ReportMetric(float64(queries)/float64(b.N), "queries/op")
				b.ReportMetric(float64(units)/float64(b.N), "read-units/op")
			})
		}
	}
}
