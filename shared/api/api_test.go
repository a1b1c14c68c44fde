package api_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

type fixedKey string

func (k fixedKey) Value(context.Context) (redact.Secret, error) { return redact.New(string(k)), nil }

type clientTable map[string]string

func (c clientTable) Owner(_ context.Context, client string) (string, bool, error) {
	if client == "broken" {
		return "", false, errors.New("table does not answer")
	}
	owner, found := c[client]
	return owner, found, nil
}

type makeThing struct {
	ID    string `path:"id" json:"-"`
	Dry   bool   `query:"dry" json:"-"`
	Hint  string `query:"hint"`
	Name  string `json:"name"`
	Count int    `json:"count"`
	Inner struct {
		Rate int `json:"rate"`
	} `json:"inner"`
}

func (m *makeThing) Validate(f *api.Fields) {
	if m.Name == "" {
		f.Body("/name", "is required")
	}
	if m.Count > 50 {
		f.Body("/count", "must be at most 50, is %d", m.Count)
	}
}

func manyFields(n int) string {
	var fields strings.Builder
	for i := range n {
		fmt.Fprintf(&fields, `"field%d":1,`, i)
	}
	return fields.String()
}

type listThings struct {
	Limit  int       `query:"limit"`
	Since  time.Time `query:"since"`
	Cursor string    `query:"cursor"`
}

type thing struct {
	Owner string `json:"owner"`
	ID    string `json:"id"`
	Dry   bool   `json:"dry"`
}

func router(t testing.TB, fail error) *api.Router {
	t.Helper()
	r := api.New(api.Owners{Clients: clientTable{"client-a": "owner-a", "client-b": "owner-b"}}, api.NewCursors(fixedKey("test-cursor-key")))
	api.HandleStatus(r, "POST /v1/things/{id}", api.Write, func(_ context.Context, c api.Call, in makeThing) (api.Answer[thing], error) {
		return api.Answer[thing]{Status: http.StatusCreated, Body: thing{c.Owner, in.ID, in.Dry}}, fail
	})
	api.Handle(r, "GET /v1/things", api.Read, func(ctx context.Context, c api.Call, in listThings) (api.Page[thing], error) {
		at := 0
		if in.Cursor != "" {
			if err := c.DecodeCursor(ctx, in.Cursor, &at); err != nil {
				return api.Page[thing]{}, err
			}
		}
		next, err := c.EncodeCursor(ctx, at+1)
		return api.NewPage([]thing(nil), next), err
	})
	api.Handle(r, "GET /v1/others", api.Read, func(ctx context.Context, c api.Call, in listThings) (api.Page[thing], error) {
		var at int
		return api.Page[thing]{}, c.DecodeCursor(ctx, in.Cursor, &at)
	})
	return r
}

type request struct {
	method, target, body, contentType string
	claims                            map[string]string
}

func send(t testing.TB, r *api.Router, q request) (*http.Response, map[string]any) {
	t.Helper()
	req := httptest.NewRequestWithContext(lambdahttp.WithClaims(t.Context(), q.claims), q.method, q.target, strings.NewReader(q.body))
	if q.contentType == "" {
		q.contentType = "application/json"
	}
	req.Header.Set("Content-Type", q.contentType)
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	var body map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body), w.Body.String())
	return w.Result(), body
}

func claims(client, scope string) map[string]string {
	return map[string]string{"client_id": client, "scope": scope}
}

