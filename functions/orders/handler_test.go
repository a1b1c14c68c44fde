package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/api/apitest"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/redact"
)

type key struct{}

func (key) Value(context.Context) (redact.Secret, error) { return redact.New("test-key"), nil }

// sent records the wakes.
type sent struct{ wakes []any }

func (s *sent) SendBatch(_ context.Context, messages []any) error {
	s.wakes = append(s.wakes, messages...)
	return nil
}

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

const (
	seller  = account.ID("main:seller:s1")
	creator = account.ID("main:creator:c1")
	partner = account.ID("main:partner:p1")
	tap     = account.AssetID("tap:main:partner:p1:9:US")
)

// bench is the function with two owners, who share a creator.
type bench struct {
	store  *dynamo.Orders
	queue  *sent
	routes http.Handler
}

func newBench(t *testing.T) *bench {
	t.Helper()
	db, tables := dynamodb.NewFromConfig(awstest.Config(t)), awstest.Tables(t)
	connections := dynamo.NewConnections(db, tables.Accounts, tables.Orders)
	b := &bench{store: dynamo.NewOrders(db, tables.Orders), queue: &sent{}}
	for i, c := range []struct {
		owner  string
		id     account.ID
		assets []account.AssetID
	}{{"acme", seller, []account.AssetID{"shop:1", "shop:2"}}, {"acme", creator, []account.AssetID{"creator:main:c1"}}, {"bright", creator, []account.AssetID{"creator:main:c1"}}, {"acme", partner, []account.AssetID{tap}}} {
		state := fmt.Sprint("state", i)
		require.NoError(t, connections.PutState(t.Context(), state, connection.Pending{ExpiresAt: now.Add(time.Hour)}))
		e := connection.Enrolment{
			State: state, Account: account.Account{ID: c.id, State: account.Active, AuthorizedAt: now}, RefreshAt: now,
			Connection: connection.Connection{ID: connection.NewID(c.owner, c.id), Owner: c.owner, Account: c.id, ConnectedAt: now},
		}
		for _, id := range c.assets {
			e.Assets = append(e.Assets, account.Asset{ID: id, Account: c.id, Name: "Name of " + string(id), State: account.AssetActive})
		}
		require.NoError(t, connections.Enrol(t.Context(), e))
	}
	for i := range 10 {
		b.put(t, "shop:1", order.Seller, fmt.Sprint("1", i), now.Add(-time.Duration(i)*80*time.Hour), i%2 == 0)
		b.put(t, "shop:2", order.Seller, fmt.Sprint("2", i), now.Add(-time.Duration(i)*80*time.Hour), false)
	}
	b.put(t, "creator:main:c1", order.Creator, "11", now.Add(-80*time.Hour), false)
	h := &handler{connections: connection.NewDirectory(connections), holders: connections, orders: b.store, wakes: b.queue, now: func() time.Time { return now }}
	b.routes = apitest.Described(t, h.routes(api.New(api.Owners{Claim: "owner"}, api.NewCursors(key{}),
		api.WithConnections(connection.NewDirectory(connections), connection.NewLinks(connections, nil, func() time.Time { return now })))))
	return b
}

func (b *bench) put(t *testing.T, asset account.AssetID, perspective order.Perspective, id string, created time.Time, settled bool) {
	t.Helper()
	status := map[bool]string{true: "SETTLED", false: "To-SETTLE"}[settled]
	head := map[string]any{"id": id, "create_time": json.Number(fmt.Sprint(created.Unix())), "status": status}
	sku := `{"id":"5","sku_id":"5","settlement_status":"` + status + `","commission_rate":"1000","estimated_paid_commission":{"amount":"1.50","currency":"USD"}}`
	row, err := order.FromTikTok(asset, perspective, head, []byte(sku), created)
	require.NoError(t, err)
	row.Rev = 1
	require.NoError(t, b.store.Create(t.Context(), order.Lease{Fence: 1}, row))
}

