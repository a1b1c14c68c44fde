package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/connection"
)

func TestClaim(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	waiting, err := b.Connector.Finish(t.Context(), connection.Callback{Code: b.TikTok.Code(t, sandboxtest.AuroraHome)})
	require.NoError(t, err)
	require.NotEmpty(t, waiting.Claim)
	body := `{"claim_token":"` + waiting.Claim + `"}`
	for name, c := range map[string]struct {
		client, scope, body string
		status              int
	}{
		"nobody's client":   {"test-client-c", "affiliate/write", body, http.StatusForbidden},
		"only reading":      {"test-client-a", "affiliate/read", body, http.StatusForbidden},
		"unknown token":     {"test-client-a", "affiliate/write", `{"claim_token":"` + strings.Repeat("x", 43) + `"}`, http.StatusNotFound},
		"no token":          {"test-client-a", "affiliate/write", `{}`, http.StatusBadRequest},
		"cut off token":     {"test-client-a", "affiliate/write", `{"claim_token":"` + waiting.Claim[1:] + `"}`, http.StatusBadRequest},
		"token of a number": {"test-client-a", "affiliate/write", `{"claim_token":7}`, http.StatusBadRequest},
		"owner in the body": {"test-client-a", "affiliate/write", `{"claim_token":"` + waiting.Claim + `","owner":"owner-b"}`, http.StatusBadRequest},
		"not UTF-8":         {"test-client-a", "affiliate/write", `{"claim_token":"` + "\xff" + `"}`, http.StatusBadRequest},
	} {
		status, answer := b.call(t, c.client, c.scope, "POST", "/v1/connections/claim", c.body)
		assert.Equal(t, c.status, status, "%s: %v", name, answer)
	}
	assert.Empty(t, b.TikTok.Truth().Calls["GET /authorization/202309/shops"], "nothing is called")

	for range 2 {
		status, answer := b.call(t, "test-client-a", "affiliate/write", "POST", "/v1/connections/claim", body)
		require.Equal(t, http.StatusOK, status, answer)
		assert.Equal(t, "active", answer["health"])
		assert.Len(t, answer["assets"], 2)
	}
	status, answer := b.call(t, "test-client-b", "affiliate/write", "POST", "/v1/connections/claim", body)
	assert.Equal(t, http.StatusNotFound, status, answer)
}
