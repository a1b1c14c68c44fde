package invoke

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/up"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/redact"
)

const root = "../.."

// stack is a deployment with the app of TikTok Shop's own signature example.
type stack struct{}

func (stack) app(_ context.Context, name string) (app.App, error) {
	if name != "" && name != "main" {
		return app.App{}, errors.New("no such app")
	}
	return app.App{Name: "main", Key: "abcdef", Secret: redact.New("123")}, nil
}
func (stack) client() (string, error) { return "client-a", nil }
func (stack) properties(id string) map[string]any {
	if id != "Keyset" {
		return nil
	}
	return map[string]any{"SecretId": "the-real-one"}
}

// sample is an event of the repository without its signature.
func sample(t *testing.T, name string) (raw []byte, signature string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, "events", name))
	require.NoError(t, err)
	var event map[string]any
	require.NoError(t, json.Unmarshal(raw, &event))
	headers := within(event, "headers")
	signature, _ = headers["authorization"].(string)
	delete(headers, "authorization")
	raw, err = json.Marshal(event)
	require.NoError(t, err)
	return raw, signature
}

func TestWebhooksAreSignedAsTikTokShopDoes(t *testing.T) {
	t.Parallel()
	raw, want := sample(t, "webhook.json")
	require.Len(t, want, 64)
	for name, change := range map[string]func(event map[string]any){
		"as it is":       func(map[string]any) {},
		"the only app":   func(event map[string]any) { event["rawPath"] = "/webhook" },
		"without header": func(event map[string]any) { delete(event, "headers") },
		"base64": func(event map[string]any) {
			packed, err := json.Marshal([]byte(event["body"].(string)))
			require.NoError(t, err)
			event["body"], event["isBase64Encoded"] = strings.Trim(string(packed), `"`), true
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var event map[string]any
			require.NoError(t, json.Unmarshal(raw, &event))
			change(event)
			changed, err := json.Marshal(event)
			require.NoError(t, err)
			made, err := prepare(t.Context(), changed, stack{})
			require.NoError(t, err)
			var got map[string]any
			require.NoError(t, json.Unmarshal(made.event, &got))
			assert.Equal(t, want, within(got, "headers")["authorization"])
			assert.Equal(t, event["body"], got["body"])
			assert.Contains(t, made.note, "signed for the app main")
		})
	}
}

