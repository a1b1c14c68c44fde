package dynamo

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/order/ordertest"
)

const testShop = account.AssetID("shop:7494049642642441621")

// usage is the capacity that DynamoDB says a client used for rows of a table.
type usage struct {
	mu            sync.Mutex
	writes, reads float64
}

func (u *usage) take() (writes, reads float64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	writes, reads = u.writes, u.reads
	u.writes, u.reads = 0, 0
	return writes, reads
}

// metered is a client that asks for the consumed capacity of every call.
func metered(t testing.TB) (*dynamodb.Client, *usage) {
	t.Helper()
	used := &usage{}
	count := middleware.InitializeMiddlewareFunc("usage", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		switch p := in.Parameters.(type) {
		case *dynamodb.PutItemInput:
			p.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
		case *dynamodb.UpdateItemInput:
			p.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
		case *dynamodb.QueryInput:
			p.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
		case *dynamodb.GetItemInput:
			p.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
		}
		out, meta, err := next.HandleInitialize(ctx, in)
		used.mu.Lock()
		defer used.mu.Unlock()
		switch r := out.Result.(type) {
		case *dynamodb.PutItemOutput:
			used.writes += *r.ConsumedCapacity.CapacityUnits
		case *dynamodb.UpdateItemOutput:
			used.writes += *r.ConsumedCapacity.CapacityUnits
		case *dynamodb.QueryOutput:
			used.reads += *r.ConsumedCapacity.CapacityUnits
		case *dynamodb.GetItemOutput:
			used.reads += *r.ConsumedCapacity.CapacityUnits
		}
		return out, meta, err
	})
	client := dynamodb.NewFromConfig(awstest.Config(t), func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error { return stack.Initialize.Add(count, middleware.After) })
	})
	return client, used
}

func tapRow(t testing.TB, asset account.AssetID, id string, created time.Time, status string) order.Row {
	t.Helper()
	return ordertest.TAPRow(t, asset, id, created, status)
}

const testTAP = account.AssetID("tap:main:partner:6AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA:860872:US")

func TestWriteUnitsOfARow(t *testing.T) {
	t.Parallel()
	client, used := metered(t)
	store := NewOrders(client, awstest.Tables(t).Orders)
	lease := order.Lease{Asset: testTAP, Fence: 1}
	created := time.Date(2026, 10, 20, 9, 30, 0, 0, time.UTC)
	row := tapRow(t, testTAP, "576461234567890123", created, "PENDING")

	require.NoError(t, store.Create(t.Context(), lease, row))
	writes, _ := used.take()
	assert.LessOrEqual(t, writes, 2.0, "a new row with its index")

	next := tapRow(t, testTAP, "576461234567890123", created, "SETTLED")
	next.Rev, next.History = 2, append(row.History, order.StatusChange{At: created.Add(time.Hour), From: order.Pending, To: order.Settled})
	next.SettledSeenAt, next.SettledSeenAfter = created.Add(time.Hour), created.Add(30*time.Minute)
	require.NoError(t, store.Replace(t.Context(), lease, next))
	writes, _ = used.take()
	assert.LessOrEqual(t, writes, 1.0, "a settled row")

	stored, err := store.Order(t.Context(), testTAP, order.TAP, "576461234567890123")
	require.NoError(t, err)
	require.Len(t, stored, 1)
	assert.Equal(t, next, stored[0], "what was stored comes back")
}

func TestOrdersConform(t *testing.T) {
	t.Parallel()
	client := dynamodb.NewFromConfig(awstest.Config(t))
	ordertest.Suite(t, func(t *testing.T) ordertest.Harness {
		t.Helper()
		table := awstest.Tables(t).Orders
		return ordertest.Harness{
			Store: NewOrders(client, table),
			Enrol: func(t *testing.T, asset account.AssetID, now time.Time) {
				t.Helper()
				enrol(t, client, table, asset, now)
			},
		}
	})
}

