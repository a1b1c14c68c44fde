package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tiktok-shop-affiliate/shared/fault"
)

// Field is one fault of a request: a JSON pointer into the body or the name of
// a query or path parameter, and what is wrong with it.
type Field struct {
	Pointer   string `json:"pointer,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Detail    string `json:"detail"`
}

// Fields collects every fault of a request.
type Fields struct{ faults []Field }

// Body notes a fault at a JSON pointer such as "/items/0/product_id".
func (f *Fields) Body(pointer, format string, args ...any) {
	f.faults = append(f.faults, Field{Pointer: pointer, Detail: fmt.Sprintf(format, args...)})
}

// Parameter notes a fault of a query or path parameter.
func (f *Fields) Parameter(name, format string, args ...any) {
	f.faults = append(f.faults, Field{Parameter: name, Detail: fmt.Sprintf(format, args...)})
}

// InvalidError is a request with faults.
type InvalidError struct{ Fields []Field }

// Invalid makes an error of the faults.
func Invalid(fields ...Field) error { return &InvalidError{Fields: fields} }

// Error implements error.
func (e *InvalidError) Error() string {
	texts := make([]string, 0, len(e.Fields))
	for _, f := range e.Fields {
		texts = append(texts, strings.TrimSpace(f.Pointer+f.Parameter+" "+f.Detail))
	}
	return "invalid request: " + strings.Join(texts, "; ")
}

// FaultKind makes it fault.Invalid.
func (e *InvalidError) FaultKind() fault.Kind { return fault.Invalid }

// parameter is a struct field that is filled from the path or the query.
type parameter struct {
	index int
	name  string
	path  bool
}

// newDecoder looks at In once, when the route is added.
func newDecoder[In any]() func(http.ResponseWriter, *http.Request) (In, error) {
	kind := reflect.TypeFor[In]()
	var parameters []parameter
	hasBody := false
	for i := range kind.NumField() {
		field := kind.Field(i)
		switch {
		case field.Tag.Get("path") != "":
			parameters = append(parameters, parameter{i, field.Tag.Get("path"), true})
		case field.Tag.Get("query") != "":
			parameters = append(parameters, parameter{i, field.Tag.Get("query"), false})
		default:
			hasBody = hasBody || field.IsExported() && field.Tag.Get("json") != "-"
		}
	}
	return func(w http.ResponseWriter, r *http.Request) (in In, err error) {
		var faults Fields
		if hasBody {
			if err := decodeBody(w, r, &in); err != nil {
				return in, err
			}
		} else if n, _ := io.ReadFull(r.Body, make([]byte, 1)); n > 0 {
			faults.Body("", "this request takes no body")
		}
		fillParameters(r, parameters, reflect.ValueOf(&in).Elem(), &faults)
		if checked, ok := any(&in).(interface{ Validate(*Fields) }); ok && len(faults.faults) == 0 {
			checked.Validate(&faults)
		}
		if len(faults.faults) > 0 {
			return in, &InvalidError{Fields: faults.faults}
		}
		return in, nil
	}
}

func decodeBody(w http.ResponseWriter, r *http.Request, in any) error {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return Invalid(Field{Parameter: "Content-Type", Detail: "must be application/json"})
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		return fault.New("api", fault.TooLarge, fmt.Sprintf("The body is larger than %d KiB.", MaxBody>>10))
	}
	if !utf8.Valid(body) {
		return Invalid(Field{Detail: "the body is not valid UTF-8"})
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(in); err != nil {
		if unknown := unknownFields(body, reflect.TypeOf(in), ""); len(unknown) > 0 {
			return Invalid(unknown...)
		}
		return Invalid(bodyFault(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Invalid(Field{Detail: "the body goes on after the JSON value"})
	}
	if trimmed := bytes.TrimSpace(body); len(trimmed) == 0 || trimmed[0] != '{' {
		return Invalid(Field{Detail: "the body must be a JSON object"})
	}
	return nil
}

func bodyFault(err error) Field {
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrongType):
		return Field{Pointer: "/" + strings.ReplaceAll(wrongType.Field, ".", "/"), Detail: "must be a JSON " + jsonType(wrongType.Type) + ", not " + wrongType.Value}
	case errors.As(err, &syntax):
		return Field{Detail: fmt.Sprintf("the body is not JSON (at byte %d)", syntax.Offset)}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Field{Detail: "the body is empty or cut off"}
	}
	return Field{Detail: "the body has a value of the wrong form"}
}

// unknownFields names every field of a JSON value that the type has no place
// for. encoding/json names only the first, and not where it stands.
func unknownFields(value json.RawMessage, t reflect.Type, at string) (faults []Field) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Slice:
		var items []json.RawMessage
		if json.Unmarshal(value, &items) != nil {
			return nil
		}
		for i, item := range items {
			faults = append(faults, unknownFields(item, t.Elem(), fmt.Sprintf("%s/%d", at, i))...)
		}
	case reflect.Struct:
		var members map[string]json.RawMessage
		if json.Unmarshal(value, &members) != nil {
			return nil
		}
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if field, ok := fieldNamed(t, name); ok {
				faults = append(faults, unknownFields(members[name], field.Type, at+"/"+name)...)
			} else {
				faults = append(faults, Field{Pointer: at + "/" + name, Detail: "is not a field of this request"})
			}
		}
	}
	return faults
}

// fieldNamed finds a field by its JSON name, as encoding/json would.
func fieldNamed(t reflect.Type, name string) (reflect.StructField, bool) {
	for _, field := range reflect.VisibleFields(t) {
		tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.IsExported() && !field.Anonymous && tag != "-" && strings.EqualFold(cmp.Or(tag, field.Name), name) {
			return field, true
		}
	}
	return reflect.StructField{}, false
}

func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Struct, reflect.Map:
		return "object"
	case reflect.Pointer:
		return jsonType(t.Elem())
	}
	return "number"
}

func fillParameters(r *http.Request, parameters []parameter, in reflect.Value, faults *Fields) {
	query := r.URL.Query()
	for name, values := range query {
		if !slices.ContainsFunc(parameters, func(p parameter) bool { return !p.path && p.name == name }) {
			faults.Parameter(name, "is not a parameter of this request")
		} else if len(values) > 1 {
			faults.Parameter(name, "is given more than once")
		}
	}
	for _, p := range parameters {
		text := query.Get(p.name)
		if p.path {
			text = r.PathValue(p.name)
		}
		if text == "" {
			continue
		}
		if !utf8.ValidString(text) || !fill(in.Field(p.index), text) {
			faults.Parameter(p.name, "must be %s", parameterForm(in.Field(p.index)))
		}
	}
}

func fill(field reflect.Value, text string) bool {
	if at, ok := field.Addr().Interface().(*time.Time); ok {
		parsed, err := time.Parse(time.RFC3339, text)
		*at = parsed
		return err == nil
	}
	switch field.Kind() {
	case reflect.String:
		field.SetString(text)
		return true
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		field.SetInt(n)
		return err == nil
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		field.SetBool(b)
		return err == nil
	}
	return false
}

func parameterForm(field reflect.Value) string {
	switch field.Interface().(type) {
	case time.Time:
		return "a time like 2026-11-22T10:00:00Z"
	case int, int64:
		return "a whole number"
	case bool:
		return "true or false"
	}
	return "valid UTF-8 text"
}