func TestPrepare(t *testing.T) {
	t.Parallel()
	t.Run("a request comes from a client of the stack, with its own scope", func(t *testing.T) {
		t.Parallel()
		raw, _ := sample(t, "connections.json")
		made, err := prepare(t.Context(), raw, stack{})
		require.NoError(t, err)
		assert.JSONEq(t, strings.Replace(string(raw), "example-client", "client-a", 1), string(made.event))
	})
	t.Run("what needs nothing is left as it is", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"webhook-processor.json", "order-poller.json", "publisher.json", "oauth-callback.json"} {
			raw, err := os.ReadFile(filepath.Join(root, "events", name))
			require.NoError(t, err)
			made, err := prepare(t.Context(), raw, stack{})
			require.NoError(t, err)
			assert.JSONEq(t, string(raw), string(made.event))
			assert.Empty(t, made.note)
		}
	})
	t.Run("large numbers stay what they are", func(t *testing.T) {
		t.Parallel()
		made, err := prepare(t.Context(), []byte(`{"id":7495540735365777507}`), stack{})
		require.NoError(t, err)
		assert.Equal(t, `{"id":7495540735365777507}`, string(made.event))
	})
	for name, raw := range map[string]string{
		"not JSON":       "{",
		"not an object":  "[]",
		"an unknown app": `{"rawPath":"/webhook/other","requestContext":{"http":{}},"body":""}`,
		"broken base64":  `{"rawPath":"/webhook","requestContext":{"http":{}},"body":"?","isBase64Encoded":true}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := prepare(t.Context(), []byte(raw), stack{})
			require.Error(t, err)
		})
	}
}

func TestCustomResourceIsHeard(t *testing.T) {
	t.Parallel()
	raw, _ := sample(t, "keyset-maker.json")
	for name, c := range map[string]struct{ said, want, failure string }{
		"success": {`{"Status":"SUCCESS"}`, "SUCCESS", ""},
		"failure": {`{"Status":"FAILED","Reason":"why"}`, "FAILED", "FAILED: why"},
		"nothing": {"", "", "told nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made, err := prepare(t.Context(), raw, stack{})
			require.NoError(t, err)
			defer made.close()
			var event struct {
				ResponseURL        string
				ResourceProperties map[string]string
			}
			require.NoError(t, json.Unmarshal(made.event, &event))
			assert.Equal(t, map[string]string{"SecretId": "the-real-one"}, event.ResourceProperties)
			if c.said != "" {
				put, err := http.NewRequestWithContext(t.Context(), http.MethodPut, event.ResponseURL, strings.NewReader(c.said))
				require.NoError(t, err)
				response, err := http.DefaultClient.Do(put)
				require.NoError(t, err)
				require.NoError(t, response.Body.Close())
			}
			var out strings.Builder
			err = made.sent(&out)
			assert.Contains(t, out.String(), c.want)
			if c.failure == "" {
				require.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, c.failure)
			}
		})
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ kind, answer, want, failure string }{
		"JSON":           {kindHTTP, `{"statusCode":200,"headers":{"Content-Type":"application/json"},"body":"{\"a\":1}"}`, "status   200\nheader   content-type: application/json\nbody     {\n           \"a\": 1\n         }\n", ""},
		"page":           {kindHTTP, `{"statusCode":404,"cookies":["a=b"],"body":"<p>\n</p>\n"}`, "status   404\nheader   set-cookie: a=b\nbody     <p>\n         </p>\n", ""},
		"nothing":        {kindHTTP, `{"statusCode":200}`, "status   200\nbody     (empty)\n", ""},
		"binary":         {kindHTTP, `{"statusCode":200,"body":"/wA=","isBase64Encoded":true}`, "status   200\nbody     (binary, 2 bytes)\n", ""},
		"no response":    {kindHTTP, `{"a":1}`, "answer   {\n           \"a\": 1\n         }\n", "not one to an HTTP request"},
		"no failures":    {kindOther, `{"batchItemFailures":[]}`, "answer   {\n           \"batchItemFailures\": []\n         }\n", ""},
		"failures":       {kindOther, `{"batchItemFailures":[{"itemIdentifier":"m"}]}`, "", "1 messages were given back"},
		"a schedule's":   {kindOther, `null`, "answer   null\n", ""},
		"broken packing": {kindHTTP, `{"statusCode":200,"body":"?","isBase64Encoded":true}`, "", "not base64"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			err := show(&out, c.kind, []byte(c.answer))
			if c.failure != "" {
				require.ErrorContains(t, err, c.failure)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, out.String())
		})
	}
}

func TestSamplesBelongToTheLongestName(t *testing.T) {
	t.Parallel()
	source, err := Open(root)
	require.NoError(t, err)
	for file, want := range map[string]string{
		"webhook.json": "webhook", "webhook-17.json": "webhook", "webhook--17.json": "webhook", "webhook-processor.json": "webhook-processor",
		"webhook-processor-17.json": "webhook-processor", "campaign-reviewer.json": "campaign-reviewer", "campaigns--review.json": "campaigns", "webhooks.json": "",
	} {
		assert.Equal(t, want, source.SampleOf(file), file)
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	t.Parallel()
	nowhere := up.Profile{Name: "nowhere", Root: root, Emulator: 1}
	for name, c := range map[string]struct {
		options Options
		want    string
	}{
		"no function":      {Options{}, "say which function, as FUNCTION=webhook; there are backfill-starter, campaign-review, "},
		"unknown function": {Options{Function: "webhooks"}, `there is no function "webhooks"; there are backfill-starter, campaign-review, `},
		"no event":         {Options{Function: "webhook"}, "say which event; samples for webhook: EVENT=events/webhook-17.json, "},
		"no such event":    {Options{Function: "webhook", Event: "events/x.json"}, "there is no file events/x.json; samples for webhook: EVENT=events/webhook-17.json, "},
		"no stack":         {Options{Function: "webhook", Event: "events/webhook-17.json"}, "nothing is running; `make local` starts it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.ErrorContains(t, Run(t.Context(), nowhere, c.options), c.want)
		})
	}
}

func TestSigned(t *testing.T) {
	t.Parallel()
	apps := filepath.Join(t.TempDir(), "apps.json")
	require.NoError(t, os.WriteFile(apps, []byte(`{"apps":[{"name":"main","key":"abcdef","secret":"123","portal":"us","accounts":["creator"]}]}`), 0o600))
	file := filepath.Join(root, "events", "webhook-17.json")
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	var out strings.Builder
	require.NoError(t, Signed(t.Context(), up.Profile{}, file, apps, "", &out))
	assert.JSONEq(t, string(want), out.String(), "the samples are signed for TikTok Shop's example app")

	for name, c := range map[string]struct{ event, apps, want string }{
		"no event":     {"", apps, "say which event"},
		"no such file": {file + "x", apps, "no such file"},
		"no apps":      {file, apps + "x", "no such file"},
		"no stack":     {file, "", "make local"},
		"a queue's":    {filepath.Join(root, "events", "webhook-processor.json"), apps, "is not an HTTP request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.ErrorContains(t, Signed(t.Context(), up.Profile{Emulator: 1}, c.event, c.apps, "", &strings.Builder{}), c.want)
		})
	}
}
