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

// facts are the described answers by operation: an object of names to types,
// where a list has one element and "str", "int", "bool" are the leaves.
var facts = sync.OnceValues(func() (map[string]any, error) {
	raw, err := os.ReadFile("testdata/facts.json")
	if err != nil {
		return nil, err
	}
	var all map[string]any
	return all, json.Unmarshal(raw, &all)
})

// checkFacts fails when an answer has a field or a type that is not described.
func checkFacts(t *testing.T, method, path string, raw []byte) {
	t.Helper()
	all, err := facts()
	require.NoError(t, err)
	for operation, described := range all {
		if verb, pattern, _ := strings.Cut(operation, " "); verb == method && fits(pattern, path) {
			var got any
			decoder := json.NewDecoder(strings.NewReader(string(raw)))
			decoder.UseNumber()
			require.NoError(t, decoder.Decode(&got))
			checkShape(t, operation, described, got)
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

func checkShape(t *testing.T, at string, described, got any) {
	t.Helper()
	switch kind := described.(type) {
	case string:
		switch got := got.(type) {
		case string:
			assert.Equal(t, "str", kind, at)
		case bool:
			assert.Equal(t, "bool", kind, at)
		case json.Number:
			_, err := got.Int64()
			assert.True(t, kind == "int" && err == nil, "%s: %v is not %s", at, got, kind)
		default:
			assert.Fail(t, "wrong type", "%s: %v is not %s", at, got, kind)
		}
	case []any:
		list, ok := got.([]any)
		assert.True(t, ok, "%s: %v is not a list", at, got)
		for _, element := range list {
			checkShape(t, at+"[]", kind[0], element)
		}
	case map[string]any:
		object, ok := got.(map[string]any)
		assert.True(t, ok, "%s: %v is not an object", at, got)
		for name, value := range object {
			if inner, known := kind[name]; assert.True(t, known, "%s.%s is not described", at, name) {
				checkShape(t, at+"."+name, inner, value)
			}
		}
	}
}

func TestEveryOperationHasFacts(t *testing.T) {
	t.Parallel()
	all, err := facts()
	require.NoError(t, err)
	for _, operation := range sandbox.Operations() {
		assert.Contains(t, all, operation)
	}
}
