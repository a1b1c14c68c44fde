package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Check holds an answer, and the request when it was accepted, against the
// description. The error names every difference.
func (d *Document) Check(request *http.Request, sent []byte, answer *http.Response, got []byte) error {
	route := request.Method + " " + request.URL.Path
	op, values, found := d.Find(request.Method, request.URL.EscapedPath())
	if !found {
		if answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusMethodNotAllowed {
			return nil // nothing is there, and nothing is described
		}
		return fmt.Errorf("%s is not described, and answers %d", route, answer.StatusCode)
	}
	faults := d.answer(op, answer, got)
	if answer.StatusCode < http.StatusMultipleChoices && op.Scope() != "" { // TikTok Shop and browsers may send what they like
		faults = append(faults, d.request(op, request, values, sent)...)
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("%s, answered with %d, is not as docs/openapi.yaml says: %w", route, answer.StatusCode, errors.Join(faults...))
}

func (d *Document) answer(op Operation, answer *http.Response, body []byte) (faults []error) {
	response := op.node.Get("responses", strconv.Itoa(answer.StatusCode))
	if !response.Exists() {
		return []error{fmt.Errorf("the status is not described: %.300s", body)}
	}
	for _, name := range response.Get("headers").Keys() {
		header := response.Get("headers", name)
		value := answer.Header.Get(name)
		switch {
		case value != "":
			faults = d.text(faults, header.Get("schema"), "the header "+name, value)
		case header.Get("required").Text() == "true":
			faults = append(faults, fmt.Errorf("the header %s is missing", name))
		}
	}
	content := response.Get("content")
	if !content.Exists() {
		if len(body) > 0 {
			faults = append(faults, fmt.Errorf("a body where none is described: %.100s", body))
		}
		return faults
	}
	media, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err != nil || !content.Get(media).Exists() {
		return append(faults, fmt.Errorf("the content type %q is not described", answer.Header.Get("Content-Type")))
	}
	if !strings.HasSuffix(media, "json") {
		return faults
	}
	faults = d.json(faults, content.Get(media, "schema"), "the answer", body)
	for _, text := range timeLike.FindAllString(string(body), -1) {
		if !timeForm.MatchString(text) {
			faults = append(faults, fmt.Errorf("the time %s is not in UTC", text))
		}
	}
	if media == "application/problem+json" {
		var problem struct {
			Status int `json:"status"`
		}
		if err := json.Unmarshal(body, &problem); err == nil && problem.Status != answer.StatusCode {
			faults = append(faults, fmt.Errorf("the problem says the status is %d", problem.Status))
		}
	}
	return faults
}

// Answers write times in UTC.
var (
	timeLike = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:[^"]*"`)
	timeForm = regexp.MustCompile(`^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"$`)
)

// request checks what was accepted: nothing may work that is not described.
func (d *Document) request(op Operation, request *http.Request, values map[string]string, body []byte) (faults []error) {
	query := request.URL.Query()
	for _, p := range op.Parameters() {
		name, value := p.Get("name").Text(), ""
		switch p.Get("in").Text() {
		case "path":
			value = values[name]
		case "query":
			value = query.Get(name)
			query.Del(name)
		case "header":
			value = request.Header.Get(name)
		}
		switch {
		case value != "":
			faults = d.text(faults, p.Get("schema"), "the parameter "+name, value)
		case p.Get("required").Text() == "true":
			faults = append(faults, fmt.Errorf("the required parameter %s was not given", name))
		}
	}
	for name := range query {
		faults = append(faults, fmt.Errorf("the parameter %s is not described", name))
	}
	schema := op.Body()
	if schema.Exists() {
		return d.json(faults, schema, "the request", body)
	}
	if len(body) > 0 {
		faults = append(faults, errors.New("a request body where none is described"))
	}
	return faults
}

// text checks a parameter or header against its schema.
func (d *Document) text(faults []error, schema Node, what, text string) []error {
	var value any = text
	switch schema.Get("type").Text() {
	case "integer", "number":
		value = json.Number(text)
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return append(faults, fmt.Errorf("%s is %q, not a number", what, text))
		}
	case "boolean":
		parsed, err := strconv.ParseBool(text)
		if err != nil {
			return append(faults, fmt.Errorf("%s is %q, neither true nor false", what, text))
		}
		value = parsed
	}
	return d.value(faults, schema, what, value)
}

func (d *Document) json(faults []error, schema Node, what string, body []byte) []error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return append(faults, fmt.Errorf("%s is not JSON: %w", what, err))
	}
	return d.value(faults, schema, what, value)
}

func (d *Document) value(faults []error, schema Node, what string, value any) []error {
	compiled, err := d.schema(schema)
	if err == nil {
		err = compiled.Validate(value)
	}
	if err != nil {
		faults = append(faults, fmt.Errorf("%s: %w", what, err))
	}
	return faults
}
