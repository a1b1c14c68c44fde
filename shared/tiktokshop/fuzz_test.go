package tiktokshop_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// FuzzAnswer lets something that need not be TikTok Shop answer calls of every
// kind: what comes back is data or an error of ours, and no secret is in it.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []struct {
		status       int
		wait, answer string
	}{
		{200, "", sellerPage},
		{200, "", `{"code":0,"message":"Success","request_id":1,"data":` + sellerPage + `}`},
		{200, "", `{"code":"0","data":{"sku_orders":{"id":1},"next_page_token":null,"campaigns":[{}],"products":[{"sku_information_list":{}}]}}`},
		{200, "", `{"code":0,"data":{"access_token":"t","access_token_expire_in":9223372036854775807,"refresh_token_expire_in":-1,"user_type":"","granted_scopes":null}}`},
		{401, "", `{"code":105002,"message":"` + oldToken + `\u0000` + appSecret + `","request_id":"r"}`},
		{429, "99999999999999999999", `<html>`}, {429, "Sun, 22 Nov 2026 10:00:00 GMT", `{"code":36009002}`}, {503, "-1", ``},
		{200, "", `{"code":0,"data":[` + strings.Repeat(`[`, 100)}, {302, "9223372036854775807", `null`}, {200, "", `{"code":105001}`},
		{500, "", `{"code":1,"request_id":"` + oldToken + `\n\u0000"}`}, {200, "", `{"code":0,"data":{"orders":[{"id":true,"create_time":"\n` + oldToken + `"}]}}`},
	} {
		f.Add(seed.status, seed.wait, seed.answer)
	}
	f.Fuzz(func(t *testing.T, status int, wait, text string) {
		reply := answer{status: 200 + ((status%400)+400)%400, body: text, header: http.Header{"Retry-After": {wait}}}
		for name, call := range map[string]func(*tiktokshop.Client) (any, error){
			"seller": func(c *tiktokshop.Client) (any, error) {
				return c.Seller(&grant{kind: tiktokshop.SellerAccount}, "cipher").SearchOrders(t.Context(), tiktokshop.SellerSearchOrdersRequest{PageSize: 1})
			},
			"creator": func(c *tiktokshop.Client) (any, error) {
				return c.Creator(&grant{kind: tiktokshop.CreatorAccount}).SearchOrders(t.Context(), tiktokshop.CreatorSearchOrdersRequest{PageSize: 1})
			},
			"tap": func(c *tiktokshop.Client) (any, error) {
				return c.Partner(&grant{kind: tiktokshop.PartnerAccount}, "cipher").SearchOrders(t.Context(), tiktokshop.PartnerSearchOrdersRequest{PageSize: 1})
			},
			"campaign products": func(c *tiktokshop.Client) (any, error) {
				return c.Partner(&grant{kind: tiktokshop.PartnerAccount}, "cipher").CampaignProducts(t.Context(), tiktokshop.PartnerCampaignProductsRequest{CampaignID: "1", PageSize: 1})
			},
			"link": func(c *tiktokshop.Client) (any, error) {
				return c.Partner(&grant{kind: tiktokshop.PartnerAccount}, "cipher").PromotionLinks(t.Context(), tiktokshop.PartnerPromotionLinksRequest{CampaignID: "1", ProductIDs: []string{"1"}})
			},
			"token": func(c *tiktokshop.Client) (any, error) {
				return c.RefreshToken(t.Context(), tiktokshop.App{Key: "test-key", Secret: redact.New(appSecret)}, redact.New(oldToken))
			},
		} {
			client := newClient(t, &script{answers: []answer{reply, reply}}, func(o *tiktokshop.Options) { o.Attempts = 1 })
			_, err := call(client)
			if err == nil {
				continue
			}
			e := fails(t, err)
			assert.NotEmpty(t, e.Kind, name)
			assert.NotEmpty(t, fault.KindOf(err), name)
			assert.GreaterOrEqual(t, e.RetryAfter, time.Duration(0), name)
			assert.LessOrEqual(t, e.RetryAfter, 24*time.Hour, name)
			if e.Kind != tiktokshop.TokenExpired { // then it was the other token that was sent last
				assert.NotContains(t, err.Error(), oldToken, name)
			}
			assert.NotContains(t, err.Error(), appSecret, name)
			assert.Less(t, len(err.Error()), 3000, name)
			assert.False(t, strings.ContainsFunc(err.Error(), unicode.IsControl), "%s: %q", name, err)
		}
	})
}

// FuzzPages lets a list hand out page tokens as it likes: reading it ends.
func FuzzPages(f *testing.F) {
	f.Add([]byte{1, 2, 3, 0})
	f.Add([]byte{1, 1, 1})
	f.Add([]byte{1, 2, 1, 0})
	f.Fuzz(func(t *testing.T, tokens []byte) {
		var answers []answer
		seen, repeated := map[byte]bool{}, false
		for _, token := range tokens {
			text := ""
			if token != 0 {
				text = fmt.Sprintf("t%d", token)
			}
			answers = append(answers, answer{body: fmt.Sprintf(`{"code":0,"data":{"orders":[{"id":"1","skus":[]}],"next_page_token":%q}}`, text)})
			repeated = seen[token]
			if token == 0 || repeated {
				break
			}
			seen[token] = true
		}
		client := newClient(t, &script{answers: append(answers, answer{body: empty})})
		seller, pages := client.Seller(&grant{kind: tiktokshop.SellerAccount}, "cipher"), 0
		var failure error
		for _, err := range tiktokshop.Pages(t.Context(), tiktokshop.SellerSearchOrdersRequest{PageSize: 1}, seller.SearchOrders) {
			if failure = err; err == nil {
				pages++
			}
		}
		require.LessOrEqual(t, pages, len(answers)+1)
		assert.Equal(t, repeated, failure != nil, "a token that comes twice is an error, and only that: %v", failure)
	})
}
