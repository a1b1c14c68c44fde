package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/api/apitest"
	"tiktok-shop-affiliate/shared/blob"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/idempotency"
	"tiktok-shop-affiliate/shared/job"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/link"
	"tiktok-shop-affiliate/shared/link/linktest"
	"tiktok-shop-affiliate/shared/queue"
	"tiktok-shop-affiliate/shared/redact"
)

type key struct{}

func (key) Value(context.Context) (redact.Secret, error) { return redact.New("test-key"), nil }

// world is the API and the worker behind it, over TikTok Shop's sandbox and the
// emulated AWS.
type world struct {
	*linktest.World
	routes http.Handler
	worker *job.Worker
	queue  string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: linktest.New(t), queue: awstest.Queue(t)}
	cfg := awstest.Config(t)
	bucket, store, wakes := blob.New(cfg, awstest.Bucket(t)), dynamo.NewJobs(w.DB, w.Table), queue.NewSender(sqs.NewFromConfig(cfg), w.queue)
	h := &handler{
		files: bucket, specs: job.Specs{link.BulkSpec()}, now: w.Clock,
		jobs: job.NewManager(job.ManagerOptions{Store: store, Objects: bucket, Wakes: wakes, Now: w.Clock, Log: slog.New(slog.DiscardHandler), Retention: 30 * 24 * time.Hour}),
	}
	w.routes = apitest.Described(t, h.routes(api.New(api.Owners{Claim: "owner"}, api.NewCursors(key{}), api.WithConnections(w, nil), api.WithIdempotency(idempotency.NewKeeper(dynamo.NewOutcomes(w.DB, w.Table), w.Clock)))))
	w.worker = job.NewWorker(job.WorkerOptions{
		Store: store, Objects: bucket, Files: bucket, Wakes: wakes, Now: w.Clock, Log: slog.New(slog.DiscardHandler),
		Kinds: []job.Kind{link.NewBulk(w.Maker()), job.SelfTest{}}, Assets: w,
	})
	return w
}

// send sends a request as a token of the owner with every scope.
func (w *world) send(t *testing.T, owner, method, target, body string) (*http.Response, map[string]any) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	claims := map[string]string{"owner": owner, "scope": "affiliate/read affiliate/write affiliate/admin"}
	recorder := httptest.NewRecorder()
	w.routes.ServeHTTP(recorder, request.WithContext(lambdahttp.WithClaims(t.Context(), claims)))
	var answer map[string]any
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &answer), recorder.Body.String())
	return recorder.Result(), answer
}

func TestARepeatedRequestMakesOneJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var locations []string
	for range 2 {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/self-test", strings.NewReader(`{"items":1}`))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", "once")
		recorder := httptest.NewRecorder()
		claims := map[string]string{"owner": "acme", "scope": "affiliate/admin"}
		w.routes.ServeHTTP(recorder, request.WithContext(lambdahttp.WithClaims(t.Context(), claims)))
		require.Equal(t, http.StatusAccepted, recorder.Code)
		locations = append(locations, recorder.Header().Get("Location"))
	}
	assert.NotEmpty(t, locations[0])
	assert.Equal(t, locations[0], locations[1])
	_, list := w.send(t, "acme", "GET", "/v1/jobs", "")
	assert.Len(t, list["items"], 1)
}

// work does what the worker function does with every message of the queue.
func (w *world) work(t *testing.T, messages int) {
	t.Helper()
	for _, body := range awstest.Receive(t, w.queue, messages) {
		var wake job.Wake
		require.NoError(t, json.Unmarshal([]byte(body), &wake))
		require.NoError(t, w.worker.Work(t.Context(), wake))
	}
}

func bulk(connection string, products ...string) string {
	items := make([]string, 0, len(products))
	for _, product := range products {
		items = append(items, fmt.Sprintf(`{"purpose":"campaign_product","campaign_id":%q,"product_id":%q}`, linktest.Winter, product))
	}
	return fmt.Sprintf(`{"kind":"links","connection_id":%q,"items":[%s]}`, connection, strings.Join(items, ","))
}

