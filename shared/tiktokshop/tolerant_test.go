package tiktokshop_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/money"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// answerTypes are the answer types of all operations by their names.
func answerTypes(t testing.TB) map[string]reflect.Type {
	t.Helper()
	found := map[string]reflect.Type{}
	for _, account := range []reflect.Type{reflect.TypeFor[*tiktokshop.Seller](), reflect.TypeFor[*tiktokshop.Creator](), reflect.TypeFor[*tiktokshop.Partner]()} {
		for method := range account.Methods() {
			if f := method.Type; f.NumOut() == 2 && f.Out(0).Kind() == reflect.Pointer && strings.HasSuffix(f.Out(0).Elem().Name(), "Response") {
				found[account.Elem().Name()+"."+method.Name] = f.Out(0).Elem()
			}
		}
	}
	require.Greater(t, len(found), 20)
	return found
}

// mood is how an answer is written down: the same fields, as differently as
// TikTok Shop has been seen to write them.
type mood struct {
	id, number string // JSON of an id, and of everything that counts
	single     bool   // a list that may be one object is
	none       bool   // what the mood says is no value
}

func moods() map[string]mood {
	return map[string]mood{
		"ids are numbers, numbers are text": {id: `1729503179457070324`, number: `"7"`},
		"ids are text, numbers are numbers": {id: `"1729503179457070324"`, number: `7`, single: true},
		"everything is empty text":          {id: `""`, number: `""`, none: true},
		"everything is null":                {id: `null`, number: `null`, single: true, none: true},
	}
}

func isCounting(kind reflect.Type) bool {
	return slices.Contains([]reflect.Type{
		reflect.TypeFor[tiktokshop.Int](), reflect.TypeFor[tiktokshop.Count](), reflect.TypeFor[tiktokshop.Unix](),
		reflect.TypeFor[tiktokshop.UnixMilli](), reflect.TypeFor[tiktokshop.Rate](),
	}, kind)
}

// write makes the JSON of a value of the type, with a field nobody described in
// every object and a word nobody described in every text.
func (m mood) write(t testing.TB, kind reflect.Type) string {
	t.Helper()
	switch {
	case isCounting(kind):
		return m.number
	case kind == reflect.TypeFor[tiktokshop.ID]():
		return m.id
	case kind == reflect.TypeFor[json.RawMessage]():
		return `{"x":1}`
	}
	switch kind.Kind() {
	case reflect.Pointer:
		return m.write(t, kind.Elem())
	case reflect.Slice:
		element := m.write(t, kind.Elem())
		if m.single && strings.HasPrefix(kind.Name(), "OneOrMany[") {
			return element
		}
		return "[" + element + "]"
	case reflect.Struct:
		fields := []string{`"brand_new":{"deep":["]}\"",{}]}`}
		for i := range kind.NumField() {
			if name, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
				fields = append(fields, fmt.Sprintf("%q:%s", name, m.write(t, kind.Field(i).Type)))
			}
		}
		return "{" + strings.Join(fields, ",") + "}"
	case reflect.String:
		return `"A_NEW_WORD"`
	case reflect.Bool:
		return "true"
	}
	require.FailNow(t, "no JSON for it", "%s", kind)
	return ""
}

// check looks that the value says what was written.
func (m mood) check(t testing.TB, where string, v reflect.Value) {
	t.Helper()
	kind := v.Type()
	switch {
	case m.none && (isCounting(kind) || kind == reflect.TypeFor[tiktokshop.ID]()):
		assert.True(t, v.IsZero(), where)
		return
	case isCounting(kind):
		assert.Contains(t, []any{tiktokshop.Int(7), tiktokshop.Count{N: 7, Known: true}, tiktokshop.Unix(7), tiktokshop.UnixMilli(7), tiktokshop.Rate("7")}, v.Interface(), where)
		return
	case kind == reflect.TypeFor[tiktokshop.ID]():
		assert.Equal(t, tiktokshop.ID("1729503179457070324"), v.Interface(), where)
		return
	case kind == reflect.TypeFor[json.RawMessage]():
		assert.True(t, json.Valid(v.Bytes()), where)
		return
	}
	switch kind.Kind() {
	case reflect.Pointer:
		require.False(t, v.IsNil(), where)
		m.check(t, where, v.Elem())
	case reflect.Slice:
		require.Equal(t, 1, v.Len(), where)
		m.check(t, where+"[]", v.Index(0))
	case reflect.Struct:
		for i := range kind.NumField() {
			switch name := kind.Field(i).Tag.Get("json"); {
			case kind.Field(i).Name == "Raw":
				assert.Contains(t, string(v.Field(i).Bytes()), `"brand_new"`, where)
			case name != "" && name != "-":
				m.check(t, where+"."+kind.Field(i).Name, v.Field(i))
			}
		}
	case reflect.String:
		assert.Equal(t, "A_NEW_WORD", v.String(), where)
	case reflect.Bool:
		assert.True(t, v.Bool(), where)
	}
}

