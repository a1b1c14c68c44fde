package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"tiktok-shop-affiliate/local/contract"
)

// facts are what the published descriptions say about one operation: "query.page_size",
// "body.material.ids", "data.orders[].id" → type.
type facts map[string]contract.Fact

// published are the facts of every described operation, named "METHOD /path".
func published() map[string]facts { return readContract().all }

// newest reports whether the newer description still has the operation.
func newest(operation string) bool { return readContract().newest[operation] != nil }

type publication struct{ all, newest map[string]facts }

// readContract takes names and types from the contract, once; every rule is written here.
var readContract = sync.OnceValue(func() publication { //nolint:gochecknoglobals // a function; what it read never changes
	c, err := contract.Load()
	if err != nil {
		panic(err) // embedded files that do not read are a broken build
	}
	all, newest := map[string]facts{}, map[string]facts{}
	for operation, fields := range c.PartnerCenter.Operations {
		newest[operation] = fields
	}
	for _, description := range []contract.Description{c.OAS, c.PartnerCenter} {
		for operation := range description.Operations {
			all[operation] = c.Fields(operation)
		}
	}
	return publication{all, newest}
})

// query lists the described query parameters.
func (f facts) query() (names []string) {
	for field := range f {
		if name, ok := strings.CutPrefix(field, "query."); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// paged reports whether the operation lists pages through its query.
func (f facts) paged() bool {
	_, size := f["query.page_size"]
	return size
}

func (f facts) has(field string) bool {
	_, described := f[field]
	return described
}

// multipart reports whether the operation takes a file.
func (f facts) multipart() bool { return f["body.data"].Type == "file" }

// checkBody refuses a body that is no JSON object, and every field of it that is
// not described or has another type.
func (c *call) checkBody(rt *route) error {
	if len(c.rawBody) == 0 || rt.facts.multipart() {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(string(c.rawBody)))
	decoder.UseNumber()
	var body any
	if err := decoder.Decode(&body); err != nil {
		return errBodyForm
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errBodyForm
	}
	object, ok := body.(map[string]any)
	if !ok {
		return invalid("the body must be an object")
	}
	if fault := rt.facts.violation("body", object, c.settings.Lenient); fault != "" {
		return invalid("%s", fault)
	}
	return nil
}

// violation says what is wrong with an object by its description; empty = nothing.
// Lenient lets fields pass that are not described.
func (f facts) violation(at string, object map[string]any, lenient bool) string {
	for name, value := range object {
		field := at + "." + name
		fact, described := f[field]
		switch {
		case !described && lenient, value == nil:
			continue
		case !described:
			return field + " is not a field of this operation"
		}
		kind, isList := strings.CutPrefix(fact.Type, "[]")
		list, gotList := value.([]any)
		if isList != gotList {
			return field + " must be " + fact.Type
		}
		inside := field + "[]"
		if !isList {
			list, inside = []any{value}, field
		}
		for _, element := range list {
			if jsonType(element) != kind {
				return field + " must be " + fact.Type
			}
			if inner, ok := element.(map[string]any); ok {
				if fault := f.violation(inside, inner, lenient); fault != "" {
					return fault
				}
			}
		}
	}
	return ""
}

// checkAnswer refuses to send what is not described, so that the sandbox and a
// client cannot agree on a mistake.
func (f facts) checkAnswer(data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		return err
	}
	if fault := f.violation("data", object, false); fault != "" {
		return &refusal{http.StatusInternalServerError, 36009003, "the sandbox's own answer is wrong: " + fault}
	}
	return nil
}

// checkParameters refuses query parameters that are not numbers or truth values
// where the description has them.
func (f facts) checkParameters(query url.Values) error {
	for name, values := range query {
		var err error
		switch f["query."+name].Type {
		case "int":
			_, err = strconv.ParseInt(values[0], 10, 64)
		case "bool":
			_, err = strconv.ParseBool(values[0])
		}
		if err != nil {
			return invalid("%s must be %s", name, f["query."+name].Type)
		}
	}
	return nil
}

// jsonType names the type of a decoded value as the facts do.
func jsonType(value any) string {
	switch value := value.(type) {
	case string:
		return "string"
	case bool:
		return "bool"
	case map[string]any:
		return "object"
	case json.Number:
		if _, err := value.Int64(); err == nil {
			return "int"
		}
	}
	return "undescribed"
}

// missing names a required field of the body that was not sent; empty = none.
func (f facts) missing(at string, object map[string]any) string {
	for _, field := range byKey(f) {
		name, ok := strings.CutPrefix(field, at+".")
		if !ok || strings.ContainsAny(name, ".[") {
			continue
		}
		value, sent := object[name]
		if f[field].Required && (!sent || value == nil) {
			return field
		}
		inner := []any{value}
		if list, ok := value.([]any); ok {
			inner, field = list, field+"[]"
		}
		for _, element := range inner {
			if object, ok := element.(map[string]any); ok {
				if gone := f.missing(field, object); gone != "" {
					return gone
				}
			}
		}
	}
	return ""
}
