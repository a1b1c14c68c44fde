package main

import (
	"context"
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
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/api/apitest"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/delivery"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/redact"
)

type key struct{}

func (key) Value(context.Context) (redact.Secret, error) { return redact.New("test-key"), nil }

// appsSecret names one app.
type appsSecret struct{}

func (appsSecret) Value(context.Context) (redact.Secret, error) {
	return redact.New(`{"apps":[{"name":"main","key":"app-key","secret":"test-secret","portal":"us","accounts":["creator"]}]}`), nil
}
func (appsSecret) Reload(context.Context) (bool, error) { return false, nil }

func registry() *app.Registry { return app.NewRegistry(appsSecret{}) }

// sent is the webhook queue.
type sent struct{ messages []delivery.Message }

func (s *sent) SendText(_ context.Context, text string, attributes map[string]string) error {
	m, err := delivery.FromText(text, attributes)
	s.messages = append(s.messages, m)
	return err
}

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

const (
	seller  = account.ID("main:seller:s1")
	creator = account.ID("main:creator:c1")
	foreign = account.ID("main:creator:c2")
)

// bench is the function with two owners: acme has a seller and a creator, bright
// has the creator, too, since an hour, and one of its own.
type bench struct {
	queue     *sent
	store     *dynamo.Deliveries
	processor *delivery.Processor
	routes    http.Handler
	number    int

	connections *dynamo.Connections
	orders      *dynamo.Orders
	ledger      *dynamo.Quotas
	queues      *sqs.Client
	urls, dead  map[string]string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	db, tables := dynamodb.NewFromConfig(awstest.Config(t)), awstest.Tables(t)
	connections := dynamo.NewConnections(db, tables.Accounts, tables.Orders)
	for i, c := range []struct {
		owner  string
		id     account.ID
		at     time.Time
		assets []account.AssetID
	}{
		{"acme", seller, now.Add(-24 * time.Hour), []account.AssetID{"shop:1", "shop:2"}},
		{"acme", creator, now.Add(-24 * time.Hour), []account.AssetID{"creator:main:c1"}},
		{"bright", foreign, now.Add(-24 * time.Hour), []account.AssetID{"creator:main:c2"}},
		{"bright", creator, now.Add(-time.Hour), []account.AssetID{"creator:main:c1"}},
	} {
		state := fmt.Sprint("state", i)
		require.NoError(t, connections.PutState(t.Context(), state, connection.Pending{ExpiresAt: now.Add(time.Hour)}))
		e := connection.Enrolment{
			State: state, Account: account.Account{ID: c.id, State: account.Active, AuthorizedAt: now.Add(-24 * time.Hour)}, RefreshAt: now,
			Connection: connection.Connection{ID: connection.NewID(c.owner, c.id), Owner: c.owner, Account: c.id, ConnectedAt: c.at},
		}
		for _, id := range c.assets {
			e.Assets = append(e.Assets, account.Asset{ID: id, Account: c.id, State: account.AssetActive})
		}
		require.NoError(t, connections.Enrol(t.Context(), e))
	}
	b := &bench{queue: &sent{}, connections: connections, store: dynamo.NewDeliveries(db, tables.Accounts, tables.Orders, tables.Records, func() time.Time { return now })}
	b.processor = delivery.NewProcessor(connections, nil, b.store)
	b.orders, b.ledger = dynamo.NewOrders(db, tables.Orders), dynamo.NewQuotas(db, tables.Accounts)
	b.queues, b.urls = sqs.NewFromConfig(awstest.Config(t)), map[string]string{"webhooks": awstest.Queue(t)}
	b.dead = map[string]string{"webhooks": awstest.Queue(t), "events": awstest.Queue(t)}
	h := &handler{
		connections: connections, deliveries: b.store, webhooks: b.queue, orders: b.orders, ledger: b.ledger, apps: registry(),
		queues: watch(b.queues, b.urls, b.dead), lateAfter: time.Hour, now: func() time.Time { return now },
	}
	b.routes = apitest.Described(t, h.routes(api.New(api.Owners{Claim: "owner"}, api.NewCursors(key{}))))
	return b
}

// arrive processes a webhook that came some time ago and returns TikTok Shop's
// id of it.
func (b *bench) arrive(t *testing.T, kind int, subject string, ago time.Duration) string {
	t.Helper()
	b.number++
	id := fmt.Sprint(7_380_000_000_000_000_000 + b.number)
	body := fmt.Sprintf(`{"type":%d,"tts_notification_id":"%s",%s,"timestamp":%d,"data":{"product_id":"p1","event":{"type":"ADD","scene":"VIDEO","content_id":"v%d"}}}`,
		kind, id, subject, now.Add(-ago).Unix(), b.number)
	require.NoError(t, b.processor.Process(t.Context(), delivery.Message{App: "main", ReceivedAt: now.Add(-ago), Body: []byte(body)}))
	return id
}

