package tiktokshop

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The figures are ratios within one run: ours by plain.

// orderPage is an answer with 100 rows of one of the four shapes, with every
// kind of value a real row has.
func orderPage(wrap, row string) []byte {
	var b strings.Builder
	b.WriteString(`{"code":0,"message":"Success","request_id":"r","data":{"next_page_token":"t","total_count":100,` + wrap)
	for i := range 100 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strings.ReplaceAll(row, "#", fmt.Sprintf("%04d", i)))
	}
	b.WriteString("]}}")
	return []byte(b.String())
}

const (
	amounts = `"price":{"amount":"12.50","currency":"USD"},"actual_commission_base":{"amount":"12.50","currency":"USD"},
		"estimated_commission_base":{"amount":"12.50","currency":"USD"},"actual_paid_commission":{"amount":"1.87","currency":"USD"},
		"estimated_paid_commission":{"amount":"1.87","currency":"USD"}`
	sku = `"product_id":"1729503179457070325","quantity":1,"commission_rate":"1500","content_id":"7310","content_type":"VIDEO",
		"settlement_status":"SETTLED","campaign_id":"","fully_return":"No","shop_ads_commission_rate":"500","is_carousel":false,` + amounts
	partnerRow = `{"id":"57912552949911#","sku_id":"1729503179457070324","product_name":"Lip oil & gloss","settle_status":"SETTLED",
		"create_time":1793491200,"delivery_time":1793591200,"settlement_time":1793691200,"creator_username":"someone",` + sku + `}`
	sellerRow  = `{"id":"57912552949911#","create_time":1793491200,"delivery_time":1793591200,"skus":[{"sku_id":"1729503179457070324","creator_username":"someone",` + sku + `}]}`
	creatorRow = `{"id":"57912552949911#","create_time":1793491200,"delivery_time":1793591200,"status":"SETTLED","skus":[{"id":"1729503179457070324",` + sku + `}]}`
)

type (
	plainMoney struct{ Amount, Currency string }

	// plainRow is what a careless client would write for the same rows.
	plainRow struct {
		ID             string `json:"id"`
		SKUID          string `json:"sku_id"`
		ProductName    string `json:"product_name"`
		SettleStatus   string `json:"settle_status"`
		Status         string `json:"status"`
		CreateTime     int64  `json:"create_time"`
		DeliveryTime   int64  `json:"delivery_time"`
		SettlementTime int64  `json:"settlement_time"`
		Creator        string `json:"creator_username"`
		plainSKU
		SKUs []plainSKURow `json:"skus"`
	}
	plainSKU struct {
		ProductID        string     `json:"product_id"`
		Quantity         int        `json:"quantity"`
		CommissionRate   string     `json:"commission_rate"`
		ContentID        string     `json:"content_id"`
		ContentType      string     `json:"content_type"`
		SettlementStatus string     `json:"settlement_status"`
		CampaignID       string     `json:"campaign_id"`
		FullyReturn      string     `json:"fully_return"`
		AdsRate          string     `json:"shop_ads_commission_rate"`
		Carousel         bool       `json:"is_carousel"`
		Price            plainMoney `json:"price"`
		Base             plainMoney `json:"actual_commission_base"`
		EstimatedBase    plainMoney `json:"estimated_commission_base"`
		Commission       plainMoney `json:"actual_paid_commission"`
		Estimate         plainMoney `json:"estimated_paid_commission"`
	}
	plainSKURow struct {
		ID      string `json:"id"`
		SKUID   string `json:"sku_id"`
		Creator string `json:"creator_username"`
		plainSKU
	}
)

// BenchmarkOrderPages decodes a page of 100 orders. Goal: 1.5 × plain
// encoding/json.
func BenchmarkOrderPages(b *testing.B) {
	for _, shape := range []struct {
		name  string
		page  []byte
		ours  func() any
		plain func() any
	}{
		{
			"seller", orderPage(`"orders":[`, sellerRow), func() any { return new(SellerSearchOrdersResponse) },
			func() any { return new(struct{ Orders []plainRow }) },
		},
		{
			"creator", orderPage(`"orders":[`, creatorRow), func() any { return new(CreatorSearchOrdersResponse) },
			func() any { return new(struct{ Orders []plainRow }) },
		},
		{
			"partner", orderPage(`"sku_orders":[`, partnerRow), func() any { return new(PartnerSearchOrdersResponse) },
			func() any {
				return new(struct {
					Orders []plainRow `json:"sku_orders"`
				})
			},
		},
		{
			"cap", orderPage(`"sku_orders":[`, partnerRow), func() any { return new(PartnerSearchCAPOrdersResponse) },
			func() any {
				return new(struct {
					Orders []plainRow `json:"sku_orders"`
				})
			},
		},
	} {
		b.Run(shape.name+"/plain", func(b *testing.B) {
			for b.Loop() {
				answer := struct {
					Code    int
					Message string
					Data    any
				}{Data: shape.plain()}
				if err := json.Unmarshal(shape.page, &answer); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(shape.name+"/ours", func(b *testing.B) {
			c, err := New(Options{})
			require.NoError(b, err)
			answered := &http.Response{StatusCode: http.StatusOK}
			for b.Loop() {
				if fault := c.read(b.Context(), operation{}, answered, shape.page, shape.ours(), nil); fault != nil {
					b.Fatal(fault)
				}
			}
		})
	}
}

// BenchmarkCall compares a call with what net/http needs for the same exchange.
// Goal: at most 1.2 × plain.
func BenchmarkCall(b *testing.B) {
	page := orderPage(`"orders":[`, sellerRow)
	for name, body := range map[string][]byte{"empty": []byte(`{"code":0,"message":"Success","request_id":"r","data":{}}`), "page": page} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = w.Write(body)
		}))
		b.Cleanup(server.Close)
		b.Run(name+"/plain", func(b *testing.B) {
			for b.Loop() {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, server.URL+"/affiliate_seller/202410/orders/search?page_size=100&shop_cipher=c&app_key=k&timestamp=1&sign=s",
					strings.NewReader(`{"create_time_ge":1793491200,"create_time_lt":1793591200}`))
				if err != nil {
					b.Fatal(err)
				}
				req.Header.Set("Content-Type", jsonType)
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					b.Fatal(err)
				}
				answer, _ := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				var decoded struct {
					Code int
					Data struct{ Orders []plainRow }
				}
				if err := json.Unmarshal(answer, &decoded); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/ours", func(b *testing.B) {
			c, err := New(Options{BaseURL: server.URL})
			require.NoError(b, err)
			seller := c.Seller(&testGrant{}, "c")
			for b.Loop() {
				_, err := seller.SearchOrders(b.Context(), SellerSearchOrdersRequest{PageSize: 100, CreateTimeGE: 1793491200, CreateTimeLT: 1793591200})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
