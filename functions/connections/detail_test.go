package main

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/account"
)

func TestDetail(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	made := b.Connect(t, "owner-a", sandboxtest.AuroraHome)
	path := "/v1/connections/" + made.ID
	status, answer := b.call(t, "test-client-a", "affiliate/read", "GET", path, "")
	require.Equal(t, http.StatusOK, status, answer)
	assert.Equal(t, "main", answer["app"])
	assert.Equal(t, "active", answer["health"])
	assert.Equal(t, []any{}, answer["todo"])
	assert.Equal(t, "2026-11-22T12:00:00Z", answer["refreshed_at"])
	assert.Len(t, answer["assets"], 2)

	b.advance(time.Minute)
	require.NoError(t, b.Store.Deauthorize(t.Context(), made.Account, 1, "shop:7495000000000000002", b.now()))
	_, answer = b.call(t, "test-client-a", "affiliate/read", "GET", path, "")
	encoded, err := json.Marshal(answer["todo"])
	require.NoError(t, err)
	assert.JSONEq(t, `[{"code":"restore_asset","asset":"shop:7495000000000000002",
		"detail":"Access to Aurora Home UK was taken away. If it should come back, send the holder a new connect link.",
		"connect_link":{"method":"POST","path":"/v1/connect-links","body":{"account":"seller","market":"US","app":"main"}}}]`, string(encoded))
	link := answer["todo"].([]any)[0].(map[string]any)["connect_link"].(map[string]any)
	body, err := json.Marshal(link["body"])
	require.NoError(t, err)
	status, answer = b.call(t, "test-client-a", "affiliate/write", link["method"].(string), link["path"].(string), string(body))
	assert.Equal(t, http.StatusCreated, status, "the call it names works: %v", answer)

	require.NoError(t, b.Store.Revoke(t.Context(), made.Account, 1, account.Deauthorized, b.now()))
	_, answer = b.call(t, "test-client-a", "affiliate/read", "GET", path, "")
	assert.Equal(t, "needs_reconnect", answer["health"])
	assert.Equal(t, "needs_reconnect", answer["state"])
	assert.Equal(t, "deauthorized", answer["reason"])
	require.Len(t, answer["todo"], 1)
	assert.Equal(t, "reconnect", answer["todo"].([]any)[0].(map[string]any)["code"])

	for name, c := range map[string]struct {
		client, scope, target string
		status                int
	}{
		"of another owner":  {"test-client-b", "affiliate/read", path, http.StatusNotFound},
		"of nobody":         {"test-client-a", "affiliate/read", "/v1/connections/conn_none", http.StatusNotFound},
		"no owner":          {"test-client-c", "affiliate/read", path, http.StatusForbidden},
		"wrong scope":       {"test-client-a", "affiliate/write", path, http.StatusForbidden},
		"unknown parameter": {"test-client-a", "affiliate/read", path + "?full=1", http.StatusBadRequest},
	} {
		status, answer := b.call(t, c.client, c.scope, "GET", c.target, "")
		assert.Equal(t, c.status, status, "%s: %v", name, answer)
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	made := b.Connect(t, "owner-a", sandboxtest.AuroraHome)
	path := "/v1/connections/" + made.ID + "/refresh"
	refresh := func() (int, map[string]any) { return b.call(t, "test-client-a", "affiliate/write", "POST", path, "") }

	status, answer := refresh()
	require.Equal(t, http.StatusOK, status, answer)
	assert.Zero(t, b.refreshes(), "tokens that have just come are not refreshed")

	b.advance(time.Hour)
	status, answer = refresh()
	require.Equal(t, http.StatusOK, status, answer)
	assert.Equal(t, 1, b.refreshes())
	assert.Equal(t, "2026-11-22T13:00:00Z", answer["refreshed_at"])
	assert.Equal(t, "2026-11-29T13:00:00Z", answer["access_expires_at"])

	for name, c := range map[string]struct {
		client, scope, target, body string
		status                      int
	}{
		"of another owner": {"test-client-b", "affiliate/write", path, "", http.StatusNotFound},
		"of nobody":        {"test-client-a", "affiliate/write", "/v1/connections/conn_none/refresh", "", http.StatusNotFound},
		"read scope only":  {"test-client-a", "affiliate/read", path, "", http.StatusForbidden},
		"with a body":      {"test-client-a", "affiliate/write", path, `{"force":true}`, http.StatusBadRequest},
	} {
		status, answer := b.call(t, c.client, c.scope, "POST", c.target, c.body)
		assert.Equal(t, c.status, status, "%s: %v", name, answer)
	}

	b.advance(time.Hour)
	_, err := b.Store.Lease(t.Context(), made.Account, 2, b.now(), b.now().Add(15*time.Second))
	require.NoError(t, err)
	status, answer = refresh()
	assert.Equal(t, http.StatusAccepted, status, "another refresh is under way: %v", answer)
	assert.Equal(t, 1, b.refreshes())
}

func TestRefreshSparesWhatIsDown(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	made := b.Connect(t, "owner-a", sandboxtest.AuroraHome)
	path := "/v1/connections/" + made.ID + "/refresh"
	b.advance(time.Hour)
	b.TikTok.AddFault(sandbox.Fault{Operation: "GET /api/v2/token/refresh", Status: 503, Times: -1})
	for range 3 {
		status, answer := b.call(t, "test-client-a", "affiliate/write", "POST", path, "")
		assert.Equal(t, http.StatusServiceUnavailable, status, answer)
	}
	assert.Equal(t, 1, b.refreshes(), "a refresh that has just failed is not tried again")

	b.TikTok.ClearFaults()
	b.advance(time.Hour)
	require.NoError(t, b.TikTok.RemoveAccess("", sandboxtest.AuroraHome))
	status, answer := b.call(t, "test-client-a", "affiliate/write", "POST", path, "")
	assert.Equal(t, http.StatusServiceUnavailable, status, "refused once: %v", answer)
	_, answer = b.call(t, "test-client-a", "affiliate/read", "GET", "/v1/connections/"+made.ID, "")
	assert.Equal(t, "suspect", answer["health"])
	assert.Equal(t, "wait", answer["todo"].([]any)[0].(map[string]any)["code"])
	b.advance(time.Minute)
	for range 3 {
		status, answer = b.call(t, "test-client-a", "affiliate/write", "POST", path, "")
		assert.Equal(t, http.StatusConflict, status, answer)
		assert.Equal(t, "/problems/reconnect", answer["type"])
	}
	assert.Equal(t, 3, b.refreshes(), "a dead grant is not tried again")
}
