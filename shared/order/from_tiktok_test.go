package order_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/money"
	"tiktok-shop-affiliate/shared/order"
)

const (
	sellerSKU = `{"sku_id":"172","settlement_status":"To-SETTLE","open_collaboration_id":"81","creator_username":"mia.lane","price":{"amount":"24.99","currency":"USD"},
		"quantity":2,"content_type":"VIDEO","content_id":"75","product_id":"173","commission_model":"Tiered commission","commission_tier_setting":"3.0 OR 5.0",
		"commission_rate":"1550","shop_ads_commission_rate":"","estimated_commission_base":{"amount":"49.98","currency":"USD"},
		"estimated_paid_commission":{"amount":"7.7469","currency":"USD"},"fully_return":"No","is_carousel":true}`
	creatorSKU = `{"id":"172","campaign_id":"74","product_id":"173","product_name":"Lamp","shop_name":"Home","price":{"amount":"10","currency":"MXN"},"quantity":3,"returned_quantity":1,
		"refunded_quantity":0,"commission_rate":1500,"standard_commission_rate":1000,"estimated_commission":{"amount":"4.5","currency":"MXN"},"actual_commission":{"amount":"2.25","currency":"MXN"},
		"estimated_bonus_commission":{"amount":"1","currency":"USD"},"isr":{"amount":"0.1","currency":"MXN"},"shared_with_partner":{"amount":"0.2","currency":"MXN"},
		"tag":"t1","trace_info":{"id":"click-1","type":"GENERAL"},"last_update_time":1761000000}`
	tapRow = `{"id":"576","create_time":1760000000,"delivery_time":"1760300000","settle_status":"SETTLED","settlement_time":1761600000,"sku_id":"172","campaign_id":"74",
		"creator_username":"mia.lane","product_id":"173","quantity":1,"creator_standard_commission_rate":1000,"partner_standard_commission_rate":500,
		"estimated_partner_standard_commission":{"amount":"0.5","currency":"USD"},"actual_partner_standard_commission":{"amount":"0.5","currency":"USD"},
		"actual_partner_iva":{"amount":"0","currency":"USD"},"fully_return":"No"}`
)

var created = time.Unix(1760000000, 0).UTC() // 2025-10-09

func head() map[string]any {
	return map[string]any{"id": "576", "create_time": json.Number("1760000000"), "delivery_time": json.Number("1760300000"), "status": "PROCESSING"}
}

func read(t *testing.T, perspective order.Perspective, head map[string]any, row string) order.Row {
	t.Helper()
	got, err := order.FromTikTok("shop:1", perspective, head, json.RawMessage(row), created.Add(-time.Hour))
	require.NoError(t, err)
	return got
}

func amount(t *testing.T, text, currency string) money.Amount {
	t.Helper()
	a, err := money.Parse(text, currency)
	require.NoError(t, err)
	return a
}

func bp(n money.BasisPoints) *money.BasisPoints { return &n }

func TestSellerRow(t *testing.T) {
	t.Parallel()
	row := read(t, order.Seller, head(), sellerSKU)
	assert.Equal(t, order.Key{Asset: "shop:1", Perspective: order.Seller, CreatedAt: created, OrderID: "576", SKUID: "172"}, row.Key)
	assert.Equal(t, order.Pending, row.Status)
	assert.Equal(t, "To-SETTLE", row.StatusText, "the SKU's status wins over the order's")
	assert.Equal(t, created.Add(300_000*time.Second), row.DeliveredAt)
	assert.Equal(t, int64(2), *row.Quantity)
	assert.Nil(t, row.Refunded, "not sent is not zero")
	assert.False(t, *row.FullyReturned)
	assert.True(t, row.Carousel)
	assert.Equal(t, "3.0 OR 5.0", row.CommissionTiers)
	assert.Equal(t, amount(t, "49.98", "USD"), row.Base.Estimated)
	assert.Equal(t, map[string]order.Commission{"creator": {RateBP: bp(1550), Estimated: amount(t, "7.7469", "USD")}}, row.Commissions)
	assert.Empty(t, row.Unreadable)

	older := read(t, order.Seller, head(), `{"product_id":"173"}`)
	assert.Equal(t, "PROCESSING", older.StatusText, "the older place of the status")
	assert.Equal(t, "product-173", older.SKUID, "without a SKU the product stands in")
}

func TestCreatorRow(t *testing.T) {
	t.Parallel()
	h := head()
	h["status"] = "SETTLED"
	row := read(t, order.Creator, h, creatorSKU)
	assert.Equal(t, "172", row.SKUID)
	assert.Equal(t, order.Settled, row.Status)
	assert.Equal(t, int64(0), *row.Refunded)
	assert.Equal(t, int64(1), *row.Returned)
	assert.Equal(t, map[string]order.Commission{
		"total":               {RateBP: bp(1500), Estimated: amount(t, "4.5", "MXN"), Actual: amount(t, "2.25", "MXN")},
		"standard":            {RateBP: bp(1000)},
		"bonus":               {Estimated: amount(t, "1", "USD")}, // in another currency, as TikTok Shop does
		"shared_with_partner": {Actual: amount(t, "0.2", "MXN")},
	}, row.Commissions)
	assert.Equal(t, map[string]order.Commission{"isr": {Actual: amount(t, "0.1", "MXN")}}, row.Taxes)
	assert.Equal(t, []string{"t1", "click-1", "GENERAL"}, []string{row.Tag, row.TraceID, row.TraceType})
}

