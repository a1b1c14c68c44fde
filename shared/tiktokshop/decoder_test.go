package tiktokshop

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// everything has a field for each way of reading.
type everything struct {
	Text    string         `json:"text"`
	Flag    bool           `json:"flag"`
	Float   float64        `json:"float"`
	Number  int            `json:"number"`
	Any     any            `json:"any"`
	Map     map[string]int `json:"map"`
	Pointer *int           `json:"pointer"`
	Bytes   []byte         `json:"bytes"`
	At      time.Time      `json:"at"`
	Status  ReviewStatus   `json:"status"`
	Lists   [][]string     `json:"lists"`
	Inner   struct {
		Deep []struct {
			N int `json:"n"`
		} `json:"deep"`
	} `json:"inner"`
	Raw     json.RawMessage `json:"raw"`
	Self    []everything    `json:"self"`
	Ignored string          `json:"-"`
}

// TestDecoderAgreesWithEncodingJSON: what both can read, they read alike.
func TestDecoderAgreesWithEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{}`, `null`, ` { } `,
		`{"text":"plain","flag":true,"float":-1.5e3,"number":-7,"any":{"a":[1,null,"]}"]},"map":{"a":1},"pointer":3,"bytes":"AQI=","at":"2026-11-22T10:00:00Z"}`,
		`{"text":"a\"b\\\u00e9\n","status":"PEND\u0049NG"}`, `{"text":"ünïcode 😀"}`, `{"text":null,"flag":null,"number":null,"inner":null,"self":null,"lists":null,"raw":null}`,
		`{"lists":[["a"],[],null,["b","c\\"]],"inner":{"deep":[{"n":1},{},{"n":3,"unknown":{"x":"}"}}]},"raw":  {"a": [1, "\"]"]} }`,
		`{"self":[{"text":"1"},{"self":[{"text":"2"}]}],"unknown":[1,2,{"a":"\\"}],"text":"last"}`,
		"{\n\t\"text\" :\r \"spaces\" , \"self\" : [ ] , \"lists\" : [ [ ] , [ \"x\" ] ] }",
		`{"te\u0078t":"an escaped key","-":"x","Ignored":"y"}`, `{"text":"first","text":"second"}`,
	} {
		var want, got everything
		require.NoError(t, json.Unmarshal([]byte(text), &want), text)
		require.NoError(t, new(plans).valid([]byte(text), &got), text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{
		``, `{`, `{"text":"a`, `[]x`, `{"text":7}`, `{"flag":"x"}`, `{"number":1.5}`, `{"self":{}}`, `{"self":"x"}`, `{"inner":[]}`, `[]`, `7`, `"x"`, `{"at":"x"}`, `{"lists":[{}]}`,
	} {
		require.Error(t, json.Unmarshal([]byte(text), new(everything)), text)
		require.Error(t, new(plans).valid([]byte(text), new(everything)), text)
	}
}

func TestRowsKeepTheirText(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		rows []string
	}{
		"a list":      {`{"skus":[{"sku_id":"1","new":"]}\""},  {"sku_id" : 2}]}`, []string{`{"sku_id":"1","new":"]}\""}`, `{"sku_id" : 2}`}},
		"one object":  {`{"skus":{"sku_id":"1","new":{"a":[{}]}}}`, []string{`{"sku_id":"1","new":{"a":[{}]}}`}},
		"an empty":    {`{"skus":[]}`, nil},
		"null":        {`{"skus":null}`, nil},
		"none":        {`{}`, nil},
		"many":        {`{"skus":[` + strings.Repeat(`{"sku_id":"1"},`, 40) + `{}]}`, append(strings.Split(strings.TrimSuffix(strings.Repeat(`{"sku_id":"1"},`, 40), ","), ","), `{}`)},
		"white space": {"{\"skus\" : \n[\t{ } ]\n}", []string{"{ }"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var direct, within SellerOrder
			require.NoError(t, new(plans).valid([]byte(c.text), &direct))
			require.NoError(t, json.Unmarshal([]byte(c.text), &within), "the same through encoding/json")
			assert.Equal(t, direct, within)
			require.Len(t, direct.SKUs, len(c.rows))
			for i, want := range c.rows {
				assert.Equal(t, want, string(direct.SKUs[i].Raw))
				assert.Equal(t, len(want), cap(direct.SKUs[i].Raw), "appending to it leaves the next row alone")
			}
		})
	}
	var odd SellerOrder
	require.NoError(t, new(plans).valid([]byte(`{"skus":[null,"x",{"product_id":[]},{"sku_id":"6"}]}`), &odd))
	require.Len(t, odd.SKUs, 4, "a bad row costs neither the others nor the page")
	for i, want := range []string{"null", `"x"`, `{"product_id":[]}`, `{"sku_id":"6"}`} {
		assert.Equal(t, want, string(odd.SKUs[i].Raw))
	}
	assert.EqualValues(t, "6", odd.SKUs[3].SKUID)
}

// TestEveryAnswerHasAPlan: no type of the contract falls back as a whole.
func TestEveryAnswerHasAPlan(t *testing.T) {
	t.Parallel()
	for _, answer := range []any{SellerSearchOrdersResponse{}, CreatorSearchOrdersResponse{}, PartnerSearchOrdersResponse{}, PartnerSearchCAPOrdersResponse{}} {
		p := new(plans).of(reflect.TypeOf(answer))
		assert.Equal(t, asObject, p.way)
		for name, f := range p.fields {
			assert.NotEqual(t, byJSON, f.plan.way, "%T %s", answer, name)
		}
	}
}

// FuzzDecoder reads anything that is JSON: it ends, and rows keep JSON.
func FuzzDecoder(f *testing.F) {
	f.Add([]byte(`{"next_page_token":"t","total_count":"1","orders":[{"id":5,"skus":[{"sku_id":"1","price":{"amount":"1.5","currency":"USD"}},{}]}]}`))
	f.Add([]byte(`{"orders":{"skus":{"a\u0022":"\\\""}}, "total_count" : null}`))
	f.Add([]byte(`[{}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var page SellerSearchOrdersResponse
		if new(plans).valid(data, &page) != nil {
			return
		}
		for _, order := range page.Orders {
			for _, sku := range order.SKUs {
				assert.True(t, json.Valid(sku.Raw), "%q", sku.Raw)
			}
		}
	})
}

// FuzzDecoderAgrees: what encoding/json and the decoder can both read, they
// read alike. Names of fields in other letters are left out: only encoding/json
// takes them.
func FuzzDecoderAgrees(f *testing.F) {
	f.Add(`{"text":"a\"b\\\n","flag":true,"float":-1.5e3,"number":-7,"any":{"a":[1,null,"]}"]},"map":{"a":1},"pointer":3,"bytes":"AQI="}`)
	f.Add(`{"inner":{"deep":[{"n":1},{}]},"self":[{"text":"1"},{"self":[{}]}],"raw": {"a": ["\""]} ,"lists":[["a"],null,[]]}`)
	f.Add("{\"text\":\"\xff\",\"at\":\"2026-11-22t10:00:00z\",\"status\":null,\"any\":[[[]]]}")
	f.Fuzz(func(t *testing.T, text string) {
		if text = strings.ToLower(text); strings.Contains(text, `\u`) || strings.Contains(text, "ſ") {
			return
		}
		var want, got everything
		if json.Unmarshal([]byte(text), &want) == nil && new(plans).valid([]byte(text), &got) == nil {
			assert.Equal(t, want, got)
		}
	})
}