func (b *bench) call(t *testing.T, owner, method, target, body string) (int, map[string]any) {
	t.Helper()
	request := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	claims := map[string]string{"owner": owner, "scope": "affiliate/write affiliate/read"}
	recorder := httptest.NewRecorder()
	b.routes.ServeHTTP(recorder, request.WithContext(lambdahttp.WithClaims(t.Context(), claims)))
	var answer map[string]any
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &answer), recorder.Body.String())
	return recorder.Code, answer
}

func (b *bench) list(t *testing.T, owner, connectionID, query string) (ids []string) {
	t.Helper()
	cursor := ""
	for {
		status, answer := b.call(t, owner, "GET", "/v1/orders?connection_id="+connectionID+query+cursor, "")
		require.Equal(t, 200, status, answer)
		for _, item := range answer["items"].([]any) {
			row := item.(map[string]any)
			ids = append(ids, fmt.Sprint(row["order_id"]))
		}
		next, ok := answer["next_cursor"].(string)
		if !ok {
			return ids
		}
		cursor = "&cursor=" + url.QueryEscape(next)
	}
}

func TestListing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	mine := connection.NewID("acme", seller)
	all := []string{"10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29"}
	for _, limit := range []int{1, 3, 10, 20, 100} {
		assert.Equal(t, all, b.list(t, "acme", mine, fmt.Sprint("&limit=", limit)), "limit %d: shop by shop, the newest first", limit)
	}
	assert.Equal(t, all[10:], b.list(t, "acme", mine, "&asset=shop:2&limit=4"))
	assert.Equal(t, []string{"10", "12", "14", "16", "18"}, b.list(t, "acme", mine, "&status=settled&limit=2"))
	assert.Empty(t, b.list(t, "acme", mine, "&perspective=creator"))
	assert.Equal(t, []string{"11", "12"}, b.list(t, "acme", mine, "&asset=shop:1&created_from=2026-11-15T18:00:00Z&created_to=2026-11-19T10:00:00Z"))
	assert.Equal(t, []string{"11"}, b.list(t, "acme", connection.NewID("acme", creator), ""))
	assert.Equal(t, []string{"11"}, b.list(t, "bright", connection.NewID("bright", creator), ""), "one reading serves both owners")

	_, answer := b.call(t, "acme", "GET", "/v1/orders?limit=1&connection_id="+mine, "")
	row := answer["items"].([]any)[0].(map[string]any)
	assert.Equal(t, map[string]any{"creator": map[string]any{"rate_bp": 1000.0, "estimated": map[string]any{"amount": "1.5", "currency": "USD"}, "actual": nil}}, row["commissions"])
	assert.Equal(t, "2026-11-22T10:00:00Z", row["created_at"])
	assert.Equal(t, "settled", row["status"])
	assert.NotContains(t, row, "settled_at")
}

// campaignSale stores one sale as its seller and as the partner sees it, one of
// them settled.
func (b *bench) campaignSale(t *testing.T, shop account.AssetID, id, username string, created time.Time) {
	t.Helper()
	unix := json.Number(fmt.Sprint(created.Unix()))
	sold, err := order.FromTikTok(shop, order.Seller, map[string]any{"id": id, "create_time": unix},
		[]byte(`{"sku_id":"5","product_id":"8","campaign_id":"77","content_id":"c","creator_username":"","settlement_status":"SETTLED"}`), created)
	require.NoError(t, err)
	sold.Rev, sold.SettledSeenAt = 2, created.Add(20*24*time.Hour)
	sold.History = []order.StatusChange{{At: created, To: order.Pending}, {At: sold.SettledSeenAt, From: order.Pending, To: order.Settled}}
	require.NoError(t, b.store.Create(t.Context(), order.Lease{Fence: 1}, sold))
	raw := fmt.Sprintf(`{"id":%q,"create_time":%s,"sku_id":"5","product_id":"8","campaign_id":"77","content_id":"c","creator_username":%q,"settle_status":"PENDING"}`, id, unix, username)
	partnered, err := order.FromTikTok(tap, order.TAP, nil, []byte(raw), created)
	require.NoError(t, err)
	partnered.Rev = 1
	require.NoError(t, b.store.Create(t.Context(), order.Lease{Fence: 1}, partnered))
}