func TestEveryAnswerIsReadTolerantly(t *testing.T) {
	t.Parallel()
	for name, kind := range answerTypes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for how, m := range moods() {
				text := m.write(t, kind)
				for reader, read := range map[string]func([]byte, any) error{"client": tiktokshop.Decode, "encoding/json": json.Unmarshal} {
					v := reflect.New(kind)
					require.NoError(t, read([]byte(text), v.Interface()), "%s, %s: %s", how, reader, text)
					m.check(t, how+", "+reader+": "+kind.Name(), v.Elem())
				}
			}
			v := reflect.New(kind)
			assert.NoError(t, json.Unmarshal([]byte("{}"), v.Interface()))
		})
	}
}

// Which unit a rate is in depends on its field alone.
func TestRatesByField(t *testing.T) {
	t.Parallel()
	sample := decode[tiktokshop.SellerSearchSamplesResponse](t, `{"sample_applications":[{"commission_rate":"0.20"}]}`)
	campaign := decode[tiktokshop.PartnerCampaignProductsResponse](t, `{"products":[{"total_commission_rate":2000,"creator_commission_rate":"2000"}]}`)
	for name, read := range map[string]func() (money.BasisPoints, error){
		"a number of basis points": campaign.Products[0].TotalCommissionRate.BasisPoints,
		"basis points as text":     campaign.Products[0].CreatorCommissionRate.BasisPoints,
		"a fraction, of a sample": func() (money.BasisPoints, error) {
			return money.FromFraction(sample.SampleApplications[0].CommissionRate)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := read()
			require.NoError(t, err)
			assert.Equal(t, money.BasisPoints(2000), got)
		})
	}
	for _, text := range []string{"", "-", "20%", "15.5"} {
		_, err := tiktokshop.Rate(text).BasisPoints()
		require.ErrorIs(t, err, money.ErrRate, text)
	}
}

func TestLocalisedAmountsAreKeptAndFlagged(t *testing.T) {
	t.Parallel()
	for text, readable := range map[string]bool{
		`{"amount":"1.0005","currency":"USD"}`: true, `{"amount":100,"currency":"VND"}`: true, `{"amount":"-1.5","currency":"USD"}`: true,
		`{"amount":"Rp9.900","currency":"IDR"}`: false, `{"amount":"1,000.50","currency":"USD"}`: false, `{"amount":"1 000","currency":"EUR"}`: false,
		`{"amount":"12.50","currency":"$"}`: false, `{"amount":"1e3","currency":"USD"}`: false, `{"amount":"١٢","currency":"SAR"}`: false,
	} {
		amount := decode[tiktokshop.Money](t, text)
		parsed, err := amount.Parse()
		if readable {
			require.NoError(t, err, text)
			assert.False(t, parsed.IsZero(), text)
			continue
		}
		require.ErrorIs(t, err, money.ErrAmount, text)
		kept, err := json.Marshal(amount)
		require.NoError(t, err)
		assert.JSONEq(t, text, string(kept), "kept as it came")
	}
	for _, none := range []string{`{}`, `null`, `{"amount":"","currency":"USD"}`, `{"amount":null}`} {
		amount, err := decode[tiktokshop.Money](t, none).Parse()
		require.NoError(t, err, none)
		assert.True(t, amount.IsZero(), none)
	}
}

// Names and words that TikTok Shop misspells are read and sent as it has them.
func TestMisspellings(t *testing.T) {
	t.Parallel()
	showcase := decode[tiktokshop.CreatorShowcaseProductsResponse](t, `{"products":[{"main_images":[{"heigth":800,"width":"600"}]}]}`)
	assert.Equal(t, tiktokshop.Int(800), showcase.Products[0].MainImages[0].Height)
	shop := decode[tiktokshop.CreatorShopProductsResponse](t, `{"products":[{"added_status":"ADDABLE\n"},{"added_status":"ADDABLE"},{"added_status":"ADDED"}]}`)
	assert.Equal(t, []bool{true, true, false}, []bool{shop.Products[0].Addable(), shop.Products[1].Addable(), shop.Products[2].Addable()})

	s := &script{answers: []answer{{body: empty}, {body: empty}}}
	seller := newClient(t, s).Seller(&grant{kind: tiktokshop.SellerAccount}, "cipher")
	_, err := seller.MarkRead(t.Context(), tiktokshop.SellerMarkReadRequest{ConversationIDs: []string{"1"}})
	require.NoError(t, err)
	_, err = seller.SearchSamples(t.Context(), tiktokshop.SellerSearchSamplesRequest{CreatorUserOpenID: "o", TargetCollaborationID: "7", PageSize: 10})
	require.NoError(t, err)
	assert.Equal(t, "/affiliate_seller/202412/conversatons/read", s.got[0].req.URL.Path)
	assert.Contains(t, s.got[1].body, `"creator_user_oepn_id":"o"`)
	assert.Contains(t, s.got[1].body, `"target_collabration_id":"7"`)
}

func TestTimes(t *testing.T) {
	t.Parallel()
	assert.Equal(t, time.Unix(4841467787, 0).UTC(), decode[tiktokshop.Unix](t, `"4841467787"`).Time(), "beyond 2038")
	assert.True(t, decode[tiktokshop.Unix](t, `""`).Time().IsZero())
	assert.Equal(t, time.UnixMilli(1761000000123).UTC(), decode[tiktokshop.UnixMilli](t, `1761000000123`).Time())
}
