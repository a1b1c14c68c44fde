package apitest

import (
	"iter"
	"reflect"
	"strings"
)

// jsonField is a field as encoding/json sees it.
type jsonField struct {
	name     string
	kind     reflect.Type
	optional bool // left out when empty
}

// hasBody reports whether a request has a body: a field that is neither in the
// path nor in the query.
func hasBody(t reflect.Type) bool {
	for field := range fields(t) {
		if field.Tag.Get("path") == "" && field.Tag.Get("query") == "" && field.Tag.Get("json") != "-" {
			return true
		}
	}
	return false
}

// fields are the exported fields of a struct, those of embedded structs included.
func fields(t reflect.Type) iter.Seq[reflect.StructField] {
	return func(yield func(reflect.StructField) bool) {
		for _, field := range reflect.VisibleFields(t) {
			if field.IsExported() && !(field.Anonymous && field.Tag.Get("json") == "") && !yield(field) {
				return
			}
		}
	}
}

// jsonFields are the fields that stand in the JSON of a struct. An outer field
// hides an embedded one of the same name; one that is always left out hides it
// for good.
func jsonFields(t reflect.Type) iter.Seq[jsonField] {
	return func(yield func(jsonField) bool) {
		if t.Kind() != reflect.Struct {
			return
		}
		depth := map[string]int{}
		for field := range fields(t) {
			name := jsonName(field)
			if at, seen := depth[name]; !seen || len(field.Index) < at {
				depth[name] = len(field.Index)
			}
		}
		for field := range fields(t) {
			name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name == "-" || depth[jsonName(field)] < len(field.Index) {
				continue
			}
			if field.Type == reflect.TypeFor[*struct{}]() { // never set: see the views of reviews and runs
				continue
			}
			if !yield(jsonField{jsonName(field), field.Type, strings.Contains(options, "omit")}) {
				return
			}
		}
	}
}

func jsonName(field reflect.StructField) string {
	if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
		return name
	}
	return field.Name
}
