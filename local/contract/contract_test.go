package contract_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/contract"
)

const client = "../../shared/tiktokshop"

func load(t *testing.T) *contract.Contract {
	t.Helper()
	c, err := contract.Load()
	require.NoError(t, err)
	return c
}

func TestGeneratedFilesAreCurrent(t *testing.T) {
	t.Parallel()
	c := load(t)
	assert.Empty(t, c.Unread(), "texts changed since they were read")
	files, err := contract.Generate(c)
	require.NoError(t, err)
	have, err := filepath.Glob(client + "/*_gen.go")
	require.NoError(t, err)
	assert.Len(t, have, len(files))
	for name, source := range files {
		got, err := os.ReadFile(filepath.Join(client, name))
		require.NoError(t, err)
		assert.Equal(t, string(source), string(got), "run: go run ./local/contract/cmd/gen")
	}
}

func TestChangedTextIsNoticed(t *testing.T) {
	t.Parallel()
	c := load(t)
	const op = "POST /affiliate_seller/202410/orders/search"
	fact := c.PartnerCenter.Operations[op]["query.page_size"]
	fact.Text = "another text"
	c.PartnerCenter.Operations[op]["query.page_size"] = fact
	assert.Equal(t, []string{"pages " + op + " query.page_size"}, c.Unread())
}

func TestClientHasTheOperations(t *testing.T) {
	t.Parallel()
	c, source := load(t), readClient(t)
	var want []string
	for _, o := range c.Overrides.Operations {
		want = append(want, o.Op)
	}
	assert.ElementsMatch(t, want, slices.Collect(maps.Keys(source.operations)))
}

// TestNothingIsForgotten: every described operation has a method or a reason.
func TestNothingIsForgotten(t *testing.T) {
	t.Parallel()
	c := load(t)
	covered := map[string]bool{}
	for _, o := range c.Overrides.Operations {
		covered[o.Op] = true
	}
	for _, o := range c.Overrides.Others {
		assert.False(t, covered[o.Op], "%s stands twice", o.Op)
		assert.NotEmpty(t, o.Status, o.Op)
		assert.True(t, o.Successor == "" || covered[o.Successor], "%s: no method calls the successor", o.Op)
		assert.True(t, o.Successor != "" || o.Note != "", "%s: say why", o.Op)
		covered[o.Op] = true
	}
	described := map[string]bool{}
	for _, d := range []contract.Description{c.OAS, c.PartnerCenter} {
		for op := range d.Operations {
			described[op] = true
		}
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(described)), slices.Collect(maps.Keys(covered)))
}

// TestClientAgainstDescriptions reads the client's Go source, not the
// generator: every parameter and field of both descriptions is in the client
// with a type that can hold it, and the client has nothing else.
func TestClientAgainstDescriptions(t *testing.T) {
	t.Parallel()
	c, source := load(t), readClient(t)
	for _, o := range c.Overrides.Operations {
		t.Run(o.Method, func(t *testing.T) {
			t.Parallel()
			assert.Empty(t, source.compare(o.Op, c.OAS.Operations[o.Op], c.PartnerCenter.Operations[o.Op]))
		})
	}
}

// TestMutationsAreCaught changes one fact at a time, everywhere.
func TestMutationsAreCaught(t *testing.T) {
	t.Parallel()
	c, source := load(t), readClient(t)
	for _, o := range c.Overrides.Operations {
		t.Run(o.Method, func(t *testing.T) {
			t.Parallel()
			facts := c.Fields(o.Op)
			for field, fact := range facts {
				if field == "" {
					continue
				}
				renamed := maps.Clone(facts)
				delete(renamed, field)
				renamed[field+"x"] = fact
				assert.NotEmpty(t, source.compare(o.Op, renamed), "renamed %s", field)
				removed := maps.Clone(facts)
				delete(removed, field)
				assert.NotEmpty(t, source.compare(o.Op, removed), "removed %s", field)
				retyped := maps.Clone(facts)
				retyped[field] = contract.Fact{Type: map[bool]string{true: "object", false: "bool"}[fact.Type == "bool"]}
				assert.NotEmpty(t, source.compare(o.Op, retyped), "another type of %s", field)
				swapped, ok := map[string]string{"string": "int", "int": "string"}[fact.Type]
				if ok && !strings.HasPrefix(field, "data.") { // answers are read from either
					retyped[field] = contract.Fact{Type: swapped}
					assert.NotEmpty(t, source.compare(o.Op, retyped), "%s as %s", field, swapped)
				}
			}
		})
	}
}

