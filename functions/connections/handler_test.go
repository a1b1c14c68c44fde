package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/api/apitest"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/lambdahttp"
)

// call is a request behind the authorizer, from a client with a scope.
func (b *bench) call(t *testing.T, client, scope, method, target, body string) (int, map[string]any) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, "http://api.test"+target, strings.NewReader(body))
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	request = request.WithContext(lambdahttp.WithClaims(request.Context(), map[string]string{"client_id": client, "scope": scope}))
	recorder := httptest.NewRecorder()
	b.ServeHTTP(recorder, request)
	var answer map[string]any
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &answer), recorder.Body.String())
	return recorder.Code, answer
}

func TestCreateLink(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{"": "https://api.test/connect/", "https://connect.partner.example": "https://connect.partner.example/connect/"} {
		b := newBench(t, base)
		status, answer := b.call(t, "test-client-a", "affiliate/write", "POST", "/v1/connect-links",
			`{"account":"seller","market":"US","return_to":"https://partner.example/done"}`)
		require.Equal(t, http.StatusCreated, status, answer)
		assert.Equal(t, "2026-11-29T12:00:00Z", answer["expires_at"])
		address, _ := answer["url"].(string)
		token, ok := strings.CutPrefix(address, want)
		require.True(t, ok, address)
		link, err := connection.NewConnector(connection.ConnectorOptions{Store: b.Store, Now: b.now}).Show(t.Context(), token)
		require.NoError(t, err)
		assert.Equal(t, connection.Ask{Owner: "owner-a", App: "main", Kind: "seller", Market: "US", ReturnTo: "https://partner.example/done"}, link.Ask)
	}
}

func TestCreateLinkRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	for name, c := range map[string]struct {
		scope, body string
		status      int
		text        string
	}{
		"unknown kind":          {"affiliate/write", `{"account":"shop","market":"US"}`, 400, "/account"},
		"no market":             {"affiliate/write", `{"account":"seller"}`, 400, "/market"},
		"market in lower case":  {"affiliate/write", `{"account":"seller","market":"us"}`, 400, "/market"},
		"unsafe return address": {"affiliate/write", `{"account":"seller","market":"US","return_to":"http://x.example"}`, 400, "/return_to"},
		"owner in the body":     {"affiliate/write", `{"account":"seller","market":"US","owner":"owner-b"}`, 400, "owner"},
		"unknown app":           {"affiliate/write", `{"account":"seller","market":"US","app":"other"}`, 400, "no app of that name"},
		"kind nobody serves":    {"affiliate/write", `{"account":"partner","market":"US"}`, 400, "no app serves partner"},
		"only the read scope":   {"affiliate/read", `{"account":"seller","market":"US"}`, 403, "affiliate/write"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, problem := b.call(t, "test-client-a", c.scope, "POST", "/v1/connect-links", c.body)
			assert.Equal(t, c.status, status, problem)
			assert.Contains(t, fmt.Sprint(problem), c.text)
		})
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.Connect(t, "owner-a", sandboxtest.BirchBloom)
	b.Connect(t, "owner-a", sandboxtest.AuroraHome)
	second := b.Connect(t, "owner-b", sandboxtest.BirchBloom)

	status, answer := b.call(t, "test-client-b", "affiliate/read", "GET", "/v1/connections", "")
	require.Equal(t, http.StatusOK, status, answer)
	encoded, err := json.Marshal(answer)
	require.NoError(t, err)
	assert.JSONEq(t, `{"items":[{
		"id":"`+second.ID+`","account":"seller","name":"Birch & Bloom","region":"US","market":"US","state":"active","health":"active",
		"scopes":["seller.authorization.info","seller.affiliate_collaboration.read","seller.affiliate_collaboration.write","seller.affiliate_messages.write","seller.creator_marketplace.read"],
		"missing_scopes":[],"assets":[{"id":"shop:7495000000000000003","name":"Birch & Bloom","market":"US","state":"active"}],
		"created_at":"2026-11-22T12:00:00Z","connected_at":"2026-11-22T12:00:00Z","refreshed_at":"2026-11-22T12:00:00Z",
		"access_expires_at":"2026-11-29T12:00:00Z","authorization_expires_at":"2027-11-22T12:00:00Z"}]}`, string(encoded))

	var ids []any
	for target := "/v1/connections?limit=1"; target != ""; {
		status, answer := b.call(t, "test-client-a", "affiliate/read", "GET", target, "")
		require.Equal(t, http.StatusOK, status, answer)
		for _, item := range answer["items"].([]any) {
			ids = append(ids, item.(map[string]any)["id"])
		}
		target = ""
		if next, ok := answer["next_cursor"].(string); ok {
			target = "/v1/connections?limit=1&cursor=" + next
			status, _ := b.call(t, "test-client-b", "affiliate/read", "GET", target, "")
			assert.Equal(t, http.StatusBadRequest, status, "another owner's cursor")
		}
	}
	assert.Len(t, ids, 2)
	assert.NotEqual(t, ids[0], ids[1])

	status, _ = b.call(t, "test-client-c", "affiliate/read", "GET", "/v1/connections", "")
	assert.Equal(t, http.StatusForbidden, status, "a client of no owner")
	status, _ = b.call(t, "test-client-a", "affiliate/read", "GET", "/v1/connections?limit=1000", "")
	assert.Equal(t, http.StatusBadRequest, status)
}

func TestSampleEvents(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	require.NoError(t, b.clients.Set(t.Context(), "example-client", "owner-a"))
	for file, status := range map[string]int{
		"connections": http.StatusOK, "connections--create-link": http.StatusCreated,
		"connections--detail": http.StatusNotFound, "connections--refresh": http.StatusNotFound, "connections--remove": http.StatusNotFound, "connections--claim": http.StatusNotFound,
	} {
		raw, err := os.ReadFile("../../events/" + file + ".json")
		require.NoError(t, err)
		var event events.APIGatewayV2HTTPRequest
		require.NoError(t, json.Unmarshal(raw, &event))
		response, err := lambdahttp.New(b).Handle(t.Context(), event)
		require.NoError(t, err)
		assert.Equal(t, status, response.StatusCode, response.Body)
	}
}

func TestRoutesAreDescribed(t *testing.T) {
	t.Parallel()
	apitest.Routes(t, func(r *api.Router) { (&handler{}).routes(r) })
}
