package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop/webhook"
)

const (
	// W1: doc:tts-webhooks-overview.
	orderBody = `{"type":1,"tts_notification_id":"7380066284010030890","shop_id":"7495540735365777507","timestamp":1718305585,"data":{"is_on_hold_order":true,"order_id":"576653688135258178","order_status":"UNPAID","update_time":1718305585}}`
	orderSign = "5dec0f11ec2f6783b8deee53c9ffbf8d024302f7c7e7fa55a35d17629031ac05"
	// W2: computed alike by two independent programs.
	contentBody   = `{"type":17,"creator_open_id":"VIyStQAAAAAc0ffee","tts_notification_id":"7327112393057371910","timestamp":1793491200,"data":{"product_id":"1729592969712207008","event":{"type":"ADD","scene":"VIDEO","content_id":"7412345678901234567"}}}`
	contentSecret = "3f1c9a7d5e8b4a2690c7d1e5f8a3b6c9d2e4f701"
	contentSign   = "b839692373a74ca245f56544c05582a61645e0b56db389c0cf475ceb3579a3a6"
)

func secrets(values ...string) []redact.Secret {
	all := make([]redact.Secret, len(values))
	for i, v := range values {
		all[i] = redact.New(v)
	}
	return all
}

func TestVerify(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		key     string
		secrets []redact.Secret
		header  string
		body    string
		want    error
	}{
		"W1 official example":     {"abcdef", secrets("123"), orderSign, orderBody, nil},
		"W2 creator":              {"6f2k9c1x7q0ab", secrets(contentSecret), contentSign, contentBody, nil},
		"previous secret":         {"abcdef", secrets("new", "123"), orderSign, orderBody, nil},
		"upper case hex":          {"abcdef", secrets("123"), strings.ToUpper(orderSign), orderBody, nil},
		"another app's key":       {"abcdeg", secrets("123"), orderSign, orderBody, webhook.ErrSignature},
		"another secret":          {"abcdef", secrets("124"), orderSign, orderBody, webhook.ErrSignature},
		"body changed":            {"abcdef", secrets("123"), orderSign, orderBody + " ", webhook.ErrSignature},
		"body empty":              {"abcdef", secrets("123"), orderSign, "", webhook.ErrSignature},
		"no header":               {"abcdef", secrets("123"), "", orderBody, webhook.ErrNoSignature},
		"header with a scheme":    {"abcdef", secrets("123"), "Bearer " + orderSign, orderBody, webhook.ErrSignature},
		"truncated header":        {"abcdef", secrets("123"), orderSign[:62], orderBody, webhook.ErrSignature},
		"no secrets":              {"abcdef", nil, orderSign, orderBody, webhook.ErrNoSecret},
		"empty secret":            {"abcdef", secrets(""), orderSign, orderBody, webhook.ErrNoSecret},
		"empty secret and no sig": {"abcdef", secrets(""), "", "", webhook.ErrNoSecret},
		"one of two is empty":     {"abcdef", secrets("123", ""), orderSign, orderBody, webhook.ErrNoSecret},
		"no app key":              {"", secrets("123"), orderSign, orderBody, webhook.ErrNoSecret},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := webhook.Verify(c.key, c.secrets, c.header, []byte(c.body))
			require.ErrorIs(t, err, c.want)
			if err != nil {
				assert.NotContains(t, err.Error(), orderSign)
			}
		})
	}
}

func parse(t *testing.T, body string) webhook.Notification {
	t.Helper()
	n, err := webhook.Parse([]byte(body))
	require.NoError(t, err)
	return n
}

func TestParseEnvelope(t *testing.T) {
	t.Parallel()
	n := parse(t, orderBody)
	assert.Equal(t, webhook.OrderStatusChange, n.Type)
	assert.Equal(t, "7380066284010030890", n.ID)
	assert.Equal(t, n.ID, n.Key)
	assert.Equal(t, "7495540735365777507", n.ShopID)
	assert.Equal(t, time.Unix(1718305585, 0).UTC(), n.Time)

	tolerant := parse(t, `{"type":"1","tts_notification_id":7380066284010030890,"shop_id":7495540735365777507,"timestamp":"1718305585","new_field":[1],"data":{}}`)
	tolerant.Data, n.Data = nil, nil
	assert.Equal(t, n, tolerant, "numbers as text and ids as numbers")

	unknown := parse(t, `{"type":999,"data":{"x":1}}`)
	assert.Equal(t, webhook.Type(999), unknown.Type)
	assert.Len(t, unknown.Key, 64, "without an id the body's hash tells deliveries apart")
}

