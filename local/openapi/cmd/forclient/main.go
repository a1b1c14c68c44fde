// Command forclient prints the part of docs/openapi.yaml that the Go client is
// generated from: the routes under /v1, where every refusal is one default
// answer, a problem. A caller of the client has one way to fail, not twelve.
package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"gopkg.in/yaml.v3"

	"tiktok-shop-affiliate/docs"
)

func main() {
	out, err := derive(docs.OpenAPI)
	if err != nil {
		fmt.Fprintln(os.Stderr, "forclient:", err)
		os.Exit(1)
	}
	_, _ = os.Stdout.Write(out)
}

func derive(description string) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(description), &doc); err != nil {
		return nil, err
	}
	paths := value(doc.Content[0], "paths")
	keep(paths, func(path string) bool { return strings.HasPrefix(path, "/v1/") })
	for i := 1; i < len(paths.Content); i += 2 {
		for j := 1; j < len(paths.Content[i].Content); j += 2 {
			responses := value(paths.Content[i].Content[j], "responses")
			if responses == nil {
				continue // the path's own parameters
			}
			keep(responses, func(status string) bool { return status < "300" })
			for k := 1; k < len(responses.Content); k += 2 {
				keep(responses.Content[k], func(key string) bool { return key != "headers" }) // the HTTP answer has them
			}
			var refusal yaml.Node
			if err := yaml.Unmarshal([]byte(problem), &refusal); err != nil {
				return nil, err
			}
			responses.Content = append(responses.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "default"}, refusal.Content[0])
		}
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err := encoder.Encode(&doc)
	return out.Bytes(), err
}

const problem = `
description: Refused
content:
  application/problem+json:
    schema: {$ref: "#/components/schemas/Problem"}
`

// value is what a mapping has under a key.
func value(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; mapping.Kind == yaml.MappingNode && i < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// keep drops the entries of a mapping whose key is not wanted.
func keep(mapping *yaml.Node, wanted func(key string) bool) {
	var kept []*yaml.Node
	for i := 0; i < len(mapping.Content); i += 2 {
		if wanted(mapping.Content[i].Value) {
			kept = append(kept, mapping.Content[i], mapping.Content[i+1])
		}
	}
	mapping.Content = kept
}
