package sandbox_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
)

const (
	campaigns = "/affiliate_partner/202405/campaigns"
	spring    = "7403000000000000002"
	summer    = "7403000000000000003"

	skillet = "1729000000000000001" // approved in the winter campaign
	mealSet = "1729000000000000002" // pending there
	lamp    = "1729000000000000007" // pending there, not available
	salts   = "1729000000000000015" // rejected there
)

// asTAP is a call for the Northwind partner.
func (f *fixture) asTAP(t *testing.T, method, path, body string, query ...string) answer {
	t.Helper()
	return call(t, f.Server, f.clock, request{method: method, path: path, body: body, query: f.partnerQuery(t, sandboxtest.Northwind, query...), token: f.tap})
}

type campaignsData struct {
	NextPageToken string `json:"next_page_token"`
	TotalCount    int    `json:"total_count"`
	Campaigns     []struct{ ID, Status string }
	Products      []struct {
		ID           string
		ReviewStatus string `json:"review_status"`
		IsAvailable  bool   `json:"is_available"`
		TotalRate    int    `json:"total_commission_rate"`
	}
}

func TestCampaignLists(t *testing.T) {
	t.Parallel()
	f := connected(t)
	for name, one := range map[string]struct {
		query []string
		ids   []string
		code  int
	}{
		"own":            {nil, []string{winter, spring, summer}, 0},
		"ongoing":        {[]string{"status", "ONGOING", "type", "MY_CAMPAIGNS"}, []string{winter}, 0},
		"closed":         {[]string{"status", "CLOSED"}, []string{summer}, 0},
		"joined":         {[]string{"type", "SELLER_CAMPAIGNS", "query_type_filter", "JOINED"}, []string{"7403000000000000004"}, 0},
		"none":           {[]string{"type", "GS_SELLING_CAMPAIGNS"}, nil, 0},
		"unknown status": {[]string{"status", "OPEN"}, nil, 16032001},
		"unknown type":   {[]string{"type", "OPEN"}, nil, 16032001},
	} {
		a := f.asTAP(t, "GET", campaigns, "", append([]string{"page_size", "10"}, one.query...)...)
		require.Equal(t, one.code, a.Code, name)
		if one.code == 0 {
			var ids []string
			for _, campaign := range data[campaignsData](t, a).Campaigns {
				ids = append(ids, campaign.ID)
			}
			assert.Equal(t, one.ids, ids, name)
		}
	}
	assert.Zero(t, f.asTAP(t, "GET", campaigns+"/"+winter, "").Code)
	assert.Equal(t, 16032005, f.asTAP(t, "GET", campaigns+"/1", "").Code)
	assert.Equal(t, 98001004, f.asTAP(t, "GET", campaigns, "", "page_size", "101").Code)

	other := call(t, f.Server, f.clock, request{method: "GET", path: campaigns + "/" + winter, query: f.partnerQuery(t, sandboxtest.HarborAgency), token: f.agent})
	assert.Equal(t, 16032005, other.Code, "another partner's campaign")
}

func TestCampaignProducts(t *testing.T) {
	t.Parallel()
	f := connected(t)
	path := campaigns + "/" + winter + "/products"
	count := func(query ...string) int {
		return data[campaignsData](t, f.asTAP(t, "GET", path, "", append([]string{"page_size", "100"}, query...)...)).TotalCount
	}
	assert.GreaterOrEqual(t, count("review_status", "PENDING"), 8)
	assert.Equal(t, 2, count("review_status", "APPROVED"))
	assert.Equal(t, 1, count("product_id", lamp))
	assert.Equal(t, 1, count("product_name", "2+1 &"))
	assert.Equal(t, count(), count("shop_name", "Aurora")+count("shop_name", "Birch"))
	assert.Equal(t, count("category_id", "600024"), count("category_id", "600001"), "leaf and first level")
	assert.Equal(t, 16032001, f.asTAP(t, "GET", path, "", "page_size", "10", "review_status", "NEW").Code)

	seen, pageToken := map[string]bool{}, ""
	for range 10 {
		query := []string{"page_size", "5"}
		if pageToken != "" {
			query = append(query, "page_token", pageToken)
		}
		page := data[campaignsData](t, f.asTAP(t, "GET", path, "", query...))
		for _, product := range page.Products {
			seen[product.ID] = true
		}
		if pageToken = page.NextPageToken; pageToken == "" {
			break
		}
	}
	assert.Len(t, seen, count())
}

