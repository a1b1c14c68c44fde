package sandbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
)

// asSeller is a call of the affiliate seller family for the US shop.
func (f *fixture) asSeller(t *testing.T, method, path, body string, query ...string) answer {
	t.Helper()
	return call(t, f.Server, f.clock, request{method: method, path: "/affiliate_seller/" + path, body: body, query: f.shopQuery(query...), token: f.seller})
}

type openData struct {
	Total int `json:"total_count"`
	Rows  []struct {
		ID, Status string
		Product    struct{ ID string }
		Creators   int `json:"showcase_creator_count"`
		Commission struct {
			Rate int   `json:"rate"`
			End  int64 `json:"end_time"`
		} `json:"current_commission"`
	} `json:"open_collaborations"`
}

func TestOpenCollaborations(t *testing.T) {
	t.Parallel()
	f := connected(t)
	const board, search = "1729000000000000008", "202412/open_collaborations/search"
	create := func(product, rate string) answer {
		return f.asSeller(t, "POST", "202412/open_collaborations", `{"product_id":"`+product+`","commission_rate":`+rate+`}`)
	}
	find := func(body string, query ...string) openData {
		return data[openData](t, f.asSeller(t, "POST", search, body, append([]string{"page_size", "100"}, query...)...))
	}
	for name, one := range map[string]struct {
		product, rate string
		code          int
	}{
		"exists already": {skillet, "1500", 16003012},
		"rate too low":   {board, "99", 16003033},
		"rate too high":  {board, "8001", 16003033},
		"another shop's": {salts, "1500", 98001004},
		"rate as text":   {board, `"1500"`, 98001004},
	} {
		assert.Equal(t, one.code, create(one.product, one.rate).Code, name)
	}
	assert.Equal(t, 7, find("").Total)
	assert.Zero(t, create(board, "8000").Code)
	assert.Equal(t, 16003012, create(board, "8000").Code)
	newest := find("").Rows[0]
	assert.Equal(t, []any{board, "NORMAL", 8000, int64(0)}, []any{newest.Product.ID, newest.Status, newest.Commission.Rate, newest.Commission.End})
	assert.Equal(t, "1729000000000000008", find("", "sort_field", "product_original_price", "sort_order", "ASC").Rows[0].Product.ID)
	assert.Equal(t, 1, find(`{"keyword":"CUTTING","keyword_type":"PRODUCT_NAME"}`).Total)
	assert.Equal(t, 1, find(`{"keyword":"`+board+`","keyword_type":"PRODUCT_ID"}`).Total)
	assert.Equal(t, 4, find(`{"top_level_category_id":"600001"}`).Total)
	assert.Equal(t, 98001004, f.asSeller(t, "POST", search, `{"keyword":"x"}`, "page_size", "10").Code)

	remove := func(product string) answer {
		return f.asSeller(t, "DELETE", "202409/open_collaborations/products/"+product, "")
	}
	ends := data[map[string]int64](t, remove(board))["terminated_effective_time"]
	assert.Equal(t, time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC).Unix(), ends)
	terminating := find(`{"keyword":"` + board + `","keyword_type":"PRODUCT_ID"}`).Rows[0]
	assert.Equal(t, []any{"TERMINATING", ends}, []any{terminating.Status, terminating.Commission.End})
	assert.Equal(t, 98001004, remove(board).Code, "only in status NORMAL")
	assert.Equal(t, 16003012, create(board, "900").Code, "until it has ended")
	f.clock.advance(12 * time.Hour)
	assert.Equal(t, 7, find("").Total)
	assert.Zero(t, create(board, "900").Code)

	candle := find(`{"keyword":"Candle","keyword_type":"PRODUCT_NAME"}`).Rows[0]
	require.Equal(t, 1, candle.Creators)
	path := "202508/open_collaborations/" + candle.ID + "/remove_creator"
	mia := `","creator_user_open_id":"` + f.OpenID(t, sandboxtest.MiaLane) + `"}`
	assert.Equal(t, 98001004, f.asSeller(t, "POST", path, `{"product_id":"`+skillet+mia).Code, "another product")
	assert.Zero(t, f.asSeller(t, "POST", path, `{"product_id":"`+candle.Product.ID+mia).Code)
}

func TestOpenCollaborationSettings(t *testing.T) {
	t.Parallel()
	f := connected(t)
	type settings struct {
		Open struct {
			Auto struct {
				Enable bool `json:"enable"`
				Rate   int  `json:"commission_rate"`
			} `json:"auto_add_product"`
		} `json:"open_collaboration_settings"`
	}
	get := func() settings {
		return data[settings](t, f.asSeller(t, "GET", "202409/open_collaboration_settings", ""))
	}
	set := func(body string) int { return f.asSeller(t, "POST", "202405/open_collaboration_settings", body).Code }
	assert.False(t, get().Open.Auto.Enable)
	assert.Equal(t, 16003033, set(`{"auto_add_product":{"enable":true,"commission_rate":50}}`))
	assert.Zero(t, set(`{"auto_add_product":{"enable":true,"commission_rate":700}}`))
	assert.Equal(t, 700, get().Open.Auto.Rate)
	total := func() int {
		return data[openData](t, f.asSeller(t, "POST", "202412/open_collaborations/search", "", "page_size", "100")).Total
	}
	assert.Equal(t, 8, total(), "products without one were added")
	assert.Zero(t, set(`{"auto_add_product":{"enable":false}}`))
	assert.Equal(t, 8, total(), "what exists stays")
}
