package bootstrap

import (
	"bytes"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// InMemory lets the SDK's HTTP client send each request's body from memory.
//
// net/http then sends head and body in one packet. And it never asks the SDK's
// body for more when all of it is sent: smithy-go 1.28 answers that, once the
// response has begun, with an error for which net/http drops the connection, so
// that the SDK would lose the response and repeat a write that was done.
func InMemory(client aws.HTTPClient) aws.HTTPClient { return inMemory{client} }

type inMemory struct{ next aws.HTTPClient }

// Do implements aws.HTTPClient.
func (c inMemory) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return c.next.Do(r)
	}
	body, err := io.ReadAll(r.Body)
	if closeErr := r.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fmt.Errorf("reading the body of a request: %w", err)
	}
	sent := r.WithContext(r.Context()) // the caller's request stays as it is
	sent.Body = io.NopCloser(bytes.NewReader(body))
	return c.next.Do(sent)
}