func TestReview(t *testing.T) {
	t.Parallel()
	f := connected(t)
	review := func(campaign, product, body string) int {
		return f.asTAP(t, "POST", campaigns+"/"+campaign+"/products/"+product+"/review", body).Code
	}
	for name, one := range map[string]struct {
		campaign, product, body string
		code                    int
	}{
		"unknown result":          {winter, mealSet, `{"review_result":"YES"}`, 16032001},
		"no body":                 {winter, mealSet, "", 16032001},
		"rejection needs reasons": {winter, mealSet, `{"review_result":"REJECT"}`, 16032001},
		"unknown reason":          {winter, mealSet, `{"review_result":"REJECT","reject_reasons":["UGLY"]}`, 16032001},
		"not pending":             {winter, skillet, `{"review_result":"APPROVE"}`, 16032008},
		"rejected before":         {winter, salts, `{"review_result":"APPROVE"}`, 16032008},
		"not submitted":           {winter, "1", `{"review_result":"APPROVE"}`, 16032010},
		"no such campaign":        {"1", mealSet, `{"review_result":"APPROVE"}`, 16032005},
		"closed campaign":         {summer, "1729000000000000006", `{"review_result":"APPROVE"}`, 16032009},
	} {
		assert.Equal(t, one.code, review(one.campaign, one.product, one.body), name)
	}
	assert.Zero(t, review(winter, mealSet, `{"review_result":"APPROVE"}`))
	assert.Equal(t, 16032008, review(winter, mealSet, `{"review_result":"APPROVE"}`), "once")
	assert.Zero(t, review(winter, lamp, `{"review_result":"REJECT_FOREVER","reject_reasons":["NO_SUITABLE_CREATOR"]}`))
	reviews := f.Truth().Reviews
	require.Len(t, reviews, 2)
	assert.Equal(t, sandbox.Review{
		At: f.clock.now(), App: "main", Partner: sandboxtest.Northwind, Campaign: winter, Product: lamp, Result: "REJECT_FOREVER", Reasons: []string{"NO_SUITABLE_CREATOR"},
	}, reviews[1])
}

func TestCampaignLink(t *testing.T) {
	t.Parallel()
	f := connected(t)
	link := func(campaign, product, body string) answer {
		return f.asTAP(t, "POST", campaigns+"/"+campaign+"/products/"+product+"/promotion_link/generate", body)
	}
	for name, one := range map[string]struct {
		campaign, product, body string
		code                    int
	}{
		"rate too low":        {winter, skillet, `{"creator_commission_rate":99}`, 16032001},
		"rate above total":    {winter, skillet, `{"creator_commission_rate":2001}`, 16032001},
		"rate as text":        {winter, skillet, `{"creator_commission_rate":"1500"}`, 98001004},
		"not approved":        {winter, mealSet, `{"creator_commission_rate":1000}`, 16032008},
		"not begun":           {spring, "1729000000000000004", `{"creator_commission_rate":1000}`, 16032009},
		"not in the campaign": {winter, "1729000000000000009", `{"creator_commission_rate":1000}`, 16032010},
	} {
		assert.Equal(t, one.code, link(one.campaign, one.product, one.body).Code, name)
	}
	made := data[map[string]string](t, link(winter, skillet, `{"creator_commission_rate":2000}`))
	assert.Contains(t, made["product_promotion_link"], "https://affiliate.tiktok.com/")
	links := f.Truth().Links
	require.Len(t, links, 1)
	assert.Equal(t, []any{"campaign", skillet, int64(2000), made["product_promotion_link"]}, []any{links[0].Kind, links[0].Product, links[0].Rate, links[0].Link})
}

