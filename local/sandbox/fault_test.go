package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	f := connected(t)
	shops := request{method: "GET", path: shopsPath, token: f.seller}
	codes := func(n int) (codes []int) {
		for range n {
			codes = append(codes, call(t, f.Server, f.clock, shops).Code)
		}
		return codes
	}
	f.AddFault(sandbox.Fault{Operation: "GET " + shopsPath, Skip: 1, Times: 2, Status: http.StatusTooManyRequests, Code: 36009002, RetryAfter: 7})
	f.AddFault(sandbox.Fault{Operation: "*", Code: 36009003})
	f.AddFault(sandbox.Fault{Operation: "POST " + sellerSearch, Times: -1, Code: 36009007})
	assert.Equal(t, []int{36009003, 36009002, 36009002, 0}, codes(4), "the first skips a call, which the second takes")
	for range 3 {
		a := call(t, f.Server, f.clock, request{method: "POST", path: sellerSearch, query: f.shopQuery("page_size", "10"), token: f.seller})
		assert.Equal(t, 36009007, a.Code)
	}
	f.ClearFaults()
	assert.Empty(t, f.Faults())

	f.AddFault(sandbox.Fault{Operation: "GET " + shopsPath, Status: http.StatusTooManyRequests, Code: 36009002, RetryAfter: 7})
	throttled := call(t, f.Server, f.clock, shops)
	assert.Equal(t, http.StatusTooManyRequests, throttled.status)
	assert.Equal(t, "7", throttled.header.Get("Retry-After"))
}

func TestFaultsOfTheWire(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	tokens := s.Tokens(t, sandboxtest.AuroraHome)
	target := s.BaseURL + "/api/v2/token/refresh?grant_type=refresh_token&app_key=" + s.App.Key + "&app_secret=" + s.App.Secret + "&refresh_token=" + tokens.RefreshToken
	// On a reused connection Go's client would send a cut GET again by itself.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func() (status int, body []byte, err error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
		require.NoError(t, err)
		response, err := client.Do(r)
		if err != nil {
			return 0, nil, err
		}
		defer response.Body.Close()
		body, err = io.ReadAll(response.Body)
		return response.StatusCode, body, err
	}
	const operation = "GET /api/v2/token/refresh"
	s.AddFault(sandbox.Fault{Operation: operation, Cut: true})
	_, _, err := get()
	assert.Error(t, err)
	assert.Zero(t, s.Truth().Accounts[0].Refreshes, "cut before the work")

	s.AddFault(sandbox.Fault{Operation: operation, Cut: true, After: true})
	_, _, err = get()
	assert.Error(t, err)
	assert.Equal(t, 1, s.Truth().Accounts[0].Refreshes, "cut after the work")

	s.AddFault(sandbox.Fault{Operation: operation, Truncate: true})
	_, body, err := get()
	require.NoError(t, err)
	assert.False(t, json.Valid(body))

	s.AddFault(sandbox.Fault{Operation: operation, Status: http.StatusServiceUnavailable, Body: "<html>busy</html>"})
	status, body, err := get()
	require.NoError(t, err)
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Equal(t, "<html>busy</html>", string(body))

	s.AddFault(sandbox.Fault{Operation: operation, DelayMS: 30})
	before := time.Now()
	status, _, err = get()
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, status)
	assert.GreaterOrEqual(t, time.Since(before), 30*time.Millisecond)
}

func TestFaultsOfPaging(t *testing.T) {
	t.Parallel()
	f := connected(t)
	type page struct {
		Products []struct{ ID string }
		Next     string `json:"next_page_token"`
	}
	const path = "/affiliate_creator/202405/open_collaborations/products/search"
	ask := func(token string) answer {
		query := url.Values{"page_size": {"3"}}
		if token != "" {
			query.Set("page_token", token)
		}
		return call(t, f.Server, f.clock, request{method: "POST", path: path, query: query, token: f.creator})
	}
	spoil := func(fault sandbox.Fault) { fault.Operation = "POST " + path; f.AddFault(fault) }
	first := data[page](t, ask(""))
	second := data[page](t, ask(first.Next))

	spoil(sandbox.Fault{PageToken: "wrong"})
	assert.Equal(t, 98001004, ask(data[page](t, ask("")).Next).Code)
	spoil(sandbox.Fault{PageToken: "expired"})
	assert.Equal(t, 98001004, ask(first.Next).Code)
	spoil(sandbox.Fault{PageToken: "repeat"})
	assert.Equal(t, first.Next, data[page](t, ask(first.Next)).Next)
	spoil(sandbox.Fault{Shift: -1})
	assert.Equal(t, first.Products[2], data[page](t, ask(first.Next)).Products[0], "a row came in before")
	spoil(sandbox.Fault{Shift: 1})
	assert.Equal(t, second.Products[1], data[page](t, ask(first.Next)).Products[0], "a row went away")
}

func TestFaultsInside(t *testing.T) {
	t.Parallel()
	f := connected(t)
	const add = "POST /affiliate_creator/202405/showcases/products/add"
	body := `{"add_type":"PRODUCT_ID","product_ids":["` + mealSet + `"]}`
	f.AddFault(sandbox.Fault{Operation: add, Data: json.RawMessage(`{"errors":[{"code":16001001,"message":"no","detail":{"product_id":"` + mealSet + `"}}]}`)})
	refused := f.asCreator(t, "POST", shows+"/add", body)
	assert.Zero(t, refused.Code)
	assert.Contains(t, string(refused.Data), "16001001")
	assert.NotContains(t, f.shown(t), "2")

	status, _ := control(t, f.Server, "POST", "/control/faults", `{"operation":"`+add+`","after":true,"data":{"errors":[]}}`)
	require.Equal(t, http.StatusOK, status)
	assert.Zero(t, f.asCreator(t, "POST", shows+"/add", body).Code)
	assert.Contains(t, f.shown(t), "2", "the work was done")

	f.AddFault(sandbox.Fault{Operation: "GET " + shopsPath, ClockSkewSeconds: 400})
	shops := request{method: "GET", path: shopsPath, token: f.seller}
	skewed := call(t, f.Server, f.clock, shops)
	assert.Equal(t, 36009004, skewed.Code)
	assert.Contains(t, skewed.Message, "timestamp")
	assert.Zero(t, call(t, f.Server, f.clock, shops).Code)

	f.AddFault(sandbox.Fault{Operation: "GET " + shopsPath, Status: http.StatusBadRequest, Code: 36009014, Times: -1})
	for range 2 {
		assert.Equal(t, 36009014, call(t, f.Server, f.clock, shops).Code, "its version was switched off")
	}
}