func TestRequestPath(t *testing.T) {
	t.Parallel()
	writer := claims("client-a", "affiliate/read affiliate/write")
	valid := `{"name":"n","count":1,"inner":{"rate":5}}`
	cases := map[string]struct {
		request
		status        int
		kind, mention string
	}{
		"created":                 {request{"POST", "/v1/things/t1?dry=true", valid, "", writer}, 201, "", ""},
		"charset is fine":         {request{"POST", "/v1/things/t1", valid, "application/json; charset=utf-8", writer}, 201, "", ""},
		"bracketed scopes":        {request{"POST", "/v1/things/t1", valid, "", claims("client-a", "[affiliate/write affiliate/read]")}, 201, "", ""},
		"no token":                {request{"POST", "/v1/things/t1", valid, "", nil}, 401, "unauthorized", "bearer token"},
		"scope missing":           {request{"POST", "/v1/things/t1", valid, "", claims("client-a", "affiliate/read")}, 403, "forbidden", "affiliate/write"},
		"scope only similar":      {request{"POST", "/v1/things/t1", valid, "", claims("client-a", "affiliate/writer")}, 403, "forbidden", ""},
		"client without owner":    {request{"POST", "/v1/things/t1", valid, "", claims("stranger", "affiliate/write")}, 403, "forbidden", "no owner"},
		"client table is down":    {request{"POST", "/v1/things/t1", valid, "", claims("broken", "affiliate/write")}, 500, "internal", ""},
		"unknown route":           {request{"GET", "/v1/nothing", "", "", writer}, 404, "not-found", ""},
		"unknown field":           {request{"POST", "/v1/things/t1", `{"name":"n","other":1}`, "", writer}, 400, "invalid", "other"},
		"unknown field inside":    {request{"POST", "/v1/things/t1", `{"name":"n","inner":{"rates":1}}`, "", writer}, 400, "invalid", `"/inner/rates"`},
		"wrong type":              {request{"POST", "/v1/things/t1", `{"name":7}`, "", writer}, 400, "invalid", "/name"},
		"wrong type inside":       {request{"POST", "/v1/things/t1", `{"name":"n","inner":{"rate":"x"}}`, "", writer}, 400, "invalid", "/inner/rate"},
		"wrong type of object":    {request{"POST", "/v1/things/t1", `{"name":"n","inner":7}`, "", writer}, 400, "invalid", "must be a JSON object, not number"},
		"wrong type of number":    {request{"POST", "/v1/things/t1", `{"name":"n","count":[]}`, "", writer}, 400, "invalid", "must be a JSON number, not array"},
		"number out of range":     {request{"POST", "/v1/things/t1", `{"name":"n","count":1e300}`, "", writer}, 400, "invalid", "a number this field cannot hold"},
		"name with a slash":       {request{"POST", "/v1/things/t1", `{"name":"n","a/b~":1}`, "", writer}, 400, "invalid", `"/a~1b~0"`},
		"path part in the body":   {request{"POST", "/v1/things/t1", `{"name":"n","id":"t2"}`, "", writer}, 400, "invalid", `"/id"`},
		"query part in the body":  {request{"POST", "/v1/things/t1", `{"name":"n","hint":"x"}`, "", writer}, 400, "invalid", `"/hint"`},
		"every wrong type":        {request{"POST", "/v1/things/t1", `{"name":7,"inner":{"rate":"x"},"other":1}`, "", writer}, 400, "invalid", `"errors":[{"detail":"must be a JSON number, not string","pointer":"/inner/rate"},{"detail":"must be a JSON string, not number","pointer":"/name"},{"detail":"is not a field of this request","pointer":"/other"}]`},
		"an endless list":         {request{"POST", "/v1/things/t1", `{` + manyFields(500) + `"name":"n"}`, "", writer}, 400, "invalid", `"/field0"`},
		"flag of wrong form":      {request{"POST", "/v1/things/t1?dry=maybe", valid, "", writer}, 400, "invalid", "must be true or false"},
		"time of wrong form":      {request{"GET", "/v1/things?since=yesterday", "", "", writer}, 400, "invalid", "a time like"},
		"text that is not UTF-8":  {request{"GET", "/v1/things?cursor=%ff", "", "", writer}, 400, "invalid", "valid UTF-8"},
		"not JSON":                {request{"POST", "/v1/things/t1", `{"name":`, "", writer}, 400, "invalid", "cut off"},
		"null":                    {request{"POST", "/v1/things/t1", `null`, "", writer}, 400, "invalid", "object"},
		"two values":              {request{"POST", "/v1/things/t1", valid + `{}`, "", writer}, 400, "invalid", "goes on"},
		"empty":                   {request{"POST", "/v1/things/t1", "", "", writer}, 400, "invalid", "empty"},
		"invalid UTF-8":           {request{"POST", "/v1/things/t1", "{\"name\":\"\xff\"}", "", writer}, 400, "invalid", "UTF-8"},
		"not announced as JSON":   {request{"POST", "/v1/things/t1", valid, "text/plain", writer}, 400, "invalid", "application/json"},
		"huge":                    {request{"POST", "/v1/things/t1", `{"name":"` + strings.Repeat("x", api.MaxBody) + `"}`, "", writer}, 413, "too-large", "256 KiB"},
		"all faults at once":      {request{"POST", "/v1/things/t1", `{"count":51}`, "", writer}, 400, "invalid", "at most 50, is 51"},
		"unknown parameter":       {request{"GET", "/v1/things?limits=1", "", "", writer}, 400, "invalid", "limits"},
		"empty parameter":         {request{"GET", "/v1/things?limit=", "", "", writer}, 400, "invalid", "must not be empty"},
		"repeated parameter":      {request{"GET", "/v1/things?limit=1&limit=2", "", "", writer}, 400, "invalid", "more than once"},
		"parameter of wrong form": {request{"GET", "/v1/things?limit=ten&since=yesterday", "", "", writer}, 400, "invalid", "whole number"},
		"body on a read":          {request{"GET", "/v1/things", "{}", "", writer}, 400, "invalid", "no body"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response, body := send(t, router(t, nil), c.request)
			assert.Equal(t, c.status, response.StatusCode)
			if c.kind == "" {
				assert.Equal(t, "owner-a", body["owner"])
				assert.Equal(t, "application/json", response.Header.Get("Content-Type"))
				return
			}
			assert.Equal(t, "application/problem+json", response.Header.Get("Content-Type"))
			assert.Equal(t, "/problems/"+c.kind, body["type"])
			encoded, err := json.Marshal(body)
			require.NoError(t, err)
			assert.Contains(t, string(encoded), c.mention)
			assert.NotContains(t, string(encoded), "table does not answer")
		})
	}
}

