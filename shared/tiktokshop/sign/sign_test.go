package sign_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/tiktokshop/sign"
)

type vector struct {
	Name, Source, Secret, Method, Path string
	Query                              map[string]string
	ContentType                        string `json:"content_type"`
	Body, Sign                         string
}

func (v vector) query() url.Values {
	q := url.Values{}
	for key, value := range v.Query {
		q.Set(key, value)
	}
	return q
}

func vectors(t testing.TB) []vector {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	var all []vector
	require.NoError(t, json.Unmarshal(b, &all))
	require.Len(t, all, 13)
	return all
}

func TestVectors(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, v.Source)
			assert.Equal(t, v.Sign, sign.Request(v.Secret, v.Path, v.query(), v.ContentType, []byte(v.Body)))
		})
	}
}

func TestWhatTheSignatureCovers(t *testing.T) {
	t.Parallel()
	v := vectors(t)[4]
	for name, change := range map[string]func(*vector){
		"secret":            func(v *vector) { v.Secret += "0" },
		"path":              func(v *vector) { v.Path += "/" },
		"parameter value":   func(v *vector) { v.Query["page_size"] = "99" },
		"parameter added":   func(v *vector) { v.Query["version"] = "202410" },
		"parameter removed": func(v *vector) { delete(v.Query, "page_token") },
		"encoded value":     func(v *vector) { v.Query["page_token"] = url.QueryEscape(v.Query["page_token"]) },
		"body":              func(v *vector) { v.Body += " " },
		"body gone":         func(v *vector) { v.Body = "" },
		"multipart":         func(v *vector) { v.ContentType = "Multipart/Form-Data; boundary=x" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := v
			changed.Query = maps.Clone(v.Query)
			change(&changed)
			assert.NotEqual(t, v.Sign, sign.Request(changed.Secret, changed.Path, changed.query(), changed.ContentType, []byte(changed.Body)))
		})
	}
	t.Run("not the content type's parameters", func(t *testing.T) {
		t.Parallel()
		assert.Equal(t, v.Sign, sign.Request(v.Secret, v.Path, v.query(), "application/json; charset=utf-8", []byte(v.Body)))
	})
}

// reference is the rule word for word, with the standard library's HMAC.
func reference(secret, path string, query url.Values, body string) string {
	message := secret + path
	for _, key := range slices.Sorted(maps.Keys(query)) {
		if key != "sign" && key != "access_token" {
			message += key + query.Get(key)
		}
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(message + body + secret))
	return hex.EncodeToString(mac.Sum(nil))
}

func FuzzRequest(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Secret, v.Path, v.query().Encode(), v.Body)
	}
	f.Add(strings.Repeat("long secret ", 20), "/p", "a=1&a=2&b", strings.Repeat("body", 1000))
	f.Fuzz(func(t *testing.T, secret, path, query, body string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Skip()
		}
		assert.Equal(t, reference(secret, path, q, body), sign.Request(secret, path, q, "application/json", []byte(body)))
	})
}

func TestTypicalRequestAllocations(t *testing.T) {
	v := vectors(t)[4]
	query, body := v.query(), []byte(v.Body)
	assert.LessOrEqual(t, testing.AllocsPerRun(100, func() {
		sign.Request(v.Secret, v.Path, query, v.ContentType, body)
	}), 2.0)
}

func BenchmarkRequest(b *testing.B) {
	v := vectors(b)[4]
	query, body := v.query(), []byte(v.Body)
	b.ReportAllocs()
	for b.Loop() {
		sign.Request(v.Secret, v.Path, query, v.ContentType, body)
	}
}
