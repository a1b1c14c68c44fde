package dynamo

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/order"
)

func TestListingRows(t *testing.T) {
	t.Parallel()
	store := NewOrders(dynamodb.NewFromConfig(awstest.Config(t)), awstest.Tables(t).Orders)
	from := time.Date(2026, 8, 30, 0, 0, 0, 0, time.UTC)
	var want []string
	for i := range 40 { // two a day, over three months' ends
		status := "PENDING"
		if i%4 == 0 {
			status = "SETTLED"
		}
		id := fmt.Sprintf("5764%03d", i)
		require.NoError(t, store.Create(t.Context(), order.Lease{Fence: 1}, tapRow(t, testTAP, id, from.Add(time.Duration(i)*36*time.Hour), status)))
		want = append([]string{id}, want...)
	}
	list := func(s order.Selection) (ids []string, calls int) {
		s.Asset, s.Perspective = testTAP, order.TAP
		for {
			found, err := store.Rows(t.Context(), s)
			require.NoError(t, err)
			assert.LessOrEqual(t, len(found.Rows), s.Limit)
			assert.LessOrEqual(t, found.Work, s.Work+queryWork, "a call looks at no more than it may")
			for _, row := range found.Rows {
				ids = append(ids, row.OrderID)
			}
			if calls++; found.Next == "" {
				return ids, calls
			}
			s.After = found.Next
		}
	}
	all := order.Selection{From: from, To: from.AddDate(0, 6, 0), Work: 1000}
	for _, limit := range []int{1, 7, 40, 100} {
		all.Limit = limit
		got, _ := list(all)
		assert.Equal(t, want, got, "limit %d: newest first, each once", limit)
	}
	for _, work := range []int{1, 7, 30, 1000} {
		all.Work, all.Limit = work, 10
		got, calls := list(all)
		assert.Equal(t, want, got, "work %d: newest first, each once", work)
		if work == 1 {
			assert.Greater(t, calls, len(want))
		}
		all.Filter = order.Filter{Status: order.Settled}
		got, _ = list(all)
		assert.Len(t, got, 10)
		all.Filter = order.Filter{Product: "1729384756473829101", Creator: "mia.lane.finds"}
		got, _ = list(all)
		assert.Equal(t, want, got)
		all.Filter = order.Filter{Product: "nobody bought it"}
		got, calls = list(all)
		assert.Empty(t, got)
		assert.LessOrEqual(t, calls, len(want)+8)
		// of the four settled from then on, one is outside
		all.Filter = order.Filter{SettledFrom: from.Add(30*36*time.Hour + 1_600_000*time.Second), SettledTo: from.Add(39 * 36 * time.Hour).Add(1_600_000 * time.Second)}
		got, _ = list(all)
		assert.Equal(t, []string{"5764036", "5764032"}, got)
		all.Filter = order.Filter{}
	}
	part := order.Selection{From: from.Add(36 * time.Hour), To: from.Add(3 * 36 * time.Hour), Limit: 10, Work: 100}
	got, _ := list(part)
	assert.Equal(t, []string{"5764002", "5764001"}, got, "from is inclusive, to exclusive")
}

func TestTheAssetsOfAnOrder(t *testing.T) {
	t.Parallel()
	store := NewOrders(dynamodb.NewFromConfig(awstest.Config(t)), awstest.Tables(t).Orders)
	at := time.Date(2026, 8, 30, 0, 0, 0, 0, time.UTC)
	other := account.AssetID("tap:main:partner:6B:1:US")
	for _, asset := range []account.AssetID{testTAP, other} {
		for _, id := range []string{"1", "2"} {
			require.NoError(t, store.Create(t.Context(), order.Lease{Fence: 1}, tapRow(t, asset, id, at, "PENDING")))
		}
	}
	assets, err := store.OrderAssets(t.Context(), "1")
	require.NoError(t, err)
	assert.ElementsMatch(t, []account.AssetID{testTAP, other}, assets)
	rows, err := store.Order(t.Context(), other, order.TAP, "1")
	require.NoError(t, err)
	require.Len(t, rows, 1)
	assert.Equal(t, other, rows[0].Asset)
	assets, err = store.OrderAssets(t.Context(), "3")
	require.NoError(t, err)
	assert.Empty(t, assets)
}
