package openapi

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The requests of docs/api.http are those of the description, each once, and
// what they send is valid.
func TestEveryRouteIsInTheRequestFile(t *testing.T) {
	t.Parallel()
	d, err := Load()
	require.NoError(t, err)
	text, err := os.ReadFile("../../docs/api.http")
	require.NoError(t, err)
	var described, written []string
	for _, op := range d.Operations() {
		described = append(described, op.Method+" "+op.Path)
	}
	for _, block := range strings.Split(string(text), "\n###")[1:] {
		_, block, _ = strings.Cut(block, "\n")
		head, body, _ := strings.Cut(block, "\n\n")
		line, headers, _ := strings.Cut(head, "\n")
		method, target, found := strings.Cut(line, " {{api}}")
		if !found {
			assert.Contains(t, line, "{{token_url}}", "only signing in goes elsewhere")
			continue
		}
		request := httptest.NewRequest(method, strings.NewReplacer("<", "", ">", "", " ", "-", "{", "", "}", "").Replace(target), nil)
		op, values, found := d.Find(method, request.URL.Path)
		if !assert.True(t, found, line) {
			continue
		}
		written = append(written, op.Method+" "+op.Path)
		assert.Equal(t, op.Scope() != "", strings.Contains(headers, "Authorization: Bearer {{token}}"), line)
		if op.Scope() != "" {
			assert.NoError(t, errorOf(d.request(op, request, values, []byte(strings.TrimSpace(body)))), line)
		}
		if op.Scope() != "" && method != http.MethodGet {
			assert.Contains(t, headers, "Idempotency-Key: ", line)
		}
	}
	assert.ElementsMatch(t, described, written)
}

func errorOf(faults []error) error {
	if len(faults) == 0 {
		return nil
	}
	return faults[0]
}
