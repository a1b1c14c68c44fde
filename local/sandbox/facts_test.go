package sandbox_test

import (
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
)

// described are the described fields by operation, as "data.shops[].id" → "string":
// those of the contract, and for operations it does not know yet those beside this test.
var described = sync.OnceValues(func() (map[string]map[string]string, error) {
	var contract struct {
		Operations map[string]map[string]struct{ Type string }
	}
	all := map[string]map[string]string{}
	if err := readFile("testdata/facts.json", &all); err != nil {
		return nil, err
	}
	if err := readFile("../contract/partner-center.json", &contract); err != nil {
		return nil, err
	}
	for operation, fields := range contract.Operations {
		all[operation] = map[string]string{}
		for field, fact := range fields {
			all[operation][field] = fact.Type
		}
	}
	return all, nil
})

func readFile(name string, into any) error {
	raw, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// checkFacts fails when the data of an answer has a field or a type that is not described.
func checkFacts(t *testing.T, method, path string, data json.RawMessage) {
	t.Helper()
	all, err := described()
	require.NoError(t, err)
	for operation, fields := range all {
		if verb, pattern, _ := strings.Cut(operation, " "); verb == method && fits(pattern, path) {
			var got any
			decoder := json.NewDecoder(strings.NewReader(string(data)))
			decoder.UseNumber()
			require.NoError(t, decoder.Decode(&got))
			assert.Equal(t, "object", typeOf(got), operation)
			checkObject(t, operation, fields, "data", got.(map[string]any))
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

func checkObject(t *testing.T, operation string, fields map[string]string, at string, object map[string]any) {
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
		} else {
			field += "[]"
		}
		for _, element := range list {
			assert.Equal(t, strings.TrimPrefix(kind, "[]"), typeOf(element), "%s: %s", operation, field)
			if inner, ok := element.(map[string]any); ok {
				checkObject(t, operation, fields, field, inner)
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

func TestRoutesTakeTheDescribedQuery(t *testing.T) {
	t.Parallel()
	all, err := described()
	require.NoError(t, err)
	for operation, query := range sandbox.Operations() {
		fields, known := all[operation]
		if !assert.True(t, known, "no facts of %s", operation) {
			continue
		}
		var want []string
		for field := range fields {
			if name, ok := strings.CutPrefix(field, "query."); ok {
				want = append(want, name)
			}
		}
		assert.ElementsMatch(t, want, query, operation)
	}
}
