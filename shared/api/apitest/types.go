package apitest

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/openapi"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/money"
)

// Routes compares the routes of a function with their description: scopes,
// parameters, and every field of the Go types with the schemas of request and
// answer, in both directions. register adds the function's routes to a router.
func Routes(t *testing.T, register func(*api.Router)) {
	t.Helper()
	d := document(t)
	r := api.New(api.Owners{}, api.NewCursors(nil), api.WithConnections(connection.NewDirectory(nil), nil))
	register(r)
	require.NotEmpty(t, r.Routes())
	for _, route := range r.Routes() {
		t.Run(route.Pattern, func(t *testing.T) {
			t.Parallel()
			method, path, _ := strings.Cut(route.Pattern, " ")
			op, _, found := d.Find(method, path)
			require.True(t, found, "the route is not described")
			assert.Equal(t, string(route.Scope), op.Scope())
			in := types{t, "request"}
			in.parameters(route.In, op)
			assert.Equal(t, hasBody(route.In), op.Body().Exists(), "there is a request body: code and description")
			if hasBody(route.In) {
				in.agree("", route.In, op.Body())
			}
			var statuses []string
			for _, status := range op.Statuses() {
				if op.Answer(status).Exists() && status < "300" {
					statuses = append(statuses, status)
					types{t, "answer " + status}.agree("", route.Out, op.Answer(status))
				}
			}
			if route.Out != reflect.TypeFor[struct{}]() && route.Out != reflect.TypeFor[api.File]() {
				assert.NotEmpty(t, statuses, "no answer is described")
			}
		})
	}
}

// types compares Go types with schemas.
type types struct {
	t    *testing.T
	what string
}

// parameters compares the path and query tags of a request.
func (c types) parameters(in reflect.Type, op openapi.Operation) {
	var tagged, described []string
	for field := range fields(in) {
		for _, where := range []string{"path", "query"} {
			if name := field.Tag.Get(where); name != "" {
				tagged = append(tagged, where+" "+name)
			}
		}
	}
	for _, p := range op.Parameters() {
		if where := p.Get("in").Text(); where != "header" {
			described = append(described, where+" "+p.Get("name").Text())
		}
	}
	assert.ElementsMatch(c.t, tagged, described, "parameters: code and description")
}

// agree compares a type with a schema.
func (c types) agree(at string, t reflect.Type, schema openapi.Node) {
	nullable := t.Kind() == reflect.Pointer
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if !assert.True(c.t, schema.Exists(), "%s: %s is not described", c.what, at) {
		return
	}
	var variants []openapi.Node // of a schema that is one of several
	for _, variant := range append(schema.Get("oneOf").Items(), schema.Get("anyOf").Items()...) {
		if variant.Get("type").Text() != "null" && variant.Get("type").Exists() {
			variants = append(variants, variant)
		}
	}
	if len(variants) == 0 {
		variants = []openapi.Node{schema}
	}
	for _, variant := range variants {
		assert.Contains(c.t, variant.Get("type").Texts(), jsonType(t), "%s: type of %s (%s, may be null: %t)", c.what, at, t, nullable)
	}
	switch {
	case jsonType(t) == "array":
		c.agree(at+"/[]", t.Elem(), variants[0].Get("items"))
	case t.Kind() == reflect.Map:
		c.agree(at+"/{}", t.Elem(), variants[0].Get("additionalProperties"))
	case jsonType(t) == "object" && t.Kind() == reflect.Struct && t != reflect.TypeFor[money.Amount]():
		c.object(at, t, variants)
	}
}

// object compares the fields of a struct with the properties of its schema, or of
// all variants together.
func (c types) object(at string, t reflect.Type, variants []openapi.Node) {
	properties := map[string]openapi.Node{}
	for _, variant := range variants {
		assert.Equal(c.t, "false", variant.Get("additionalProperties").Text(), "%s: %s is not strict", c.what, at)
		for _, name := range variant.Get("properties").Keys() {
			properties[name] = variant.Get("properties", name)
		}
	}
	for field := range jsonFields(t) {
		schema, described := properties[field.name]
		delete(properties, field.name)
		if !assert.True(c.t, described, "%s: %s/%s is not described", c.what, at, field.name) {
			continue
		}
		if c.what != "request" && len(variants) == 1 {
			required := slices.Contains(variants[0].Get("required").Texts(), field.name)
			assert.Equal(c.t, !field.optional, required, "%s: %s/%s is always there: code and description", c.what, at, field.name)
		}
		c.agree(at+"/"+field.name, field.kind, schema)
	}
	for name := range properties {
		assert.Fail(c.t, "described, but not in the code", "%s: %s/%s", c.what, at, name)
	}
}

// jsonType is how encoding/json writes a type.
func jsonType(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[money.Amount](), t == reflect.TypeFor[json.RawMessage]():
		return "object"
	case t == reflect.TypeFor[time.Time]():
		return "string"
	}
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Struct, reflect.Map, reflect.Interface:
		return "object"
	case reflect.Pointer:
		return jsonType(t.Elem())
	case reflect.Float32, reflect.Float64:
		return "number"
	}
	return "integer"
}
