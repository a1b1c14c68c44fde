package sandbox_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
)

type marketData struct {
	Creators []map[string]any
	Next     string `json:"next_page_token"`
	Key      string `json:"search_key"`
}

func TestMarketplace(t *testing.T) {
	t.Parallel()
	f := connected(t)
	const search = "202608/marketplace_creators/search"
	ask := func(body string, query ...string) answer {
		return f.asSeller(t, "POST", search, body, append([]string{"page_size", "12"}, query...)...)
	}
	find := func(body string, query ...string) marketData { return data[marketData](t, ask(body, query...)) }
	first := find("")
	assert.Len(t, first.Creators, 12)
	next := []string{"page_token", first.Next}
	assert.Equal(t, 98001004, ask("", next...).Code, "a further page needs the search key")
	assert.Equal(t, 98001004, ask(`{"search_key":"`+first.Key+`"}`, append(next, "page_size", "20")...).Code, "and the same page size")
	second := find(`{"search_key":"`+first.Key+`"}`, next...)
	assert.Equal(t, first.Key, second.Key)
	assert.NotEqual(t, first.Creators[0], second.Creators[0])

	assert.Len(t, find(`{"keyword":"MIA"}`).Creators, 1)
	for _, creator := range find(`{"gmv_ranges":["GMV_RANGE_10000_AND_ABOVE"],"follower_demographics":{"count_range":{"count_ge":100000,"count_le":-1}}}`).Creators {
		assert.GreaterOrEqual(t, creator["follower_count"], 100_000.0)
		assert.Equal(t, "10000-100000000", creator["gmv_range"].(map[string]any)["formatted_range"])
	}
	little := find(`{"keyword":"mia","data_groups":["FOLLOWER_INFORMATION"]}`).Creators[0]
	assert.Len(t, little, 3, "%v", little)
	for name, body := range map[string]string{
		"unknown group":    `{"data_groups":["AGE"]}`,
		"unknown range":    `{"gmv_ranges":["0-100"]}`,
		"both LIVE counts": `{"content_performance":{"avg_live_avg_viewers_ge":"1","avg_shoppable_live_avg_viewers_ge":"1"}}`,
	} {
		assert.Equal(t, 98001004, ask(body).Code, name)
	}
	assert.Equal(t, 98001004, ask("", "page_size", "13").Code)

	one := func(creator string, query ...string) answer {
		return f.asSeller(t, "GET", "202608/marketplace_creators/"+creator, "", query...)
	}
	leo := f.OpenID(t, sandboxtest.LeoPark)
	full := data[map[string]map[string]any](t, one(leo))["creator"]
	assert.Equal(t, "Harbor Agency", full["creator_profile"].(map[string]any)["creator_bind_mcn_name"])
	part := data[map[string]map[string]any](t, one(leo, "data_groups", "SALES_AND_GMV,FOLLOWER_INFORMATION"))["creator"]
	assert.Contains(t, part, "gmv")
	assert.NotContains(t, part, "username")
	assert.Equal(t, 98001004, one("nobody").Code)
	assert.Equal(t, 16901006, one(f.OpenID(t, sandboxtest.NoraQuinn)).Code)

	settings := f.Settings()
	settings.MarketplaceDaily = 1
	require.NoError(t, f.Configure(settings))
	assert.Equal(t, 45101004, one(leo).Code)
}

func TestOutreach(t *testing.T) {
	t.Parallel()
	f := connected(t)
	check := func(ids ...string) answer {
		return f.asSeller(t, "POST", "202610/creator_outreach/eligibility/check", `{"creator_infos":[{"creator_open_id":"`+strings.Join(ids, `"},{"creator_open_id":"`)+`"}]}`)
	}
	mia := f.OpenID(t, sandboxtest.MiaLane)
	eligible := data[struct {
		All     bool `json:"is_batch_quota_consumable"`
		Results []struct {
			Connected bool `json:"is_connected"`
		} `json:"creator_eligibility_results"`
	}](t, check(mia))
	assert.True(t, eligible.All)
	assert.True(t, eligible.Results[0].Connected)
	assert.Equal(t, 98001004, check(mia, mia).Code, "each once")
	assert.Equal(t, 98001004, check(strings.Split(strings.Repeat(mia+",", 100)+mia, ",")...).Code, "101 creators")

	used := func() string {
		return data[map[string]map[string]any](t, f.asSeller(t, "GET", "202607/creator_outreach/quota", ""))["data"]["quota_use"].(string)
	}
	assert.Equal(t, "0", used())
	require.Zero(t, f.asSeller(t, "POST", targets, newTarget(mia, mealSet, 1500)).Code)
	assert.Equal(t, "1", used())
	records := func(body string) answer { return f.asSeller(t, "POST", "202608/creator_outreach/records/query", body) }
	assert.Len(t, data[map[string]map[string]any](t, records(`{"page_index":1,"page_size":50}`))["data"]["connect_list"], 2)
	assert.Equal(t, 98001004, records(`{"page_index":0,"page_size":50}`).Code)
	assert.Equal(t, 98001004, records(`{"page_index":1,"page_size":1}`).Code)
	assert.Equal(t, 98001004, records(`{"page_index":1,"page_size":51}`).Code)
}

func TestSamples(t *testing.T) {
	t.Parallel()
	f := connected(t)
	const first, lampSample = "7405000000000000001", "7405000000000000004"
	count := func(a answer) int {
		return len(data[struct {
			Rows []any `json:"sample_applications"`
		}](t, a).Rows)
	}
	assert.Equal(t, 3, count(f.asCreator(t, "POST", "202412/sample_applications/search", "")), "page_size may be left out")
	assert.Equal(t, 1, count(f.asCreator(t, "POST", "202412/sample_applications/search", `{"application_statuses":["PENDING"]}`)))
	assert.Equal(t, 16015001, f.asCreator(t, "POST", "202412/sample_applications/search", `{"application_statuses":["NEW"]}`).Code)
	search := func(body string) int { return count(f.asSeller(t, "POST", "202508/sample_applications/search", body)) }
	assert.Equal(t, 4, search(""))
	assert.Equal(t, 2, search(`{"target_collabration_id":"`+autumn+`"}`))
	assert.Equal(t, 2, search(`{"creator_user_oepn_id":"`+f.OpenID(t, sandboxtest.MiaLane)+`"}`))
	assert.Equal(t, 98001004, f.asSeller(t, "POST", "202508/sample_applications/search", `{"creator_user_open_id":"x"}`).Code, "spelt as TikTok does not")
	review := func(id, body string) int {
		return f.asSeller(t, "POST", "202507/sample_applications/"+id+"/review", body).Code
	}
	assert.Equal(t, 16015001, review(first, `{"review_result":"REJECT"}`), "needs a reason")
	assert.Equal(t, 16015001, review(lampSample, `{"review_result":"APPROVE"}`), "sold out")
	assert.Zero(t, review(lampSample, `{"review_result":"REJECT","reject_reason":"OUT_OF_STOCK"}`))
	assert.Zero(t, review(first, `{"review_result":"APPROVE"}`))
	assert.Equal(t, 16015001, review(first, `{"review_result":"APPROVE"}`), "pending only")
	assert.Equal(t, 1, search(`{"status":"AWAITING_SHIPMENT"}`))
}
