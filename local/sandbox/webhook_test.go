package sandbox_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
)

// receiver is the app's webhook endpoint, without a network.
type receiver struct {
	answer func(attempt int) (status int, err error)

	mu   sync.Mutex
	seen []notice
}

type notice struct {
	at            time.Time
	authorization string
	body          string
}

func (r *receiver) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.seen = append(r.seen, notice{time.Now(), request.Header.Get("Authorization"), string(body)})
	attempt := len(r.seen)
	r.mu.Unlock()
	status, err := r.answer(attempt)
	if status == 0 && err == nil { // no answer at all
		<-request.Context().Done()
		err = request.Context().Err()
	}
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Body: http.NoBody, Request: request}, nil
}

func (r *receiver) notices() []notice {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]notice(nil), r.seen...)
}

// listening is a sandbox whose app has an endpoint that answers as told.
func listening(answer func(int) (int, error)) (*sandbox.Sandbox, *receiver) {
	r := &receiver{answer: answer}
	app := sandbox.DefaultApp()
	app.WebhookURL = "https://product.example/webhook"
	return sandbox.New(sandbox.Options{Apps: []sandbox.App{app}, HTTP: &http.Client{Transport: r}}), r
}

func always(status int) func(int) (int, error) {
	return func(int) (int, error) { return status, nil }
}

func TestRetryPlan(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		answer func(int) (int, error)
		waits  []time.Duration // between attempts
		state  string
	}{
		"taken at once":        {always(200), nil, "delivered"},
		"only 200 is success":  {func(n int) (int, error) { return []int{204, 200}[n-1], nil }, []time.Duration{2 * time.Minute}, "delivered"},
		"refused signature":    {always(401), nil, "refused"},
		"refused later":        {func(n int) (int, error) { return []int{503, 401}[n-1], nil }, []time.Duration{2 * time.Minute}, "refused"},
		"unreachable":          {func(int) (int, error) { return 0, errors.New("no route") }, []time.Duration{2 * time.Minute, 30 * time.Minute, 3 * time.Hour, 12 * time.Hour}, "dropped"},
		"server errors":        {always(500), []time.Duration{2 * time.Minute, 30 * time.Minute, 3 * time.Hour, 12 * time.Hour}, "dropped"},
		"no answer within 3 s": {always(0), []time.Duration{2*time.Minute + 3*time.Second, 30*time.Minute + 3*time.Second, 3*time.Hour + 3*time.Second, 12*time.Hour + 3*time.Second}, "dropped"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, r := listening(one.answer)
				_, err := s.SendWebhooks(sandbox.NewWebhook{Type: 7, Shop: auroraUS})
				require.NoError(t, err)
				<-time.After(24 * time.Hour)
				synctest.Wait()
				seen := r.notices()
				require.Len(t, seen, len(one.waits)+1)
				for i, wait := range one.waits {
					assert.Equal(t, wait, seen[i+1].at.Sub(seen[i].at))
					assert.Equal(t, seen[0].body, seen[i+1].body, "the same notification")
				}
				d := s.Deliveries()[0]
				assert.Equal(t, one.state, d.State)
				assert.Len(t, d.Attempts, len(seen))
			})
		})
	}
}

func TestScaledRetryPlan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := listening(always(500))
		require.NoError(t, s.Configure(sandbox.Settings{RetryScale: 0.01}))
		_, err := s.SendWebhooks(sandbox.NewWebhook{Type: 7, Shop: auroraUS})
		require.NoError(t, err)
		<-time.After(time.Hour)
		assert.Len(t, r.notices(), 5)
	})
}

func TestResetEndsRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := listening(always(500))
		_, err := s.SendWebhooks(sandbox.NewWebhook{Type: 7, Shop: auroraUS})
		require.NoError(t, err)
		synctest.Wait()
		s.Reset()
		<-time.After(24 * time.Hour)
		assert.LessOrEqual(t, len(r.notices()), 2)
		assert.Empty(t, s.Deliveries())
	})
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	app := sandbox.DefaultApp()
	for name, one := range map[string]struct {
		act  func(*sandbox.Sandbox) error
		want string // without id and times
	}{
		"order status": {
			func(s *sandbox.Sandbox) error {
				_, err := s.CreateOrders(sandbox.NewOrders{Shop: auroraUS, Outcome: sandbox.Settles, DaysAgo: 30, Notify: true})
				return err
			},
			`{"data":{"is_on_hold_order":false,"order_id":"*","order_status":"COMPLETED","update_time":"*"},"shop_id":"` + auroraUS + `","type":1}`,
		},
		"shop deauthorized": {
			func(s *sandbox.Sandbox) error { return s.DeauthorizeShop("main", auroraUS) },
			`{"data":{"message":"Shop_id {` + auroraUS + `} is deauthorized from your APP by merchant."},"shop_id":"` + auroraUS + `","type":6}`,
		},
		"authorization expires": {
			func(s *sandbox.Sandbox) error {
				_, err := s.SendWebhooks(sandbox.NewWebhook{Type: 7, Shop: auroraUS})
				return err
			},
			`{"data":{"expiration_time":"*","message":"The authorization of shop ` + auroraUS + ` will expire soon."},"shop_id":"` + auroraUS + `","type":7}`,
		},
		"content posted": {
			func(s *sandbox.Sandbox) error {
				_, err := s.SendWebhooks(sandbox.NewWebhook{Type: 17, Creator: sandboxtest.MiaLane, Product: skillet, Content: "7412", Event: "UPDATE"})
				return err
			},
			`{"creator_open_id":"*","data":{"event":{"content_id":"7412","scene":"VIDEO","type":"UPDATE"},"product_id":"` + skillet + `"},"type":17}`,
		},
		"creator deauthorized": {
			func(s *sandbox.Sandbox) error { return s.RemoveAccess("main", sandboxtest.MiaLane) },
			`{"creator_open_id":"*","data":{"cancel_time":"*"},"type":20}`,
		},
		"unknown type": {
			func(s *sandbox.Sandbox) error {
				_, err := s.SendWebhooks(sandbox.NewWebhook{Type: 99, Shop: auroraUS, Data: json.RawMessage(`{"a":1}`)})
				return err
			},
			`{"data":{"a":1},"shop_id":"` + auroraUS + `","type":99}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, r := listening(always(200))
				for _, user := range []string{sandboxtest.AuroraHome, sandboxtest.MiaLane} {
					_, err := s.Code("main", user)
					require.NoError(t, err)
				}
				require.NoError(t, one.act(s))
				synctest.Wait()
				seen := r.notices()
				require.Len(t, seen, 1)
				assert.Equal(t, sandbox.WebhookSignature(app.Key, app.Secret, []byte(seen[0].body)), seen[0].authorization)
				var got map[string]any
				require.NoError(t, json.Unmarshal([]byte(seen[0].body), &got))
				assert.NotEmpty(t, got["tts_notification_id"])
				assert.InDelta(t, time.Now().Unix(), got["timestamp"], 1)
				delete(got, "tts_notification_id")
				delete(got, "timestamp")
				text, err := json.Marshal(got)
				require.NoError(t, err)
				var want map[string]any
				require.NoError(t, json.Unmarshal([]byte(one.want), &want))
				assert.True(t, like(want, got), "want %s\ngot  %s", one.want, text)
			})
		})
	}
}

// like compares, "*" standing for anything.
func like(want, got any) bool {
	wanted, ok := want.(map[string]any)
	if !ok {
		return want == "*" || want == got
	}
	object, ok := got.(map[string]any)
	if !ok || len(object) != len(wanted) {
		return false
	}
	for name := range wanted {
		if !like(wanted[name], object[name]) {
			return false
		}
	}
	return true
}

func TestWebhooksOnRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := listening(func(n int) (int, error) {
			if n > 5 {
				return 401, nil
			}
			return 200, nil
		})
		_, err := s.SendWebhooks(sandbox.NewWebhook{Type: 17, Creator: sandboxtest.MiaLane, Copies: 5})
		require.NoError(t, err)
		synctest.Wait()
		seen := r.notices()
		require.Len(t, seen, 5)
		for _, copied := range seen {
			assert.Equal(t, seen[0].body, copied.body)
		}
		for _, signature := range []string{"forged", "missing"} {
			_, err = s.SendWebhooks(sandbox.NewWebhook{Type: 17, Creator: sandboxtest.MiaLane, Signature: signature})
			require.NoError(t, err)
		}
		_, err = s.SendWebhooks(sandbox.NewWebhook{Body: "not json"})
		require.NoError(t, err)
		synctest.Wait()
		seen = r.notices()
		require.Len(t, seen, 8)
		app := sandbox.DefaultApp()
		unsigned := 0
		for _, bad := range seen[5:] {
			if bad.authorization == "" {
				unsigned++
			}
			if bad.body != "not json" {
				assert.NotEqual(t, sandbox.WebhookSignature(app.Key, app.Secret, []byte(bad.body)), bad.authorization)
			}
		}
		assert.Equal(t, 1, unsigned)
		told := s.Truth().Webhooks
		assert.Equal(t, map[string]int{"200": 5, "401": 3}, told.Answers)
		assert.Equal(t, map[string]int{"401": 2}, told.Forged)
		assert.Equal(t, 2, told.Distinct)
		assert.Zero(t, told.Pending)
	})
}

func TestWebhooksThatCannotBe(t *testing.T) {
	t.Parallel()
	s, _ := listening(always(200))
	for name, n := range map[string]sandbox.NewWebhook{
		"app":     {App: "nobody", Type: 7, Shop: auroraUS},
		"shop":    {Type: 7, Shop: "1"},
		"no shop": {Type: 6},
		"creator": {Type: 17, Shop: auroraUS},
		"data":    {Type: 99, Data: json.RawMessage(`[]`)},
	} {
		_, err := s.SendWebhooks(n)
		assert.Error(t, err, name)
	}
	assert.Empty(t, s.Deliveries())
	assert.Empty(t, s.Truth().Webhooks.Answers)
}
