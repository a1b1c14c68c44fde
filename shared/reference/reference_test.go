package reference

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"tiktok-shop-affiliate/docs"
)

func TestToJSON(t *testing.T) {
	t.Parallel()
	got, err := toJSON([]byte("b: 1\na: {y: [1, 'x', null, true], x: \"</script>\"}\n\"200\": text\n"))
	require.NoError(t, err)
	const want = `{"b":1,"a":{"y":[1,"x",null,true],"x":"\u003c/script\u003e"},"200":"text"}`
	assert.True(t, bytes.Equal([]byte(want), got), "in the order of the document: %s", got)

	described, err := toJSON([]byte(docs.OpenAPI))
	require.NoError(t, err)
	var fromJSON, fromYAML any
	require.NoError(t, json.Unmarshal(described, &fromJSON))
	require.NoError(t, yaml.Unmarshal([]byte(docs.OpenAPI), &fromYAML))
	all, err := json.Marshal(fromYAML)
	require.NoError(t, err)
	got, err = json.Marshal(fromJSON)
	require.NoError(t, err)
	assert.JSONEq(t, string(all), string(got))
	for name, text := range map[string]string{"empty": "", "not YAML": "a: b: c"} {
		_, err := toJSON([]byte(text))
		assert.Error(t, err, name)
	}
}

// The viewer would load its maker's logo; a build that lets it is refused here.
func TestTheViewerLoadsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	s, err := New(Options{Description: docs.OpenAPI, Ext: ".html"})
	require.NoError(t, err)
	viewer, err := s.Files()["/reference/redoc.js"].Unpacked()
	require.NoError(t, err)
	assert.NotContains(t, string(viewer), "cdn.redoc.ly")
	assert.Contains(t, string(s.Files()["/index.html"].Body), `src="reference/openapi.js"`)
	for path := range s.Files() {
		assert.Equal(t, strings.HasPrefix(s.Files()[path].Type, "text/html"), strings.HasSuffix(path, ".html"), path)
	}
}
