package order_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/money"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/tiktokshop"
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
	capRow = `{"id":"576","create_time":1760000000,"delivery_time":"1760300000","settle_status":"SETTLED","settlement_time":1761600000,"sku_id":172,"tags":"t2",
		"creator_username":"leo_park","product_id":"173","shop_name":"Home","price":{"amount":"10","currency":"MXN"},"quantity":"1","standard_commission_rate":1000,
		"shop_ads_commission_rate":"","tap_bonus_commission_rate":"2.5","revenue_sharing_portion_rate":2000,"commission_tier_setting":"-","attribution_type":"Direct",
		"estimated_standard_commission":{"amount":"1","currency":"MXN"},"actual_standard_commission":{"amount":"1","currency":"MXN"},
		"actual_total_agency_commission":{"amount":"0.2","currency":"MXN"},"actual_creator_total_earnings_after_tax":{"amount":"0.7","currency":"MXN"},
		"estimated_creator_tax_isr":{"amount":"0.1","currency":"MXN"},"actual_agency_iva":{"amount":"0.01","currency":"MXN"},"fully_return":"No"}`
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

func TestCAPRow(t *testing.T) {
	t.Parallel()
	row := read(t, order.CAP, nil, capRow)
	assert.Equal(t, order.Key{Asset: "shop:1", Perspective: order.CAP, CreatedAt: created, OrderID: "576", SKUID: "172"}, row.Key)
	assert.Equal(t, order.Settled, row.Status)
	assert.Equal(t, time.Unix(1761600000, 0).UTC(), row.SettledAt)
	assert.Equal(t, map[string]order.Commission{
		"creator_standard":  {RateBP: bp(1000), Estimated: amount(t, "1", "MXN"), Actual: amount(t, "1", "MXN")},
		"creator_tap_bonus": {RateBP: bp(250)}, // percent text, as in 2025
		"creator_after_tax": {Actual: amount(t, "0.7", "MXN")},
		"agency":            {RateBP: bp(2000), Actual: amount(t, "0.2", "MXN")},
	}, row.Commissions)
	assert.Equal(t, map[string]order.Commission{"creator_isr": {Estimated: amount(t, "0.1", "MXN")}, "agency_iva": {Actual: amount(t, "0.01", "MXN")}}, row.Taxes)
	assert.Equal(t, []string{"t2", ""}, []string{row.Tag, row.CommissionTiers})
	assert.Empty(t, row.Unreadable)
}

// One sale, as the four searches tell of it: pages of four shapes, rows of one type.
func TestFourShapesOneRow(t *testing.T) {
	t.Parallel()
	const sale = `"product_id":"173","quantity":2,"price":{"amount":"10.005","currency":"USD"},"creator_username":"mia.lane","content_type":"VIDEO","content_id":75`
	pages := map[order.Perspective]string{
		order.Seller:  `{"orders":[{"id":"576","create_time":1760000000,"skus":[{"sku_id":"172","settlement_status":"To-SETTLE","commission_rate":"1550",` + sale + `}]}],"total_count":1}`,
		order.Creator: `{"orders":[{"id":576,"create_time":"1760000000","status":"TO_SETTLE","skus":{"id":172,"commission_rate":1550,` + sale + `}}],"total_count":"1"}`,
		order.TAP:     `{"sku_orders":[{"id":"576","create_time":1760000000,"sku_id":172,"settle_status":"PENDING","creator_standard_commission_rate":1550,` + sale + `}],"total_count":1}`,
		order.CAP:     `{"sku_orders":{"id":576,"create_time":"1760000000","sku_id":"172","settle_status":"pending","standard_commission_rate":"15.5",` + sale + `},"total_count":""}`,
	}
	rates := map[order.Perspective]string{order.Seller: "creator", order.Creator: "total", order.TAP: "creator_standard", order.CAP: "creator_standard"}
	for perspective, page := range pages {
		t.Run(string(perspective), func(t *testing.T) {
			t.Parallel()
			rows := rowsOf(t, perspective, page)
			require.Len(t, rows, 1)
			row := rows[0]
			assert.Equal(t, order.Key{Asset: "shop:1", Perspective: perspective, CreatedAt: created, OrderID: "576", SKUID: "172"}, row.Key)
			two := int64(2)
			assert.Equal(t, order.Facts{
				ProductID: "173", CreatorUsername: "mia.lane", ContentType: "VIDEO", ContentID: "75", Quantity: &two, Price: amount(t, "10.005", "USD"),
				Commissions: map[string]order.Commission{rates[perspective]: {RateBP: bp(1550)}}, Taxes: map[string]order.Commission{},
				Status: order.Pending, StatusText: row.StatusText,
			}, row.Facts)
		})
	}
}

