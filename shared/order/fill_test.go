package order_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order"
)

func TestFillingRowsFromEachOther(t *testing.T) {
	t.Parallel()
	row := func(asset account.AssetID, p order.Perspective, sku, content, campaign, creator string) order.Row {
		return order.Row{
			Key:   order.Key{Asset: asset, Perspective: p, OrderID: "1", SKUID: sku},
			Facts: order.Facts{ContentID: content, CampaignID: campaign, CreatorUsername: creator},
		}
	}
	type from = map[string]order.Perspective
	for name, test := range map[string]struct {
		rows     []order.Row
		creators []string
		shops    []string
		filled   []from
	}{
		"a campaign sale": {
			[]order.Row{row("shop:1", order.Seller, "5", "c", "k", ""), row("tap:1", order.TAP, "5", "c", "k", "mia")},
			[]string{"mia", "mia"}, []string{"", "Shop 1"},
			[]from{{"creator_username": order.TAP}, {"shop_name": order.Seller}},
		},
		"another SKU of the order": {
			[]order.Row{row("shop:1", order.Seller, "5", "c", "k", ""), row("tap:1", order.TAP, "6", "c", "k", "mia")},
			[]string{"", "mia"}, []string{"", ""}, []from{nil, nil},
		},
		"one SKU through two creators' content": {
			[]order.Row{
				row("shop:1", order.Seller, "5", "c1", "k", ""), row("shop:1", order.Seller, "5", "c2", "k", ""),
				row("tap:1", order.TAP, "5", "c2", "k", "mia"), row("tap:1", order.TAP, "5", "c1", "k", "leo"),
			},
			[]string{"leo", "mia", "mia", "leo"}, []string{"", "", "Shop 1", "Shop 1"},
			[]from{{"creator_username": order.TAP}, {"creator_username": order.TAP}, {"shop_name": order.Seller}, {"shop_name": order.Seller}},
		},
		"who it was of two is not guessed": {
			[]order.Row{row("shop:1", order.Seller, "5", "", "k", ""), row("tap:1", order.TAP, "5", "c2", "k", "mia"), row("tap:1", order.TAP, "5", "c1", "k", "leo")},
			[]string{"", "mia", "leo"}, []string{"", "Shop 1", "Shop 1"},
			[]from{nil, {"shop_name": order.Seller}, {"shop_name": order.Seller}},
		},
		"what is known stays": {
			[]order.Row{row("shop:1", order.Seller, "5", "c", "", "ann"), row("tap:1", order.TAP, "5", "c", "k", "mia")},
			[]string{"ann", "mia"}, []string{"", "Shop 1"}, []from{nil, {"shop_name": order.Seller}},
		},
		"a creator's row fills nothing": {
			[]order.Row{row("shop:1", order.Seller, "5", "c", "k", ""), row("creator:1", order.Creator, "5", "c", "k", "mia")},
			[]string{"", "mia"}, []string{"", ""}, []from{nil, nil},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			filled := order.Fill(test.rows, func(r order.Row) string {
				return map[account.AssetID]string{"shop:1": "Shop 1"}[r.Asset]
			})
			assert.Equal(t, test.filled, filled)
			for i, row := range test.rows {
				assert.Equal(t, test.creators[i], row.CreatorUsername, "row %d", i)
				assert.Equal(t, test.shops[i], row.ShopName, "row %d", i)
			}
		})
	}
}
