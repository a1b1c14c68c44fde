package firstday

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"

	"tiktok-shop-affiliate/local/openapi"
)

// described lets pass only what docs/openapi.yaml says: whatever the API answers
// to the day's requests is held against it.
type described struct {
	next http.RoundTripper
	api  string
	doc  *openapi.Document
}

func newDescribed(next http.RoundTripper, api string) (*described, error) {
	doc, err := openapi.Load()
	return &described{next: next, api: api + "/", doc: doc}, err
}

// RoundTrip implements http.RoundTripper.
func (d *described) RoundTrip(request *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(request.URL.String(), d.api) {
		return d.next.RoundTrip(request) // the sandbox and the token endpoint
	}
	var sent []byte
	if request.GetBody != nil {
		body, err := request.GetBody()
		if err != nil {
			return nil, err
		}
		if sent, err = io.ReadAll(body); err != nil {
			return nil, err
		}
	}
	answer, err := d.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(answer.Body)
	if closeErr := answer.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	answer.Body = io.NopCloser(bytes.NewReader(got))
	if err := d.doc.Check(request, sent, answer, got); err != nil {
		return nil, err
	}
	return answer, nil
}
