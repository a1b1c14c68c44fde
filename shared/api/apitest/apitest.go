// Package apitest holds the functions behind the HTTP API against its
// description, docs/openapi.yaml, in their own tests.
package apitest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/openapi"
)

// load reads the description once.
var load = sync.OnceValues(openapi.Load)

func document(t testing.TB) *openapi.Document {
	t.Helper()
	d, err := load()
	require.NoError(t, err)
	return d
}

// Described serves like next, and fails the test whenever an answer, or a request
// that was accepted, is not as the description says.
func Described(t testing.TB, next http.Handler) http.Handler {
	t.Helper()
	d := document(t)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.ReadAll(r.Body)
		if !assert.NoError(t, err) {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(sent))
		recorder := httptest.NewRecorder()
		next.ServeHTTP(recorder, r)
		answer := recorder.Result()
		assert.NoError(t, d.Check(r, sent, answer, recorder.Body.Bytes()))
		for name, values := range answer.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.StatusCode)
		if recorder.Body.Len() == 0 {
			return // a status may allow no body
		}
		_, err = w.Write(recorder.Body.Bytes())
		assert.NoError(t, err)
	})
}
