package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/api/apitest"
	"tiktok-shop-affiliate/shared/campaign"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/link/linktest"
	"tiktok-shop-affiliate/shared/redact"
)

const detailCall = "GET /affiliate_partner/202405/campaigns/{campaign_id}"

type key struct{}

func (key) Value(context.Context) (redact.Secret, error) { return redact.New("test-key"), nil }

// sent records what was put into the queue.
type sent struct{ requests []campaign.Request }

func (s *sent) Send(_ context.Context, v any) error {
	s.requests = append(s.requests, v.(campaign.Request))
	return nil
}

// bench is the function in a world of its own.
type bench struct {
	*linktest.World
	store *dynamo.Campaigns
	queue *sent
}

func newBench(t *testing.T) bench {
	t.Helper()
	w := linktest.New(t)
	return bench{World: w, store: dynamo.NewCampaigns(w.DB, w.Table), queue: &sent{}}
}

func (b bench) call(t *testing.T, owner, method, target, body string) (int, map[string]any) {
	t.Helper()
	h := &handler{grants: b, client: b.Client, store: b.store, queue: b.queue, now: b.Clock}
	routes := apitest.Described(t, h.routes(api.New(api.Owners{Claim: "owner"}, api.NewCursors(key{}), api.WithConnections(b, nil))))
	request := httptest.NewRequest(method, target, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	claims := map[string]string{"owner": owner, "scope": "affiliate/write affiliate/read"}
	recorder := httptest.NewRecorder()
	routes.ServeHTTP(recorder, request.WithContext(lambdahttp.WithClaims(t.Context(), claims)))
	var answer map[string]any
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &answer))
	return recorder.Code, answer
}

const (
	rulesPath   = "/v1/campaigns/" + linktest.Winter + "/review-rules"
	reviewPath  = "/v1/campaigns/" + linktest.Winter + "/review"
	reviewsPath = "/v1/campaigns/" + linktest.Winter + "/reviews"
)

func TestRulesAreSetRunAndRead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id, asset := b.Connect(t, "acme", sandboxtest.Northwind)
	rules := `{"min_total_commission_bp":1500,"min_creator_commission_bp":1000,"prices":[{"currency":"USD","max":"60"}],"require_available":true}`
	status, answer := b.call(t, "acme", http.MethodPut, rulesPath, fmt.Sprintf(`{"connection_id":%q,"rules":%s,"every_minutes":1}`, id, rules))
	require.Equal(t, http.StatusOK, status, answer)
	assert.Equal(t, "Winter favourites", answer["campaign_name"])
	assert.EqualValues(t, 1, answer["revision"])
	assert.Equal(t, string(asset.ID), answer["asset"])
	_, answer = b.call(t, "acme", http.MethodPut, rulesPath, fmt.Sprintf(`{"connection_id":%q,"rules":%s}`, id, rules))
	assert.EqualValues(t, 2, answer["revision"])
	assert.EqualValues(t, 60, answer["every_minutes"])

	status, answer = b.call(t, "acme", http.MethodPost, reviewPath, `{"dry_run":false}`)
	require.Equal(t, http.StatusAccepted, status, answer)
	require.Len(t, b.queue.requests, 1)
	request := b.queue.requests[0]
	assert.Equal(t, answer["run_id"], request.RunID)
	assert.Equal(t, campaign.Key{Owner: "acme", CampaignID: linktest.Winter}, request.Key)
	assert.Equal(t, id, request.ConnectionID)
	assert.Equal(t, asset.ID, request.Asset)

	_, answer = b.call(t, "acme", http.MethodGet, reviewsPath, "")
	assert.Empty(t, answer["items"])
	assert.Equal(t, "queued", answer["runs"].([]any)[0].(map[string]any)["state"])

	reviewer := campaign.NewReviewer(campaign.ReviewerOptions{Client: b.Client, Assets: b, Grants: b, Links: b.Maker(), Store: b.store, Now: b.Clock})
	require.NoError(t, reviewer.Review(t.Context(), request))

	var products []string
	target := reviewsPath + "?limit=4"
	for page := 0; ; page++ {
		status, answer = b.call(t, "acme", http.MethodGet, target, "")
		require.Equal(t, http.StatusOK, status, answer)
		assert.Equal(t, page == 0, answer["runs"] != nil, "runs come with the first page")
		for _, item := range answer["items"].([]any) {
			review := item.(map[string]any)
			products = append(products, review["product_id"].(string))
			assert.NotContains(t, review, "owner")
			assert.Equal(t, "done", review["state"])
			assert.NotEmpty(t, review["decision"].(map[string]any)["because"])
		}
		next, _ := answer["next_cursor"].(string)
		if next == "" {
			break
		}
		target = reviewsPath + "?limit=4&cursor=" + url.QueryEscape(next)
	}
	assert.Len(t, products, 9)

	_, answer = b.call(t, "acme", http.MethodGet, reviewsPath, "")
	run := answer["runs"].([]any)[0].(map[string]any)
	assert.Equal(t, "done", run["state"])
	assert.EqualValues(t, 5, run["approved"])
	assert.EqualValues(t, 4, run["rejected"])
	assert.NotContains(t, run, "owner")

	_, answer = b.call(t, "globex", http.MethodGet, reviewsPath, "")
	assert.Empty(t, answer["items"], "another owner sees nothing of it")
	assert.Empty(t, answer["runs"])
	status, _ = b.call(t, "globex", http.MethodPost, reviewPath, `{}`)
	assert.Equal(t, http.StatusNotFound, status, "and cannot ask for a run")
	status, _ = b.call(t, "globex", http.MethodPost, reviewPath, fmt.Sprintf(`{"connection_id":%q}`, id))
	assert.Equal(t, http.StatusNotFound, status)
	assert.Len(t, b.queue.requests, 1)
}

