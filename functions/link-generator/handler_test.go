package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/api/apitest"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/link/linktest"
	"tiktok-shop-affiliate/shared/redact"
)

const (
	singleCall  = "POST /affiliate_partner/202405/campaigns/{campaign_id}/products/{product_id}/promotion_link/generate"
	generalCall = "POST /affiliate_creator/202505/affiliate_sharing_links/general_publishers/generate_batch"
)

type key struct{}

func (key) Value(context.Context) (redact.Secret, error) { return redact.New("test-key"), nil }

// post sends a body as a token of the owner with the scope.
func post(t *testing.T, w *linktest.World, owner, body string) (int, map[string]any) {
	t.Helper()
	h := &handler{links: w.Maker()}
	routes := apitest.Described(t, h.routes(api.New(api.Owners{Claim: "owner"}, api.NewCursors(key{}), api.WithConnections(w, nil))))
	request := httptest.NewRequest(http.MethodPost, "/v1/links", strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	claims := map[string]string{"owner": owner, "scope": "affiliate/write"}
	recorder := httptest.NewRecorder()
	routes.ServeHTTP(recorder, request.WithContext(lambdahttp.WithClaims(t.Context(), claims)))
	var answer map[string]any
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &answer))
	return recorder.Code, answer
}

func items(t *testing.T, answer map[string]any) (items []map[string]any) {
	t.Helper()
	for _, item := range answer["items"].([]any) {
		items = append(items, item.(map[string]any))
	}
	return items
}

func TestEveryItemHasItsOwnOutcome(t *testing.T) {
	t.Parallel()
	w := linktest.New(t)
	id, _ := w.Connect(t, "acme", sandboxtest.Northwind)
	body := fmt.Sprintf(`{"connection_id":%q,"items":[
		{"purpose":"campaign_product","campaign_id":%[2]q,"product_id":%[3]q,"creator_commission_rate_bp":1200},
		{"purpose":"campaign_product","campaign_id":%[2]q,"product_id":%[3]q,"creator_commission_rate_bp":2100},
		{"purpose":"campaign_product","campaign_id":%[2]q,"product_id":%[4]q}]}`, id, linktest.Winter, linktest.Skillet, linktest.Mirror)
	status, answer := post(t, w, "acme", body)
	require.Equal(t, http.StatusOK, status, answer)
	got := items(t, answer)
	require.Len(t, got, 3)

	assert.Equal(t, "created", got[0]["status"])
	assert.Contains(t, got[0]["link_id"], "link_")
	assert.Contains(t, got[0]["url"], "https://")

	assert.Equal(t, "failed", got[1]["status"], "above the total rate")
	problem := got[1]["problem"].(map[string]any)
	assert.Equal(t, "/problems/invalid", problem["type"])
	tiktok := problem["tiktok"].(map[string]any)
	assert.EqualValues(t, 16032001, tiktok["code"])
	assert.NotEmpty(t, tiktok["request_id"])

	assert.Equal(t, "failed", got[2]["status"], "the batch gives no reason")
	assert.Contains(t, got[2]["problem"].(map[string]any)["detail"], "must be approved")

	calls := w.Calls(singleCall)
	_, answer = post(t, w, "acme", strings.Replace(body, "2100", "1200", 1))
	again := items(t, answer)
	assert.Equal(t, "cached", again[0]["status"])
	assert.Equal(t, "cached", again[1]["status"])
	assert.Equal(t, got[0]["link_id"], again[1]["link_id"])
	assert.Equal(t, calls, w.Calls(singleCall))
}

func TestRequestsThatAreRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	w := linktest.New(t)
	partner, _ := w.Connect(t, "acme", sandboxtest.Northwind)
	creator, _ := w.Connect(t, "acme", sandboxtest.MiaLane)
	one := `{"purpose":"campaign_product","campaign_id":"7403000000000000001","product_id":"1729000000000000001"}`
	request := func(connection, items string) string {
		return fmt.Sprintf(`{"connection_id":%q,"items":[%s]}`, connection, items)
	}
	cases := map[string]struct {
		owner, body string
		status      int
		says        []string
	}{
		"51 items":             {"acme", request(partner, strings.Repeat(one+",", 50)+one), 400, []string{"/items", "1 to 50"}},
		"no items":             {"acme", request(partner, ""), 400, []string{"/items"}},
		"another owner's":      {"globex", request(partner, one), 404, nil},
		"unknown connection":   {"acme", request("conn_none", one), 404, nil},
		"unknown asset":        {"acme", `{"connection_id":"` + partner + `","asset":"shop:1","items":[` + one + `]}`, 404, nil},
		"wrong kind":           {"acme", request(creator, one), 400, []string{"/items/0/purpose", "connection of a partner; this is one of a creator"}},
		"unknown field":        {"acme", `{"connection_id":"c","owner":"globex","items":[` + one + `]}`, 400, []string{"owner"}},
		"unknown item field":   {"acme", request(partner, `{"purpose":"campaign_product","sub_id":"x"}`), 400, []string{"sub_id"}},
		"wrong type":           {"acme", request(partner, `{"purpose":"campaign_product","creator_commission_rate_bp":"1000"}`), 400, []string{"creator_commission_rate_bp", "number"}},
		"malformed":            {"acme", `{"connection_id":`, 400, nil},
		"everything wrong":     {"acme", `{"items":[{"purpose":"campaign_product","creator_commission_rate_bp":99,"collaboration_id":"1"},{"purpose":"showcase"}]}`, 400, []string{"/connection_id", "/items/0/campaign_id", "/items/0/product_id", "/items/0/collaboration_id", "/items/0/creator_commission_rate_bp", "/items/1/purpose"}},
		"an id with a path":    {"acme", request(partner, `{"purpose":"campaign_product","campaign_id":"../x","product_id":"1"}`), 400, []string{"/items/0/campaign_id"}},
		"a rate for a creator": {"acme", request(creator, `{"purpose":"creator_general","product_id":"1","creator_commission_rate_bp":500}`), 400, []string{"/items/0/creator_commission_rate_bp"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, answer := post(t, w, c.owner, c.body)
			assert.Equal(t, c.status, status, answer)
			text, err := json.Marshal(answer)
			require.NoError(t, err)
			for _, says := range c.says {
				assert.Contains(t, string(text), says)
			}
			assert.Empty(t, answer["items"])
		})
	}
	t.Cleanup(func() {
		for operation := range w.TikTok.Truth().Calls {
			assert.NotContains(t, operation, "link", "nothing was called")
		}
	})
}

func TestARevokedAccountIsAProblemOfTheItems(t *testing.T) {
	t.Parallel()
	w := linktest.New(t)
	id, _ := w.Connect(t, "acme", sandboxtest.MiaLane)
	w.TikTok.AddFault(sandbox.Fault{Operation: generalCall, Code: 105001})
	status, answer := post(t, w, "acme", fmt.Sprintf(`{"connection_id":%q,"items":[{"purpose":"creator_general","product_id":%q}]}`, id, linktest.Skillet))
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, "/problems/reconnect", items(t, answer)[0]["problem"].(map[string]any)["type"])
}

func TestRoutesAreDescribed(t *testing.T) {
	t.Parallel()
	apitest.Routes(t, func(r *api.Router) { (&handler{}).routes(r) })
}