func TestParseData(t *testing.T) {
	t.Parallel()
	order, err := parse(t, orderBody).OrderStatus()
	require.NoError(t, err)
	assert.Equal(t, webhook.OrderStatus{OrderID: "576653688135258178", Status: "UNPAID", OnHold: true, UpdateTime: time.Unix(1718305585, 0).UTC()}, order)

	gone, err := parse(t, `{"type":6,"shop_id":"1","timestamp":1,"data":{"message":"Shop_id {1} is deauthorized"}}`).SellerDeauthorization()
	require.NoError(t, err)
	assert.Equal(t, "Shop_id {1} is deauthorized", gone.Message)

	for _, at := range []string{`"1627587506"`, `1627587506`} {
		expiring, err := parse(t, fmt.Sprintf(`{"type":7,"data":{"expiration_time":%s}}`, at)).AuthorizationExpiring()
		require.NoError(t, err)
		assert.Equal(t, time.Unix(1627587506, 0).UTC(), expiring.ExpiresAt)

		revoked, err := parse(t, fmt.Sprintf(`{"type":20,"creator_open_id":"c","data":{"cancel_time":%s}}`, at)).CreatorDeauthorization()
		require.NoError(t, err)
		assert.Equal(t, time.Unix(1627587506, 0).UTC(), revoked.CancelTime)
	}

	posted, err := parse(t, contentBody).ContentPosting()
	require.NoError(t, err)
	assert.Equal(t, webhook.ContentPosting{ProductID: "1729592969712207008", Action: "ADD", Scene: "VIDEO", ContentID: "7412345678901234567"}, posted)
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"empty":          "",
		"not JSON":       "<html>",
		"no type":        `{"data":{}}`,
		"type is words":  `{"type":"one"}`,
		"type fraction":  `{"type":1.5}`,
		"id is a list":   `{"type":1,"tts_notification_id":[1]}`,
		"time is words":  `{"type":1,"timestamp":"soon"}`,
		"time too large": `{"type":1,"timestamp":99999999999999999}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := webhook.Parse([]byte(body))
			require.ErrorIs(t, err, webhook.ErrBody)
		})
	}
	t.Run("data missing", func(t *testing.T) {
		t.Parallel()
		_, err := parse(t, `{"type":17}`).ContentPosting()
		require.ErrorIs(t, err, webhook.ErrBody)
	})
	t.Run("data of another shape", func(t *testing.T) {
		t.Parallel()
		_, err := parse(t, `{"type":17,"data":[]}`).ContentPosting()
		require.ErrorIs(t, err, webhook.ErrBody)
	})
}

func FuzzVerifyAndParse(f *testing.F) {
	f.Add("123", "abcdef", orderBody)
	f.Add(contentSecret, "6f2k9c1x7q0ab", contentBody)
	f.Add("s", "k", `{"type":"20","data":{"cancel_time":""}}`)
	f.Add("s", "k", `{"type":7,"timestamp":253402300800,"data":{"expiration_time":"253402300799"}}`)
	f.Fuzz(func(t *testing.T, secret, key, body string) {
		if n, err := webhook.Parse([]byte(body)); err == nil {
			assert.NotEmpty(t, n.Key)
			status, _ := n.OrderStatus()
			_, _ = n.SellerDeauthorization()
			expiring, _ := n.AuthorizationExpiring()
			_, _ = n.ContentPosting()
			end, _ := n.CreatorDeauthorization()
			_, err := json.Marshal([]time.Time{n.Time, status.UpdateTime, expiring.ExpiresAt, end.CancelTime})
			assert.NoError(t, err, "a time that can be written down")
		} else {
			assert.ErrorIs(t, err, webhook.ErrBody)
		}
		if secret == "" || key == "" {
			return
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(key + body))
		good := hex.EncodeToString(mac.Sum(nil))
		assert.NoError(t, webhook.Verify(key, secrets(secret), good, []byte(body)))
		assert.ErrorIs(t, webhook.Verify(key, secrets(secret+"x"), good, []byte(body)), webhook.ErrSignature)
	})
}
