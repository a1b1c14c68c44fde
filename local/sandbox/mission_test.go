package sandbox_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
)

// unsent are described fields of our operations which no answer has, with the reason.
func unsent() map[string]string {
	const sellers = "POST " + sellerSearch + " data.orders[]."
	return map[string]string{
		sellers + "status":                   "documented as no longer returned",
		sellers + "skus[].refunded_quantity": "documented as no longer returned",
		sellers + "skus[].returned_quantity": "documented as no longer returned",
	}
}

// tour calls every operation and collects what came back.
type tour struct {
	*fixture
	t    *testing.T
	seen sent
}

func (f *tour) ask(r request) answer {
	f.t.Helper()
	r.seen = &f.seen
	a := call(f.t, f.Server, f.clock, r)
	assert.Zero(f.t, a.Code, "%s %s: %s", r.method, r.path, a.Message)
	return a
}

func (f *tour) seller(method, path, body string, query ...string) answer {
	f.t.Helper()
	return f.ask(request{method: method, path: "/affiliate_seller/" + path, body: body, query: f.shopQuery(query...), token: f.fixture.seller})
}

func (f *tour) creator(method, path, body string, query ...string) answer {
	f.t.Helper()
	return f.ask(request{method: method, path: "/affiliate_creator/" + path, body: body, query: with(url.Values{}, query...), token: f.fixture.creator})
}

func (f *tour) partner(method, path, body string, query ...string) answer {
	f.t.Helper()
	return f.ask(request{
		method: method, path: "/affiliate_partner/" + path, body: body, query: f.partnerQuery(f.t, sandboxtest.Northwind, query...), token: f.tap,
	})
}

// TestAnswersHaveEveryDescribedField holds together what the single tests do not:
// every answer has only described fields of the described types (see call), and
// all answers together have every one of them, with something in it.
func TestAnswersHaveEveryDescribedField(t *testing.T) {
	t.Parallel()
	f := &tour{fixture: connected(t), t: t}
	f.orders()
	f.openCollaborations()
	f.targetCollaborations()
	f.marketplace()
	f.showcase()
	f.samples()
	f.links()
	f.campaigns()

	var missing []string
	allowed := unsent()
	for operation, o := range operations() {
		if o.Invented || o.Retired {
			continue
		}
		for field := range o.Fields {
			name := operation + " " + field
			if !strings.HasPrefix(field, "data.") || f.seen.fields[name] {
				continue
			}
			if allowed[name] == "" {
				missing = append(missing, name)
			}
			delete(allowed, name)
		}
	}
	slices.Sort(missing)
	assert.Empty(t, missing, strings.Join(missing, "\n"))
	assert.Empty(t, allowed, "these are sent, or not described")
}

func (f *tour) orders() {
	for _, n := range []sandbox.NewOrders{
		{Count: 30, DaysAgo: 60, SpreadDays: 59}, {Count: 4, Via: "target", Shop: auroraUS, DaysAgo: 50, Outcome: sandbox.Settles},
		{Count: 2, Via: "open", Creator: sandboxtest.LeoPark, DaysAgo: 50, Outcome: sandbox.Settles}, {Creator: sandboxtest.MiaLane, TraceID: "click-1", DaysAgo: 40},
		{Count: 4, Via: "target", DaysAgo: 50, Outcome: sandbox.Settles, Extras: true}, {Creator: sandboxtest.LeoPark, Via: "open", TraceID: "click-2", DaysAgo: 40},
		{Count: 2, Campaign: winter, DaysAgo: 50, Outcome: sandbox.Settles, Extras: true},
		{Count: 6, Campaign: winter, DaysAgo: 40, Outcome: sandbox.Settles}, {Count: 3, Via: "target", Creator: sandboxtest.LeoPark, DaysAgo: 40, Outcome: sandbox.Settles},
	} {
		_, err := f.CreateOrders(n)
		require.NoError(f.t, err)
	}
	for _, size := range []string{"100", "2"} {
		f.seller("POST", "202410/orders/search", "", "page_size", size)
		f.creator("POST", "202410/orders/search", "", "page_size", size)
		f.ask(request{method: "POST", path: creatorSearch, query: with(url.Values{}, "page_size", size), token: f.agencyCreator})
		f.partner("POST", "202603/orders/search", "", "page_size", size)
		f.ask(request{method: "POST", path: capSearch, query: f.partnerQuery(f.t, sandboxtest.HarborAgency, "page_size", size), token: f.agent})
	}
	f.creator("GET", "202508/profiles", "")
	f.ask(request{method: "GET", path: "/affiliate_creator/202508/profiles", token: f.agencyCreator})
	f.ask(request{method: "GET", path: shopsPath, token: f.fixture.seller})
	f.ask(request{method: "GET", path: "/authorization/202405/category_assets", token: f.tap})
}

