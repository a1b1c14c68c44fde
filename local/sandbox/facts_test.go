package sandbox_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
)

var operations = sync.OnceValue(sandbox.Operations)

// sent collects the fields that came with something in them: "METHOD path field".
type sent struct {
	mu     sync.Mutex
	fields map[string]bool
}

func (s *sent) add(operation, field string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fields == nil {
		s.fields = map[string]bool{}
	}
	s.fields[operation+" "+field] = true
}

// checkFacts fails when the data of an answer has a field or a type that is not described.
func checkFacts(t *testing.T, seen *sent, method, path string, data json.RawMessage) {
	t.Helper()
	for operation, o := range operations() {
		if verb, pattern, _ := strings.Cut(operation, " "); verb == method && fits(pattern, path) {
			var got any
			decoder := json.NewDecoder(strings.NewReader(string(data)))
			decoder.UseNumber()
			require.NoError(t, decoder.Decode(&got))
			assert.Equal(t, "object", typeOf(got), operation)
			checkObject(t, seen, operation, o.Fields, "data", got.(map[string]any))
			return
		}
	}
	assert.Fail(t, "no facts", "%s %s", method, path)
}

func fits(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != got[i] && !strings.HasPrefix(want[i], "{") {
			return false
		}
	}
	return true
}

func checkObject(t *testing.T, seen *sent, operation string, fields map[string]string, at string, object map[string]any) {
	t.Helper()
	for name, value := range object {
		field := at + "." + name
		kind, known := fields[field]
		if !assert.True(t, known, "%s: %s is not described", operation, field) {
			continue
		}
		list, isList := value.([]any)
		if assert.Equal(t, strings.HasPrefix(kind, "[]"), isList, "%s: %s", operation, field) && !isList {
			list = []any{value}
		}
		described := field
		if isList {
			field += "[]"
		}
		for _, element := range list {
			assert.Equal(t, strings.TrimPrefix(kind, "[]"), typeOf(element), "%s: %s", operation, field)
			if element != "" {
				seen.add(operation, described)
			}
			if inner, ok := element.(map[string]any); ok {
				checkObject(t, seen, operation, fields, field, inner)
			}
		}
	}
}

func typeOf(value any) string {
	switch value := value.(type) {
	case string:
		return "string"
	case bool:
		return "bool"
	case map[string]any:
		return "object"
	case json.Number:
		if _, err := value.Int64(); err == nil {
			return "int"
		}
	}
	return "undescribed"
}

func TestRoutesAreDescribed(t *testing.T) {
	t.Parallel()
	for operation, o := range operations() {
		assert.NotEmpty(t, o.Fields, "no facts of %s", operation)
		_, shop := o.Fields["query.shop_cipher"]
		_, category := o.Fields["query.category_asset_cipher"]
		if !o.Retired {
			assert.Equal(t, shop, o.ShopCipher, operation)
			assert.Equal(t, category, o.CategoryAsset, operation)
		}
	}
}

func TestMistakesOfTheSandboxAreCaught(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		answer, fault string
	}{
		"right":            {`{"shops":[{"id":"1","region":"GB"}]}`, ""},
		"renamed field":    {`{"shops":[{"shop_id":"1"}]}`, "data.shops[].shop_id is not a field of this operation"},
		"number as id":     {`{"shops":[{"id":1}]}`, "data.shops[].id must be string"},
		"object as list":   {`{"shops":{"id":"1"}}`, "data.shops must be []object"},
		"list of texts":    {`{"shops":["1"]}`, "data.shops must be []object"},
		"undescribed list": {`{"stores":[]}`, "data.stores is not a field of this operation"},
	} {
		decoder := json.NewDecoder(strings.NewReader(one.answer))
		decoder.UseNumber()
		var data map[string]any
		require.NoError(t, decoder.Decode(&data))
		assert.Equal(t, one.fault, sandbox.Violation("GET /authorization/202309/shops", data), name)
	}
}
