package invoke

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-lambda-go/events"
)

// show prints an answer. The error says that the function gave something back.
func show(out io.Writer, kind string, answer []byte) error {
	if kind == kindHTTP {
		return showResponse(out, answer)
	}
	fmt.Fprintf(out, "answer   %s\n", pretty(answer))
	var batch struct {
		Failures []json.RawMessage `json:"batchItemFailures"`
	}
	if json.Unmarshal(answer, &batch) == nil && len(batch.Failures) > 0 {
		return fmt.Errorf("%d messages were given back as failed", len(batch.Failures))
	}
	return nil
}

func showResponse(out io.Writer, answer []byte) error {
	var response events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(answer, &response); err != nil || response.StatusCode == 0 {
		fmt.Fprintf(out, "answer   %s\n", pretty(answer))
		return fmt.Errorf("the answer is not one to an HTTP request")
	}
	fmt.Fprintf(out, "status   %d\n", response.StatusCode)
	for _, name := range slices.Sorted(maps.Keys(response.Headers)) {
		fmt.Fprintf(out, "header   %s: %s\n", strings.ToLower(name), response.Headers[name])
	}
	for _, cookie := range response.Cookies {
		fmt.Fprintf(out, "header   set-cookie: %s\n", cookie)
	}
	body := []byte(response.Body)
	if response.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(response.Body)
		if err != nil {
			return fmt.Errorf("the body is not base64: %w", err)
		}
		body = decoded
	}
	fmt.Fprintf(out, "body     %s\n", pretty(body))
	return nil
}

func showCustom(out io.Writer, body []byte) error {
	fmt.Fprintf(out, "told     %s\n", pretty(body))
	var said cfn.Response
	if err := json.Unmarshal(body, &said); err != nil || said.Status != cfn.StatusSuccess {
		return fmt.Errorf("CloudFormation was told %s: %s", said.Status, said.Reason)
	}
	return nil
}

// pretty is a body as a person reads it.
func pretty(body []byte) string {
	var indented bytes.Buffer
	switch {
	case len(body) == 0:
		return "(empty)"
	case json.Indent(&indented, body, "         ", "  ") == nil:
		return indented.String()
	case !utf8.Valid(body):
		return fmt.Sprintf("(binary, %d bytes)", len(body))
	}
	return strings.ReplaceAll(strings.TrimRight(string(body), "\n"), "\n", "\n         ")
}