func (f *tour) openCollaborations() {
	const board = "1729000000000000008"
	made := data[struct {
		Made struct{ ID string } `json:"open_collaboration"`
	}](f.t, f.seller("POST", "202412/open_collaborations", `{"product_id":"`+board+`","commission_rate":1500}`))
	f.seller("DELETE", "202409/open_collaborations/products/"+board, "")
	f.seller("POST", "202412/open_collaborations/search", `{"keyword":"board","keyword_type":"PRODUCT_NAME"}`, "page_size", "20")
	f.seller("POST", "202412/open_collaborations/search", "", "page_size", "2")
	f.seller("POST", "202508/open_collaborations/"+made.Made.ID+"/remove_creator",
		`{"product_id":"`+board+`","creator_user_open_id":"`+f.OpenID(f.t, sandboxtest.MiaLane)+`"}`)
	f.seller("POST", "202405/open_collaboration_settings", `{"auto_add_product":{"enable":true,"commission_rate":900}}`)
	f.seller("GET", "202409/open_collaboration_settings", "")
	f.seller("POST", "202405/open_collaborations/products/search", "", "page_size", "5")
	f.creator("POST", "202405/open_collaborations/products/search", "", "page_size", "5")
	f.creator("POST", "202509/open_collaborations/products", "", "product_ids", skillet+","+mealSet)
}

const (
	ruled   = `"seller_contact_info":{"email":"a@b.example","line":"+6612345678","phone_number":"+12025550123","telegram":"aurora","whatsapp":"+12025550124"},"free_sample_rule":{"has_free_sample":true,"is_sample_approval_exempt":true}`
	later   = "1900000000"
	targets = "202508/target_collaborations"

	autumn      = "7402000000000000001"
	topCreators = "7402000000000000004" // with Leo and the blanket
	blanket     = "1729000000000000004"
)

func newTarget(creator, product string, rate int) string {
	return fmt.Sprintf(`{"name":"Gifts","message":"Hello","end_time":"%s",%s,"creator_user_open_ids":["%s"],"products":[{"id":"%s","target_commission_rate":%d,"shop_ads_commission_rate":700}]}`,
		later, ruled, creator, product, rate)
}

// strangers are creators of the marketplace.
func (f *tour) strangers() (ids []string) {
	found := data[struct {
		Creators []struct {
			CreatorOpenID string `json:"creator_open_id"`
		}
	}](f.t,
		f.seller("POST", "202608/marketplace_creators/search", "", "page_size", "20"))
	for _, creator := range found.Creators {
		ids = append(ids, creator.CreatorOpenID)
	}
	return ids
}

func (f *tour) targetCollaborations() {
	mia, leo := f.OpenID(f.t, sandboxtest.MiaLane), f.OpenID(f.t, sandboxtest.LeoPark)
	create := func(creator, product string) string {
		return data[struct {
			Made struct{ ID string } `json:"target_collaboration"`
		}](f.t, f.seller("POST", targets, newTarget(creator, product, 1800))).Made.ID
	}
	gifts := create(mia, mealSet)
	create(mia, skillet)
	create("nobody", salts)
	create(mia, "1729000000000000005")
	f.creator("POST", "202405/showcases/products/add", `{"add_type":"PRODUCT_ID","product_ids":["`+mealSet+`"]}`)
	update := func(id, creator, product string, rate int) answer {
		return f.seller("PUT", targets+"/"+id, fmt.Sprintf(`{"name":"Best gifts","end_time":"%s",%s,"creator_user_open_ids":["%s"],"products":[{"id":"%s","commission_rate":%d}]}`,
			"1900000060", ruled, creator, product, rate))
	}
	update(gifts, mia, skillet, 1500)
	update(gifts, "nobody", salts, 1500)
	update(topCreators, mia, blanket, 1500)
	update(topCreators, leo, mealSet, 1500)
	update(gifts, leo, mealSet, 1500)
	f.seller("GET", targets+"/"+gifts, "")
	for _, id := range []string{autumn, gifts} {
		f.seller("GET", targets+"/"+id, "")
		f.seller("POST", "202509/target_collaboration/"+id+"/link", "")
	}
	for _, id := range f.strangers() {
		for _, product := range []string{skillet, mealSet} { // some are official or blocked, which is refused
			call(f.t, f.Server, f.clock, request{method: "POST", path: "/affiliate_seller/" + targets, query: f.shopQuery(), token: f.fixture.seller,
				body: newTarget(id, product, 1800)})
		}
	}
	f.seller("POST", targets+"/search", `{"collaboration_status":"ONGOING"}`, "page_size", "20")
	pairs := `{"creator_open_id_list":["` + mia + `"],"product_id_list":["` + skillet + `"]}`
	f.seller("POST", "202605/target_collaborations/conflicts/check", pairs)
	f.seller("POST", "202605/target_collaborations/conflicts/resolve",
		`{"conflict_items":[{"creator_open_id":"`+mia+`","existing_collaboration_id":"`+gifts+`"},{"creator_open_id":"nobody","existing_collaboration_id":"1"}]}`)
	f.creator("POST", "202405/target_collaborations/search", `{"shop_id":"`+auroraUS+`"}`, "page_size", "1")
	f.seller("DELETE", "202409/target_collaborations/"+gifts, "")
}

