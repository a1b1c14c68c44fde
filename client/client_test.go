package client_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/client"
	"tiktok-shop-affiliate/shared/api/apitest"
)

// serve is an API that gives out tokens and answers every other request with
// what is given; the description holds for it, too.
func serve(t *testing.T, expiresIn int, answer http.HandlerFunc) (api *client.ClientWithResponses, signIns *int) {
	t.Helper()
	signIns = new(int)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth2/token", func(w http.ResponseWriter, r *http.Request) {
		*signIns++
		id, secret, _ := r.BasicAuth()
		assert.Equal(t, "test-id test-secret client_credentials affiliate/read affiliate/write", strings.Join([]string{id, secret, r.PostFormValue("grant_type"), r.PostFormValue("scope")}, " "))
		assert.NoError(t, json.NewEncoder(w).Encode(map[string]any{"access_token": "test-token", "expires_in": expiresIn}))
	})
	mux.Handle("/v1/", apitest.Described(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "Bearer test-token", r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if r.Method == http.MethodGet {
			w.Header().Set("Cache-Control", "private, no-cache")
			w.Header().Set("ETag", `"test"`)
		}
		answer(w, r)
	})))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	api, err := client.NewClientWithResponses(server.URL, client.WithCredentials(client.Credentials{
		TokenURL: server.URL + "/oauth2/token", ID: "test-id", Secret: "test-secret", Scopes: []string{"affiliate/read", "affiliate/write"},
	}))
	require.NoError(t, err)
	return api, signIns
}

func write(t *testing.T, w http.ResponseWriter, status int, body string) {
	t.Helper()
	w.WriteHeader(status)
	_, err := io.WriteString(w, body)
	assert.NoError(t, err)
}

func TestLists(t *testing.T) {
	t.Parallel()
	api, signIns := serve(t, 3600, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/v1/connections?limit=1", r.URL.String())
		write(t, w, http.StatusOK, `{"items":[],"next_cursor":"next"}`)
	})
	limit := 1
	for range 2 {
		page, err := api.ListConnectionsWithResponse(t.Context(), &client.ListConnectionsParams{Limit: &limit})
		require.NoError(t, err)
		require.NoError(t, client.Refused(page))
		assert.Empty(t, page.JSON200.Items)
		assert.Equal(t, "next", *page.JSON200.NextCursor)
	}
	assert.Equal(t, 1, *signIns, "a token is used until it ends")
}

func TestTokensAreReplaced(t *testing.T) {
	t.Parallel()
	api, signIns := serve(t, 30, func(w http.ResponseWriter, _ *http.Request) { write(t, w, http.StatusOK, `{"items":[]}`) })
	for range 2 {
		_, err := api.ListConnectionsWithResponse(t.Context(), nil)
		require.NoError(t, err)
	}
	assert.Equal(t, 2, *signIns, "a token about to end is not used")
}

func TestWrites(t *testing.T) {
	t.Parallel()
	api, _ := serve(t, 3600, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "once", r.Header.Get("Idempotency-Key"))
		write(t, w, http.StatusOK, `{"items":[{"index":0,"status":"created","link_id":"link_1","url":"https://example.com","made_at":"2026-11-22T10:00:00Z"}]}`)
	})
	var ask client.LinkAsk
	require.NoError(t, ask.FromCampaignProductLink(client.CampaignProductLink{CampaignID: "1", ProductID: "2"}))
	key := client.IdempotencyKey("once")
	made, err := api.CreateLinksWithResponse(t.Context(), &client.CreateLinksParams{IdempotencyKey: &key}, client.LinksRequest{ConnectionID: "conn_1", Items: []client.LinkAsk{ask}})
	require.NoError(t, err)
	require.NoError(t, client.Refused(made))
	assert.Equal(t, time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), *made.JSON200.Items[0].MadeAt)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status      int
		media, body string
		text        string
	}{
		"a problem": {
			400, "application/problem+json", `{"type":"/problems/invalid","title":"The request is not valid","status":400,"detail":"Correct the fields.","errors":[{"parameter":"limit","detail":"must be from 1 to 100"}]}`,
			"The request is not valid (400): Correct the fields.; limit must be from 1 to 100",
		},
		"API Gateway's own": {401, "application/json", `{"message":"Unauthorized"}`, `HTTP 401: {"message":"Unauthorized"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, _ := serve(t, 3600, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", c.media)
				write(t, w, c.status, c.body)
			})
			page, err := api.ListConnectionsWithResponse(t.Context(), nil)
			require.NoError(t, err)
			assert.EqualError(t, client.Refused(page), c.text)
		})
	}
}
