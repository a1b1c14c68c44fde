// Package openapi holds requests and answers of the HTTP API against its
// description, docs/openapi.yaml: the tests of the functions and the first day
// pass everything they get through it.
package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"tiktok-shop-affiliate/docs"
)

// Node is a part of the description: an object, a list or a value.
type Node struct {
	doc   *Document
	at    string // JSON pointer
	value any
}

// Document is the description, ready to check by.
type Document struct {
	root     Node
	routes   []Operation
	compiler *jsonschema.Compiler
	mutex    sync.Mutex // guards the compiler
	schemas  map[string]*jsonschema.Schema
}

// Operation is one route.
type Operation struct {
	Method, Path string
	segments     []string
	node, shared Node // the operation, and what all operations of the path have in common
}

// resource is the name under which the schema compiler knows the document.
const resource = "docs/openapi.yaml"

// Load reads the description that is built in.
func Load() (*Document, error) {
	var tree any
	if err := yaml.Unmarshal([]byte(docs.OpenAPI), &tree); err != nil {
		return nil, fmt.Errorf("reading docs/openapi.yaml: %w", err)
	}
	encoded, err := json.Marshal(tree) // the compiler takes values as JSON has them
	if err != nil {
		return nil, fmt.Errorf("docs/openapi.yaml is more than JSON can say: %w", err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		return nil, err
	}
	d := &Document{compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}}
	d.root = Node{d, "", value}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(resource, value); err != nil {
		return nil, err
	}
	paths := d.root.Get("paths")
	for _, path := range paths.Keys() {
		for _, method := range paths.Get(path).Keys() {
			if method != "parameters" {
				d.routes = append(d.routes, Operation{strings.ToUpper(method), path, strings.Split(path, "/"), paths.Get(path, method), paths.Get(path)})
			}
		}
	}
	// A route that names more of its path wins, as in net/http.
	slices.SortStableFunc(d.routes, func(a, b Operation) int { return strings.Count(a.Path, "{") - strings.Count(b.Path, "{") })
	return d, nil
}

// Operations are all routes.
func (d *Document) Operations() []Operation { return slices.Clone(d.routes) }

// Find returns the route that serves a request, by its escaped path.
func (d *Document) Find(method, path string) (op Operation, values map[string]string, found bool) {
	segments := strings.Split(path, "/")
	for _, op := range d.routes {
		if op.Method != method || len(op.segments) != len(segments) {
			continue
		}
		values, found = map[string]string{}, true
		for i, segment := range op.segments {
			if name, ok := strings.CutPrefix(segment, "{"); ok {
				value, err := url.PathUnescape(segments[i])
				values[strings.TrimSuffix(name, "}")], found = value, found && err == nil
			} else if segment != segments[i] {
				found = false
			}
		}
		if found {
			return op, values, true
		}
	}
	return Operation{}, nil, false
}

// Schema is the schema of the document's part components/schemas with the name.
func (d *Document) Schema(name string) Node { return d.root.Get("components", "schemas", name) }

// schema compiles a part of the document that is a schema.
func (d *Document) schema(n Node) (*jsonschema.Schema, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if s := d.schemas[n.at]; s != nil {
		return s, nil
	}
	s, err := d.compiler.Compile(resource + "#" + n.at)
	if err != nil {
		return nil, fmt.Errorf("the schema at %s: %w", n.at, err)
	}
	d.schemas[n.at] = s
	return s, nil
}

// Scope is what a token needs for the route; empty for a public one.
func (op Operation) Scope() string {
	for _, way := range op.node.Get("security").Items() {
		for _, scope := range way.Get("oauth").Items() {
			return scope.Text()
		}
	}
	return ""
}

// Parameters are those of the route: path, query and header.
func (op Operation) Parameters() []Node {
	return append(op.shared.Get("parameters").Items(), op.node.Get("parameters").Items()...)
}

// Body is the schema of the route's JSON body; it does not exist where there is none.
func (op Operation) Body() Node {
	return op.node.Get("requestBody", "content", "application/json", "schema")
}

// Response is what is said of the answer with the status.
func (op Operation) Response(status string) Node { return op.node.Get("responses", status) }

// Answer is the schema of the JSON answer with the status.
func (op Operation) Answer(status string) Node {
	return op.Response(status).Get("content", "application/json", "schema")
}

// Statuses are the statuses the route may answer with.
func (op Operation) Statuses() []string { return op.node.Get("responses").Keys() }

// Exists reports whether the document has the part.
func (n Node) Exists() bool { return n.value != nil }

// Get walks into objects, through references.
func (n Node) Get(path ...string) Node {
	for _, name := range path {
		n = n.resolved()
		object, _ := n.value.(map[string]any)
		n = Node{n.doc, n.at + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name), object[name]}
	}
	return n.resolved()
}

// Ref is the last part of what the node refers to, as "Money"; empty when it does not.
func (n Node) Ref() string {
	object, _ := n.value.(map[string]any)
	ref, _ := object["$ref"].(string)
	return ref[strings.LastIndex(ref, "/")+1:]
}

func (n Node) resolved() Node {
	object, _ := n.value.(map[string]any)
	ref, ok := object["$ref"].(string)
	if !ok {
		return n
	}
	at := n.doc.root
	for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		at = at.Get(name)
	}
	return at
}

// Keys are an object's names, in order.
func (n Node) Keys() (keys []string) {
	object, _ := n.value.(map[string]any)
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// Items are a list's elements.
func (n Node) Items() (items []Node) {
	list, _ := n.value.([]any)
	for i, value := range list {
		items = append(items, Node{n.doc, fmt.Sprintf("%s/%d", n.at, i), value}.resolved())
	}
	return items
}

// Texts are a list's elements, or the value itself, as text.
func (n Node) Texts() (texts []string) {
	if text := n.Text(); text != "" {
		return []string{text}
	}
	for _, item := range n.Items() {
		texts = append(texts, item.Text())
	}
	return texts
}

// Text is a value as text, empty for objects and lists.
func (n Node) Text() string {
	switch value := n.value.(type) {
	case string:
		return value
	case bool, json.Number:
		return fmt.Sprint(value)
	}
	return ""
}
