package delivery_test

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/delivery"
	"tiktok-shop-affiliate/shared/fault"
)

var received = time.Date(2026, 11, 1, 12, 0, 0, 123_000_000, time.UTC)

func TestTextKeepsTheBytes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		body  string
		plain bool
	}{
		{"JSON goes as it is", `{"type":1, "größe":"数"}` + "\r\n\t", true},
		{"empty", "", false},
		{"control characters", "a\x00b\x0b", false},
		{"not UTF-8", "\xff\xfe", false},
		{"not a character of XML", "\uFFFE", false},
		{"longer than a message", strings.Repeat("x", 256<<10), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := delivery.Message{App: "main", ReceivedAt: received, Body: []byte(c.body), Replay: len(c.body) % 3}
			text, attributes := m.Text()
			assert.Equal(t, c.plain, text == c.body)
			assert.Less(t, len(text), 256<<10)
			got, err := delivery.FromText(text, attributes)
			require.NoError(t, err)
			assert.Equal(t, m, got)
		})
	}
}

func TestFromTextRefuses(t *testing.T) {
	t.Parallel()
	at := received.Format(time.RFC3339Nano)
	for _, c := range []struct {
		name       string
		text       string
		attributes map[string]string
	}{
		{"no attributes", "{}", nil},
		{"no app", "{}", map[string]string{"received_at": at}},
		{"no time", "{}", map[string]string{"app": "main", "received_at": "yesterday"}},
		{"unknown encoding", "{}", map[string]string{"app": "main", "received_at": at, "encoding": "rot13"}},
		{"replay without a count", "{}", map[string]string{"app": "main", "received_at": at, "replay": "x"}},
		{"replay below one", "{}", map[string]string{"app": "main", "received_at": at, "replay": "0"}},
		{"not base64", "{", map[string]string{"app": "main", "received_at": at, "encoding": "gzip+base64"}},
		{"not gzip", "AAAA", map[string]string{"app": "main", "received_at": at, "encoding": "gzip+base64"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := delivery.FromText(c.text, c.attributes)
			assert.Equal(t, fault.Invalid, fault.KindOf(err))
		})
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte(`{"type":1}`))
	f.Add([]byte("\x00\xff"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		text, attributes := delivery.Message{App: "main", ReceivedAt: received, Body: body}.Text()
		if text == "" || !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\x01\x02\x0b\x0c\x1f") {
			t.Fatalf("SQS would refuse %q", text)
		}
		got, err := delivery.FromText(text, attributes)
		if err != nil || !bytes.Equal(got.Body, body) {
			t.Fatalf("%q came back as %q, %v", body, got.Body, err)
		}
	})
}

func FuzzFromText(f *testing.F) {
	at := received.Format(time.RFC3339Nano)
	f.Add(`{"type":1}`, "main", at, "")
	f.Add("H4sIAAAAAAAA/wEAAP//AAAAAAAAAAA=", "main", at, "gzip+base64")
	f.Add("", "", "yesterday", "zip")
	f.Fuzz(func(t *testing.T, text, app, at, encoding string) {
		got, err := delivery.FromText(text, map[string]string{"app": app, "received_at": at, "encoding": encoding})
		if err != nil {
			assert.Equal(t, fault.Invalid, fault.KindOf(err))
			return
		}
		assert.NotEmpty(t, got.App)
		again, attributes := got.Text()
		back, err := delivery.FromText(again, attributes)
		if err == nil {
			assert.True(t, got.ReceivedAt.Equal(back.ReceivedAt))
			assert.True(t, bytes.Equal(got.Body, back.Body))
		}
	})
}

func TestUnpackRefusesWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	_, err := delivery.Unpack(delivery.Pack(make([]byte, 1<<20+1)))
	assert.Equal(t, fault.Invalid, fault.KindOf(err))
	body, err := delivery.Unpack(delivery.Pack(make([]byte, 1<<20)))
	require.NoError(t, err)
	assert.Len(t, body, 1<<20)
}
