package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/docs"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/api/apitest"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/reference"
)

func handler(t *testing.T, serve bool) http.Handler {
	t.Helper()
	site, err := reference.New(config{Serve: serve}.options())
	require.NoError(t, err)
	return apitest.Described(t, routes(site))
}

func get(t *testing.T, h http.Handler, path string) (status int, header http.Header, body string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
	return recorder.Code, recorder.Header(), recorder.Body.String()
}

func TestEveryProblemHasAPage(t *testing.T) {
	t.Parallel()
	h := handler(t, false)
	_, _, list := get(t, h, "/problems")
	require.NotEmpty(t, api.Problems())
	for _, p := range api.Problems() {
		status, header, page := get(t, h, p.Type())
		assert.Equal(t, http.StatusOK, status, p.Type())
		assert.Equal(t, "text/html; charset=utf-8", header.Get("Content-Type"))
		assert.Contains(t, page, "<h1>"+strings.ReplaceAll(p.Title, "'", "&#39;")+"</h1>")
		assert.Contains(t, list, `href="problems/`+p.Slug()+`"`)
	}
}

var loaded = regexp.MustCompile(`(?:src|href)="([^"]+)"`)

// Whatever a page names is there, and of this site.
func TestPagesLeadNowhereElse(t *testing.T) {
	t.Parallel()
	for name, serve := range map[string]bool{"with the routes": true, "only problems": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := handler(t, serve)
			seen, queue := map[string]bool{}, []string{"/problems", "/problems/nothing"}
			if serve {
				queue = append(queue, "/reference")
			}
			for len(queue) > 0 {
				path := queue[0]
				queue = queue[1:]
				if seen[path] {
					continue
				}
				seen[path] = true
				status, header, body := get(t, h, path)
				want := http.StatusOK
				if path == "/problems/nothing" {
					want = http.StatusNotFound
				}
				assert.Equal(t, want, status, path)
				assert.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self';")
				if !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
					continue
				}
				at := httptest.NewRequest(http.MethodGet, path, nil).URL
				for _, link := range loaded.FindAllStringSubmatch(body, -1) {
					if link[1] == "data:," {
						continue
					}
					next, err := at.Parse(link[1])
					require.NoError(t, err)
					assert.Equal(t, at.Host, next.Host, "%s leads to %s", path, link[1])
					queue = append(queue, next.Path)
				}
			}
			assert.Equal(t, serve, seen["/reference/redoc.js"])
		})
	}
}

func TestTheReferenceCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/reference", "/reference/redoc.js", "/reference/openapi.js", "/openapi.yaml"} {
		status, _, _ := get(t, handler(t, true), path)
		assert.Equal(t, http.StatusOK, status, path)
		status, _, _ = get(t, handler(t, false), path)
		assert.Equal(t, http.StatusNotFound, status, path)
	}
	_, _, document := get(t, handler(t, true), "/openapi.yaml")
	assert.Equal(t, docs.OpenAPI, document)
}

// An answer of a Lambda function may hold 6 MB, and base64 adds a third.
func TestAnswersFitIntoLambda(t *testing.T) {
	t.Parallel()
	for name, encoding := range map[string]string{"compressed": "gzip, br", "plain": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer, err := lambdahttp.New(handler(t, true)).Handle(t.Context(), events.APIGatewayV2HTTPRequest{
				RawPath: "/reference/redoc.js", Headers: map[string]string{"accept-encoding": encoding},
				RequestContext: events.APIGatewayV2HTTPRequestContext{HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: http.MethodGet}},
			})
			require.NoError(t, err)
			assert.Less(t, len(answer.Body), 3<<20)
			assert.Equal(t, encoding != "", answer.Headers["Content-Encoding"] == "gzip")
			script := []byte(answer.Body)
			if answer.IsBase64Encoded {
				script, err = base64.StdEncoding.DecodeString(answer.Body)
				require.NoError(t, err)
			}
			if encoding != "" {
				unpacker, err := gzip.NewReader(bytes.NewReader(script))
				require.NoError(t, err)
				script, err = io.ReadAll(unpacker)
				require.NoError(t, err)
			}
			assert.True(t, bytes.HasPrefix(script, []byte("/*! For license information please see redoc.standalone.js.LICENSE.txt */")))
		})
	}
}

func TestSampleEvent(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../events/reference.json")
	require.NoError(t, err)
	var event events.APIGatewayV2HTTPRequest
	require.NoError(t, json.Unmarshal(raw, &event))
	answer, err := lambdahttp.New(handler(t, true)).Handle(t.Context(), event)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	assert.Equal(t, "gzip", answer.Headers["Content-Encoding"])
}