func TestCampaignLinkBatch(t *testing.T) {
	t.Parallel()
	f := connected(t)
	path := "/affiliate_partner/202505/campaigns/" + winter + "/products/promotion_links/generate_batch"
	type made struct {
		Links  []struct{ Link, ProductID string } `json:"product_promotion_links"`
		Failed []string                           `json:"failed_product_ids"`
	}
	got := data[made](t, f.asTAP(t, "POST", path, `{"product_ids":["`+skillet+`","`+mealSet+`","1"]}`))
	assert.Len(t, got.Links, 1)
	assert.Equal(t, []string{mealSet, "1"}, got.Failed)
	assert.Equal(t, 16032001, f.asTAP(t, "POST", path, `{}`).Code)
	ids, err := json.Marshal(map[string]any{"product_ids": strings.Split(strings.Repeat(skillet+",", 50)+skillet, ",")})
	require.NoError(t, err)
	assert.Equal(t, 16032001, f.asTAP(t, "POST", path, string(ids)).Code, "51 products")
	noCipher := call(t, f.Server, f.clock, request{method: "POST", path: path, body: `{"product_ids":["` + skillet + `"]}`, token: f.tap})
	assert.Zero(t, noCipher.Code, "the cipher is optional here")
}

func TestGeneralLinks(t *testing.T) {
	t.Parallel()
	f := connected(t)
	const path = "/affiliate_creator/202505/affiliate_sharing_links/general_publishers/generate_batch"
	ask := func(body string) answer {
		return call(t, f.Server, f.clock, request{method: "POST", path: path, body: body, token: f.creator})
	}
	type made struct {
		Links []struct {
			Material string `json:"material_id"`
			Sharing  string `json:"sharing_link"`
			Deep     string `json:"deep_link"`
			One      string `json:"one_link"`
		} `json:"sharing_links"`
		Failed []struct {
			Material string `json:"material_id"`
			Reason   string `json:"fail_reason"`
		} `json:"failed_materials"`
	}
	got := data[made](t, ask(`{"material":{"type":"PRODUCT","ids":["`+skillet+`","`+lamp+`","1729000000000000009","1729000000000000008","1"]}}`))
	require.Len(t, got.Links, 1)
	assert.Contains(t, got.Links[0].Deep, "o_event_id")
	assert.Contains(t, got.Links[0].One, "o_event_id")
	var reasons []string
	for _, failed := range got.Failed {
		reasons = append(reasons, failed.Reason)
	}
	assert.Equal(t, []string{
		"Product was sold out", "Product is not available in the creator's region", "Product is not in a collaboration", "Product does not exist",
	}, reasons)

	const toner = "1729000000000000012"
	inCampaign := func(product string) made {
		return data[made](t, ask(`{"campaign_id":"`+winter+`","link_type":"TOKO","material":{"type":"PRODUCT","ids":["`+product+`"]}}`))
	}
	assert.Empty(t, inCampaign(toner).Failed)
	assert.Empty(t, inCampaign(toner).Links[0].Deep, "left out of Tokopedia links")
	assert.Len(t, inCampaign(mealSet).Failed, 1)
	require.Zero(t, f.asTAP(t, "POST", campaigns+"/"+winter+"/products/"+mealSet+"/review", `{"review_result":"APPROVE"}`).Code)
	assert.Len(t, inCampaign(mealSet).Failed, 1, "the partner's batch call comes first")
	require.Zero(t, f.asTAP(t, "POST", "/affiliate_partner/202505/campaigns/"+winter+"/products/promotion_links/generate_batch", `{"product_ids":["`+mealSet+`"]}`).Code)
	assert.Empty(t, inCampaign(mealSet).Failed)

	assert.Equal(t, 98001004, ask(`{"material":{"type":"CAMPAIGN","ids":["1"]}}`).Code)
	assert.Equal(t, 98001004, ask(`{"material":{"type":"PRODUCT","ids":[]}}`).Code)
	assert.Equal(t, 98001004, ask(`{}`).Code)
}

