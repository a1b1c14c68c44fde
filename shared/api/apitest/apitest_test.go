package apitest

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/api"
)

// Whatever can go wrong is described, with the status it has.
func TestProblemsAreDescribed(t *testing.T) {
	t.Parallel()
	d := document(t)
	var types []string
	statuses := map[string]bool{}
	for _, problem := range api.Problems() {
		types = append(types, problem.Type())
		statuses[strconv.Itoa(problem.Status)] = true
	}
	assert.ElementsMatch(t, types, d.Schema("Problem").Get("properties", "type", "enum").Texts())

	described := map[string]bool{}
	for _, op := range d.Operations() {
		if op.Scope() == "" {
			continue
		}
		for _, status := range op.Statuses() {
			if status >= "400" {
				described[status] = true
				problem := op.Response(status).Get("content", "application/problem+json", "schema")
				require.Equal(t, d.Schema("Problem"), problem, "%s %s answers %s with a problem", op.Method, op.Path, status)
			}
		}
		for _, always := range []string{"401", "403", "429", "500", "503", "504"} {
			assert.Contains(t, op.Statuses(), always, "%s %s: API Gateway, the middle or a store may answer so", op.Method, op.Path)
		}
	}
	assert.Equal(t, statuses, described)
}
