package reference

import (
	"bytes"
	"encoding/json"
	"errors"

	"gopkg.in/yaml.v3"
)

// toJSON rewrites YAML as JSON in the same order, which is the order in which
// the viewer shows things.
func toJSON(text []byte) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) != 1 {
		return nil, errors.New("it is empty")
	}
	var out bytes.Buffer
	err := writeJSON(&out, doc.Content[0])
	return out.Bytes(), err
}

func writeJSON(out *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind {
	case yaml.MappingNode:
		return writeList(out, "{}", n.Content, func(i int) string { return ",:"[i%2 : i%2+1] })
	case yaml.SequenceNode:
		return writeList(out, "[]", n.Content, func(int) string { return "," })
	case yaml.AliasNode:
		return writeJSON(out, n.Alias)
	}
	var value any
	if err := n.Decode(&value); err != nil {
		return err
	}
	encoded, err := json.Marshal(value) // < and > are escaped, so it may stand in a script
	out.Write(encoded)
	return err
}

func writeList(out *bytes.Buffer, brackets string, nodes []*yaml.Node, separator func(int) string) error {
	out.WriteByte(brackets[0])
	for i, n := range nodes {
		if i > 0 {
			out.WriteString(separator(i))
		}
		if err := writeJSON(out, n); err != nil {
			return err
		}
	}
	out.WriteByte(brackets[1])
	return nil
}