func TestEveryFaultIsReported(t *testing.T) {
	t.Parallel()
	_, body := send(t, router(t, nil), request{"POST", "/v1/things/t1", `{"count":51}`, "", claims("client-a", "affiliate/write")})
	assert.Len(t, body["errors"], 2)
}

func TestProblems(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		err        error
		status     int
		detail     string
		retryAfter string
		code       float64
	}{
		"ours":             {fault.New("x", fault.Conflict, "Shop is paused."), 409, "Shop is paused.", "", 0},
		"wait":             {&fault.Error{Kind: fault.RateLimited, Message: "Wait.", RetryAfter: 1500 * time.Millisecond}, 429, "Wait.", "2", 0},
		"internal detail":  {fault.Wrap("x", fault.Internal, "the apps secret is broken", errors.New("cause")), 500, "Something went wrong on our side.", "", 0},
		"foreign":          {errors.New("dial tcp 10.0.0.1"), 500, "Something went wrong on our side.", "", 0},
		"outcome unknown":  {fault.New("x", fault.OutcomeUnknown, "Look first."), 504, "Look first.", "", 0},
		"TikTok's refusal": {&tiktokshop.Error{Op: "CampaignDetail", Code: 16032005, HTTPStatus: 200, RequestID: "r-1", Kind: tiktokshop.KindOfCode(16032005)}, 404, "", "", 16032005},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response, body := send(t, router(t, c.err), request{"POST", "/v1/things/t1", `{"name":"n"}`, "", claims("client-a", "affiliate/write")})
			assert.Equal(t, c.status, response.StatusCode)
			assert.Equal(t, c.retryAfter, response.Header.Get("Retry-After"))
			if c.detail != "" {
				assert.Equal(t, c.detail, body["detail"])
			}
			if c.code != 0 {
				tiktok, ok := body["tiktok"].(map[string]any)
				require.True(t, ok)
				assert.InDelta(t, c.code, tiktok["code"], 0)
				assert.Equal(t, "r-1", tiktok["request_id"])
			}
		})
	}
}