func TestTAPRow(t *testing.T) {
	t.Parallel()
	row := read(t, order.TAP, nil, tapRow)
	assert.Equal(t, order.Key{Asset: "shop:1", Perspective: order.TAP, CreatedAt: created, OrderID: "576", SKUID: "172"}, row.Key)
	assert.Equal(t, order.Settled, row.Status)
	assert.Equal(t, time.Unix(1761600000, 0).UTC(), row.SettledAt)
	assert.Equal(t, map[string]order.Commission{
		"creator_standard": {RateBP: bp(1000)},
		"partner_standard": {RateBP: bp(500), Estimated: amount(t, "0.5", "USD"), Actual: amount(t, "0.5", "USD")},
	}, row.Commissions)
	assert.Equal(t, map[string]order.Commission{"iva": {Actual: amount(t, "0", "USD")}}, row.Taxes, "zero is an amount")
}

func TestWhatCannotBeReadIsKeptAndNamed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		row  string
		want []string
	}{
		"localised money":       {`{"sku_id":"1","price":{"amount":"Rp9.900","currency":"IDR"}}`, []string{"price"}},
		"money that is text":    {`{"sku_id":"1","price":"9.90"}`, []string{"price"}},
		"money without amount":  {`{"sku_id":"1","price":{"amount":"","currency":"USD"}}`, nil},
		"percent rate":          {`{"sku_id":"1","commission_rate":"15.5"}`, []string{"commission_rate"}},
		"no rate":               {`{"sku_id":"1","commission_rate":"-"}`, nil},
		"quantity that is text": {`{"sku_id":"1","quantity":"two"}`, []string{"quantity"}},
		"id that is an object":  {`{"sku_id":{},"product_id":"5"}`, []string{"sku_id"}},
		"ids that are numbers":  {`{"sku_id":1729384756473829105,"product_id":5}`, nil},
		"nulls":                 {`{"sku_id":"1","price":null,"quantity":null,"fully_return":null}`, nil},
		"half a boolean":        {`{"sku_id":"1","fully_return":"Maybe"}`, []string{"fully_return"}},
		"not an object":         {`"gone"`, []string{"row"}},
		"not JSON":              {`{"sku_id":`, []string{"row"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row := read(t, order.Seller, head(), test.row)
			assert.Equal(t, test.want, row.Unreadable)
			if name != "not JSON" {
				var kept struct{ Row json.RawMessage }
				require.NoError(t, json.Unmarshal(row.Raw, &kept))
				assert.JSONEq(t, test.row, string(kept.Row))
			}
		})
	}
	lost := read(t, order.TAP, nil, `{"sku_id":"1","create_time":"yesterday"}`)
	assert.Equal(t, []string{"create_time", "id"}, lost.Unreadable)
	assert.True(t, strings.HasPrefix(lost.OrderID, "unreadable-"), lost.OrderID)
	assert.Equal(t, created.Add(-time.Hour), lost.CreatedAt, "the start of the window stands in")
	assert.Equal(t, "1-2", read(t, order.TAP, nil, `{"id":"1#2"}`).OrderID, "no separator of keys in an id")
}

func TestHashTellsNews(t *testing.T) {
	t.Parallel()
	row := read(t, order.TAP, nil, tapRow)
	reordered := read(t, order.TAP, nil, `{"sku_id":"172",`+strings.Replace(tapRow[1:], `"sku_id":"172",`, "", 1))
	assert.Equal(t, row.Hash(), reordered.Hash(), "the order of fields is no news")
	touched := read(t, order.Creator, head(), strings.Replace(creatorSKU, "1761000000", "1761999999", 1))
	assert.Equal(t, read(t, order.Creator, head(), creatorSKU).Hash(), touched.Hash(), "a touch without a change is no news")
	moved := head()
	moved["delivery_time"] = json.Number("1760300001")
	assert.NotEqual(t, read(t, order.Seller, head(), sellerSKU).Hash(), read(t, order.Seller, moved, sellerSKU).Hash())
	assert.NotEqual(t, row.Hash(), read(t, order.TAP, nil, strings.Replace(tapRow, "SETTLED", "PENDING", 1)).Hash())
}

func TestPackedRows(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]json.RawMessage{
		"seller": read(t, order.Seller, head(), sellerSKU).Raw, "creator": read(t, order.Creator, head(), creatorSKU).Raw, "tap": read(t, order.TAP, nil, tapRow).Raw,
	} {
		packed, err := order.Pack(raw)
		require.NoError(t, err)
		assert.Less(t, len(packed), 300, name)
		got, err := order.Unpack(packed)
		require.NoError(t, err)
		assert.Equal(t, raw, got, name)
	}
	for name, packed := range map[string][]byte{"empty": nil, "unknown version": {9, 1, 2}, "cut off": {1, 0xff}} {
		_, err := order.Unpack(packed)
		assert.Error(t, err, name)
	}
	dictionary, err := os.ReadFile("dictionary1.txt")
	require.NoError(t, err)
	sum := sha256.Sum256(dictionary)
	assert.Equal(t, "ba700c785f44c14c75a047626d741b9760a2d1f0f8f701df39073de8f4b2e2a4", hex.EncodeToString(sum[:]), "stored rows need this dictionary as it is: add a new version instead")
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	before := read(t, order.TAP, nil, strings.Replace(tapRow, `"SETTLED"`, `"PENDING"`, 1))
	after := read(t, order.TAP, nil, tapRow)
	got, err := order.Differences(before.Facts, after.Facts)
	require.NoError(t, err)
	assert.Equal(t, map[string]order.Difference{
		"status":      {From: json.RawMessage(`"pending"`), To: json.RawMessage(`"settled"`)},
		"status_text": {From: json.RawMessage(`"PENDING"`), To: json.RawMessage(`"SETTLED"`)},
	}, got)
}
