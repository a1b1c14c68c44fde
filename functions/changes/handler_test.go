package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/api/apitest"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/feed"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/redact"
)

// text is a secret that never changes.
type text string

func (s text) Value(context.Context) (redact.Secret, error) { return redact.New(string(s)), nil }

// bench is the function with a table of its own. The owner is the client.
type bench struct {
	http.Handler
	writer *feed.Writer
	later  *atomic.Int64 // nanoseconds of the clock after the start
}

func newBench(t *testing.T) bench {
	t.Helper()
	store := dynamo.NewFeed(dynamodb.NewFromConfig(awstest.Config(t)), awstest.Table(t, "FeedTable"))
	later := &atomic.Int64{}
	now := func() time.Time {
		return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC).Add(time.Duration(later.Load()))
	}
	h := &handler{feed: feed.NewReader(store, now)}
	return bench{apitest.Described(t, h.routes(api.New(api.Owners{Claim: "client_id"}, api.NewCursors(text("test-cursor-key"))))), feed.NewWriter(store, now), later}
}

// tell adds events to the owner's feed.
func (b bench) tell(t *testing.T, owner string, events ...string) {
	t.Helper()
	for _, event := range events {
		_, err := b.writer.Append(t.Context(), owner, []json.RawMessage{json.RawMessage(event)})
		require.NoError(t, err)
	}
}

type answered struct {
	Items  []json.RawMessage
	After  string
	More   bool
	Type   string
	Detail string
	Errors []struct{ Parameter string }
}

// read asks for changes as an owner with the read scope.
func (b bench) read(t *testing.T, owner string, query url.Values) (int, answered) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://api.test/v1/changes?"+query.Encode(), nil)
	request = request.WithContext(lambdahttp.WithClaims(request.Context(), map[string]string{"client_id": owner, "scope": "affiliate/read"}))
	recorder := httptest.NewRecorder()
	b.ServeHTTP(recorder, request)
	var answer answered
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &answer), recorder.Body.String())
	return recorder.Code, answer
}

// event is what a feed carries, with as little in it as there may be.
func event(id string) string {
	return `{"id":"` + id + `","type":"link.created","time":"2026-11-22T10:00:00Z","owner":"owner"}`
}

func raw(events ...string) []json.RawMessage {
	out := []json.RawMessage{}
	for _, event := range events {
		out = append(out, json.RawMessage(event))
	}
	return out
}

func TestAnOwnerReadsItsOwnChanges(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	status, empty := b.read(t, "owner-a", nil)
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, raw(), empty.Items)
	assert.NotEmpty(t, empty.After, "there is always a place to read on from")

	b.tell(t, "owner-a", event("1"), event("2"), event("3"))
	b.tell(t, "owner-b", event("9"))
	_, first := b.read(t, "owner-a", url.Values{"limit": {"2"}})
	assert.Equal(t, raw(event("1"), event("2")), first.Items)
	assert.True(t, first.More)
	_, rest := b.read(t, "owner-a", url.Values{"after": {first.After}})
	assert.Equal(t, raw(event("3")), rest.Items)
	assert.False(t, rest.More)
	_, all := b.read(t, "owner-a", url.Values{"after": {empty.After}})
	assert.Len(t, all.Items, 3)

	status, now := b.read(t, "owner-a", url.Values{"after": {"now"}})
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, raw(), now.Items)
	b.tell(t, "owner-a", event("4"))
	_, news := b.read(t, "owner-a", url.Values{"after": {now.After}})
	assert.Equal(t, raw(event("4")), news.Items)
}

func TestRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.tell(t, "owner-a", event("1"))
	_, known := b.read(t, "owner-a", nil)
	for name, c := range map[string]struct {
		owner     string
		query     url.Values
		parameter string
	}{
		"another owner's place": {"owner-b", url.Values{"after": {known.After}}, "after"},
		"no place at all":       {"owner-a", url.Values{"after": {"yesterday"}}, "after"},
		"too many":              {"owner-a", url.Values{"limit": {"501"}}, "limit"},
		"too few":               {"owner-a", url.Values{"limit": {"-1"}}, "limit"},
		"an unknown parameter":  {"owner-a", url.Values{"cursor": {known.After}}, "cursor"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, problem := b.read(t, c.owner, c.query)
			assert.Equal(t, http.StatusBadRequest, status)
			require.Len(t, problem.Errors, 1)
			assert.Equal(t, c.parameter, problem.Errors[0].Parameter)
		})
	}
}

func TestAReaderThatCameTooLateIsTold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.tell(t, "owner-a", event("1"))
	_, known := b.read(t, "owner-a", nil)
	b.later.Store(int64(feed.Kept + time.Second))
	status, problem := b.read(t, "owner-a", url.Values{"after": {known.After}})
	assert.Equal(t, http.StatusGone, status)
	assert.Equal(t, "/problems/gone", problem.Type)
	assert.Contains(t, problem.Detail, "Leave out after")
	status, anew := b.read(t, "owner-a", nil)
	assert.Equal(t, http.StatusOK, status)
	assert.Empty(t, anew.Items)
}

func TestSampleEvent(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../events/changes.json")
	require.NoError(t, err)
	var event events.APIGatewayV2HTTPRequest
	require.NoError(t, json.Unmarshal(text, &event))
	response, err := lambdahttp.New(newBench(t)).Handle(t.Context(), event)
	require.NoError(t, err)
	// The bench takes the owner from the token's client.
	assert.Equal(t, http.StatusOK, response.StatusCode, response.Body)
	assert.Contains(t, response.Body, `"after":`)
}

func TestRoutesAreDescribed(t *testing.T) {
	t.Parallel()
	apitest.Routes(t, func(r *api.Router) { (&handler{}).routes(r) })
}
