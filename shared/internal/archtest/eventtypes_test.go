package archtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/eventschema"
)

// eventType is the form of a type of event: a noun, a dot and what happened.
var eventType = regexp.MustCompile(`^[a-z_]+\.[a-z_]*$`)

// eventTypesInCode finds the types that the functions of shared/dynamo name that
// tell what a write means: those that return []Change.
func eventTypesInCode(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "shared", "dynamo", "*.go"))
	require.NoError(t, err)
	types := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		for _, declared := range parsed.Decls {
			function, ok := declared.(*ast.FuncDecl)
			if !ok || !returnsChanges(function) {
				continue
			}
			ast.Inspect(function, func(n ast.Node) bool {
				if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					text, err := strconv.Unquote(literal.Value)
					require.NoError(t, err)
					if eventType.MatchString(text) {
						assert.False(t, strings.HasSuffix(text, "."), "%s: spell the types out, so that they can be found: %q", file, text)
						types[text] = true
					}
				}
				return true
			})
		}
	}
	return slices.Sorted(maps.Keys(types))
}

func returnsChanges(function *ast.FuncDecl) bool {
	if function.Type.Results == nil {
		return false
	}
	return slices.ContainsFunc(function.Type.Results.List, func(result *ast.Field) bool {
		list, ok := result.Type.(*ast.ArrayType)
		if !ok {
			return false
		}
		of, ok := list.Elt.(*ast.Ident)
		return ok && of.Name == "Change"
	})
}

// TestEveryEventTypeIsDescribed holds together what the code can tell, its
// schemas, and the two lists of types for people.
func TestEveryEventTypeIsDescribed(t *testing.T) {
	t.Parallel()
	inCode := eventTypesInCode(t)
	require.Contains(t, inCode, "order.settled")
	set, err := eventschema.Load()
	require.NoError(t, err)
	assert.Equal(t, inCode, set.Types(), "the types in shared/dynamo and the schemas in docs/events")
	for _, list := range []string{"README.md", "docs/events/README.md"} {
		text, err := os.ReadFile(filepath.Join(root, list))
		require.NoError(t, err)
		for _, kind := range inCode {
			assert.Contains(t, string(text), "`"+kind+"`", list)
		}
	}
}
