package openapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/openapi"
)

const (
	noStore = "no-store"
	keep    = "private, no-cache"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	d, err := openapi.Load()
	require.NoError(t, err)
	order := func(changes ...string) string {
		row := `{"items":[{"asset":"shop:1","perspective":"seller","created_at":"2026-11-02T18:21:07Z","order_id":"1","sku_id":"1","ordinal":0,"quantity":null,"price":null,
			"commission_base":{"rate_bp":null,"estimated":null,"actual":{"amount":"1.25","currency":"USD"}},"commissions":{},"status":"settled","status_text":"SETTLED",
			"first_seen_at":"2026-11-02T18:21:07Z","changed_at":"2026-11-02T18:21:07Z","history":[],"revision":1}]}`
		return strings.NewReplacer(changes...).Replace(row)
	}
	const orders = "/v1/orders?connection_id=conn_1"
	for name, c := range map[string]struct {
		method, target, sent string
		status               int
		media, cache, got    string
		fault                string
	}{
		"as described":              {"GET", orders, "", 200, "application/json", keep, order(), ""},
		"an unknown field":          {"GET", orders, "", 200, "application/json", keep, order(`"ordinal":0`, `"ordinal":0,"extra":1`), "extra"},
		"a missing field":           {"GET", orders, "", 200, "application/json", keep, order(`"ordinal":0,`, ``), "ordinal"},
		"a wrong type deep inside":  {"GET", orders, "", 200, "application/json", keep, order(`"1.25"`, `1.25`), "amount"},
		"a float for money":         {"GET", orders, "", 200, "application/json", keep, order(`"1.25"`, `"1,25"`), "amount"},
		"a time of another form":    {"GET", orders, "", 200, "application/json", keep, order(`"changed_at":"2026-11-02T18:21:07Z"`, `"changed_at":"2026-11-02"`), "changed_at"},
		"an unknown word":           {"GET", orders, "", 200, "application/json", keep, order(`"settled"`, `"paid"`), "status"},
		"not JSON":                  {"GET", orders, "", 200, "application/json", keep, "<html>", "not JSON"},
		"another media type":        {"GET", orders, "", 200, "text/html", keep, "", `"text/html" is not described`},
		"cached":                    {"GET", orders, "", 200, "application/json", "max-age=60", order(), "Cache-Control"},
		"a header is missing":       {"GET", orders, "", 200, "application/json", "", order(), "Cache-Control is missing"},
		"another status":            {"GET", orders, "", 418, "application/json", keep, "{}", "the status is not described"},
		"an undescribed parameter":  {"GET", orders + "&sku=1", "", 200, "application/json", keep, order(), "sku is not described"},
		"a parameter is missing":    {"GET", "/v1/orders", "", 200, "application/json", keep, order(), "connection_id"},
		"a limit beyond":            {"GET", orders + "&limit=101", "", 200, "application/json", keep, order(), "limit"},
		"a limit that is text":      {"GET", orders + "&limit=ten", "", 200, "application/json", keep, order(), "not a number"},
		"a body was taken":          {"GET", orders, "{}", 200, "application/json", keep, order(), "body where none"},
		"an accepted bad body":      {"POST", "/v1/orders/refresh", `{"connection":"x"}`, 202, "application/json", noStore, `{"items":[]}`, "connection"},
		"a refused bad body":        {"POST", "/v1/orders/refresh", `{"connection":"x"}`, 400, "application/problem+json", noStore, `{"type":"/problems/invalid","title":"x","status":400,"detail":"x"}`, ""},
		"another status inside":     {"POST", "/v1/orders/refresh", `{}`, 400, "application/problem+json", noStore, `{"type":"/problems/invalid","title":"x","status":409,"detail":"x"}`, "says the status is 409"},
		"a path with an id":         {"POST", "/v1/campaigns/74/review", `{}`, 202, "application/json", noStore, `{"run_id":"r","state":"queued","dry_run":false}`, ""},
		"no such route":             {"GET", "/v1/nothing", "", 404, "application/json", "", `{"message":"Not Found"}`, ""},
		"a route nobody described":  {"GET", "/v1/nothing", "", 200, "application/json", "", `{}`, "is not described"},
		"a body on an empty answer": {"POST", "/webhook", "{}", 200, "text/plain", "", "thanks", "a body where none is described"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := httptest.NewRequest(c.method, c.target, nil)
			answer := &http.Response{StatusCode: c.status, Header: http.Header{}}
			answer.Header.Set("Content-Type", c.media)
			if c.cache == keep {
				answer.Header.Set("ETag", `"test"`)
			}
			if c.cache != "" {
				answer.Header.Set("Cache-Control", c.cache)
			}
			err := d.Check(request, []byte(c.sent), answer, []byte(c.got))
			if c.fault == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, c.fault)
		})
	}
}
