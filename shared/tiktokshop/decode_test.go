package tiktokshop_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/money"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

func decode[T any](t testing.TB, data string) T {
	t.Helper()
	var v T
	require.NoError(t, json.Unmarshal([]byte(data), &v))
	return v
}

const sellerPage = `{"next_page_token":"t","total_count":"1","orders":[{"id":579125529499110202,"create_time":"1722420186","delivery_time":"","skus":[
	{"sku_id":"1729","product_id":1729503179457070324,"settlement_status":"To-SETTLE","fully_return":"No","quantity":2,"commission_rate":"1550",
	 "partner_commission_rate":"","price":{"amount":"1.0005","currency":"USD"},"estimated_paid_commission":{"amount":100,"currency":"VND"},
	 "is_carousel":true,"some_new_field":{"deep":["]}\"",{}]}}]}]}`

func TestSellerOrders(t *testing.T) {
	t.Parallel()
	page := decode[tiktokshop.SellerSearchOrdersResponse](t, sellerPage)
	require.Len(t, page.Orders, 1)
	order := page.Orders[0]
	assert.Equal(t, tiktokshop.ID("579125529499110202"), order.ID)
	assert.Equal(t, time.Unix(1722420186, 0).UTC(), order.CreateTime.Time())
	assert.True(t, order.DeliveryTime.Time().IsZero())
	require.Len(t, order.SKUs, 1)
	sku := order.SKUs[0]
	assert.Equal(t, tiktokshop.ID("1729503179457070324"), sku.ProductID)
	assert.Equal(t, tiktokshop.Count{N: 2, Known: true}, sku.Quantity)
	assert.False(t, sku.RefundedQuantity.Known, "missing is not 0")
	bp, err := sku.CommissionRate.BasisPoints()
	require.NoError(t, err)
	assert.Equal(t, money.BasisPoints(1550), bp)
	assert.Empty(t, sku.PartnerCommissionRate)
	price, err := sku.Price.Parse()
	require.NoError(t, err)
	assert.Equal(t, "1.0005 USD", price.String())
	commission, err := sku.EstimatedPaidCommission.Parse()
	require.NoError(t, err)
	assert.Equal(t, "100 VND", commission.String())
	absent, err := sku.ActualPaidCommission.Parse()
	require.NoError(t, err)
	assert.True(t, absent.IsZero())
	assert.JSONEq(t, `{"deep":["]}\"",{}]}`, string(decode[map[string]json.RawMessage](t, string(sku.Raw))["some_new_field"]), "unknown fields survive")
}

func TestCreatorOrders(t *testing.T) {
	t.Parallel()
	page := decode[tiktokshop.CreatorSearchOrdersResponse](t, `{"orders":[{"id":"1","status":"AWAITING PAYMENT","skus":{"id":7,"commission_rate":1200,
		"price":{"amount":"Rp9.900","currency":"IDR"},"quantity":"","refunded_quantity":null,"trace_info":{"type":"GENERAL","id":"e1"},"last_update_time":1}}]}`)
	sku := page.Orders[0].SKUs[0]
	assert.Equal(t, tiktokshop.ID("7"), sku.ID, "one SKU as an object")
	assert.JSONEq(t, `"e1"`, string(decode[struct {
		TraceInfo struct{ ID json.RawMessage } `json:"trace_info"`
	}](t, string(sku.Raw)).TraceInfo.ID))
	assert.Equal(t, tiktokshop.Rate("1200"), sku.CommissionRate)
	assert.False(t, sku.Quantity.Known)
	_, err := sku.Price.Parse()
	require.ErrorIs(t, err, money.ErrAmount)
	assert.Equal(t, tiktokshop.Money{Amount: "Rp9.900", Currency: "IDR"}, sku.Price, "localised text is kept")
	assert.Equal(t, tiktokshop.TraceInfo{Type: "GENERAL", ID: "e1"}, sku.TraceInfo)
}

func TestPartnerOrders(t *testing.T) {
	t.Parallel()
	page := decode[tiktokshop.PartnerSearchOrdersResponse](t, `{"sku_orders":[
		{"id":"1","sku_id":"2","settle_status":"SETTLED","settlement_time":1793491200,"creator_standard_commission_rate":3000,"actual_partner_isr":{"currency":"MXN"}},
		{"id":"3","settle_status":"A NEW WORD","x":"{[\\"}]}`)
	require.Len(t, page.SKUOrders, 2)
	assert.Equal(t, tiktokshop.Unix(1793491200), page.SKUOrders[0].SettlementTime)
	assert.Equal(t, "A NEW WORD", page.SKUOrders[1].SettleStatus)
	assert.Contains(t, string(page.SKUOrders[0].Raw), `"sku_id":"2"`)
	assert.JSONEq(t, `{"id":"3","settle_status":"A NEW WORD","x":"{[\\"}`, string(page.SKUOrders[1].Raw))
	withheld, err := page.SKUOrders[0].ActualPartnerISR.Parse()
	require.NoError(t, err)
	assert.True(t, withheld.IsZero(), "an amount may be left out of its object")

	agency := decode[tiktokshop.PartnerSearchCAPOrdersResponse](t, `{"sku_orders":{"id":"1","revenue_sharing_portion_rate":"2500","tags":"a"}}`)
	assert.Equal(t, tiktokshop.Rate("2500"), agency.SKUOrders[0].RevenueSharingPortionRate)
}