func TestLinksInBulk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.Connect(t, "acme", sandboxtest.Northwind)
	response, made := w.send(t, "acme", "POST", "/v1/jobs", bulk(id, linktest.Skillet, linktest.Mirror, linktest.Toner))
	require.Equal(t, http.StatusAccepted, response.StatusCode, made)
	location := response.Header.Get("Location")
	assert.Equal(t, "/v1/jobs/"+made["id"].(string), location)
	assert.Equal(t, "queued", made["state"])
	assert.InDelta(t, 3, made["total"], 0)
	w.work(t, 1)

	_, got := w.send(t, "acme", "GET", location, "")
	assert.Equal(t, "done", got["state"], got)
	assert.InDelta(t, 3, got["done"], 0)
	assert.InDelta(t, 1, got["failed_items"], 0)
	first := got["first_errors"].([]any)[0].(map[string]any)
	assert.InDelta(t, 1, first["index"], 0)
	assert.Equal(t, "/problems/conflict", first["problem"].(map[string]any)["type"])

	_, page := w.send(t, "acme", "GET", got["results"].(string)+"?limit=2", "")
	items := page["items"].([]any)
	require.Len(t, items, 2)
	assert.Contains(t, items[0].(map[string]any)["result"].(map[string]any)["url"], "https://")
	assert.Equal(t, "failed", items[1].(map[string]any)["status"])
	_, rest := w.send(t, "acme", "GET", got["results"].(string)+"?limit=2&cursor="+page["next_cursor"].(string), "")
	require.Len(t, rest["items"], 1)
	assert.NotContains(t, rest, "next_cursor")

	file := got["file"].(map[string]any)
	assert.Equal(t, got["id"].(string)+".ndjson", file["name"])
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, file["url"].(string), nil)
	require.NoError(t, err)
	fetched, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer fetched.Body.Close()
	require.Equal(t, http.StatusOK, fetched.StatusCode)
	assert.Contains(t, fetched.Header.Get("Content-Disposition"), "attachment")
	lines := 0
	for scanner := bufio.NewScanner(fetched.Body); scanner.Scan(); lines++ {
		assert.True(t, json.Valid(scanner.Bytes()))
	}
	assert.Equal(t, 3, lines)

	_, again := w.send(t, "acme", "POST", "/v1/links", "")
	assert.Equal(t, "/problems/not-found", again["type"], "this function has no such route")
}

func TestAJobWaitsForTikTokShopsLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.Connect(t, "acme", sandboxtest.Northwind)
	w.TikTok.AddFault(slowDown(1))
	_, made := w.send(t, "acme", "POST", "/v1/jobs", bulk(id, linktest.Skillet))
	w.work(t, 1)
	target := "/v1/jobs/" + made["id"].(string)
	_, got := w.send(t, "acme", "GET", target, "")
	assert.Equal(t, "waiting", got["state"], got)
	assert.NotEmpty(t, got["waits_until"])
	assert.Equal(t, "/problems/rate-limited", got["problem"].(map[string]any)["type"])
	w.Now = w.Now.Add(10 * time.Minute)
	_, got = w.send(t, "acme", "POST", target+"/resume", "")
	assert.Equal(t, "queued", got["state"])
	w.work(t, 1)
	_, got = w.send(t, "acme", "GET", target, "")
	assert.Equal(t, "done", got["state"])
	assert.InDelta(t, 0, got["failed_items"], 0)
}

func TestADisconnectedAccountEndsItsJobs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.Connect(t, "acme", sandboxtest.Northwind)
	_, made := w.send(t, "acme", "POST", "/v1/jobs", bulk(id, linktest.Skillet))
	w.Disconnect("acme", id)
	w.work(t, 1)
	_, got := w.send(t, "acme", "GET", "/v1/jobs/"+made["id"].(string), "")
	assert.Equal(t, "failed", got["state"])
	assert.Equal(t, "/problems/not-found", got["problem"].(map[string]any)["type"])
}

