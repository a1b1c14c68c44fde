package sandbox_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
)

// anything is a right value of a described type.
func anything(fields map[string]string, at, kind string) any {
	switch kind {
	case "string":
		return "1"
	case "int":
		return 1
	case "bool":
		return true
	}
	if element, isList := strings.CutPrefix(kind, "[]"); isList {
		return []any{anything(fields, at+"[]", element)}
	}
	object := map[string]any{}
	for field, kind := range fields {
		if name, ok := strings.CutPrefix(field, at+"."); ok && !strings.ContainsAny(name, ".[") {
			object[name] = anything(fields, field, kind)
		}
	}
	return object
}

var pathParameter = regexp.MustCompile(`\{\w+\}`)

// rightRequest is made from nothing but the described fields of an operation.
func (f *fixture) rightRequest(t *testing.T, operation string, o sandbox.Operation) request {
	t.Helper()
	method, path, _ := strings.Cut(operation, " ")
	r := request{method: method, path: pathParameter.ReplaceAllString(path, "7100"), query: url.Values{}}
	for field := range o.Fields {
		if name, ok := strings.CutPrefix(field, "query."); ok {
			r.query.Set(name, map[bool]string{true: "true", false: "20"}[o.Fields[field] == "bool"])
		}
	}
	r.query.Del("page_token")
	r.token = map[sandbox.Kind]string{sandbox.Seller: f.seller, sandbox.Creator: f.creator, sandbox.Partner: f.tap}[o.Kind]
	if o.ShopCipher {
		r.query.Set("shop_cipher", f.shopCipher)
	}
	if o.CategoryAsset {
		r.query.Set("category_asset_cipher", f.CategoryCipher(t, sandboxtest.Northwind))
	}
	body := anything(o.Fields, "body", "object").(map[string]any)
	switch {
	case o.Fields["body.data"] == "file":
		r.file(t, "data", []byte("GIF89a"))
	case len(body) > 0 && method != http.MethodGet:
		raw, err := json.Marshal(body)
		require.NoError(t, err)
		r.body = string(raw)
	}
	return r
}

// file makes the request an upload of one part.
func (r *request) file(t *testing.T, part string, content []byte) {
	t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	p, err := w.CreateFormFile(part, "image.gif")
	require.NoError(t, err)
	_, err = p.Write(content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	r.body, r.contentType = form.String(), w.FormDataContentType()
}

func TestOtherOperations(t *testing.T) {
	t.Parallel()
	f := connected(t)
	for operation, o := range operations() {
		if !o.Invented {
			continue
		}
		r := f.rightRequest(t, operation, o)
		if o.Retired {
			assert.Equal(t, 36009014, call(t, f.Server, f.clock, r).Code, operation)
			continue
		}
		r.seen = &sent{}
		first := call(t, f.Server, f.clock, r)
		if !assert.Zero(t, first.Code, "%s: %s", operation, first.Message) {
			continue
		}
		assert.JSONEq(t, string(first.Data), string(call(t, f.Server, f.clock, r).Data), "%s: the same again", operation)
		for field := range o.Fields {
			if strings.HasPrefix(field, "data.") && field != "data.next_page_token" {
				assert.True(t, r.seen.fields[operation+" "+field], "%s: no %s", operation, field)
			}
		}
		unknown := r
		unknown.query = with(url.Values{}, "colour", "red")
		for name, values := range r.query {
			unknown.query[name] = values
		}
		assert.Equal(t, 36009004, call(t, f.Server, f.clock, unknown).Code, operation)
		if len(r.body) > 0 && r.contentType == "" {
			unknown = r
			unknown.body = `{"colour":"red",` + r.body[1:]
			assert.Equal(t, 98001004, call(t, f.Server, f.clock, unknown).Code, operation)
		}
	}
}

func TestOtherOperationsPage(t *testing.T) {
	t.Parallel()
	f := connected(t)
	type conversations struct {
		List []struct{ ID string } `json:"conversations"`
		Next string                `json:"next_page_token"`
	}
	page := func(size, token string) conversations {
		query := f.shopQuery("page_size", size, "page_token", token)
		return data[conversations](t, call(t, f.Server, f.clock, request{method: "GET", path: "/affiliate_seller/202412/conversations", query: query, token: f.seller}))
	}
	all := page("20", "")
	first := page("2", "")
	second := page("2", first.Next)
	assert.Equal(t, all.List, append(first.List, second.List...))
	assert.Empty(t, second.Next)
	tooMany := request{method: "GET", path: "/affiliate_seller/202412/conversations", query: f.shopQuery("page_size", "51"), token: f.seller}
	assert.Equal(t, 98001004, call(t, f.Server, f.clock, tooMany).Code)
}

func TestUpload(t *testing.T) {
	t.Parallel()
	f := connected(t)
	upload := func(part string, content []byte) int {
		r := request{method: "POST", path: "/affiliate_seller/202511/images/upload", token: f.seller}
		r.file(t, part, content)
		return call(t, f.Server, f.clock, r).Code
	}
	assert.Zero(t, upload("data", make([]byte, 10<<20)))
	assert.Equal(t, 36009021, upload("data", make([]byte, 10<<20+1)))
	assert.Equal(t, 98001004, upload("file", []byte("GIF89a")))
	assert.Equal(t, 98001004, upload("data", nil))
	asJSON := request{method: "POST", path: "/affiliate_seller/202511/images/upload", token: f.seller, body: `{"data":"x"}`}
	assert.Equal(t, 36009023, call(t, f.Server, f.clock, asJSON).Code)
}