// TestDescriptionsAgree: the two sources differ only where we know why.
func TestDescriptionsAgree(t *testing.T) {
	t.Parallel()
	c := load(t)
	used := map[contract.Deviation]bool{}
	explain := func(op, field string) bool {
		for _, d := range c.Overrides.Deviations {
			prefix, wild := strings.CutSuffix(d.Field, "*")
			if (d.Op == op || d.Op == "*") && (d.Field == field || wild && strings.HasPrefix(field, prefix)) {
				used[d] = true
				return true
			}
		}
		return false
	}
	for _, o := range c.Overrides.Operations {
		official, pages := c.OAS.Operations[o.Op], c.PartnerCenter.Operations[o.Op]
		for field := range c.Fields(o.Op) {
			a, inOfficial := official[field]
			b, inPages := pages[field]
			if inOfficial != inPages || a.Type != b.Type {
				assert.True(t, explain(o.Op, field), "%s %s: %+v and %+v", o.Op, field, a, b)
			} else if a.Required != b.Required {
				assert.True(t, explain(o.Op, "required:"+field), "%s %s is required in one only", o.Op, field)
			}
		}
	}
	for _, d := range c.Overrides.Deviations {
		assert.True(t, used[d], "no longer needed: %+v", d)
		assert.NotEmpty(t, d.Reason)
	}
}

// source is the client as its Go files say.
type source struct {
	operations map[string]*ast.FuncDecl   // by "METHOD /path"
	structs    map[string]*ast.StructType // by name
	encodes    map[string]*ast.FuncDecl   // by request type
}

func readClient(t *testing.T) source {
	t.Helper()
	s := source{map[string]*ast.FuncDecl{}, map[string]*ast.StructType{}, map[string]*ast.FuncDecl{}}
	names, err := filepath.Glob(client + "/*.go")
	require.NoError(t, err)
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				for _, line := range comments(d.Doc) {
					if op, ok := strings.CutPrefix(line, "//tiktok:operation "); ok {
						require.NotContains(t, s.operations, op)
						s.operations[op] = d
					}
				}
				if d.Name.Name == "encode" {
					if receiver, ok := d.Recv.List[0].Type.(*ast.Ident); ok {
						s.encodes[receiver.Name] = d
					}
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if typ, ok := spec.(*ast.TypeSpec); ok {
						if fields, ok := typ.Type.(*ast.StructType); ok {
							s.structs[typ.Name.Name] = fields
						}
					}
				}
			}
		}
	}
	return s
}

func comments(group *ast.CommentGroup) []string {
	var lines []string
	if group != nil {
		for _, c := range group.List {
			lines = append(lines, c.Text)
		}
	}
	return lines
}

// compare lists every difference between the client's operation and the union
// of descriptions, and every type of one description the client cannot hold.
func (s source) compare(op string, descriptions ...map[string]contract.Fact) []string {
	method := s.operations[op]
	have := map[string]string{} // field to Go type
	if params := method.Type.Params.List; len(params) > 1 {
		request := params[1].Type.(*ast.Ident).Name
		s.walk(have, "body", request)
		ast.Inspect(s.encodes[request], func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if f, ok := call.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "path" || f.Sel.Name == "query") {
					have[f.Sel.Name+"."+text(call.Args[0])] = queryType(call.Args[1])
				} else if ok && f.Sel.Name == "file" {
					have["body."+text(call.Args[0])] = "File"
				}
			}
			return true
		})
	}
	ast.Inspect(method.Body, func(n ast.Node) bool {
		if kv, ok := n.(*ast.KeyValueExpr); ok && kv.Key.(*ast.Ident).Name == "Cipher" {
			have["query."+text(kv.Value)] = "string"
		}
		return true
	})
	if star, ok := method.Type.Results.List[0].Type.(*ast.StarExpr); ok {
		s.walk(have, "data", star.X.(*ast.Ident).Name)
	}
	settleOneOrMany(have, descriptions)
	var differences []string
	described := map[string]bool{}
	for _, facts := range descriptions {
		for field, fact := range facts {
			described[field] = true
			typ, ok := have[field]
			if typ == "Unix" && strings.HasPrefix(field, "data.") {
				typ = "scalar" // answers are read from numbers and texts
			}
			if field != "" && (!ok || !holds(typ, fact.Type)) {
				differences = append(differences, fmt.Sprintf("%s is described as %s, the client has %q", field, fact.Type, typ))
			}
		}
	}
	for field := range have {
		if !described[field] {
			differences = append(differences, field+" is described nowhere")
		}
	}
	return differences
}