// rowsOf reads a page with the client's type for it.
func rowsOf(t *testing.T, perspective order.Perspective, page string) (rows []order.Row) {
	t.Helper()
	var grouped struct {
		seller  tiktokshop.SellerSearchOrdersResponse
		creator tiktokshop.CreatorSearchOrdersResponse
		tap     tiktokshop.PartnerSearchOrdersResponse
		agency  tiktokshop.PartnerSearchCAPOrdersResponse
	}
	into := map[order.Perspective]any{order.Seller: &grouped.seller, order.Creator: &grouped.creator, order.TAP: &grouped.tap, order.CAP: &grouped.agency}[perspective]
	require.NoError(t, json.Unmarshal([]byte(page), into))
	head := func(id tiktokshop.ID, created tiktokshop.Unix, status string) map[string]any {
		return map[string]any{"id": string(id), "create_time": json.Number(strconv.FormatInt(int64(created), 10)), "status": status}
	}
	for _, o := range grouped.seller.Orders {
		for _, sku := range o.SKUs {
			rows = append(rows, read(t, perspective, head(o.ID, o.CreateTime, o.Status), string(sku.Raw)))
		}
	}
	for _, o := range grouped.creator.Orders {
		for _, sku := range o.SKUs {
			rows = append(rows, read(t, perspective, head(o.ID, o.CreateTime, o.Status), string(sku.Raw)))
		}
	}
	for _, row := range grouped.tap.SKUOrders {
		rows = append(rows, read(t, perspective, nil, string(row.Raw)))
	}
	for _, row := range grouped.agency.SKUOrders {
		rows = append(rows, read(t, perspective, nil, string(row.Raw)))
	}
	return rows
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
	for name, packed := range map[string][]byte{"empty": nil, "unknown version": {9, 1, 2}, "cut off": {1, 0xff}, "endless": endless(t)} {
		_, err := order.Unpack(packed)
		assert.Error(t, err, name)
	}
	dictionary, err := os.ReadFile("dictionary1.txt")
	require.NoError(t, err)
	sum := sha256.Sum256(dictionary)
	assert.Equal(t, "ba700c785f44c14c75a047626d741b9760a2d1f0f8f701df39073de8f4b2e2a4", hex.EncodeToString(sum[:]), "stored rows need this dictionary as it is: add a new version instead")
}

// endless packs more than a row may be.
func endless(t *testing.T) []byte {
	t.Helper()
	packed, err := order.Pack(bytes.Repeat([]byte(" "), 1<<20+1))
	require.NoError(t, err)
	return packed
}

func FuzzFromTikTok(f *testing.F) {
	for i, seed := range []string{sellerSKU, creatorSKU, tapRow, capRow, `{"id":"a#b","create_time":99999999999,"quantity":"","price":[]}`, `"gone"`, `{"x":1e999,"\ud800":"\u0000"}`} {
		f.Add(byte(i), seed)
	}
	f.Fuzz(func(t *testing.T, which byte, data string) {
		perspective := []order.Perspective{order.Seller, order.Creator, order.TAP, order.CAP}[which%4]
		row := read(t, perspective, map[string]any{"id": "576", "create_time": json.Number("1760000000")}, data)
		assert.NotContains(t, row.OrderID+row.SKUID, "#")
		assert.NotEmpty(t, row.OrderID)
		assert.NotEmpty(t, row.SKUID)
		assert.Equal(t, row.Facts, order.ReadFacts(perspective, row.Raw), "a stored row reads as the new one did")
		shown, err := json.Marshal(row)
		require.NoError(t, err)
		assert.True(t, json.Valid(shown))
		packed, err := order.Pack(row.Raw)
		require.NoError(t, err)
		unpacked, err := order.Unpack(packed)
		require.NoError(t, err)
		assert.Equal(t, row.Raw, unpacked)
		if raw, err := order.Unpack([]byte(data)); err == nil {
			_ = order.ReadFacts(perspective, raw)
		}
	})
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
