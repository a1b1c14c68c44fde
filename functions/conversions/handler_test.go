package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/api/apitest"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/conversion/conversiontest"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/redact"
)

type key struct{}

func (key) Value(context.Context) (redact.Secret, error) { return redact.New("test-key"), nil }

var now = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) // still the 21st in New York

// owners have one connection each.
type owners map[string]connection.Connection

func (o owners) Find(_ context.Context, owner, id string) (connection.Connection, error) {
	if c, ok := o[owner]; ok && c.ID == id {
		return c, nil
	}
	return connection.Connection{}, fault.New("test", fault.NotFound, "there is no such connection")
}

// kept are rows and their sums.
type kept struct {
	*conversiontest.Memory
	rows map[conversion.Key][]order.Row
}

func newKept() kept {
	rows := map[conversion.Key][]order.Row{}
	return kept{rows: rows, Memory: conversiontest.NewMemory(func(_ context.Context, key conversion.Key, each func(order.Row)) error {
		for _, row := range rows[key] {
			each(row)
		}
		return nil
	})}
}

func (k kept) Windows(_ context.Context, asset account.AssetID, perspective order.Perspective) ([]order.Window, error) {
	return []order.Window{{Asset: asset, Perspective: perspective, From: now.AddDate(0, 0, -30), ReadAt: now.Add(-time.Minute), DueAt: now.Add(time.Minute)}}, nil
}

func (k kept) sell(t *testing.T, asset account.AssetID, at time.Time, creator, currency, status string) {
	t.Helper()
	head := map[string]any{"id": "1", "create_time": json.Number(fmt.Sprint(at.Unix()))}
	sku := fmt.Sprintf(`{"sku_id":"5","creator_username":%q,"settlement_status":%q,"quantity":1,"estimated_commission_base":{"amount":"10","currency":%[3]q},
		"estimated_paid_commission":{"amount":"1.50","currency":%[3]q}}`, creator, status, currency)
	row, err := order.FromTikTok(asset, order.Seller, head, []byte(sku), at)
	require.NoError(t, err)
	id := conversion.Key{Asset: asset, Perspective: order.Seller, Day: conversion.DayOf(at)}
	k.rows[id] = append(k.rows[id], row)
	_, failed := conversion.NewRoller(conversion.RollerOptions{Store: k, Now: time.Now}).Roll(t.Context(), []conversion.Key{id})
	require.Empty(t, failed)
}

func newRoutes(t *testing.T) http.Handler {
	t.Helper()
	sums := newKept()
	for day := range 20 {
		at := now.AddDate(0, 0, -day)
		sums.sell(t, "shop:1", at, "mia", "USD", "SETTLED")
		sums.sell(t, "shop:2", at, []string{"mia", "leo"}[day%2], "GBP", "To-SETTLE")
	}
	connections := owners{
		"acme":   {ID: "conn_a", Assets: []account.Asset{{ID: "shop:1"}, {ID: "shop:2"}}},
		"bright": {ID: "conn_b", Assets: []account.Asset{{ID: "creator:main:c1"}}},
	}
	h := &handler{connections: connections, sums: sums, windows: sums, now: func() time.Time { return now }}
	return apitest.Described(t, h.routes(api.New(api.Owners{Claim: "owner"}, api.NewCursors(key{}))))
}

func call(t *testing.T, routes http.Handler, owner, query string) (int, map[string]any) {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, "/v1/conversions?"+query, nil)
	recorder := httptest.NewRecorder()
	routes.ServeHTTP(recorder, request.WithContext(lambdahttp.WithClaims(t.Context(), map[string]string{"owner": owner, "scope": "affiliate/read"})))
	var answer map[string]any
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &answer), recorder.Body.String())
	return recorder.Code, answer
}

func TestFigures(t *testing.T) {
	t.Parallel()
	routes := newRoutes(t)
	lines := func(query string) (lines []string) {
		cursor := ""
		for {
			status, answer := call(t, routes, "acme", "connection_id=conn_a&perspective=seller&"+query+cursor)
			require.Equal(t, 200, status, answer)
			for _, item := range answer["items"].([]any) {
				line := item.(map[string]any)
				base := line["commission_base"].(map[string]any)["estimated"].(map[string]any)
				lines = append(lines, fmt.Sprint(line["from"], " ", line["to"], " ", line["key"], " ", line["rows"], " ", base["amount"], " ", base["currency"]))
			}
			next, ok := answer["next_cursor"].(string)
			if !ok {
				return lines
			}
			cursor = "&cursor=" + url.QueryEscape(next)
		}
	}
	for _, limit := range []string{"1", "2", "1000"} {
		assert.Equal(t, []string{
			"2026-11-16 2026-11-23 leo 3 30 GBP", "2026-11-16 2026-11-23 mia 4 40 GBP", "2026-11-16 2026-11-23 mia 7 70 USD",
		}, lines("by=creator&interval=week&from=2026-11-16&to=2026-11-23&limit="+limit), limit)
	}
	assert.Equal(t, []string{"2026-11-21 2026-11-22 <nil> 1 10 GBP", "2026-11-21 2026-11-22 <nil> 1 10 USD"}, lines("from=2026-11-21&to=2026-11-22&zone=America/New_York"), "an evening of New York")
	assert.Equal(t, []string{"2026-11-03 2026-11-23 shop:1 20 200 USD"}, lines("by=shop&interval=month&asset=shop:1&from=2026-11-03&to=2026-11-23"))
	assert.Equal(t, []string{"2026-11-22 2026-11-23 mia 1 10 USD"}, lines("by=creator&key=mia&currency=USD&from=2026-11-22&to=2026-11-23"))
	assert.Len(t, lines("by=campaign&limit=3"), 40, "nobody names a campaign; 30 days to today without dates")

	_, answer := call(t, routes, "acme", "connection_id=conn_a&perspective=seller&zone=America/New_York")
	assert.Equal(t, []any{"2026-10-23", "2026-11-22", "America/New_York", "day"}, []any{answer["from"], answer["to"], answer["zone"], answer["interval"]})
	assert.Equal(t, map[string]any{"asset": "shop:1", "perspective": "seller", "since": "2026-10-23T03:00:00Z", "read_at": "2026-11-22T02:59:00Z", "complete": false}, answer["freshness"].([]any)[0])
}