func TestFilters(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.campaignSale(t, "shop:1", "900", "mia", now.Add(-60*24*time.Hour))
	mine, partners := connection.NewID("acme", seller), connection.NewID("acme", partner)
	for query, want := range map[string][]string{
		"&product=8": {"900"}, "&content=c": {"900"}, "&campaign=77": {"900"}, "&product=8&content=d": nil, "&collaboration=77": nil,
		"&settled_from=2026-10-01T00:00:00Z":                                       {"900"},
		"&settled_from=2026-10-14T00:00:00Z":                                       nil,
		"&settled_from=2026-10-01T00:00:00Z&created_from=2026-10-01T00:00:00Z":     nil,
		"&settled_to=2026-10-14T00:00:00Z&created_from=2026-09-01T00:00:00Z":       {"900"},
		"&status=settled&settled_from=2026-10-01T00:00:00Z&asset=shop:1&product=8": {"900"},
	} {
		assert.Equal(t, want, b.list(t, "acme", mine, query+"&limit=7"), query)
	}
	assert.Equal(t, []string{"900"}, b.list(t, "acme", partners, "&creator=@Mia"))
	assert.Empty(t, b.list(t, "acme", partners, "&creator=leo"))
}

func TestOneOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	created := now.Add(-60 * 24 * time.Hour)
	b.campaignSale(t, "shop:1", "900", "mia", created)
	mine, partners := connection.NewID("acme", seller), connection.NewID("acme", partner)
	items := func(owner, target string) (items []map[string]any) {
		status, answer := b.call(t, owner, "GET", target, "")
		require.Equal(t, 200, status, answer)
		for _, item := range answer["items"].([]any) {
			items = append(items, item.(map[string]any))
		}
		return items
	}
	both := items("acme", "/v1/orders/900")
	require.Len(t, both, 2)
	sold, partnered := both[0]["row"].(map[string]any), both[1]["row"].(map[string]any)
	assert.Equal(t, []any{"seller", mine, "mia", map[string]any{"creator_username": "tap"}}, []any{sold["perspective"], both[0]["connection_id"], sold["creator_username"], both[0]["filled"]})
	assert.Equal(t, []any{"tap", partners, "Name of shop:1", map[string]any{"shop_name": "seller"}}, []any{partnered["perspective"], both[1]["connection_id"], partnered["shop_name"], both[1]["filled"]})
	assert.Equal(t, []any{
		map[string]any{"at": "2026-09-23T10:00:00Z", "to": "pending"},
		map[string]any{"at": "2026-10-13T10:00:00Z", "from": "pending", "to": "settled"},
	}, sold["history"])
	assert.NotContains(t, both[0], "raw")

	alone := items("acme", "/v1/orders/900?raw=true&connection_id="+mine)
	require.Len(t, alone, 1)
	assert.NotContains(t, alone[0], "filled", "what another connection knows is not mixed in when one is named")
	assert.Equal(t, "8", alone[0]["raw"].(map[string]any)["row"].(map[string]any)["product_id"])

	// the creator of order 11 is shared by two owners, its shop is not
	perspectives := func(items []map[string]any) (all []any) {
		for _, item := range items {
			all = append(all, item["row"].(map[string]any)["perspective"])
		}
		return all
	}
	assert.Equal(t, []any{"creator", "seller"}, perspectives(items("acme", "/v1/orders/11")))
	assert.Equal(t, []any{"creator"}, perspectives(items("bright", "/v1/orders/11")))
}

