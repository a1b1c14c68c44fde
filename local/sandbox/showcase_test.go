package sandbox_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asCreator is a call of the affiliate creator family for Mia.
func (f *fixture) asCreator(t *testing.T, method, path, body string, query ...string) answer {
	t.Helper()
	return call(t, f.Server, f.clock, request{method: method, path: "/affiliate_creator/" + path, body: body, query: with(url.Values{}, query...), token: f.creator})
}

const shows = "202405/showcases/products"

type inner struct {
	Code      int    `json:"code"`
	Message   string `json:"message"`
	RequestID string `json:"request_id"`
}

func (f *fixture) shown(t *testing.T) (ids []string) {
	t.Helper()
	rows := data[struct{ Products []struct{ ID string } }](t, f.asCreator(t, "GET", shows, "", "origin", "SHOWCASE", "page_size", "20")).Products
	for _, row := range rows {
		ids = append(ids, strings.TrimLeft(row.ID[4:], "0"))
	}
	return ids
}

func TestShowcase(t *testing.T) {
	t.Parallel()
	f := connected(t)
	assert.Equal(t, []string{"1", "6", "12", "13", "14"}, f.shown(t))
	live := data[struct{ Products []any }](t, f.asCreator(t, "GET", shows, "", "origin", "LIVE", "page_size", "20"))
	assert.Len(t, live.Products, 1)
	for _, query := range [][]string{{"page_size", "20"}, {"origin", "SHOP", "page_size", "20"}, {"origin", "SHOWCASE", "page_size", "21"}, {"origin", "SHOWCASE"}} {
		assert.Equal(t, 98001004, f.asCreator(t, "GET", shows, "", query...).Code, query)
	}

	change := func(method, path string, ids ...string) inner {
		return data[inner](t, f.asCreator(t, method, path, `{"product_ids":["`+strings.Join(ids, `","`)+`"]}`))
	}
	assert.Zero(t, change("POST", "202409/showcases/products/top", salts[:15]+"0014", salts[:15]+"0012").Code)
	assert.Equal(t, []string{"14", "12", "1", "6", "13"}, f.shown(t))
	refused := change("DELETE", "202409/showcases/products", skillet, mealSet)
	assert.NotZero(t, refused.Code, "told in the inner envelope")
	assert.NotEmpty(t, refused.RequestID)
	assert.Zero(t, change("DELETE", "202409/showcases/products", skillet).Code)
	assert.Equal(t, []string{"14", "12", "6", "13"}, f.shown(t))
	many := strings.Split(strings.Repeat("1,", 200)+"1", ",")
	assert.Equal(t, 98001004, f.asCreator(t, "DELETE", "202409/showcases/products", `{"product_ids":["`+strings.Join(many, `","`)+`"]}`).Code, "201 products")
}

func TestShowcaseAdd(t *testing.T) {
	t.Parallel()
	f := connected(t)
	add := func(body string) answer { return f.asCreator(t, "POST", shows+"/add", body) }
	type errors struct {
		Errors []struct {
			Code   int
			Detail struct {
				Product string `json:"product_id"`
			}
		}
	}
	const board, british = "1729000000000000008", "1729000000000000009"
	got := data[errors](t, add(`{"add_type":"PRODUCT_ID","product_ids":["`+mealSet+`","`+board+`","`+british+`","1"]}`))
	require.Len(t, got.Errors, 3, "in no collaboration, of another market, unknown")
	assert.Equal(t, []any{16001001, board}, []any{got.Errors[0].Code, got.Errors[0].Detail.Product})
	assert.Contains(t, f.shown(t), "2", "what could be added was")
	assert.Empty(t, data[errors](t, add(`{"add_type":"PRODUCT_LINK","product_link":"https://shop.tiktok.com/view/product/`+blanket+`?a=b"}`)).Errors)
	assert.Len(t, data[errors](t, add(`{"add_type":"PRODUCT_LINK","product_link":"https://example.com/"}`)).Errors, 1)
	many := strings.Repeat(skillet+`","`, 20) + skillet
	for name, body := range map[string]string{
		"21 products":           `{"add_type":"PRODUCT_ID","product_ids":["` + many + `"]}`,
		"no product":            `{"add_type":"PRODUCT_ID","product_ids":[]}`,
		"ids and a link":        `{"add_type":"PRODUCT_ID","product_ids":["1"],"product_link":"https://example.com/"}`,
		"unknown kind":          `{"add_type":"PRODUCT","product_ids":["1"]}`,
		"number instead of ids": `{"add_type":"PRODUCT_ID","product_ids":[1]}`,
	} {
		assert.Equal(t, 98001004, add(body).Code, name)
	}
}

func TestOpenProductsByID(t *testing.T) {
	t.Parallel()
	f := connected(t)
	ask := func(ids string) answer {
		return f.asCreator(t, "POST", "202509/open_collaborations/products", "", "product_ids", ids)
	}
	found := data[struct{ Products []struct{ ID string } }](t, ask(skillet+",1,"+mealSet))
	assert.Len(t, found.Products, 2, "what is not found is left out")
	assert.Equal(t, 98001004, ask("").Code)
	assert.Equal(t, 98001004, ask(strings.Repeat("1,", 50)+"1").Code, "51 products")
}