func (b *bench) call(t *testing.T, owner, method, target, body string) (int, map[string]any) {
	t.Helper()
	request := httptest.NewRequest(method, target, strings.NewReader(body))
	claims := map[string]string{"owner": owner, "scope": "affiliate/write affiliate/read"}
	recorder := httptest.NewRecorder()
	b.routes.ServeHTTP(recorder, request.WithContext(lambdahttp.WithClaims(t.Context(), claims)))
	var answer map[string]any
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &answer), recorder.Body.String())
	return recorder.Code, answer
}

// list reads all pages and returns TikTok Shop's ids, and ours by them.
func (b *bench) list(t *testing.T, owner, query string) (notifications []string, ids map[string]string) {
	t.Helper()
	ids = map[string]string{}
	for cursor := ""; ; {
		status, answer := b.call(t, owner, "GET", "/v1/deliveries?"+query+cursor, "")
		require.Equal(t, 200, status, answer)
		for _, item := range answer["items"].([]any) {
			one := item.(map[string]any)
			notification := fmt.Sprint(one["notification_id"])
			notifications = append(notifications, notification)
			ids[notification] = fmt.Sprint(one["id"])
		}
		next, more := answer["next_cursor"].(string)
		if !more {
			return notifications, ids
		}
		cursor = "&cursor=" + url.QueryEscape(next)
	}
}

const (
	aboutShop    = `"shop_id":"1"`
	aboutShop2   = `"shop_id":"2"`
	aboutCreator = `"creator_open_id":"c1"`
	aboutForeign = `"creator_open_id":"c2"`
	aboutNobody  = `"creator_open_id":"c9"`
)

func TestDeliveriesAreTheOwners(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	before := b.arrive(t, 17, aboutCreator, 48*time.Hour) // before anybody was connected
	first := b.arrive(t, 17, aboutCreator, 3*time.Hour)
	shop := b.arrive(t, 999, aboutShop, 2*time.Hour)
	other := b.arrive(t, 17, aboutForeign, 2*time.Hour)
	second := b.arrive(t, 999, aboutShop2, time.Hour)
	last := b.arrive(t, 17, aboutCreator, time.Minute)
	b.arrive(t, 17, aboutNobody, time.Minute)

	for limit := 1; limit < 6; limit++ {
		mine, _ := b.list(t, "acme", fmt.Sprint("limit=", limit))
		assert.Equal(t, []string{last, second, shop, first}, mine, "limit %d: the latest first", limit)
	}
	theirs, _ := b.list(t, "bright", "")
	assert.Equal(t, []string{last, other}, theirs, "a shared account's only since it was connected")
	for query, want := range map[string][]string{
		"type=17": {last, first}, "outcome=recorded": {second, shop}, "type=17&outcome=recorded": nil,
		"connection_id=" + connection.NewID("acme", creator): {last, first},
		"connection_id=" + connection.NewID("acme", seller):  {second, shop},
	} {
		got, _ := b.list(t, "acme", "limit=1&"+query)
		assert.Equal(t, want, got, query)
	}
	assert.NotContains(t, theirs, before)
}

func TestDeliveryInFull(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.arrive(t, 17, aboutCreator, time.Minute)
	b.number--
	b.arrive(t, 17, aboutCreator, time.Minute) // the same once more
	_, ids := b.list(t, "acme", "")
	status, answer := b.call(t, "acme", "GET", "/v1/deliveries/"+ids[id], "")
	require.Equal(t, 200, status)
	body, ok := answer["body"].(map[string]any)
	require.True(t, ok)
	assert.Equal(t, id, body["tts_notification_id"])
	delete(answer, "body")
	assert.Equal(t, map[string]any{
		"id": ids[id], "app": "main", "notification_id": id, "type": 17.0, "subject": "creator:main:c1", "sent_at": "2026-11-22T09:59:00Z",
		"received_at": "2026-11-22T09:59:00Z", "processed_at": "2026-11-22T10:00:00Z", "outcome": "applied", "duplicates": 1.0, "replays": 0.0,
	}, answer)
}