func TestCursorHoldsForOneOwnerAndRoute(t *testing.T) {
	t.Parallel()
	r := router(t, nil)
	reader := claims("client-a", "affiliate/read")
	_, body := send(t, r, request{"GET", "/v1/things", "", "", reader})
	cursor, ok := body["next_cursor"].(string)
	require.True(t, ok)
	assert.Equal(t, []any{}, body["items"])

	tampered := []byte(cursor)
	tampered[len(tampered)-1] ^= 1
	cases := map[string]struct {
		target, client string
		status         int
	}{
		"its own":       {"/v1/things?cursor=" + cursor, "client-a", 200},
		"other owner":   {"/v1/things?cursor=" + cursor, "client-b", 400},
		"other route":   {"/v1/others?cursor=" + cursor, "client-a", 400},
		"tampered":      {"/v1/things?cursor=" + string(tampered), "client-a", 400},
		"too short":     {"/v1/things?cursor=abc", "client-a", 400},
		"not even text": {"/v1/things?cursor=%21%21", "client-a", 400},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response, _ := send(t, r, request{"GET", c.target, "", "", claims(c.client, "affiliate/read")})
			assert.Equal(t, c.status, response.StatusCode)
		})
	}
}

func TestOwners(t *testing.T) {
	t.Parallel()
	table := clientTable{"client-a": "owner-a"}
	cases := map[string]struct {
		owners api.Owners
		claims map[string]string
		want   string
		denied bool
	}{
		"claim":                          {api.Owners{Claim: "tenant", Clients: table, Default: "d"}, map[string]string{"tenant": "t1", "client_id": "client-a"}, "t1", false},
		"claim missing is not filled in": {api.Owners{Claim: "tenant", Clients: table, Default: "d"}, map[string]string{"client_id": "client-a"}, "", true},
		"client table":                   {api.Owners{Clients: table, Default: "d"}, map[string]string{"client_id": "client-a"}, "owner-a", false},
		"azp of other issuers":           {api.Owners{Clients: table}, map[string]string{"azp": "client-a"}, "owner-a", false},
		"default":                        {api.Owners{Clients: table, Default: "d"}, map[string]string{"client_id": "x"}, "d", false},
		"nobody":                         {api.Owners{Clients: table}, map[string]string{"client_id": "x"}, "", true},
		"an owner that would break keys": {api.Owners{Claim: "tenant"}, map[string]string{"tenant": "a#b"}, "", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.owners.Owner(t.Context(), c.claims)
			if c.denied {
				assert.Equal(t, fault.Forbidden, fault.KindOf(err))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func FuzzCursor(f *testing.F) {
	r, reader := router(f, nil), claims("client-a", "affiliate/read")
	_, body := send(f, r, request{"GET", "/v1/things", "", "", reader})
	valid, ok := body["next_cursor"].(string)
	require.True(f, ok)
	signed, err := base64.RawURLEncoding.DecodeString(valid)
	require.NoError(f, err)
	for _, seed := range []string{valid, valid + "\n", "", "abc", valid + "A", strings.ToLower(valid)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		response, _ := send(t, r, request{"GET", "/v1/things?" + url.Values{"cursor": {cursor}}.Encode(), "", "", reader})
		want := http.StatusBadRequest
		if raw, err := base64.RawURLEncoding.DecodeString(cursor); err == nil && bytes.Equal(raw, signed) {
			want = http.StatusOK
		}
		assert.Equal(t, want, response.StatusCode, "a cursor that nobody signed")
	})
}

func FuzzRequest(f *testing.F) {
	r, writer := router(f, nil), claims("client-a", "affiliate/read affiliate/write")
	f.Add("POST", "t1", "dry=true", `{"name":"n","count":1,"inner":{"rate":5}}`, "application/json")
	f.Add("POST", "a/b", "dry=;&limit=9999999999999999999", "{\"name\":\"\\ud800\"}", "application/json; charset=x")
	f.Add("GET", "", "since=10000-01-01T00:00:00Z", "null", "a;b=\x00")
	f.Fuzz(func(t *testing.T, method, id, query, body, contentType string) {
		target := url.URL{Path: "/v1/things", RawQuery: query}
		if id != "" {
			target.Path += "/" + id
		}
		request := &http.Request{Method: method, URL: &target, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(body))}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, request.WithContext(lambdahttp.WithClaims(t.Context(), writer)))
		assert.Less(t, w.Code, http.StatusInternalServerError, w.Body.String())
		if w.Code < 300 || w.Code >= 400 {
			assert.True(t, json.Valid(w.Body.Bytes()), w.Body.String())
		}
	})
}