func (b *bench) file(t *testing.T, owner, query string) (*httptest.ResponseRecorder, [][]string) {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, "/v1/orders.csv?"+query, nil)
	recorder := httptest.NewRecorder()
	b.routes.ServeHTTP(recorder, request.WithContext(lambdahttp.WithClaims(t.Context(), map[string]string{"owner": owner, "scope": "affiliate/read"})))
	lines, err := csv.NewReader(bytes.NewReader(recorder.Body.Bytes())).ReadAll()
	if recorder.Code == 200 {
		require.NoError(t, err)
	}
	return recorder, lines
}

func TestFile(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	mine := connection.NewID("acme", seller)
	answer, lines := b.file(t, "acme", "perspective=seller&connection_id="+mine)
	require.Equal(t, 200, answer.Code, answer.Body.String())
	assert.Equal(t, "text/csv; charset=utf-8", answer.Header().Get("Content-Type"))
	assert.Equal(t, "attachment; filename=orders.csv", answer.Header().Get("Content-Disposition"))
	require.Len(t, lines, 21, "every row of both shops and the names of the columns")
	assert.Equal(t, order.Columns(order.Seller), lines[0])
	assert.Equal(t, []string{"shop:1", "seller", "10", "5", "0", "2026-11-22T10:00:00Z", "settled"}, lines[1][:7])
	_, lines = b.file(t, "acme", "perspective=seller&asset=shop:1&status=settled&connection_id="+mine)
	assert.Len(t, lines, 6)
	for query, status := range map[string]int{"connection_id=" + mine: 400, "perspective=seller&limit=5&connection_id=" + mine: 400, "perspective=seller&created_from=2020-01-01T00:00:00Z&connection_id=" + mine: 400} {
		answer, _ = b.file(t, "acme", query)
		assert.Equal(t, status, answer.Code, query)
	}
	answer, _ = b.file(t, "bright", "perspective=seller&connection_id="+mine)
	assert.Equal(t, 404, answer.Code)
}

