package eventschema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/eventschema"
)

func TestExamplesAreValid(t *testing.T) {
	t.Parallel()
	set, err := eventschema.Load()
	require.NoError(t, err)
	require.NotEmpty(t, set.Types())
	for _, kind := range set.Types() {
		require.NotEmpty(t, set.Examples(kind), kind)
		for _, example := range set.Examples(kind) {
			assert.NoError(t, set.Check(example), kind)
		}
	}
}

// TestSchemasAreStrict takes each example apart: without a field, with one more,
// or with another type of value it must not pass.
func TestSchemasAreStrict(t *testing.T) {
	t.Parallel()
	set, err := eventschema.Load()
	require.NoError(t, err)
	for _, kind := range set.Types() {
		for name, spoil := range map[string]func(event, data map[string]any){
			"unknown field":      func(event, _ map[string]any) { event["more"] = 1 },
			"unknown datum":      func(_, data map[string]any) { data["more"] = 1 },
			"no id":              func(event, _ map[string]any) { delete(event, "id") },
			"no data":            func(event, _ map[string]any) { delete(event, "data") },
			"data and reference": func(event, _ map[string]any) { event["reference"] = map[string]any{"table": "t", "pk": "p", "sk": "s"} },
			"no owner":           func(event, _ map[string]any) { delete(event, "owner") },
			"a time of no zone":  func(event, _ map[string]any) { event["time"] = "2026-11-22T10:00:00" },
			"a number for text":  func(event, _ map[string]any) { event["id"] = 7 },
		} {
			var event map[string]any
			require.NoError(t, json.Unmarshal(set.Examples(kind)[0], &event))
			data, ok := event["data"].(map[string]any)
			require.True(t, ok, kind)
			spoil(event, data)
			spoilt, err := json.Marshal(event)
			require.NoError(t, err)
			assert.Error(t, set.Check(spoilt), "%s: %s", kind, name)
		}
		byReference := strings.Replace(string(set.Examples(kind)[0]), `"data"`, `"was"`, 1)
		var event map[string]any
		require.NoError(t, json.Unmarshal([]byte(byReference), &event))
		delete(event, "was")
		event["reference"] = map[string]any{"table": "t", "pk": "p", "sk": "s"}
		referring, err := json.Marshal(event)
		require.NoError(t, err)
		assert.NoError(t, set.Check(referring), "%s: large data", kind)
	}
}

func TestWhatHasNoSchema(t *testing.T) {
	t.Parallel()
	set, err := eventschema.Load()
	require.NoError(t, err)
	assert.ErrorContains(t, set.Check([]byte(`{"type":"order.vanished"}`)), "no schema")
	assert.ErrorContains(t, set.Check([]byte(`{"type":`)), "not JSON")
}
