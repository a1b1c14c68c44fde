package walk

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryRouteHasASample(t *testing.T) {
	t.Parallel()
	routes, err := routesOf("../..")
	require.NoError(t, err)
	require.NoError(t, complete(routes, samples()))

	require.ErrorContains(t, complete(append(routes, route{"GET", "/v1/new", "affiliate/read"}), samples()), "GET /v1/new has no sample")
	require.ErrorContains(t, complete(routes[1:], samples()), routes[0].String()+" belongs to no route")
}

func TestWhatTheWalkMustNotHaveChanged(t *testing.T) {
	t.Parallel()
	before := sight{map[string]string{"t a": "1", "t b": "1"}, map[string]int{"GET /x": 2}}
	assert.Empty(t, before.changes(before))
	for name, after := range map[string]sight{
		"stored":      {map[string]string{"t a": "1", "t b": "1", "t c": "1"}, map[string]int{"GET /x": 2}},
		"changed":     {map[string]string{"t a": "2", "t b": "1"}, map[string]int{"GET /x": 2}},
		"removed":     {map[string]string{"t a": "1"}, map[string]int{"GET /x": 2}},
		"called":      {map[string]string{"t a": "1", "t b": "1"}, map[string]int{"GET /x": 3}},
		"called anew": {map[string]string{"t a": "1", "t b": "1"}, map[string]int{"GET /x": 2, "POST /y": 1}},
	} {
		assert.Len(t, before.changes(after), 1, name)
	}
	assert.Equal(t, token("malformed"), expired("opaque"))
}
