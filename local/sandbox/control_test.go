package sandbox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
)

// control calls the control API.
func control(t *testing.T, s *sandboxtest.Server, method, path, body string) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.ControlURL+path, strings.NewReader(body))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	var out map[string]any
	require.NoError(t, json.NewDecoder(response.Body).Decode(&out))
	return response.StatusCode, out
}

func TestControlAPI(t *testing.T) {
	t.Parallel()
	s, c := start(t)
	status, app := control(t, s, "PUT", "/control/apps/main", `{"redirect_url":"https://product.example/cb"}`)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, s.App.Key, app["key"], "what is not given stays")
	_, settings := control(t, s, "PUT", "/control/settings", `{"refresh_mode":"strict","access_seconds":60}`)
	assert.Equal(t, []any{"strict", 60.0, 1800.0}, []any{settings["refresh_mode"], settings["access_seconds"], settings["code_seconds"]})

	accessToken := s.Tokens(t, sandboxtest.AuroraHome).AccessToken
	_, made := control(t, s, "POST", "/control/orders", `{"count":3,"shop":"`+auroraUS+`","lines":1,"outcome":"settle"}`)
	require.Len(t, made["orders"], 3)
	_, finished := control(t, s, "POST", "/control/orders/finish", `{"orders":["`+made["orders"].([]any)[0].(string)+`"]}`)
	assert.EqualValues(t, 1, finished["finished"])
	_, rows := control(t, s, "GET", "/control/truth/orders?perspective=seller&asset=shop:"+auroraUS, "")
	assert.Len(t, rows["rows"], 3)
	_, rows = control(t, s, "GET", "/control/truth/orders?perspective=creator", "")
	assert.Empty(t, rows["rows"], "no creator is connected")

	control(t, s, "POST", "/control/faults", `{"operation":"*","code":36009003}`)
	_, faults := control(t, s, "GET", "/control/faults", "")
	assert.Len(t, faults["faults"], 1)
	control(t, s, "DELETE", "/control/faults", "")

	control(t, s, "POST", "/control/tokens/expire", `{"account":"aurora-home"}`)
	assert.Equal(t, 105002, works(t, s, c, accessToken))
	status, _ = control(t, s, "POST", "/control/deauthorize", `{"shop":"`+auroraUS+`"}`)
	assert.Equal(t, http.StatusOK, status)
	_, truth := control(t, s, "GET", "/control/truth", "")
	account := truth["accounts"].([]any)[0].(map[string]any)
	assert.Equal(t, true, account["active"])
	assert.Equal(t, false, account["assets"].([]any)[0].(map[string]any)["active"])

	control(t, s, "POST", "/control/reset", "")
	assert.Empty(t, s.Truth().Accounts)
	assert.Equal(t, sandbox.NoRotation, s.Settings().RefreshMode)
	kept, _ := s.Sandbox.App("main")
	assert.Equal(t, "https://product.example/cb", kept.RedirectURL, "apps survive")
}

func TestControlRefusals(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	for _, one := range []struct{ method, path, body string }{
		{"PUT", "/control/settings", `{"refresh_mode":"sometimes"}`},
		{"PUT", "/control/settings", `{"access_second":1}`},
		{"PUT", "/control/apps/main", `{"key":1}`},
		{"POST", "/control/orders", `{"outcome":"lost"}`},
		{"POST", "/control/orders", `{`},
		{"POST", "/control/deauthorize", `{"shop":"1"}`},
		{"POST", "/control/deauthorize", `{"account":"aurora-home"}`},
		{"POST", "/control/tokens/expire", `{"account":"aurora-home"}`},
		{"POST", "/control/webhooks", `{"type":7}`},
	} {
		status, out := control(t, s, one.method, one.path, one.body)
		assert.Equal(t, http.StatusBadRequest, status, one.path)
		assert.NotEmpty(t, out["error"])
	}
}

func TestIndexPage(t *testing.T) {
	t.Parallel()
	s, _ := start(t, withRedirect, func(o *sandbox.Options) { o.Orders = 6 })
	s.Tokens(t, sandboxtest.AuroraHome)
	status, _, page := visit(t, s.ControlURL+"/", nil)
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, "Aurora Home UK (GB)")
	assert.Contains(t, page, "</html>", "complete")
	assert.NotContains(t, page, s.App.Secret)
}
