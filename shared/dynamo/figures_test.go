package dynamo

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/order"
)

// ledger is the write units that DynamoDB says were used, by the kind of item:
// rows, windows (with their pages), schedule.
type ledger struct {
	mu    sync.Mutex
	units map[string]float64
}

func (l *ledger) take() map[string]float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	units := l.units
	l.units = map[string]float64{}
	return units
}

func (l *ledger) add(key Item, used *types.ConsumedCapacity) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kind, _, _ := strings.Cut(text(key, attrPK), "#")
	l.units[kind] += *used.CapacityUnits
}

// client counts in l what it writes.
func (l *ledger) client(t testing.TB) *dynamodb.Client {
	t.Helper()
	l.units = map[string]float64{}
	count := middleware.InitializeMiddlewareFunc("ledger", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		var key Item
		switch p := in.Parameters.(type) {
		case *dynamodb.PutItemInput:
			p.ReturnConsumedCapacity, key = types.ReturnConsumedCapacityTotal, p.Item
		case *dynamodb.UpdateItemInput:
			p.ReturnConsumedCapacity, key = types.ReturnConsumedCapacityTotal, p.Key
		case *dynamodb.DeleteItemInput:
			p.ReturnConsumedCapacity, key = types.ReturnConsumedCapacityTotal, p.Key
		case *dynamodb.TransactWriteItemsInput: // only windows and their pages are written together
			p.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
		}
		out, meta, err := next.HandleInitialize(ctx, in)
		if err != nil {
			if key != nil && conditionFailed(err) { // costs as much as the item, which is below 1 KB
				l.add(key, &types.ConsumedCapacity{CapacityUnits: aws.Float64(1)})
			}
			return out, meta, err
		}
		switch r := out.Result.(type) {
		case *dynamodb.PutItemOutput:
			l.add(key, r.ConsumedCapacity)
		case *dynamodb.UpdateItemOutput:
			l.add(key, r.ConsumedCapacity)
		case *dynamodb.DeleteItemOutput:
			l.add(key, r.ConsumedCapacity)
		case *dynamodb.TransactWriteItemsOutput:
			for _, used := range r.ConsumedCapacity {
				l.add(Item{attrPK: str("windows#")}, &used)
			}
		}
		return out, meta, err
	})
	return dynamodb.NewFromConfig(awstest.Config(t), func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error { return stack.Initialize.Add(count, middleware.After) })
	})
}

// tapMarket has rows that all say the same.
type tapMarket struct {
	t      testing.TB
	rows   int
	start  time.Time
	status string
	asset  account.AssetID // empty: testTAP
}

func (m *tapMarket) Open(context.Context, account.AssetID) (order.Search, error) {
	return func(_ context.Context, q order.Query) (page order.Page, err error) {
		page.Total = m.rows
		if q.Perspective == order.CAP {
			page.Total = 0
			return page, nil
		}
		for i := range m.rows {
			row := tapRow(m.t, cmp.Or(m.asset, testTAP), fmt.Sprintf("576461234567890%03d", i), m.start.Add(time.Duration(i)*time.Hour), m.status)
			page.Rows = append(page.Rows, row)
		}
		return page, nil
	}, nil
}

func (m *tapMarket) UnreadableRows(int) {}

// TestWriteUnitsOfReads measures what reads of a full window write, as the real
// fetcher does it. Rows count with their indexes.
func TestWriteUnitsOfReads(t *testing.T) {
	t.Parallel()
	var used ledger
	client, table := used.client(t), awstest.Tables(t).Orders
	store, now := NewOrders(client, table), time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	enrol(t, client, table, testTAP, now)
	const rows = 60
	market := &tapMarket{t: t, rows: rows, start: now.Add(-20 * 24 * time.Hour)}
	fetcher := order.NewFetcher(order.FetcherOptions{
		Store: store, Searches: market, Oddities: market, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
		Rules: order.DefaultRules(), Horizon: 30 * 24 * time.Hour,
	})
	for _, step := range []struct {
		name, status string
		mostOfRow    float64
	}{
		{"new", "PENDING", 2}, {"unchanged", "PENDING", 0}, {"changed", "FROZEN", 1}, {"settled", "SETTLED", 2}, {"settled and unchanged", "SETTLED", 0},
	} {
		used.take()
		market.status, now = step.status, now.Add(10*time.Minute)
		require.NoError(t, store.Ask(t.Context(), testTAP, now))
		asked := used.take()["schedule"]
		require.NoError(t, fetcher.Read(t.Context(), testTAP))
		units := used.take()
		assert.LessOrEqual(t, units["rows"]/rows, step.mostOfRow, step.name)
		t.Logf("%s: %.2f write units a row with its index; beside them a read of %d rows wrote %.0f of windows and pages, %.0f of the schedule (asking: %.0f)",
			step.name, units["rows"]/rows, rows, units["windows"], units["schedule"], asked)
	}
}

func (m *tapMarket) SendBatch(context.Context, []any) error   { return nil }
func (m *tapMarket) Overdue(order.Perspective, time.Duration) {}

// TestWriteUnitsOfSchedules measures what it takes to have an asset read on
// time, beside the windows and rows of the read.
func TestWriteUnitsOfSchedules(t *testing.T) {
	t.Parallel()
	var used ledger
	client, table := used.client(t), awstest.Tables(t).Orders
	store, now := NewOrders(client, table), time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	enrol(t, client, table, testTAP, now)
	market := &tapMarket{t: t, start: now}
	log, clock := slog.New(slog.DiscardHandler), func() time.Time { return now }
	fetcher := order.NewFetcher(order.FetcherOptions{
		Store: store, Searches: market, Oddities: market, Now: clock, Log: log, Rules: order.DefaultRules(), Horizon: 30 * 24 * time.Hour,
	})
	planner := order.NewPlanner(order.PlannerOptions{Store: store, Wakes: market, Freshness: market, Now: clock, Log: log, Shards: DueShards, Again: 5 * time.Minute})
	plan := func() (woken int) {
		t.Helper()
		woken, err := planner.Run(t.Context())
		require.NoError(t, err)
		return woken
	}
	read := func() {
		t.Helper()
		require.NoError(t, fetcher.Read(t.Context(), testTAP))
	}
	used.take()
	for range 3 {
		assert.Equal(t, 1, plan())
		assert.Equal(t, map[string]float64{"planner": 1}, used.take(), "a run of the planner, whatever is due")
		read()
		assert.InDelta(t, 4, used.take()["schedule"], 0, "a read: the lease, and its end with the index")
		read()
		assert.Equal(t, map[string]float64{"schedule": 1}, used.take(), "a wake too many")
		require.NoError(t, store.Ask(t.Context(), testTAP, now))
		assert.Equal(t, map[string]float64{"schedule": 3}, used.take(), "asking for a read, with the index")
		now = now.Add(time.Minute)
	}
}