func TestFile(t *testing.T) {
	t.Parallel()
	request := httptest.NewRequest(http.MethodGet, "/v1/conversions.csv?connection_id=conn_a&perspective=seller&by=creator&interval=week&from=2026-11-16&to=2026-11-23", nil)
	recorder := httptest.NewRecorder()
	newRoutes(t).ServeHTTP(recorder, request.WithContext(lambdahttp.WithClaims(t.Context(), map[string]string{"owner": "acme", "scope": "affiliate/read"})))
	require.Equal(t, 200, recorder.Code, recorder.Body.String())
	assert.Equal(t, "text/csv; charset=utf-8", recorder.Header().Get("Content-Type"))
	assert.Equal(t, "attachment; filename=conversions.csv", recorder.Header().Get("Content-Disposition"))
	lines, err := csv.NewReader(recorder.Body).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 4)
	assert.Equal(t, conversion.Columns(order.Seller), lines[0])
	assert.Equal(t, []string{"2026-11-16", "2026-11-23", "seller", "creator", "leo", "GBP", "3", "0", "3", "0"}, lines[1][:10])
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	routes := newRoutes(t)
	_, answer := call(t, routes, "acme", "connection_id=conn_a&perspective=seller&limit=1")
	cursor := "&cursor=" + url.QueryEscape(answer["next_cursor"].(string))
	mine := "connection_id=conn_a&perspective=seller"
	for name, test := range map[string]struct {
		owner, query string
		status       int
		names        string
	}{
		"no connection":            {"acme", "perspective=seller", 400, `"connection_id"`},
		"no perspective":           {"acme", "connection_id=conn_a", 400, `"perspective"`},
		"unknown perspective":      {"acme", "connection_id=conn_a&perspective=all", 400, `"perspective"`},
		"a perspective it has not": {"acme", "connection_id=conn_a&perspective=tap", 400, `"perspective"`},
		"unknown dimension":        {"acme", mine + "&by=buyer", 400, `"by"`},
		"a key of nothing":         {"acme", mine + "&key=mia", 400, `"key"`},
		"unknown interval":         {"acme", mine + "&interval=hour", 400, `"interval"`},
		"unknown zone":             {"acme", mine + "&zone=Mars/Olympus", 400, `"zone"`},
		"this machine's zone":      {"acme", mine + "&zone=Local", 400, `"zone"`},
		"a path as a zone":         {"acme", mine + "&zone=../etc/passwd", 400, `"zone"`},
		"unknown currency":         {"acme", mine + "&currency=XYZ", 400, `"currency"`},
		"no date":                  {"acme", mine + "&from=2026-11-31", 400, `"from"`},
		"a time as a date":         {"acme", mine + "&to=2026-11-30T00:00:00Z", 400, `"to"`},
		"before TikTok":            {"acme", mine + "&from=0001-01-01", 400, `"from"`},
		"reversed":                 {"acme", mine + "&from=2026-11-02&to=2026-11-02", 400, `"to"`},
		"too wide":                 {"acme", mine + "&from=2025-11-01&to=2026-11-03", 400, `"from"`},
		"too long ago":             {"acme", mine + "&from=2025-11-01", 400, `"from"`},
		"in the future":            {"acme", mine + "&from=2027-11-01", 400, `"from"`},
		"too many":                 {"acme", mine + "&limit=1001", 400, `"limit"`},
		"unknown filter":           {"acme", mine + "&status=settled", 400, `"status"`},
		"not a cursor":             {"acme", mine + "&cursor=abc", 400, `"cursor"`},
		"another list's cursor":    {"acme", mine + "&by=creator" + cursor, 400, `"cursor"`},
		"another owner's":          {"bright", mine, 404, ""},
		"another asset":            {"acme", mine + "&asset=shop:3", 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, answer := call(t, routes, test.owner, test.query)
			assert.Equal(t, test.status, status, answer)
			encoded, err := json.Marshal(answer)
			require.NoError(t, err)
			assert.Contains(t, string(encoded), test.names)
		})
	}
}

func TestRoutesAreDescribed(t *testing.T) {
	t.Parallel()
	apitest.Routes(t, func(r *api.Router) { (&handler{}).routes(r) })
}

func TestSampleEvent(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../events/conversions.json")
	require.NoError(t, err)
	var event events.APIGatewayV2HTTPRequest
	require.NoError(t, json.Unmarshal(raw, &event))
	event.RequestContext.Authorizer.JWT.Claims["owner"] = "acme"
	answer, err := lambdahttp.New(newRoutes(t)).Handle(t.Context(), event)
	require.NoError(t, err)
	assert.Equal(t, 404, answer.StatusCode, "the sample's connection is not there")
}