func TestSelfTest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	response, made := w.send(t, "acme", "POST", "/v1/self-test", `{"items":250}`)
	require.Equal(t, http.StatusAccepted, response.StatusCode, made)
	w.work(t, 1)
	_, got := w.send(t, "acme", "GET", response.Header.Get("Location"), "")
	assert.Equal(t, "done", got["state"])
	assert.InDelta(t, 250, got["done"], 0)
	assert.InDelta(t, 3, got["result_pages"], 0)
	for _, body := range []string{`{"items":0}`, `{"items":100001}`, `{}`, `{"items":"many"}`} {
		response, _ := w.send(t, "acme", "POST", "/v1/self-test", body)
		assert.Equal(t, http.StatusBadRequest, response.StatusCode, body)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	partner, _ := w.Connect(t, "acme", sandboxtest.Northwind)
	creator, _ := w.Connect(t, "acme", sandboxtest.MiaLane)
	many := make([]string, link.MaxBulk+1)
	for i := range many {
		many[i] = "{}"
	}
	tooMany := fmt.Sprintf(`{"kind":"links","connection_id":%q,"items":[%s]}`, partner, strings.Join(many, ","))
	cases := map[string]struct {
		owner, body string
		status      int
		says        []string
	}{
		"unknown kind":         {"acme", `{"kind":"orders","items":[]}`, 400, []string{"/kind", "[links]"}},
		"the operator's kind":  {"acme", `{"kind":"self_test","params":{"items":5}}`, 400, []string{"/kind"}},
		"no connection":        {"acme", `{"kind":"links","items":[{}]}`, 400, []string{"/connection_id"}},
		"no items":             {"acme", bulk(partner), 400, []string{"/items", "1 to 10000"}},
		"too many items":       {"acme", tooMany, 400, []string{"/items", "1 to 10000"}},
		"parameters":           {"acme", strings.Replace(bulk(partner, "1"), `"items"`, `"params":{"a":1},"items"`, 1), 400, []string{"/params"}},
		"another owner's":      {"globex", bulk(partner, "1"), 404, nil},
		"unknown connection":   {"acme", bulk("conn_none", "1"), 404, nil},
		"wrong account kind":   {"acme", bulk(creator, "1"), 400, []string{"/items/0/purpose", "connection of a partner; this is one of a creator"}},
		"unknown field":        {"acme", `{"kind":"links","owner":"globex","items":[]}`, 400, []string{"owner"}},
		"unknown item field":   {"acme", fmt.Sprintf(`{"kind":"links","connection_id":%q,"items":[{"purpose":"campaign_product","sub_id":"x"}]}`, partner), 400, []string{"/items/0", "sub_id"}},
		"wrong type of item":   {"acme", fmt.Sprintf(`{"kind":"links","connection_id":%q,"items":[7]}`, partner), 400, []string{"/items/0", "JSON object"}},
		"wrong type in item":   {"acme", fmt.Sprintf(`{"kind":"links","connection_id":%q,"items":[{"purpose":7}]}`, partner), 400, []string{"/items/0/purpose", "JSON number"}},
		"every fault of items": {"acme", fmt.Sprintf(`{"kind":"links","connection_id":%q,"items":[{"purpose":"campaign_product"},{"purpose":"x"}]}`, partner), 400, []string{"/items/0/campaign_id", "/items/0/product_id", "/items/1/purpose"}},
	}
	for name, c := range cases {
		response, answer := w.send(t, c.owner, "POST", "/v1/jobs", c.body)
		assert.Equal(t, c.status, response.StatusCode, "%s: %v", name, answer)
		text, err := json.Marshal(answer)
		require.NoError(t, err)
		for _, says := range c.says {
			assert.Contains(t, string(text), says, name)
		}
	}
	assert.Empty(t, awstest.Receive(t, w.queue, 0), "nobody was woken")
	for _, owner := range []string{"acme", "globex"} {
		_, list := w.send(t, owner, "GET", "/v1/jobs", "")
		assert.Empty(t, list["items"], "nothing was stored")
	}
}

func TestJobsOfOthersAreNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.Connect(t, "acme", sandboxtest.Northwind)
	_, made := w.send(t, "acme", "POST", "/v1/jobs", bulk(id, linktest.Skillet))
	target := "/v1/jobs/" + made["id"].(string)
	for _, route := range []string{"GET ", "GET /results", "POST /pause", "POST /resume", "POST /cancel"} {
		method, path, _ := strings.Cut(route, " ")
		response, _ := w.send(t, "globex", method, target+path, "")
		assert.Equal(t, http.StatusNotFound, response.StatusCode, route)
		response, _ = w.send(t, "acme", method, "/v1/jobs/job_none"+path, "")
		assert.Equal(t, http.StatusNotFound, response.StatusCode, route)
	}
	_, got := w.send(t, "acme", "GET", target, "")
	assert.Equal(t, "queued", got["state"])
}

func TestAJobThatIsOverStaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, made := w.send(t, "acme", "POST", "/v1/self-test", `{"items":1}`)
	target := "/v1/jobs/" + made["id"].(string)
	for _, change := range []struct{ verb, state string }{{"pause", "paused"}, {"pause", "paused"}, {"resume", "queued"}, {"cancel", "cancelled"}, {"cancel", "cancelled"}} {
		response, got := w.send(t, "acme", "POST", target+"/"+change.verb, "")
		require.Equal(t, http.StatusOK, response.StatusCode)
		assert.Equal(t, change.state, got["state"])
	}
	for _, verb := range []string{"pause", "resume"} {
		response, problem := w.send(t, "acme", "POST", target+"/"+verb, "")
		assert.Equal(t, http.StatusConflict, response.StatusCode)
		assert.Contains(t, problem["detail"], "is cancelled")
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 3 {
		w.send(t, "acme", "POST", "/v1/self-test", `{"items":1}`)
		w.Now = w.Now.Add(time.Second)
	}
	_, page := w.send(t, "acme", "GET", "/v1/jobs?limit=2", "")
	require.Len(t, page["items"], 2)
	cursor := page["next_cursor"].(string)
	_, rest := w.send(t, "acme", "GET", "/v1/jobs?limit=2&cursor="+cursor, "")
	assert.Len(t, rest["items"], 1)
	newest := page["items"].([]any)[0].(map[string]any)["id"].(string)

	tampered := []byte(cursor)
	tampered[len(tampered)-2] ^= 1
	for name, target := range map[string]string{
		"tampered": "/v1/jobs?cursor=" + string(tampered), "another state": "/v1/jobs?state=done&cursor=" + cursor, "another list": "/v1/jobs/" + newest + "/results?cursor=" + cursor,
		"no such state": "/v1/jobs?state=finished", "limit": "/v1/jobs?limit=101", "negative": "/v1/jobs?limit=-1", "limit of results": "/v1/jobs/" + newest + "/results?limit=501",
	} {
		response, _ := w.send(t, "acme", "GET", target, "")
		assert.Equal(t, http.StatusBadRequest, response.StatusCode, name)
	}
	response, _ := w.send(t, "globex", "GET", "/v1/jobs?cursor="+cursor, "")
	assert.Equal(t, http.StatusBadRequest, response.StatusCode, "a cursor holds for one owner")
	_, none := w.send(t, "acme", "GET", "/v1/jobs/"+newest+"/results", "")
	assert.Equal(t, []any{}, none["items"])
}

func TestSampleEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	files, err := filepath.Glob("../../events/jobs*.json")
	require.NoError(t, err)
	require.Len(t, files, 6)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		var event events.APIGatewayV2HTTPRequest
		require.NoError(t, json.Unmarshal(raw, &event))
		event.RequestContext.Authorizer.JWT.Claims["owner"] = "default"
		response, err := lambdahttp.New(w.routes).Handle(t.Context(), event)
		require.NoError(t, err)
		want := map[string]int{"jobs--create.json": 404, "jobs--backfill.json": 404, "jobs--self-test.json": 202, "jobs.json": 200, "jobs--results.json": 404, "jobs--cancel.json": 404}[filepath.Base(file)]
		assert.Equal(t, want, response.StatusCode, "%s: %s", file, response.Body)
	}
}

// slowDown makes TikTok Shop ask that often to slow down.
func slowDown(times int) sandbox.Fault {
	return sandbox.Fault{Operation: "POST /affiliate_partner/202505/campaigns/{campaign_id}/products/promotion_links/generate_batch", Times: times, Status: 429, Code: 36009002}
}

func TestRoutesAreDescribed(t *testing.T) {
	t.Parallel()
	apitest.Routes(t, func(r *api.Router) { (&handler{}).routes(r) })
}

func TestABackfillIsAJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, asset := w.Connect(t, "acme", sandboxtest.Northwind)
	response, made := w.send(t, "acme", "POST", "/v1/orders/backfill", fmt.Sprintf(`{"connection_id":%q,"from":"2025-11-22T10:00:00Z"}`, id))
	require.Equal(t, http.StatusAccepted, response.StatusCode, made)
	assert.Equal(t, "/v1/jobs/"+made["id"].(string), response.Header.Get("Location"))
	assert.Equal(t, "orders_backfill", made["kind"])
	assert.Equal(t, string(asset.ID), made["asset"])
	assert.Equal(t, map[string]any{"from": "2025-11-22T10:00:00Z"}, made["params"])
	assert.InDelta(t, 5, made["total"], 0, "parts of 88 days")
	response, made = w.send(t, "acme", "POST", "/v1/orders/backfill", fmt.Sprintf(`{"connection_id":%q}`, id))
	require.Equal(t, http.StatusAccepted, response.StatusCode, made)
	assert.NotContains(t, made, "total", "nobody knows how far back there are orders")

	for body, pointer := range map[string]string{
		`{}`: "/connection_id",
		`{"connection_id":"` + id + `","from":"2027-01-01T00:00:00Z"}`:                             "/from",
		`{"connection_id":"` + id + `","to":"2027-01-01T00:00:00Z"}`:                               "/to",
		`{"connection_id":"` + id + `","from":"2026-02-01T00:00:00Z","to":"2026-01-01T00:00:00Z"}`: "/from",
		`{"connection_id":"` + id + `","from":"2016-01-01T00:00:00Z"}`:                             "/from",
		`{"connection_id":"` + id + `","from":"yesterday"}`:                                        "/from",
		`{"connection_id":"` + id + `","since":"2026-01-01T00:00:00Z"}`:                            "/since",
	} {
		response, answer := w.send(t, "acme", "POST", "/v1/orders/backfill", body)
		assert.Equal(t, http.StatusBadRequest, response.StatusCode, body)
		assert.Equal(t, pointer, answer["errors"].([]any)[0].(map[string]any)["pointer"], body)
	}
	response, _ = w.send(t, "globex", "POST", "/v1/orders/backfill", fmt.Sprintf(`{"connection_id":%q}`, id))
	assert.Equal(t, http.StatusNotFound, response.StatusCode, "another owner's")
	_, list := w.send(t, "acme", "GET", "/v1/jobs", "")
	assert.Len(t, list["items"], 2)
}
