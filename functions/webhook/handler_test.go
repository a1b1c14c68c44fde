package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/api/apitest"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/delivery"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/queue"
	"tiktok-shop-affiliate/shared/secret"
)

const (
	appKey  = "test-key"
	body17  = `{"type":17,"creator_open_id":"c1","tts_notification_id":"n1","timestamp":1793491200,"data":{}}`
	twoApps = `{"apps":[
		{"name":"main","key":"test-key","secret":"test-secret","previous_secret":"test-before","portal":"us","accounts":["creator"]},
		{"name":"other","key":"test-other","secret":"test-second","portal":"us","accounts":["creator"]}]}`
	oneApp = `{"apps":[{"name":"main","key":"test-key","secret":"%s","portal":"us","accounts":["creator"]}]}`
)

// manager is Secrets Manager with one secret that can change and fail.
type manager struct {
	mu    sync.Mutex
	value string
	err   error
	reads int
}

func (m *manager) GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	return &secretsmanager.GetSecretValueOutput{SecretString: aws.String(m.value)}, m.err
}

// sent is a queue that takes everything, or nothing.
type sent struct {
	err      error
	messages []delivery.Message
}

func (s *sent) SendText(_ context.Context, text string, attributes map[string]string) error {
	if s.err != nil {
		return s.err
	}
	m, err := delivery.FromText(text, attributes)
	s.messages = append(s.messages, m)
	return err
}

type fixture struct {
	*handler
	manager *manager
	sent    *sent
	clock   time.Time
}

func newFixture(secretValue string) *fixture {
	f := &fixture{manager: &manager{value: secretValue}, sent: &sent{}, clock: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	now := func() time.Time { return f.clock }
	f.handler = &handler{
		apps:     app.NewRegistry(secret.NewSource(f.manager, "apps", now)),
		queue:    f.sent,
		now:      now,
		mismatch: http.StatusUnauthorized,
	}
	return f
}

// post sends a webhook as API Gateway would.
func (f *fixture) post(t *testing.T, path, signature, body string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	event := events.APIGatewayV2HTTPRequest{RawPath: path, Body: base64.StdEncoding.EncodeToString([]byte(body)), IsBase64Encoded: true, Headers: map[string]string{"content-type": "application/json"}}
	if signature != "" {
		event.Headers["authorization"] = signature
	}
	event.RequestContext.HTTP.Method = http.MethodPost
	response, err := lambdahttp.New(apitest.Described(t, f.routes())).Handle(t.Context(), event)
	require.NoError(t, err)
	assert.Empty(t, response.Body)
	return response
}

func sign(key, secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(key + body))
	return hex.EncodeToString(mac.Sum(nil))
}

func TestTake(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		apps      string
		path      string
		signature string
		body      string
		status    int
	}{
		{"valid", twoApps, "/webhook/main", sign(appKey, "test-secret", body17), body17, 200},
		{"signed with the previous secret", twoApps, "/webhook/main", sign(appKey, "test-before", body17), body17, 200},
		{"the only app needs no name", fmt.Sprintf(oneApp, "test-secret"), "/webhook", sign(appKey, "test-secret", body17), body17, 200},
		{"the bytes count, not the JSON", twoApps, "/webhook/main", sign(appKey, "test-secret", body17), strings.Replace(body17, ":", ": ", 1), 401},
		{"no signature", twoApps, "/webhook/main", "", body17, 401},
		{"signature of another app", twoApps, "/webhook/main", sign("test-other", "test-second", body17), body17, 401},
		{"signature in upper case of nothing", twoApps, "/webhook/main", strings.Repeat("Z", 64), body17, 401},
		{"unknown app", twoApps, "/webhook/third", sign(appKey, "test-secret", body17), body17, 404},
		{"several apps and no name", twoApps, "/webhook", sign(appKey, "test-secret", body17), body17, 404},
		{"not JSON, but signed", twoApps, "/webhook/main", sign(appKey, "test-secret", "\x00{"), "\x00{", 200},
		{"empty, but signed", twoApps, "/webhook/main", sign(appKey, "test-secret", ""), "", 200},
		{"as large as allowed", twoApps, "/webhook/main", sign(appKey, "test-secret", strings.Repeat("x", 256<<10)), strings.Repeat("x", 256<<10), 200},
		{"one byte too large", twoApps, "/webhook/main", sign(appKey, "test-secret", strings.Repeat("x", 256<<10+1)), strings.Repeat("x", 256<<10+1), 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(c.apps)
			assert.Equal(t, c.status, f.post(t, c.path, c.signature, c.body).StatusCode)
			if c.status != 200 {
				assert.Empty(t, f.sent.messages)
				return
			}
			assert.Equal(t, []delivery.Message{{App: "main", ReceivedAt: f.clock, Body: []byte(c.body)}}, f.sent.messages)
		})
	}
}

func TestWarmAndSteadyReadsNoSecret(t *testing.T) {
	t.Parallel()
	f := newFixture(twoApps)
	for range 5 {
		assert.Equal(t, 200, f.post(t, "/webhook/main", sign(appKey, "test-secret", body17), body17).StatusCode)
	}
	assert.Equal(t, 1, f.manager.reads)
	assert.Len(t, f.sent.messages, 5)
}

func TestMismatchReadsTheSecretAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(fmt.Sprintf(oneApp, "test-secret"))
	require.Equal(t, 200, f.post(t, "/webhook", sign(appKey, "test-secret", body17), body17).StatusCode)

	f.manager.value = fmt.Sprintf(oneApp, "test-changed")
	assert.Equal(t, 200, f.post(t, "/webhook", sign(appKey, "test-changed", body17), body17).StatusCode, "the new secret fits at once")
	assert.Equal(t, 2, f.manager.reads)

	for range 10 {
		assert.Equal(t, 401, f.post(t, "/webhook", sign(appKey, "test-forged", body17), body17).StatusCode)
	}
	assert.Equal(t, 2, f.manager.reads, "forgeries do not flood Secrets Manager")

	f.clock = f.clock.Add(secret.ReloadGap)
	assert.Equal(t, 401, f.post(t, "/webhook", sign(appKey, "test-forged", body17), body17).StatusCode)
	assert.Equal(t, 3, f.manager.reads)
}

func TestMismatchIsNotFinalWhileNobodyKnows(t *testing.T) {
	t.Parallel()
	t.Run("the operator says so", func(t *testing.T) {
		t.Parallel()
		f := newFixture(twoApps)
		f.mismatch = config{Mismatch503: true}.mismatchStatus()
		assert.Equal(t, 503, f.post(t, "/webhook/main", sign(appKey, "test-forged", body17), body17).StatusCode)
	})
	t.Run("the secret cannot be read", func(t *testing.T) {
		t.Parallel()
		f := newFixture(twoApps)
		f.manager.err = errors.New("down")
		assert.Equal(t, 503, f.post(t, "/webhook/main", sign(appKey, "test-secret", body17), body17).StatusCode)
	})
	t.Run("the secret cannot be read again", func(t *testing.T) {
		t.Parallel()
		f := newFixture(twoApps)
		require.Equal(t, 200, f.post(t, "/webhook/main", sign(appKey, "test-secret", body17), body17).StatusCode)
		f.manager.err = errors.New("down")
		assert.Equal(t, 503, f.post(t, "/webhook/main", sign(appKey, "test-changed", body17), body17).StatusCode)
	})
}

func TestQueueThatDoesNotTakeIt(t *testing.T) {
	t.Parallel()
	f := newFixture(twoApps)
	f.sent.err = errors.New("down")
	assert.Equal(t, 503, f.post(t, "/webhook/main", sign(appKey, "test-secret", body17), body17).StatusCode)
}

func TestOtherMethodsAndPaths(t *testing.T) {
	t.Parallel()
	f := newFixture(twoApps)
	event := events.APIGatewayV2HTTPRequest{RawPath: "/webhook"}
	event.RequestContext.HTTP.Method = http.MethodGet
	response, err := lambdahttp.New(apitest.Described(t, f.routes())).Handle(t.Context(), event)
	require.NoError(t, err)
	assert.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)
}

func TestSampleEvents(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"webhook", "webhook-6", "webhook-7", "webhook-17", "webhook-20"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile("../../events/" + name + ".json")
			require.NoError(t, err)
			var event events.APIGatewayV2HTTPRequest
			require.NoError(t, json.Unmarshal(raw, &event))
			f := newFixture(`{"apps":[{"name":"main","key":"abcdef","secret":"123","portal":"us","accounts":["creator"]}]}`)
			response, err := lambdahttp.New(apitest.Described(t, f.routes())).Handle(t.Context(), event)
			require.NoError(t, err)
			assert.Equal(t, 200, response.StatusCode)
			assert.Equal(t, event.Body, string(f.sent.messages[0].Body))
		})
	}
}

func TestRealQueueGetsWhatIsReadBehindIt(t *testing.T) {
	t.Parallel()
	url := awstest.Queue(t)
	client := sqs.NewFromConfig(awstest.Config(t))
	for name, body := range map[string]string{"plain": body17, "not for SQS": "\x01\xff", "large": strings.Repeat(`{"a":1}`, 37000)} {
		f := newFixture(twoApps)
		f.queue = queue.NewSender(client, url)
		require.Equal(t, 200, f.post(t, "/webhook/main", sign(appKey, "test-secret", body), body).StatusCode, name)
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MessageAttributeNames: []string{"All"}, WaitTimeSeconds: 5})
		require.NoError(t, err)
		require.Len(t, out.Messages, 1, name)
		attributes := map[string]string{}
		for key, value := range out.Messages[0].MessageAttributes {
			attributes[key] = aws.ToString(value.StringValue)
		}
		got, err := delivery.FromText(aws.ToString(out.Messages[0].Body), attributes)
		require.NoError(t, err)
		assert.Equal(t, delivery.Message{App: "main", ReceivedAt: f.clock, Body: []byte(body)}, got, name)
		_, err = client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: out.Messages[0].ReceiptHandle})
		require.NoError(t, err)
	}
}