func TestReplay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.arrive(t, 17, aboutCreator, time.Minute)
	_, ids := b.list(t, "acme", "")
	path := "/v1/deliveries/" + ids[id]
	for range 2 { // asked again before it is done
		status, answer := b.call(t, "acme", "POST", path+"/replay", "")
		require.Equal(t, 202, status)
		assert.Equal(t, map[string]any{"id": ids[id], "replay": 1.0}, answer)
	}
	require.Len(t, b.queue.messages, 2)
	for _, m := range b.queue.messages {
		require.NoError(t, b.processor.Process(t.Context(), m))
	}
	_, answer := b.call(t, "acme", "GET", path, "")
	assert.Equal(t, "applied", answer["outcome"], "what it came to at first")
	assert.Equal(t, "superseded", answer["replay_outcome"], "its effect is there already")
	assert.Equal(t, "2026-11-22T10:00:00Z", answer["replayed_at"])
	assert.InDelta(t, 1, answer["replays"], 0)
	assert.InDelta(t, 0, answer["duplicates"], 0)

	status, answer := b.call(t, "acme", "POST", path+"/replay", "")
	require.Equal(t, 202, status)
	assert.InDelta(t, 2, answer["replay"], 0)
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.arrive(t, 999, aboutShop, 2*time.Hour)
	shared := b.arrive(t, 17, aboutCreator, 2*time.Hour)
	nobody := b.arrive(t, 17, aboutNobody, time.Minute)
	t.Cleanup(func() { assert.Empty(t, b.queue.messages) })
	_, ids := b.list(t, "acme", "")
	_, answer := b.call(t, "acme", "GET", "/v1/deliveries?limit=1", "")
	cursor := "cursor=" + url.QueryEscape(answer["next_cursor"].(string))
	ref := func(subject, id string) string {
		return "/v1/deliveries/" + delivery.Ref{App: "main", Subject: subject, ID: id}.String()
	}
	for name, c := range map[string]struct {
		owner, method, target, body string
		status                      int
		names                       string
	}{
		"another owner's":              {"bright", "GET", "/v1/deliveries/" + ids[id], "", 404, ""},
		"replay of another owner's":    {"bright", "POST", "/v1/deliveries/" + ids[id] + "/replay", "", 404, ""},
		"before it was connected":      {"bright", "POST", "/v1/deliveries/" + ids[shared] + "/replay", "", 404, ""},
		"nobody's":                     {"acme", "GET", ref("main:creator:c9", nobody), "", 404, ""},
		"no such delivery":             {"acme", "GET", ref("shop:1", "7"), "", 404, ""},
		"another app's":                {"acme", "GET", "/v1/deliveries/" + delivery.Ref{App: "other", Subject: "shop:1", ID: id}.String(), "", 404, ""},
		"no id of ours":                {"acme", "GET", "/v1/deliveries/dlv_x", "", 404, ""},
		"another owner's connection":   {"bright", "GET", "/v1/deliveries?connection_id=" + connection.NewID("acme", seller), "", 404, ""},
		"unknown parameter":            {"acme", "GET", "/v1/deliveries?kind=17", "", 400, "kind"},
		"type that is no number":       {"acme", "GET", "/v1/deliveries?type=x", "", 400, "type"},
		"type below zero":              {"acme", "GET", "/v1/deliveries?type=-1", "", 400, "type"},
		"unknown outcome":              {"acme", "GET", "/v1/deliveries?outcome=good", "", 400, "unconfirmed"},
		"limit too large":              {"acme", "GET", "/v1/deliveries?limit=101", "", 400, "limit"},
		"cursor with other filters":    {"acme", "GET", "/v1/deliveries?limit=1&type=17&" + cursor, "", 400, "cursor"},
		"cursor of another owner":      {"bright", "GET", "/v1/deliveries?limit=1&" + cursor, "", 400, "cursor"},
		"a replay with a body":         {"acme", "POST", "/v1/deliveries/" + ids[id] + "/replay", `{"a":1}`, 400, "no body"},
		"a delivery is not to be made": {"acme", "POST", "/v1/deliveries", "", 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, answer := b.call(t, c.owner, c.method, c.target, c.body)
			assert.Equal(t, c.status, status, answer)
			assert.Contains(t, fmt.Sprint(answer), c.names)
		})
	}
}

func TestSampleEvents(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for file, want := range map[string]int{"status": 200, "status-deliveries": 200, "status-delivery": 404, "status-replay": 404} {
		text, err := os.ReadFile(filepath.Join("../../events", file+".json"))
		require.NoError(t, err)
		var event events.APIGatewayV2HTTPRequest
		require.NoError(t, json.Unmarshal(text, &event))
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
