package api

import (
	"bytes"
	"cmp"
	"encoding"
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

// Invalid makes an error of the faults, of at most maxFaults.
func Invalid(fields ...Field) error {
	return &InvalidError{Fields: fields[:min(len(fields), maxFaults)]}
}

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

// maxFaults is how many faults are told at once.
const maxFaults = 100

// parameter is a struct field that is filled from the path or the query.
type parameter struct {
	index int
	name  string
	path  bool
}

// decoder reads one type of request. It looks at the type once, when the route
// is added.
type decoder struct {
	kind       reflect.Type
	parameters []parameter
	hasBody    bool
	maxBody    int64
}

func newDecoder(kind reflect.Type) *decoder {
	d := &decoder{kind: kind, maxBody: MaxBody}
	for i := range kind.NumField() {
		field := kind.Field(i)
		switch {
		case field.Tag.Get("path") != "":
			d.parameters = append(d.parameters, parameter{i, field.Tag.Get("path"), true})
		case field.Tag.Get("query") != "":
			d.parameters = append(d.parameters, parameter{i, field.Tag.Get("query"), false})
		default:
			d.hasBody = d.hasBody || field.IsExported() && field.Tag.Get("json") != "-"
		}
	}
	return d
}

// field names a field of the request in a fault, wherever it comes from.
func (d *decoder) field(name, detail string) Field {
	if slices.ContainsFunc(d.parameters, func(p parameter) bool { return p.name == name }) {
		return Field{Parameter: name, Detail: detail}
	}
	return Field{Pointer: "/" + name, Detail: detail}
}

// decode fills in, a pointer to a request, and returns the body as it came.
func (d *decoder) decode(w http.ResponseWriter, r *http.Request, in any) (body []byte, err error) {
	var faults Fields
	if d.hasBody {
		if body, err = d.decodeBody(w, r, in); err != nil {
			return nil, err
		}
	} else if n, _ := io.ReadFull(r.Body, make([]byte, 1)); n > 0 {
		faults.Body("", "this request takes no body")
	}
	fillParameters(r, d.parameters, reflect.ValueOf(in).Elem(), &faults)
	if checked, ok := in.(interface{ Validate(*Fields) }); ok && len(faults.faults) == 0 {
		checked.Validate(&faults)
	}
	if acting, ok := in.(targeted); ok {
		if target := acting.Target(); target.ConnectionID == "" && !target.Optional {
			faults.faults = append(faults.faults, d.field("connection_id", "is required"))
		}
	}
	if len(faults.faults) > 0 {
		return nil, Invalid(faults.faults...)
	}
	return body, nil
}

func (d *decoder) decodeBody(w http.ResponseWriter, r *http.Request, in any) ([]byte, error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, Invalid(Field{Parameter: "Content-Type", Detail: "must be application/json"})
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, d.maxBody))
	if err != nil {
		return nil, fault.New("api", fault.TooLarge, fmt.Sprintf("The body is larger than %d KiB.", d.maxBody>>10))
	}
	if !utf8.Valid(body) {
		return nil, Invalid(Field{Detail: "the body is not valid UTF-8"})
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(in); err != nil {
		if json.Valid(body) {
			if faults := shapeFaults(body, d.kind, ""); len(faults) > 0 {
				return nil, Invalid(faults...)
			}
		}
		return nil, Invalid(bodyFault(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, Invalid(Field{Detail: "the body goes on after the JSON value"})
	}
	if trimmed := bytes.TrimSpace(body); len(trimmed) == 0 || trimmed[0] != '{' {
		return nil, Invalid(Field{Detail: "the body must be a JSON object"})
	}
	return body, d.misplaced(body)
}

// misplaced refuses what belongs into the path or the query and stands in the
// body, where encoding/json would take it for the field.
func (d *decoder) misplaced(body []byte) error {
	if len(d.parameters) == 0 {
		return nil
	}
	var members map[string]json.RawMessage
	_ = json.Unmarshal(body, &members) // it is an object
	var faults []Field
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if slices.ContainsFunc(d.parameters, func(p parameter) bool { return strings.EqualFold(d.kind.Field(p.index).Name, name) }) {
			faults = append(faults, Field{Pointer: "/" + pointerEscape(name), Detail: "is not a field of this request"})
		}
	}
	if len(faults) > 0 {
		return Invalid(faults...)
	}
	return nil
}

func bodyFault(err error) Field {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return Field{Detail: fmt.Sprintf("the body is not JSON (at byte %d)", syntax.Offset)}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Field{Detail: "the body is empty or cut off"}
	}
	return Field{Detail: "the body has a value of the wrong form"}
}

// shapeFaults names every field of a JSON value that the type has no place for,
// and every value that its field cannot hold. encoding/json names only the
// first.
func shapeFaults(value json.RawMessage, t reflect.Type, at string) (faults []Field) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	fits := func() bool { return json.Unmarshal(value, reflect.New(t).Interface()) == nil }
	got, want := typeOf(value), jsonType(t)
	switch pointer := reflect.PointerTo(t); {
	case pointer.Implements(reflect.TypeFor[json.Unmarshaler]()), pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		if !fits() {
			faults = []Field{{Pointer: at, Detail: "has a value of the wrong form"}}
		}
		return faults
	case got == "null" || want == "any":
		return nil
	case got != want:
		return []Field{{Pointer: at, Detail: "must be a JSON " + want + ", not " + got}}
	}
	switch t.Kind() {
	case reflect.Slice:
		var items []json.RawMessage
		_ = json.Unmarshal(value, &items) // it is an array
		for i, item := range items {
			faults = append(faults, shapeFaults(item, t.Elem(), fmt.Sprintf("%s/%d", at, i))...)
		}
	case reflect.Struct:
		var members map[string]json.RawMessage
		_ = json.Unmarshal(value, &members) // it is an object
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if field, ok := fieldNamed(t, name); ok {
				faults = append(faults, shapeFaults(members[name], field.Type, at+"/"+name)...)
			} else {
				faults = append(faults, Field{Pointer: at + "/" + pointerEscape(name), Detail: "is not a field of this request"})
			}
		}
	default:
		if !fits() {
			faults = []Field{{Pointer: at, Detail: "is a number this field cannot hold"}}
		}
	}
	return faults
}

// pointerEscape writes a name as a part of a JSON pointer (RFC 6901).
func pointerEscape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// typeOf is the JSON type of a valid JSON value.
func typeOf(value json.RawMessage) string {
	switch bytes.TrimSpace(value)[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
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
	case reflect.Interface:
		return "any"
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
		text, given := query.Get(p.name), query.Has(p.name)
		if p.path {
			text = r.PathValue(p.name)
			given = text != ""
		}
		switch {
		case !given:
		case text == "":
			faults.Parameter(p.name, "must not be empty; leave it out instead")
		case !utf8.ValidString(text) || !fill(in.Field(p.index), text):
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