func (f *tour) marketplace() {
	market := "202608/marketplace_creators/"
	f.seller("POST", market+"search", "", "page_size", "12")
	f.seller("POST", market+"search", "", "page_size", "20")
	f.seller("POST", market+"search/filter", `{"options":[{"option_type":"OPTION_VERTICAL_PRO"},{"option_type":"OPTION_SORTER"}]}`)
	f.seller("GET", market+f.OpenID(f.t, sandboxtest.LeoPark), "")
	f.seller("GET", "202607/creator_outreach/quota", "")
	f.seller("POST", "202608/creator_outreach/records/query", `{"page_index":1,"page_size":10}`)
	check := `{"creator_infos":[{"creator_open_id":"` + f.OpenID(f.t, sandboxtest.MiaLane) + `"}]}`
	require.NoError(f.t, f.Configure(sandbox.Settings{AccessSeconds: 400 * 24 * 3600, OutreachWeekly: 1}))
	f.seller("POST", "202610/creator_outreach/eligibility/check", check)
}

func (f *tour) showcase() {
	const shows = "202405/showcases/products"
	f.creator("GET", shows, "", "origin", "SHOWCASE", "page_size", "20")
	f.creator("GET", shows, "", "origin", "SHOWCASE", "page_size", "2")
	f.creator("GET", shows, "", "origin", "LIVE", "page_size", "2")
	f.creator("POST", shows+"/add", `{"add_type":"PRODUCT_ID","product_ids":["1"]}`)
	f.creator("POST", "202409/showcases/products/top", `{"product_ids":["`+skillet+`"]}`)
	f.creator("DELETE", "202409/showcases/products", `{"product_ids":["`+skillet+`"]}`)
}

func (f *tour) samples() {
	for _, size := range []string{"1", "20"} {
		f.creator("POST", "202412/sample_applications/search", "", "page_size", size)
		f.seller("POST", "202508/sample_applications/search", "", "page_size", size)
	}
	f.seller("POST", "202507/sample_applications/7405000000000000001/review", `{"review_result":"APPROVE"}`)
}

func (f *tour) links() {
	f.creator("POST", "202505/affiliate_sharing_links/general_publishers/generate_batch", `{"material":{"type":"PRODUCT","ids":["`+skillet+`","1"]}}`)
	f.partner("POST", "202505/campaigns/"+winter+"/products/promotion_links/generate_batch", `{"product_ids":["`+skillet+`","1"]}`)
	f.partner("POST", "202405/campaigns/"+winter+"/products/"+skillet+"/promotion_link/generate", `{"creator_commission_rate":1500}`)
}

func (f *tour) campaigns() {
	start := f.clock.now().Add(time.Hour).Unix()
	made := data[map[string]string](f.t, f.partner("POST", "202405/campaigns", newCampaign(start, nil)))
	one := "202405/campaigns/" + made["campaign_id"]
	f.partner("POST", one+"/partial_edit", `{"name":"Gift weeks"}`)
	f.partner("POST", one+"/publish", "")
	f.partner("GET", one, "")
	f.partner("GET", "202405/campaigns/"+winter, "")
	f.partner("GET", "202405/campaigns", "", "page_size", "2")
	f.partner("GET", "202405/campaigns/"+winter+"/products", "", "page_size", "2")
	f.partner("POST", "202405/campaigns/"+winter+"/products/"+mealSet+"/review", `{"review_result":"APPROVE"}`)
}
