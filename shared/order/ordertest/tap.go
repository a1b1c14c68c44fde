package ordertest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order"
)

// TAPRow is a row with every field of the TAP search filled in.
func TAPRow(t testing.TB, asset account.AssetID, id string, created time.Time, status string) order.Row {
	t.Helper()
	money := func(amount string) map[string]any { return map[string]any{"amount": amount, "currency": "USD"} }
	fields := map[string]any{
		"id": id, "sku_id": "1729384756473829105", "product_id": "1729384756473829101", "product_name": "Cloud Soft Ribbed Lounge Set, Two Pieces, Oatmeal Melange, Size M",
		"campaign_id": "7512345678901234567", "content_id": "7523456789012345678", "content_type": "VIDEO", "creator_username": "mia.lane.finds",
		"create_time": created.Unix(), "delivery_time": created.Unix() + 300_000, "settlement_time": created.Unix() + 1_600_000, "last_update_time": created.Unix() + 1_600_001,
		"settle_status": status, "quantity": 2, "fully_return": "No", "is_carousel": false, "price": money("24.99"),
		"estimated_commission_base": money("49.98"), "actual_commission_base": money("49.98"),
		"estimated_partner_isr": money("0.12"), "estimated_partner_iva": money("0.34"), "actual_partner_isr": money("0.12"), "actual_partner_iva": money("0.34"),
	}
	for i, who := range []string{"creator", "partner"} {
		for j, kind := range []string{"standard", "shop_ads", "tap_bonus"} {
			name := who + "_" + kind + "_commission"
			fields[name+"_rate"] = 1000 + 250*i + 50*j
			fields["estimated_"+name], fields["actual_"+name] = money(fmt.Sprintf("%d.%d7", 4+i, j)), money(fmt.Sprintf("%d.%d3", 4+i, j))
		}
	}
	raw, err := json.Marshal(fields)
	require.NoError(t, err)
	row, err := order.FromTikTok(asset, order.TAP, nil, raw, created)
	require.NoError(t, err)
	row.Rev, row.FirstSeenAt, row.ChangedAt = 1, created.Add(time.Minute), created.Add(time.Minute)
	row.History = []order.StatusChange{{At: row.FirstSeenAt, To: row.Status}}
	return row
}
