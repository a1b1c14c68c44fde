package lambdahttp_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/lambdahttp"
)

func event(method, path, query, body string) events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{
		RawPath: path, RawQueryString: query, Body: body,
		Headers: map[string]string{"host": "api.example.com", "x-forwarded-proto": "https"},
	}
	e.RequestContext.HTTP.Method = method
	e.RequestContext.Stage = "$default"
	return e
}

func TestRequestReachesTheHandler(t *testing.T) {
	t.Parallel()
	in := event(http.MethodPost, "/connect/a%20b", "x=1&y=2", base64.StdEncoding.EncodeToString([]byte{0xff, 0x00, 'a'}))
	in.IsBase64Encoded = true
	in.Cookies = []string{"a=1", "b=2"}
	in.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: map[string]string{"client_id": "c1"}},
	}

	handler := lambdahttp.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Equal(t, []byte{0xff, 0x00, 'a'}, body)
		assert.Equal(t, "/connect/a b", r.URL.Path)
		assert.Equal(t, "2", r.URL.Query().Get("y"))
		cookie, err := r.Cookie("b")
		if assert.NoError(t, err) {
			assert.Equal(t, "2", cookie.Value)
		}
		assert.Equal(t, "https://api.example.com", lambdahttp.BaseURL(r))
		assert.Equal(t, "c1", lambdahttp.Claims(r.Context())["client_id"])
		http.SetCookie(w, &http.Cookie{Name: "one", Value: "1"})
		http.SetCookie(w, &http.Cookie{Name: "two", Value: "2"})
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte("ok"))
	}))

	out, err := handler.Handle(t.Context(), in)

	require.NoError(t, err)
	assert.Equal(t, http.StatusCreated, out.StatusCode)
	assert.Equal(t, "ok", out.Body)
	assert.Equal(t, []string{"one=1", "two=2"}, out.Cookies)
}

func TestRequestsAndAnswers(t *testing.T) {
	t.Parallel()
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("binary") {
			_, _ = w.Write([]byte{0xff})
			return
		}
		if r.URL.Query().Has("path") {
			_, _ = w.Write([]byte(r.URL.Path))
		}
	})
	staged := event(http.MethodGet, "/prod/v1/orders", "path", "")
	staged.RequestContext.Stage = "prod"
	badBody := event(http.MethodPost, "/", "", "%%%")
	badBody.IsBase64Encoded = true
	cases := map[string]struct {
		in     events.APIGatewayV2HTTPRequest
		status int
		body   string
		base64 bool
	}{
		"nothing written is an empty 200": {event(http.MethodGet, "/", "", ""), 200, "", false},
		"a named stage is cut off":        {staged, 200, "/v1/orders", false},
		"binary answers are encoded":      {event(http.MethodGet, "/", "binary", ""), 200, "/w==", true},
		"a body that is not base64":       {badBody, 400, "", false},
		"a path that is not one":          {event(http.MethodGet, "not/a/path", "", ""), 400, "", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := lambdahttp.New(echo).Handle(t.Context(), c.in)
			require.NoError(t, err)
			assert.Equal(t, c.status, out.StatusCode)
			assert.Equal(t, c.body, out.Body)
			assert.Equal(t, c.base64, out.IsBase64Encoded)
		})
	}
}

func FuzzHandle(f *testing.F) {
	f.Add(`{"rawPath":"/a%20b","rawQueryString":"x=1","headers":{"host":"h"},"cookies":["a=1"],"body":"Zm8=","isBase64Encoded":true,"requestContext":{"http":{"method":"POST"},"stage":"$default","authorizer":{"jwt":{"claims":{"a":"b"}}}}}`)
	f.Add(`{"rawPath":"http://[::1/..//%zz","requestContext":{"stage":"prod","authorizer":{}}}`)
	f.Add(`{"rawPath":"/prod","headers":{"":"\r\n","Host":""},"body":"=","isBase64Encoded":true,"requestContext":{"stage":"prod"}}`)
	mux := http.NewServeMux()
	mux.HandleFunc("/{one}/{rest...}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Base", lambdahttp.BaseURL(r))
		http.SetCookie(w, &http.Cookie{Name: "c", Value: r.PathValue("one")})
		_, _ = io.Copy(w, r.Body)
	})
	handler := lambdahttp.New(mux)
	f.Fuzz(func(t *testing.T, data string) {
		var event events.APIGatewayV2HTTPRequest
		if json.Unmarshal([]byte(data), &event) != nil {
			return
		}
		out, err := handler.Handle(t.Context(), event)
		require.NoError(t, err)
		assert.Contains(t, []int{200, 301, 307, 308, 400, 404, 405}, out.StatusCode)
		if !out.IsBase64Encoded {
			assert.True(t, utf8.ValidString(out.Body))
		}
	})
}

// API Gateway may hand a path on that it has decoded.
func TestAPathThatIsDecodedAlready(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{
		"control characters": "/v1/things/\x1a\x7f",
		"a percent sign":     "/v1/things/100%",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			got := ""
			mux.HandleFunc("GET /v1/things/{id}", func(_ http.ResponseWriter, r *http.Request) { got = r.PathValue("id") })
			out, err := lambdahttp.New(mux).Handle(t.Context(), event(http.MethodGet, path, "", ""))
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, out.StatusCode)
			assert.Equal(t, path[len("/v1/things/"):], got)
		})
	}
}