// settleOneOrMany decides for each field that reads one object or many which of
// the two is described.
func settleOneOrMany(have map[string]string, descriptions []map[string]contract.Fact) {
	for field, typ := range maps.Clone(have) {
		if typ != "struct or []struct" {
			continue
		}
		have[field] = "[]struct"
		if !slices.ContainsFunc(descriptions, func(facts map[string]contract.Fact) bool { return facts[field].Type == "object" }) {
			continue
		}
		have[field] = "struct"
		for at, inner := range maps.Clone(have) {
			if rest, ok := strings.CutPrefix(at, field+"[]."); ok {
				delete(have, at)
				have[field+"."+rest] = inner
			}
		}
	}
}

// queryType says what a query value is made of.
func queryType(e ast.Expr) string {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return "string"
	}
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return map[string]string{"number": "int", "flag": "bool", "string": "string"}[f.Name]
	case *ast.SelectorExpr: // strings.Join
		return "[]string"
	}
	return "?"
}

// walk collects the JSON fields of a struct and of the structs in it.
func (s source) walk(have map[string]string, path, name string) {
	fields, ok := s.structs[name]
	if !ok {
		return
	}
	for _, f := range fields.Fields.List {
		tag, _ := strconv.Unquote(f.Tag.Value)
		wire, options, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		if wire == "-" {
			continue
		}
		typ, inner, at := goType(f.Type), f.Type, path+"."+wire
		if strings.Contains(options, "string") {
			typ += " as text"
		}
		have[at] = typ
		if star, ok := inner.(*ast.StarExpr); ok {
			inner = star.X
		}
		switch t := inner.(type) {
		case *ast.ArrayType:
			inner, at = t.Elt, at+"[]"
		case *ast.IndexExpr:
			inner, at = t.Index, at+"[]"
		}
		if id, ok := inner.(*ast.Ident); ok && id.Name != "Count" {
			if _, isStruct := s.structs[id.Name]; isStruct {
				have[path+"."+wire] = strings.Replace(typ, id.Name, "struct", 1)
				if _, either := f.Type.(*ast.IndexExpr); either {
					have[path+"."+wire] = "struct or []struct"
				}
				s.walk(have, at, id.Name)
			}
		}
	}
}

func goType(e ast.Expr) string {
	switch t := e.(type) {
	case *ast.Ident:
		return t.Name
	case *ast.StarExpr:
		return goType(t.X)
	case *ast.ArrayType:
		return "[]" + goType(t.Elt)
	case *ast.IndexExpr:
		return "[]" + goType(t.Index)
	case *ast.SelectorExpr:
		return t.Sel.Name
	}
	return "?"
}

// holds says which wire types a Go type can read.
func holds(goType, wire string) bool {
	if item, ok := strings.CutPrefix(goType, "[]"); ok {
		inner, list := strings.CutPrefix(wire, "[]")
		return list && holds(item, inner)
	}
	switch goType {
	case "scalar", "ID", "Rate", "Count":
		return wire == "string" || wire == "int"
	case "Int", "Unix", "UnixMilli", "int", "BasisPoints":
		return wire == "int"
	case "Unix as text":
		return wire == "string"
	case "bool":
		return wire == "bool"
	case "File":
		return wire == "file"
	case "RawMessage":
		return wire == "string" || wire == "object"
	case "struct":
		return wire == "object"
	}
	return wire == "string" // string and the enums
}

func text(e ast.Expr) string {
	value, _ := strconv.Unquote(e.(*ast.BasicLit).Value)
	return value
}
