// Package eventschema holds events against docs/events: the tests and the first
// day pass every event they see through it.
package eventschema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tiktok-shop-affiliate/docs"
)

// common is the file of what several schemas refer to.
const common = "common"

// Set is the schema of every type of event.
type Set struct {
	schemas  map[string]*jsonschema.Schema
	examples map[string][]json.RawMessage
}

// Load reads the schemas that are built in.
func Load() (*Set, error) {
	files, err := fs.Glob(docs.Events, "events/*.schema.json")
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	set := &Set{schemas: map[string]*jsonschema.Schema{}, examples: map[string][]json.RawMessage{}}
	for _, file := range files {
		text, err := fs.ReadFile(docs.Events, file)
		if err != nil {
			return nil, err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("docs/%s: %w", file, err)
		}
		var known struct {
			ID       string            `json:"$id"`
			Examples []json.RawMessage `json:"examples"`
		}
		if err := json.Unmarshal(text, &known); err != nil {
			return nil, fmt.Errorf("docs/%s: %w", file, err)
		}
		if known.ID != path.Base(file) {
			return nil, fmt.Errorf("docs/%s: its $id is %q", file, known.ID)
		}
		if err := compiler.AddResource(known.ID, doc); err != nil {
			return nil, fmt.Errorf("docs/%s: %w", file, err)
		}
		set.examples[kind(file)] = known.Examples
	}
	delete(set.examples, common)
	for name := range set.examples {
		if set.schemas[name], err = compiler.Compile(name + ".schema.json"); err != nil {
			return nil, fmt.Errorf("docs/events/%s.schema.json: %w", name, err)
		}
	}
	return set, nil
}

func kind(file string) string { return strings.TrimSuffix(path.Base(file), ".schema.json") }

// Types are the types that have a schema, sorted.
func (s *Set) Types() []string { return slices.Sorted(maps.Keys(s.schemas)) }

// Examples are those of a type's schema.
func (s *Set) Examples(kind string) []json.RawMessage { return s.examples[kind] }

// Check holds an event against the schema of its type. The error names every
// difference.
func (s *Set) Check(event []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(event))
	if err != nil {
		return fmt.Errorf("an event is not JSON: %w", err)
	}
	fields, _ := value.(map[string]any)
	kind, _ := fields["type"].(string)
	schema := s.schemas[kind]
	if schema == nil {
		return fmt.Errorf("docs/events has no schema for the type %q", kind)
	}
	if err := schema.Validate(value); err != nil {
		return fmt.Errorf("a %s is not as its schema says: %w", kind, err)
	}
	return nil
}
