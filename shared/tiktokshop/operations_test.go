package tiktokshop_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/contract"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// TestEveryOperationOverTheWire calls each method with a request that has every
// field, against a server that answers with every described field: all of it
// must be sent, and all of it must arrive.
func TestEveryOperationOverTheWire(t *testing.T) {
	t.Parallel()
	c, err := contract.Load()
	require.NoError(t, err)
	// Fields that exclude another.
	alternative := map[string]string{"Partner.CreateCampaign": "target_shop_codes", "Creator.AddShowcaseProducts": "product_link"}
	for _, o := range c.Overrides.Operations {
		t.Run(o.Method, func(t *testing.T) {
			t.Parallel()
			facts := c.Fields(o.Op)
			var sent *http.Request
			var body []byte
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ = io.ReadAll(r.Body)
				sent = r
				assert.NoError(t, json.NewEncoder(w).Encode(map[string]any{"code": 0, "message": "Success", "request_id": "r", "data": everything("data", facts)}))
			}))
			defer server.Close()
			client, err := tiktokshop.New(tiktokshop.Options{BaseURL: server.URL, AuthURL: server.URL})
			require.NoError(t, err)
			service, name, _ := strings.Cut(o.Method, ".")
			grant := &liveGrant{app: tiktokshop.App{Key: "test-key", Secret: redact.New("test-secret")}, tokens: tiktokshop.TokenSet{
				Kind: tiktokshop.AccountKind(strings.ToLower(service)), AccessToken: redact.New("test-token"),
			}}
			receiver := map[string]any{"Seller": client.Seller(grant, "c"), "Creator": client.Creator(grant), "Partner": client.Partner(grant, "c")}[service]
			method := reflect.ValueOf(receiver).MethodByName(name)
			args := []reflect.Value{reflect.ValueOf(t.Context())}
			if method.Type().NumIn() > 1 {
				args = append(args, request(method.Type().In(1), c.Overrides.Enums))
			}
			results := method.Call(args)

			if failure := results[len(results)-1]; !failure.IsNil() {
				require.True(t, o.Fails, "%v", failure) // every list of failures had an entry
				require.Error(t, failure.Interface().(error))
			}
			verb, path, _ := strings.Cut(o.Op, " ")
			assert.Equal(t, verb, sent.Method)
			for part, want := range pairs(strings.Split(sent.URL.Path, "/"), strings.Split(path, "/")) {
				assert.True(t, part == want || strings.HasPrefix(want, "{"), "%s is not %s", sent.URL.Path, path)
			}
			assert.ElementsMatch(t, described(facts, "query."), slices.DeleteFunc(slices.Collect(maps.Keys(sent.URL.Query())), func(name string) bool {
				return name == "app_key" || name == "timestamp" || name == "sign"
			}))
			want := slices.DeleteFunc(described(facts, "body."), func(name string) bool { return name == alternative[o.Method] })
			assert.ElementsMatch(t, want, bodyFields(t, sent, body))
			if len(results) > 1 {
				assert.Empty(t, zeros("data", results[0].Elem()), "these did not arrive")
			}
		})
	}
}

func pairs(a, b []string) map[string]string {
	m := map[string]string{}
	for i := range min(len(a), len(b)) {
		m[a[i]] = b[i]
	}
	return m
}

// everything has every described field below a path.
func everything(path string, facts map[string]contract.Fact) map[string]any {
	object := map[string]any{}
	for field, fact := range facts {
		name, ok := strings.CutPrefix(field, path+".")
		if !ok || strings.Contains(name, ".") {
			continue
		}
		base, list := strings.CutPrefix(fact.Type, "[]")
		var value any
		switch base {
		case "string":
			value = "12"
		case "int":
			value = 12
		case "bool":
			value = true
		case "object":
			below := field
			if list {
				below += "[]"
			}
			value = everything(below, facts)
		}
		if list {
			value = []any{value}
		}
		object[name] = value
	}
	return object
}

// request fills a request within its limits.
func request(typ reflect.Type, enums map[string][]string) reflect.Value {
	v := reflect.New(typ).Elem()
	fill(v, enums)
	switch r := v.Addr().Interface().(type) {
	case *tiktokshop.CreatorAddShowcaseProductsRequest:
		r.ProductLink = ""
	case *tiktokshop.SellerSearchCreatorsRequest:
		r.PageSize, r.ContentPerformance.AvgVideoViews, r.ContentPerformance.AvgLiveAvgViewersGE = 20, "", ""
	case *tiktokshop.SellerSearchTargetCollaborationsRequest:
		r.PageSize = 20
	case *tiktokshop.PartnerSearchCAPOrdersRequest:
		r.SettleStatus = 1
	case *tiktokshop.PartnerCreateCampaignRequest:
		r.TargetShopCodes = nil
	case *tiktokshop.PartnerEditCampaignRequest:
		r.TargetShopCodes = []string{}
	}
	return v
}

func fill(v reflect.Value, enums map[string][]string) {
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Unix()
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), enums)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), enums)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[tiktokshop.File]() {
			v.Set(reflect.ValueOf(tiktokshop.File{Name: "a.png", Size: 3, Body: bytes.NewReader([]byte("abc"))}))
			return
		}
		for i := range v.NumField() {
			field, name := v.Field(i), v.Type().Field(i).Name
			fill(field, enums)
			switch {
			case field.Type() == reflect.TypeFor[tiktokshop.Unix]() && strings.Contains(name, "End") || name == "CreateTimeLT":
				field.SetInt(start + 40*86400)
			case field.Type() == reflect.TypeFor[tiktokshop.Unix]():
				field.SetInt(start)
			}
		}
	case reflect.String:
		v.SetString(append(enums[v.Type().Name()], "12")[0])
	case reflect.Int, reflect.Int64:
		v.SetInt(12)
		if strings.HasSuffix(v.Type().Name(), "BasisPoints") {
			v.SetInt(1200)
		}
	case reflect.Bool:
		v.SetBool(true)
	}
}

// described are the names of the fields directly in the query or the body.
func described(facts map[string]contract.Fact, where string) []string {
	var names []string
	for field := range facts {
		if name, ok := strings.CutPrefix(field, where); ok && (where == "query." || !strings.Contains(name, ".")) {
			names = append(names, name)
		}
	}
	return names
}

func bodyFields(t *testing.T, r *http.Request, body []byte) []string {
	t.Helper()
	if len(body) == 0 {
		return nil
	}
	media, options, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	require.NoError(t, err)
	if media == "multipart/form-data" {
		form, err := multipart.NewReader(bytes.NewReader(body), options["boundary"]).ReadForm(1 << 20)
		require.NoError(t, err)
		return slices.Collect(maps.Keys(form.File))
	}
	var fields map[string]any
	require.NoError(t, json.Unmarshal(body, &fields))
	return slices.Collect(maps.Keys(fields))
}

// zeros are the fields that hold nothing.
func zeros(path string, v reflect.Value) []string {
	var found []string
	switch {
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8 && v.Len() > 0:
		return zeros(path+"[]", v.Index(0))
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return zeros(path, v.Elem())
	case v.Kind() == reflect.Struct && v.NumField() > 0:
		for i := range v.NumField() {
			found = append(found, zeros(path+"."+v.Type().Field(i).Name, v.Field(i))...)
		}
		return found
	case v.IsZero():
		return []string{path}
	}
	return nil
}
