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

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/api/apitest"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/redact"
)

type key struct{}

func (key) Value(context.Context) (redact.Secret, error) { return redact.New("test-key"), nil }

// newBench is the function with a table of its own. Its owners come from that
// same table; without an entry callers are the operator.
func newBench(t *testing.T) http.Handler {
	t.Helper()
	clients := dynamo.NewClients(dynamodb.NewFromConfig(awstest.Config(t)), awstest.Tables(t).Accounts)
	h := &handler{clients: clients}
	return apitest.Described(t, h.routes(api.New(api.Owners{Clients: clients, Default: "operator"}, api.NewCursors(key{}))))
}

func call(t *testing.T, routes http.Handler, scope, method, target, body string) (int, string) {
	t.Helper()
	request := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	recorder := httptest.NewRecorder()
	routes.ServeHTTP(recorder, request.WithContext(lambdahttp.WithClaims(t.Context(), map[string]string{"client_id": "console", "scope": scope})))
	return recorder.Code, recorder.Body.String()
}

func TestRoutesAreDescribed(t *testing.T) {
	t.Parallel()
	apitest.Routes(t, func(r *api.Router) { (&handler{}).routes(r) })
}

func TestClientsAreSetListedAndRemoved(t *testing.T) {
	t.Parallel()
	routes := newBench(t)
	for i, id := range []string{"web", "mobile", "app@example.iam"} {
		status, body := call(t, routes, "affiliate/admin", "PUT", "/v1/clients/"+url.PathEscape(id), fmt.Sprintf(`{"owner":"owner-%d"}`, i))
		require.Equal(t, http.StatusOK, status, body)
		assert.JSONEq(t, fmt.Sprintf(`{"client_id":%q,"owner":"owner-%d"}`, id, i), body)
	}
	status, body := call(t, routes, "affiliate/admin", "PUT", "/v1/clients/web", `{"owner":"owner-9"}`)
	require.Equal(t, http.StatusOK, status, body)

	var listed []client
	target := "/v1/clients?limit=2"
	for target != "" {
		status, body := call(t, routes, "affiliate/admin", "GET", target, "")
		require.Equal(t, http.StatusOK, status, body)
		var page api.Page[client]
		require.NoError(t, json.Unmarshal([]byte(body), &page))
		listed = append(listed, page.Items...)
		target = ""
		if page.NextCursor != "" {
			target = "/v1/clients?limit=2&cursor=" + page.NextCursor
		}
	}
	assert.Equal(t, []client{{"app@example.iam", "owner-2"}, {"mobile", "owner-1"}, {"web", "owner-9"}}, listed)

	status, body = call(t, routes, "affiliate/admin", "DELETE", "/v1/clients/web", "")
	assert.Equal(t, http.StatusNoContent, status)
	assert.Empty(t, body)
	status, _ = call(t, routes, "affiliate/admin", "DELETE", "/v1/clients/web", "")
	assert.Equal(t, http.StatusNotFound, status)
	_, body = call(t, routes, "affiliate/admin", "GET", "/v1/clients", "")
	assert.NotContains(t, body, "web")
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	routes := newBench(t)
	for name, c := range map[string]struct {
		scope, method, target, body string
		status                      int
		says                        string
	}{
		"reading is not enough":  {"affiliate/read", "GET", "/v1/clients", "", 403, "affiliate/admin"},
		"writing is not enough":  {"affiliate/write", "PUT", "/v1/clients/web", `{"owner":"acme"}`, 403, "affiliate/admin"},
		"nor for removing":       {"affiliate/write", "DELETE", "/v1/clients/web", "", 403, "affiliate/admin"},
		"no owner":               {"affiliate/admin", "PUT", "/v1/clients/web", `{}`, 400, "/owner"},
		"an owner with a blank":  {"affiliate/admin", "PUT", "/v1/clients/web", `{"owner":"a b"}`, 400, "/owner"},
		"an endless client id":   {"affiliate/admin", "PUT", "/v1/clients/" + strings.Repeat("x", 129), `{"owner":"acme"}`, 400, "client_id"},
		"the id in the body":     {"affiliate/admin", "PUT", "/v1/clients/web", `{"owner":"acme","client_id":"app"}`, 400, "/client_id"},
		"too many at once":       {"affiliate/admin", "GET", "/v1/clients?limit=101", "", 400, "limit"},
		"a cursor of one's own":  {"affiliate/admin", "GET", "/v1/clients?cursor=abc", "", 400, "cursor"},
		"removing a strange one": {"affiliate/admin", "DELETE", "/v1/clients/%20", "", 400, "client_id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, body := call(t, routes, c.scope, c.method, c.target, c.body)
			assert.Equal(t, c.status, status, body)
			assert.Contains(t, body, c.says)
		})
	}
}

func TestSampleEvents(t *testing.T) {
	t.Parallel()
	routes := newBench(t)
	for _, file := range []string{"clients.json", "clients--set.json"} {
		raw, err := os.ReadFile(filepath.Join("..", "..", "events", file))
		require.NoError(t, err)
		var event events.APIGatewayV2HTTPRequest
		require.NoError(t, json.Unmarshal(raw, &event))
		answer, err := lambdahttp.New(routes).Handle(t.Context(), event)
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, answer.StatusCode, answer.Body)
	}
}