func TestTargetCollaborations(t *testing.T) {
	t.Parallel()
	f := connected(t)
	const targets, autumn = "/affiliate_seller/202508/target_collaborations", "7402000000000000001"
	asSeller := func(method, path, body string) answer {
		return call(t, f.Server, f.clock, request{method: method, path: path, body: body, query: f.shopQuery(), token: f.seller})
	}
	link := func(id string) answer {
		return asSeller("POST", "/affiliate_seller/202509/target_collaboration/"+id+"/link", "")
	}

	first, second := data[map[string]string](t, link(autumn)), data[map[string]string](t, link(autumn))
	assert.NotEmpty(t, first["link"])
	assert.Equal(t, first, second, "one link per collaboration")
	assert.Equal(t, 50001700, link("7402000000000000002").Code, "of the other shop")

	detail := data[struct {
		Target struct {
			Creators []struct{ CreatorOpenID, Username string } `json:"creators"`
			Products []struct{ ID string }                      `json:"products"`
		} `json:"target_collaboration"`
	}](t, asSeller("GET", targets+"/"+autumn, ""))
	assert.Len(t, detail.Target.Creators, 2)
	assert.Len(t, detail.Target.Products, 2)

	create := func(creator, product, rate string) answer {
		return asSeller("POST", targets, `{"name":"New","end_time":"1900000000","creator_user_open_ids":["`+creator+`"],"products":[{"id":"`+product+
			`","target_commission_rate":`+rate+`}],"seller_contact_info":{"email":"a@b.example"},"free_sample_rule":{"has_free_sample":false,"is_sample_approval_exempt":false}}`)
	}
	type created struct {
		Target    map[string]string `json:"target_collaboration"`
		Conflicts []any             `json:"target_collaboration_conflicts"`
		Creators  []string          `json:"invalid_open_id_list"`
		Products  []string          `json:"invalid_product_id_list"`
	}
	mia := f.OpenID(t, sandboxtest.MiaLane)
	conflict := data[created](t, create(mia, skillet, "1000"))
	assert.Len(t, conflict.Conflicts, 1)
	assert.Empty(t, conflict.Target)
	unknown := data[created](t, create("nobody", salts, "1000"))
	assert.Equal(t, []any{[]string{"nobody"}, []string{salts}}, []any{unknown.Creators, unknown.Products}, "unknown creator, another shop's product")
	assert.Equal(t, 98001004, create(mia, mealSet, "99").Code)
	assert.Equal(t, 98001004, asSeller("POST", targets, `{"name":"New"}`).Code)
	made := data[created](t, create(mia, mealSet, "1800"))
	assert.Zero(t, asSeller("GET", targets+"/"+made.Target["id"], "").Code)
	assert.Zero(t, link(made.Target["id"]).Code)
	f.clock.advance(61 * 24 * time.Hour)
	assert.Equal(t, 50001701, link(autumn).Code)
}

func TestOpenProducts(t *testing.T) {
	t.Parallel()
	f := connected(t)
	type found struct {
		TotalCount int `json:"total_count"`
		Products   []struct {
			ID         string
			Region     string `json:"sale_region"`
			Commission struct{ Rate int }
		}
	}
	ask := func(body string, query ...string) answer {
		return call(t, f.Server, f.clock, request{
			method: "POST", path: "/affiliate_seller/202405/open_collaborations/products/search", body: body, query: f.shopQuery(append([]string{"page_size", "20"}, query...)...), token: f.seller,
		})
	}
	all := data[found](t, ask(""))
	assert.Equal(t, 11, all.TotalCount, "of the whole market, other sellers' too")
	for i := 1; i < len(all.Products); i++ {
		assert.LessOrEqual(t, all.Products[i-1].Commission.Rate, all.Products[i].Commission.Rate)
	}
	assert.Equal(t, 3000, data[found](t, ask("", "sort_order", "DESC")).Products[0].Commission.Rate)
	assert.Equal(t, 1, data[found](t, ask(`{"title_keywords":["cast","SKILLET"]}`)).TotalCount)
	assert.Equal(t, 4, data[found](t, ask(`{"category":{"id":"601450"}}`)).TotalCount)
	assert.Equal(t, 3, data[found](t, ask(`{"commission_rate_range":{"rate_ge":1000,"rate_lt":1500}}`)).TotalCount)
	assert.Equal(t, 2, data[found](t, ask(`{"sales_price_range":{"amount_ge":"89","amount_lt":"129.01"}}`)).TotalCount)
	assert.Equal(t, 98001004, ask(`{"sales_price_range":{"amount_ge":"cheap"}}`).Code)
	assert.Equal(t, 98001004, ask("", "sort_field", "name").Code)
	assert.Equal(t, 98001004, ask("", "page_size", "21").Code)

	nora := f.Tokens(t, sandboxtest.NoraQuinn).AccessToken
	british := data[found](t, call(t, f.Server, f.clock, request{
		method: "POST", path: "/affiliate_creator/202405/open_collaborations/products/search", query: url.Values{"page_size": {"20"}}, token: nora,
	}))
	assert.Equal(t, 3, british.TotalCount)
	assert.Equal(t, "GB", british.Products[0].Region)
}
