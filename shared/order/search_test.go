package order

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOrdersArePartedIntoRows(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		order      string
		want       []string // SKUs
		unreadable []string // of the first
	}{
		"two SKUs":                  {`{"id":"1","create_time":1760000000,"skus":[{"sku_id":"5"},{"sku_id":"6"}]}`, []string{"5", "6"}, nil},
		"one object for a list":     {`{"id":"1","create_time":1760000000,"skus":{"sku_id":"5"}}`, []string{"5"}, nil},
		"no SKU":                    {`{"id":"1","create_time":1760000000}`, nil, nil},
		"a SKU that is null":        {`{"id":"1","create_time":1760000000,"skus":[null,{"sku_id":"6"}]}`, []string{"product-", "6"}, []string{"row"}},
		"SKUs that are text":        {`{"id":"1","create_time":1760000000,"skus":"5"}`, []string{"product-"}, []string{"row"}},
		"a create time that is not": {`{"id":"1","create_time":"soon","skus":[{"sku_id":"5"}]}`, []string{"5"}, []string{"create_time"}},
		"not an order":              {`["1"]`, []string{"product-"}, []string{"create_time", "id", "row"}},
		"null":                      {`null`, []string{"product-"}, []string{"create_time", "id", "row"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var page Page
			require.NoError(t, page.addOrder("shop:1", Query{Perspective: Seller, From: time.Unix(1750000000, 0).UTC()}, json.RawMessage(test.order)))
			var got []string
			for _, row := range page.Rows {
				got = append(got, row.SKUID)
			}
			assert.Equal(t, test.want, got)
			if len(page.Rows) > 0 {
				assert.Equal(t, test.unreadable, page.Rows[0].Unreadable)
			}
		})
	}
	var page Page
	require.NoError(t, page.addOrder("shop:1", Query{Perspective: Seller}, json.RawMessage(`{"id":"1","create_time":1760000000,"new_field":{"a":1},"skus":[{"sku_id":"5","newer":2}]}`)))
	assert.JSONEq(t, `{"order":{"id":"1","create_time":1760000000,"new_field":{"a":1}},"row":{"sku_id":"5","newer":2}}`, string(page.Rows[0].Raw), "fields nobody has described are kept")
}
