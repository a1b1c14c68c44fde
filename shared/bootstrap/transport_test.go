package bootstrap

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type clientFunc func(*http.Request) (*http.Response, error)

func (f clientFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

// body is a stream as the SDK's: it tells when it is closed and can fail.
type body struct {
	io.Reader
	closed bool
}

func (b *body) Close() error {
	b.closed = true
	return nil
}

func TestClientGetsTheBodyInMemory(t *testing.T) {
	t.Parallel()
	stream := &body{Reader: bytes.NewBufferString("abc")}
	given, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1", stream)
	require.NoError(t, err)
	given.ContentLength = 3
	response, err := InMemory(clientFunc(func(r *http.Request) (*http.Response, error) {
		assert.NotSame(t, given, r)
		assert.True(t, stream.closed)
		assert.IsType(t, io.NopCloser(bytes.NewReader(nil)), r.Body, "a type net/http knows to be in memory")
		assert.EqualValues(t, 3, r.ContentLength)
		sent, err := io.ReadAll(r.Body)
		assert.Equal(t, "abc", string(sent))
		return &http.Response{Body: http.NoBody}, err
	})).Do(given)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Same(t, stream, given.Body, "the caller's request is as it was")
}

func TestClientWithoutOrWithBrokenBody(t *testing.T) {
	t.Parallel()
	calls := 0
	client := InMemory(clientFunc(func(*http.Request) (*http.Response, error) {
		calls++
		return &http.Response{Body: http.NoBody}, nil
	}))
	empty, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1", nil)
	require.NoError(t, err)
	response, err := client.Do(empty)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())

	broken := errors.New("broken")
	torn, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1", &body{Reader: io.MultiReader(bytes.NewBufferString("ab"), failing{broken})})
	require.NoError(t, err)
	_, err = client.Do(torn)
	require.ErrorIs(t, err, broken)
	assert.Equal(t, 1, calls, "nothing was sent")
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestAWSIsReachedThroughTheEndpointOfTheEnvironment(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.JSONEq(t, `{"QueueUrl":"q","MessageBody":"m"}`, string(body))
		_, _ = w.Write([]byte(`{"MessageId":"1","MD5OfMessageBody":"6f8f57715090da2632453988d9a1501b"}`))
	}))
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	cfg, err := AWS()
	require.NoError(t, err)
	_, err = sqs.NewFromConfig(cfg).SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String("q"), MessageBody: aws.String("m")})
	require.NoError(t, err)
}

func TestAWSNeedsARegion(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	require.NoError(t, os.Unsetenv("AWS_REGION"))
	_, err := AWS()
	require.ErrorContains(t, err, "AWS_REGION")
}