func TestFreshness(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	mine := connection.NewID("acme", seller)
	lease, err := b.store.Acquire(t.Context(), "shop:2", "reader", now, now.Add(time.Minute))
	require.NoError(t, err)
	window := order.Window{Asset: "shop:2", Perspective: order.Seller, From: now.AddDate(0, 0, -30), DueAt: now}
	require.NoError(t, b.store.CreateWindows(t.Context(), lease, []order.Window{window}))
	window.ReadAt, window.DueAt, window.Rows, window.Unsettled = now.Add(-time.Minute), now.Add(time.Hour), 10, 4
	require.NoError(t, b.store.SaveWindow(t.Context(), lease, window, nil))
	lease.Calls = 7
	_, err = b.store.Release(t.Context(), lease, now, now.Add(-90*time.Second), 2)
	require.NoError(t, err)

	var items []any
	cursor := ""
	for range 2 {
		status, answer := b.call(t, "acme", "GET", "/v1/orders/freshness?limit=1&connection_id="+mine+cursor, "")
		require.Equal(t, 200, status, answer)
		items = append(items, answer["items"].([]any)...)
		next, _ := answer["next_cursor"].(string)
		cursor = "&cursor=" + url.QueryEscape(next)
	}
	assert.Equal(t, []any{
		map[string]any{"asset": "shop:1", "perspective": "seller", "complete": false, "scheduled": true, "wanted_at": "2026-11-22T10:00:00Z", "busy": false, "failures": 0.0, "reads": 0.0, "calls": 0.0, "late_seconds": 0.0, "windows": 0.0, "rows": 0.0, "unsettled": 0.0},
		map[string]any{
			"asset": "shop:2", "perspective": "seller", "complete": false, "since": "2026-10-23T10:00:00Z", "read_at": "2026-11-22T09:59:00Z", "scheduled": true, "wanted_at": "2026-11-22T09:58:30Z",
			"busy": false, "failures": 2.0, "reads": 1.0, "calls": 7.0, "late_seconds": 90.0, "windows": 1.0, "rows": 10.0, "unsettled": 4.0,
		},
	}, items)
	for query, want := range map[string]int{"": 400, "limit=0&connection_id=x": 404, "connection_id=" + mine + "&limit=101": 400, "connection_id=" + mine + "&cursor=x": 400, "connection_id=" + mine + "&asset=shop:9": 404} {
		status, answer := b.call(t, "acme", "GET", "/v1/orders/freshness?"+query, "")
		assert.Equal(t, want, status, answer)
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	mine := connection.NewID("acme", seller)
	_, answer := b.call(t, "acme", "GET", "/v1/orders?limit=1&connection_id="+mine, "")
	cursor := "&cursor=" + url.QueryEscape(answer["next_cursor"].(string))
	for name, test := range map[string]struct {
		owner, method, target, body string
		status                      int
		names                       string
	}{
		"no connection":             {"acme", "GET", "/v1/orders", "", 400, "connection_id"},
		"another owner's":           {"bright", "GET", "/v1/orders?connection_id=" + mine, "", 404, ""},
		"another asset":             {"acme", "GET", "/v1/orders?asset=shop:9&connection_id=" + mine, "", 404, ""},
		"another owner's asset":     {"bright", "GET", "/v1/orders?asset=shop:1&connection_id=" + connection.NewID("bright", creator), "", 404, ""},
		"unknown status":            {"acme", "GET", "/v1/orders?status=paid&connection_id=" + mine, "", 400, "status"},
		"reversed settlement":       {"acme", "GET", "/v1/orders?settled_from=2026-11-02T00:00:00Z&settled_to=2026-11-01T00:00:00Z&connection_id=" + mine, "", 400, "settled_to"},
		"too long a settlement":     {"acme", "GET", "/v1/orders?settled_from=2026-01-02T00:00:00Z&settled_to=2026-11-01T00:00:00Z&connection_id=" + mine, "", 400, "settled_from"},
		"settled in the future":     {"acme", "GET", "/v1/orders?settled_from=2027-01-02T00:00:00Z&connection_id=" + mine, "", 400, "settled_from"},
		"settled and pending":       {"acme", "GET", "/v1/orders?status=pending&settled_from=2026-11-02T00:00:00Z&connection_id=" + mine, "", 400, "status"},
		"no time":                   {"acme", "GET", "/v1/orders?created_from=yesterday&connection_id=" + mine, "", 400, "created_from"},
		"before there were orders":  {"acme", "GET", "/v1/orders?created_to=0278-04-12T08:25:23Z&connection_id=" + mine, "", 400, "created_to"},
		"settled before that":       {"acme", "GET", "/v1/orders?settled_from=1969-04-12T08:25:23Z&settled_to=1970-04-12T08:25:23Z&connection_id=" + mine, "", 400, "settled_"},
		"not our cursor":            {"acme", "GET", "/v1/orders?cursor=abc&connection_id=" + mine, "", 400, "cursor"},
		"a cursor of another range": {"acme", "GET", "/v1/orders?created_to=2026-11-01T00:00:00Z&connection_id=" + mine + cursor, "", 400, "cursor"},
		"no such order":             {"acme", "GET", "/v1/orders/404", "", 404, ""},
		"another owner's order":     {"bright", "GET", "/v1/orders/12", "", 404, ""},
		"through another owner's":   {"bright", "GET", "/v1/orders/11?connection_id=" + mine, "", 404, ""},
		"not in this connection":    {"acme", "GET", "/v1/orders/12?connection_id=" + connection.NewID("acme", creator), "", 404, ""},
		"raw is yes or no":          {"acme", "GET", "/v1/orders/12?raw=please", "", 400, "raw"},
		"unknown perspective":       {"acme", "GET", "/v1/orders?perspective=buyer&connection_id=" + mine, "", 400, "perspective"},
		"unknown filter":            {"acme", "GET", "/v1/orders?sku=5&connection_id=" + mine, "", 400, "sku"},
		"too many":                  {"acme", "GET", "/v1/orders?limit=101&connection_id=" + mine, "", 400, "limit"},
		"reversed":                  {"acme", "GET", "/v1/orders?created_from=2026-11-02T00:00:00Z&created_to=2026-11-01T00:00:00Z&connection_id=" + mine, "", 400, "created_to"},
		"too long":                  {"acme", "GET", "/v1/orders?created_from=2024-11-02T00:00:00Z&connection_id=" + mine, "", 400, "created_from"},
		"in the future":             {"acme", "GET", "/v1/orders?created_from=2027-11-02T00:00:00Z&connection_id=" + mine, "", 400, "created_from"},
		"a cursor of other filters": {"acme", "GET", "/v1/orders?status=settled&connection_id=" + mine + cursor, "", 400, "cursor"},
		"another owner's cursor":    {"bright", "GET", "/v1/orders?connection_id=" + mine + cursor, "", 400, "cursor"},
		"refresh another owner's":   {"bright", "POST", "/v1/orders/refresh", `{"connection_id":"` + mine + `"}`, 404, ""},
		"refresh nothing":           {"acme", "POST", "/v1/orders/refresh", `{}`, 400, "connection_id"},
		"refresh with a typo":       {"acme", "POST", "/v1/orders/refresh", `{"connection":"x"}`, 400, "connection"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, answer := b.call(t, test.owner, test.method, test.target, test.body)
			assert.Equal(t, test.status, status, answer)
			encoded, err := json.Marshal(answer)
			require.NoError(t, err)
			assert.Contains(t, string(encoded), test.names)
		})
	}
	assert.Empty(t, b.queue.wakes)
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	mine := connection.NewID("acme", seller)
	lease, err := b.store.Acquire(t.Context(), "shop:2", "reader", now, now.Add(time.Minute))
	require.NoError(t, err)
	_, err = b.store.Release(t.Context(), lease, now, time.Time{}, 0) // its grant was lost
	require.NoError(t, err)

	status, answer := b.call(t, "acme", "POST", "/v1/orders/refresh", `{"connection_id":"`+mine+`"}`)
	assert.Equal(t, 202, status)
	assert.ElementsMatch(t, []any{map[string]any{"asset": "shop:1", "state": "asked"}, map[string]any{"asset": "shop:2", "state": "not_scheduled"}}, answer["items"])
	assert.Equal(t, []any{order.Wake{Asset: "shop:1"}}, b.queue.wakes)
	lease, err = b.store.Acquire(t.Context(), "shop:1", "reader", now, now.Add(time.Minute))
	require.NoError(t, err)
	assert.Equal(t, now, lease.AskedAt)

	status, _ = b.call(t, "acme", "POST", "/v1/orders/refresh", `{"connection_id":"`+mine+`","asset":"shop:1"}`)
	assert.Equal(t, 202, status, "also while it is being read")
	assert.Len(t, b.queue.wakes, 2)
}

func TestSampleEvents(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for file, want := range map[string]int{"orders.json": 404, "orders--show.json": 404, "orders--refresh.json": 404} { // the sample's connection is not there
		raw, err := os.ReadFile(filepath.Join("..", "..", "events", file))
		require.NoError(t, err)
		var event events.APIGatewayV2HTTPRequest
		require.NoError(t, json.Unmarshal(raw, &event))
		event.RequestContext.Authorizer.JWT.Claims["owner"] = "acme"
		answer, err := lambdahttp.New(b.routes).Handle(t.Context(), event)
		require.NoError(t, err)
		assert.Equal(t, want, answer.StatusCode, answer.Body)
	}
}

func TestRoutesAreDescribed(t *testing.T) {
	t.Parallel()
	apitest.Routes(t, func(r *api.Router) { (&handler{}).routes(r) })
}
