package archtest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"tiktok-shop-affiliate/docs"
)

// public stands for the scope of a route that asks for none.
const public = "public"

// described lists the routes of docs/openapi.yaml with the scope of each.
func described(t *testing.T) map[string]string {
	t.Helper()
	var doc yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(docs.OpenAPI), &doc))
	routes := map[string]string{}
	paths := node{doc.Content[0]}.get("paths")
	for _, path := range paths.keys() {
		for _, method := range paths.get(path).keys() {
			if method == "parameters" {
				continue
			}
			route := strings.ToUpper(method) + " " + path
			security := paths.get(path, method, "security")
			require.NotNil(t, security.Node, "%s says what it asks for", route)
			routes[route] = public
			for _, way := range security.items() {
				scopes := way.get("oauth").items()
				require.Len(t, scopes, 1, route)
				routes[route] = scopes[0].text()
			}
		}
	}
	return routes
}

func TestEveryRouteIsDescribed(t *testing.T) {
	t.Parallel()
	deployed := map[string]string{}
	for _, resource := range functions(t) {
		events := resource.get("Properties", "Events")
		for _, name := range events.keys() {
			if events.get(name, "Type").text() != "HttpApi" {
				continue
			}
			properties := events.get(name, "Properties")
			scope := public
			for _, required := range properties.get("Auth", "AuthorizationScopes").items() {
				scope = required.text()
			}
			deployed[properties.get("Method").text()+" "+properties.get("Path").text()] = scope
		}
	}
	require.NotEmpty(t, deployed)
	assert.Equal(t, deployed, described(t), "template.yaml and docs/openapi.yaml")
}

// Whoever serves routes is tested against their description, see shared/api/apitest.
func TestFunctionsAreHeldAgainstTheDescription(t *testing.T) {
	t.Parallel()
	for folder, resource := range functions(t) {
		events := resource.get("Properties", "Events")
		names := events.keys()
		if len(names) == 0 || events.get(names[0], "Type").text() != "HttpApi" {
			continue // a function handles one kind of event
		}
		wanted := []string{"apitest.Described("}
		if len(routesInCode(t, folder)) > 0 {
			wanted = append(wanted, "apitest.Routes(")
		}
		files, err := filepath.Glob(filepath.Join(root, "functions", folder, "*_test.go"))
		require.NoError(t, err)
		var tests strings.Builder
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			tests.Write(text)
		}
		for _, call := range wanted {
			assert.Contains(t, tests.String(), call, "the tests of functions/%s", folder)
		}
	}
}