func TestCampaignProducts(t *testing.T) {
	t.Parallel()
	page := decode[tiktokshop.PartnerCampaignProductsResponse](t, `{"products":[{"id":1729,"review_status":"SOMETHING_NEW","is_available":false,"inventory":0,
		"total_commission_rate":2000,"lowest_price":{"amount":"1.1","currency":"USD"},"sku_information_list":[{"sku_id":"1","inventory":{"available_quantity":"80"}}]},{"id":"2"}]}`)
	product := page.Products[0]
	assert.Equal(t, tiktokshop.ReviewStatus("SOMETHING_NEW"), product.ReviewStatus)
	require.NotNil(t, product.IsAvailable)
	assert.False(t, *product.IsAvailable)
	assert.Equal(t, tiktokshop.Count{Known: true}, product.Inventory)
	assert.Equal(t, tiktokshop.Count{N: 80, Known: true}, product.SKUs[0].Inventory.AvailableQuantity)
	assert.Nil(t, page.Products[1].IsAvailable)
	assert.False(t, page.Products[1].SampleQuota.Known)
}

func TestUnreadableValues(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"id is an object":      `{"campaigns":[{"id":{}}]}`,
		"id is true":           `{"campaigns":[{"id":true}]}`,
		"time is words":        `{"campaigns":[{"campaign_end_time":"tomorrow"}]}`,
		"time is a fraction":   `{"campaigns":[{"campaign_end_time":1.5}]}`,
		"time is out of range": `{"campaigns":[{"campaign_end_time":99999999999999999999}]}`,
		"rows are text":        `{"campaigns":"none"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var page struct {
				tiktokshop.PartnerCampaignsResponse
				Orders tiktokshop.OneOrMany[tiktokshop.PartnerOrder] `json:"sku_orders"`
			}
			require.Error(t, json.Unmarshal([]byte(data), &page))
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(sellerPage)
	f.Add(`{"orders":{"skus":{"quantity":"12","price":{"amount":"\u0031"}}},"sku_orders":[{"x":[[{"y":"\\\""}]]}]}`)
	f.Fuzz(func(t *testing.T, data string) {
		var seller tiktokshop.SellerSearchOrdersResponse
		if json.Unmarshal([]byte(data), &seller) == nil {
			for _, order := range seller.Orders {
				for _, sku := range order.SKUs {
					assert.True(t, len(sku.Raw) == 0 || json.Valid(sku.Raw))
					_, _ = sku.Price.Parse()
					_, _ = sku.CommissionRate.BasisPoints()
				}
			}
		}
		var partner tiktokshop.PartnerSearchOrdersResponse
		if json.Unmarshal([]byte(data), &partner) == nil {
			for _, row := range partner.SKUOrders {
				assert.True(t, len(row.Raw) == 0 || json.Valid(row.Raw))
			}
		}
	})
}

// hundred is a page of 100 partner rows, as long as real ones.
func hundred() string {
	var b strings.Builder
	b.WriteString(`{"code":0,"message":"Success","data":{"sku_orders":[`)
	for i := range 100 {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, `{"id":"57912552949911%04d","sku_id":"1729503179457070324","product_id":"1729503179457070325","product_name":"Lip oil & gloss",
			"settle_status":"SETTLED","create_time":1793491200,"delivery_time":1793591200,"settlement_time":1793691200,"quantity":1,"creator_username":"someone",
			"creator_standard_commission_rate":1500,"partner_standard_commission_rate":500,"price":{"amount":"12.50","currency":"USD"},
			"actual_commission_base":{"amount":"12.50","currency":"USD"},"actual_creator_standard_commission":{"amount":"1.87","currency":"USD"},
			"estimated_partner_standard_commission":{"amount":"0.62","currency":"USD"}}`, i)
	}
	return b.String() + `]}}`
}

type bareMoney struct{ Amount, Currency string }

// bareRow is what a careless client would write for the same row.
type bareRow struct {
	ID              string    `json:"id"`
	SKUID           string    `json:"sku_id"`
	ProductID       string    `json:"product_id"`
	ProductName     string    `json:"product_name"`
	SettleStatus    string    `json:"settle_status"`
	CreateTime      int64     `json:"create_time"`
	DeliveryTime    int64     `json:"delivery_time"`
	SettlementTime  int64     `json:"settlement_time"`
	Quantity        int       `json:"quantity"`
	Creator         string    `json:"creator_username"`
	CreatorStandard int       `json:"creator_standard_commission_rate"`
	PartnerStandard int       `json:"partner_standard_commission_rate"`
	Price           bareMoney `json:"price"`
	Base            bareMoney `json:"actual_commission_base"`
	Commission      bareMoney `json:"actual_creator_standard_commission"`
	Estimate        bareMoney `json:"estimated_partner_standard_commission"`
}

func BenchmarkDecode100(b *testing.B) {
	body := []byte(hundred())
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			var page struct {
				Data struct {
					Rows []bareRow `json:"sku_orders"`
				}
			}
			require.NoError(b, json.Unmarshal(body, &page))
		}
	})
	b.Run("ours", func(b *testing.B) {
		for b.Loop() {
			var page struct {
				Data tiktokshop.PartnerSearchOrdersResponse
			}
			require.NoError(b, json.Unmarshal(body, &page))
		}
	})
}
