package api_test

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/lambdahttp"
)

// kinds are the constants of type Kind in package fault.
func kinds(t *testing.T) (kinds []fault.Kind) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../fault/fault.go", nil, 0)
	require.NoError(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
			if named, ok := spec.Type.(*ast.Ident); ok && named.Name == "Kind" {
				value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				require.NoError(t, err)
				kinds = append(kinds, fault.Kind(value))
			}
		}
		return true
	})
	require.Greater(t, len(kinds), 10)
	return kinds
}

func TestEveryKindOfFaultHasItsProblem(t *testing.T) {
	t.Parallel()
	var described []fault.Kind
	status := 0
	for _, p := range api.Problems() {
		described = append(described, p.Kind)
		assert.GreaterOrEqual(t, p.Status, status, "%s: in order of status", p.Kind)
		status = p.Status
		for _, text := range []string{p.Title, p.Meaning, p.Do} {
			assert.NotEmpty(t, text, p.Kind)
		}
		problem := api.ProblemOf(fault.New("test", p.Kind, "It failed."))
		assert.Equal(t, p.Type(), problem.Type)
		assert.Equal(t, p.Status, problem.Status)
		assert.Equal(t, "/problems/"+p.Slug(), p.Type())
		assert.NotContains(t, p.Slug(), "_")
	}
	assert.ElementsMatch(t, kinds(t), described)
}

func read(t *testing.T, r http.Handler, target, ifNoneMatch string) *http.Response {
	t.Helper()
	request := httptest.NewRequestWithContext(lambdahttp.WithClaims(t.Context(), claims("client-a", "affiliate/read")), "GET", target, nil)
	if ifNoneMatch != "" {
		request.Header.Set("If-None-Match", ifNoneMatch)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, request)
	return w.Result()
}

func TestETag(t *testing.T) {
	t.Parallel()
	r := router(t, nil)
	first := read(t, r, "/v1/things", "")
	tag := first.Header.Get("ETag")
	require.Regexp(t, `^"[A-Za-z0-9_-]{22}"$`, tag)
	for name, c := range map[string]struct {
		header string
		status int
	}{
		"the same":         {tag, 304},
		"among others":     {`"other", W/` + tag, 304},
		"any":              {"*", 304},
		"another":          {`"other"`, 200},
		"without quotes":   {strings.Trim(tag, `"`), 200},
		"nothing":          {"", 200},
		"only its opening": {tag[:10], 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response := read(t, r, "/v1/things", c.header)
			assert.Equal(t, c.status, response.StatusCode)
			assert.Equal(t, tag, response.Header.Get("ETag"))
			assert.Equal(t, "private, no-cache", response.Header.Get("Cache-Control"))
			assert.Equal(t, c.status == 304, response.Header.Get("Content-Type") == "", "only with a body")
		})
	}
	refused := read(t, r, "/v1/things?limit=x", "*")
	assert.Equal(t, http.StatusBadRequest, refused.StatusCode)
	assert.Empty(t, refused.Header.Get("ETag"))
	written, _ := send(t, r, request{"POST", "/v1/things/t1", `{"name":"n"}`, "", claims("client-a", "affiliate/write")})
	assert.Empty(t, written.Header.Get("ETag"))
	assert.Equal(t, "no-store", written.Header.Get("Cache-Control"))
}

func TestTimeLimit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fail       func(context.Context) error
		status     int
		problem    string
		retryAfter string
	}{
		"the deadline itself":   {func(ctx context.Context) error { return ctx.Err() }, 504, "/problems/timeout", "5"},
		"a store cut off":       {func(ctx context.Context) error { return fault.Wrap("x", fault.Unavailable, "no answer", ctx.Err()) }, 504, "/problems/timeout", "5"},
		"a write cut off":       {func(context.Context) error { return fault.New("x", fault.OutcomeUnknown, "Look.") }, 504, "/problems/outcome-unknown", ""},
		"a refusal just before": {func(context.Context) error { return fault.New("x", fault.Conflict, "No.") }, 409, "/problems/conflict", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := api.New(api.Owners{Default: "acme"}, nil)
				api.Handle(r, "GET /v1/slow", api.Read, func(ctx context.Context, _ api.Call, _ struct{}) (thing, error) {
					<-ctx.Done()
					return thing{}, c.fail(ctx)
				})
				began := time.Now()
				response, body := send(t, r, request{"GET", "/v1/slow", "", "", claims("any", "affiliate/read")})
				assert.Equal(t, api.TimeLimit, time.Since(began))
				assert.Equal(t, c.status, response.StatusCode)
				assert.Equal(t, c.problem, body["type"])
				assert.Equal(t, c.retryAfter, response.Header.Get("Retry-After"))
			})
		})
	}
}

func TestBodyLimitOfARoute(t *testing.T) {
	t.Parallel()
	r := api.New(api.Owners{Default: "acme"}, nil)
	api.Handle(r, "POST /v1/large", api.Write, func(_ context.Context, _ api.Call, in makeThing) (thing, error) {
		return thing{ID: strconv.Itoa(len(in.Name))}, nil
	}, api.BodyLimit(1<<20))
	body := func(size int) string { return `{"name":"` + strings.Repeat("x", size-len(`{"name":""}`)) + `"}` }
	for size, status := range map[int]int{api.MaxBody + 1: 200, 1 << 20: 200, 1<<20 + 1: 413} {
		response, _ := send(t, r, request{"POST", "/v1/large", body(size), "", claims("any", "affiliate/write")})
		assert.Equal(t, status, response.StatusCode, size)
	}
}

func TestNoContent(t *testing.T) {
	t.Parallel()
	r := api.New(api.Owners{Default: "acme"}, nil)
	api.HandleStatus(r, "DELETE /v1/things/{id}", api.Write, func(context.Context, api.Call, struct {
		ID string `path:"id"`
	}) (api.Answer[struct{}], error) {
		return api.Answer[struct{}]{Status: http.StatusNoContent}, nil
	})
	request := httptest.NewRequestWithContext(lambdahttp.WithClaims(t.Context(), claims("any", "affiliate/write")), "DELETE", "/v1/things/1", nil)
	w := httptest.NewRecorder()
	r.ServeHTTP(w, request)
	assert.Equal(t, http.StatusNoContent, w.Code)
	assert.Empty(t, w.Body.String())
	assert.Empty(t, w.Header().Get("Content-Type"))
}

func TestAnAnswerThatCannotBeEncoded(t *testing.T) {
	t.Parallel()
	r := api.New(api.Owners{Default: "acme"}, nil)
	api.Handle(r, "GET /v1/broken", api.Read, func(context.Context, api.Call, struct{}) (unwritable, error) { return unwritable{}, nil })
	response, body := send(t, r, request{"GET", "/v1/broken", "", "", claims("any", "affiliate/read")})
	assert.Equal(t, http.StatusInternalServerError, response.StatusCode)
	assert.Equal(t, "/problems/internal", body["type"])
}

type unwritable struct{}

func (unwritable) MarshalJSON() ([]byte, error) { return nil, errors.New("cannot") }