func TestPullingAnOrderForward(t *testing.T) {
	t.Parallel()
	client := dynamodb.NewFromConfig(awstest.Config(t))
	table := awstest.Tables(t).Orders
	store := NewOrders(client, table)
	ctx, now, quiet := t.Context(), time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), 3*time.Minute
	pull := func(id string, at time.Time) (written, known bool) {
		item, known, err := store.pullOrder(ctx, testShop, id, at, quiet)
		require.NoError(t, err)
		if item != nil {
			_, err = client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{*item}})
			require.NoError(t, err)
		}
		return item != nil, known
	}
	written, _ := pull("1", now)
	assert.False(t, written, "nobody reads this shop")

	enrol(t, client, table, testShop, now)
	old := now.AddDate(0, 0, -9)
	sku := json.RawMessage(`{"sku_id":"5","settlement_status":"To-SETTLE"}`)
	row, err := order.FromTikTok(testShop, order.Seller, map[string]any{"id": "77", "create_time": json.Number(fmt.Sprint(old.Unix()))}, sku, old)
	require.NoError(t, err)
	row.Rev = 1
	require.NoError(t, store.Create(ctx, order.Lease{Fence: 1}, row))
	settle := func(at, due time.Time) order.Lease {
		lease, err := store.Acquire(ctx, testShop, "reader", at, at.Add(time.Minute))
		require.NoError(t, err)
		_, err = store.Release(ctx, lease, at, due, 0)
		require.NoError(t, err)
		return lease
	}
	settle(now, now.Add(time.Hour))

	written, known := pull("1", now)
	assert.True(t, written)
	assert.False(t, known)
	assert.Len(t, allDue(t, store, now), 1, "an unknown order makes the newest window due")
	written, _ = pull("2", now.Add(time.Second))
	assert.False(t, written, "one is waiting already")
	written, known = pull("77", now.Add(2*time.Second))
	assert.True(t, written)
	assert.True(t, known)

	lease := settle(now.Add(3*time.Second), now.Add(time.Hour))
	assert.ElementsMatch(t, []time.Time{now.Truncate(time.Hour), old.Truncate(time.Hour)}, lease.Pulls)
	assert.Empty(t, allDue(t, store, now.Add(4*time.Second)))

	written, _ = pull("3", now.Add(time.Minute))
	assert.True(t, written)
	assert.Empty(t, allDue(t, store, now.Add(time.Minute)), "not so soon again")
	assert.NotEmpty(t, allDue(t, store, now.Add(6*time.Minute+time.Second)))

	later := now.Add(10 * time.Minute)
	during := func(id string, at time.Time) (again bool) { // a read that takes a second
		lease, err := store.Acquire(ctx, testShop, "reader", at, at.Add(time.Minute))
		require.NoError(t, err)
		written, _ := pull(id, at)
		require.True(t, written, "the reader may have passed it")
		again, err = store.Release(ctx, lease, at.Add(time.Second), at.Add(time.Hour), 0)
		require.NoError(t, err)
		return again
	}
	assert.True(t, during("4", later))
	assert.False(t, during("5", later.Add(time.Second)), "not so soon again")
	assert.Equal(t, []order.Due{{Asset: testShop, At: later.Add(quiet)}}, allDue(t, store, later.Add(time.Hour)), "but as soon as that")
}

func enrol(t testing.TB, client *dynamodb.Client, table string, asset account.AssetID, now time.Time) {
	t.Helper()
	_, err := client.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{enrolOrders(table, asset, now)}})
	require.NoError(t, err)
}

func allDue(t testing.TB, store *Orders, now time.Time) (all []order.Due) {
	t.Helper()
	for shard := range DueShards {
		require.NoError(t, store.Due(t.Context(), shard, now, func(due []order.Due) error {
			all = append(all, due...)
			return nil
		}))
	}
	return all
}

func TestOrderEvents(t *testing.T) {
	t.Parallel()
	created := time.Date(2026, 10, 20, 9, 30, 0, 0, time.UTC)
	item := func(status string, rev int64, unit string) Item {
		row := tapRow(t, testTAP, "576461234567890123", created, status)
		row.Rev, row.Raw = rev, json.RawMessage(strings.Replace(string(row.Raw), `"quantity":2`, `"quantity":`+unit, 1))
		made, err := rowItem(row, 1)
		require.NoError(t, err)
		return made
	}
	pending, settled, returned := item("PENDING", 1, "2"), item("SETTLED", 2, "2"), item("INELIGIBLE", 2, "2")
	for name, test := range map[string]struct {
		old, current Item
		want         []string
	}{
		"new":                             {nil, pending, []string{"order.created"}},
		"settled when first seen":         {nil, settled, []string{"order.created", "order.settled"}},
		"returned when first seen":        {nil, returned, []string{"order.created", "order.ineligible"}},
		"settled":                         {pending, settled, []string{"order.settled"}},
		"returned":                        {pending, returned, []string{"order.ineligible"}},
		"taken back after the settlement": {settled, returned, []string{"order.ineligible"}},
		"frozen":                          {pending, item("FROZEN", 2, "2"), []string{"order.changed"}},
		"another number of units":         {settled, item("SETTLED", 3, "1"), []string{"order.changed"}},
		"nothing that we tell":            {pending, item("PENDING", 2, "2"), nil},
		"deleted":                         {pending, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			changes := orderChange(test.old, test.current)
			described(t, changes)
			for _, c := range changes {
				got = append(got, c.Type)
				assert.Equal(t, testTAP, c.Asset)
				assert.Empty(t, c.Owner, "the owners of the asset are looked up")
			}
			assert.Equal(t, test.want, got)
		})
	}
	change := orderChange(settled, item("SETTLED", 3, "1"))[0]
	encoded, err := json.Marshal(change.Data)
	require.NoError(t, err)
	var data map[string]any
	require.NoError(t, json.Unmarshal(encoded, &data))
	assert.Equal(t, map[string]any{"quantity": map[string]any{"from": 2.0, "to": 1.0}}, data["changes"])
	assert.Equal(t, "settled", data["status"])
	assert.Equal(t, map[string]any{"rate_bp": 1250.0, "estimated": map[string]any{"amount": "5.07", "currency": "USD"}, "actual": map[string]any{"amount": "5.03", "currency": "USD"}},
		data["commissions"].(map[string]any)["partner_standard"], "estimated and actual side by side")
	assert.NotContains(t, string(encoded), "last_update_time", "our names, not the raw JSON")
}