func TestARunWithoutRulesNeedsAConnection(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id, _ := b.Connect(t, "acme", sandboxtest.Northwind)
	status, answer := b.call(t, "acme", http.MethodPost, reviewPath, `{"dry_run":true}`)
	assert.Equal(t, http.StatusNotFound, status)
	assert.Contains(t, answer["detail"], "Set them first")
	status, _ = b.call(t, "acme", http.MethodPost, reviewPath, fmt.Sprintf(`{"dry_run":true,"connection_id":%q}`, id))
	assert.Equal(t, http.StatusAccepted, status)
	assert.True(t, b.queue.requests[0].DryRun)
}

func TestRulesThatAreRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	partner, _ := b.Connect(t, "acme", sandboxtest.Northwind)
	seller, _ := b.Connect(t, "acme", sandboxtest.AuroraHome)
	cases := map[string]struct {
		owner, path, body string
		status            int
		says              []string
	}{
		"another owner's connection": {"globex", rulesPath, fmt.Sprintf(`{"connection_id":%q,"rules":{}}`, partner), 404, nil},
		"wrong kind":                 {"acme", rulesPath, fmt.Sprintf(`{"connection_id":%q,"rules":{}}`, seller), 400, []string{"/connection_id", "partner"}},
		"campaign nobody can see":    {"acme", "/v1/campaigns/7403999999999999999/review-rules", fmt.Sprintf(`{"connection_id":%q,"rules":{}}`, partner), 404, []string{"no such campaign", "request_id"}},
		"not an id":                  {"acme", "/v1/campaigns/..%2Fx/review-rules", fmt.Sprintf(`{"connection_id":%q,"rules":{}}`, partner), 400, []string{`"id"`}},
		"unknown rule":               {"acme", rulesPath, fmt.Sprintf(`{"connection_id":%q,"rules":{"min_stock":1}}`, partner), 400, []string{"min_stock"}},
		"everything wrong": {
			"acme", rulesPath, `{"every_minutes":-1,"rules":{"min_total_commission_bp":99,"prices":[{"currency":"usd","min":"1"},{"currency":"USD"}]}}`, 400,
			[]string{"/connection_id", "/every_minutes", "/rules/min_total_commission_bp", "/rules/prices/0", "/rules/prices/1"},
		},
		"no rules": {"acme", rulesPath, fmt.Sprintf(`{"connection_id":%q}`, partner), 400, []string{"/rules"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, answer := b.call(t, c.owner, http.MethodPut, c.path, c.body)
			assert.Equal(t, c.status, status, answer)
			text, err := json.Marshal(answer)
			require.NoError(t, err)
			for _, says := range c.says {
				assert.Contains(t, string(text), says)
			}
		})
	}
	ctx := context.WithoutCancel(t.Context())
	t.Cleanup(func() {
		assert.Equal(t, 1, b.Calls(detailCall), "TikTok Shop is asked about the campaign nobody can see, of nothing else")
		_, found, err := b.store.Rules(ctx, campaign.Key{Owner: "acme", CampaignID: linktest.Winter})
		assert.NoError(t, err)
		assert.False(t, found, "nothing was stored")
	})
}

func TestReviewListsThatAreRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, target := range map[string]string{
		"limit too large": reviewsPath + "?limit=201",
		"negative limit":  reviewsPath + "?limit=-1",
		"made-up cursor":  reviewsPath + "?cursor=cHJvZHVjdCMx",
		"unknown query":   reviewsPath + "?owner=globex",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, answer := b.call(t, "acme", http.MethodGet, target, "")
			assert.Equal(t, http.StatusBadRequest, status, answer)
		})
	}
}

func TestRoutesAreDescribed(t *testing.T) {
	t.Parallel()
	apitest.Routes(t, func(r *api.Router) { (&handler{}).routes(r) })
}
