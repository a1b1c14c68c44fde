// Command snapshot extracts facts (names, types, required, hashes of texts)
// about the affiliate, authorization and event operations from the two pinned packages:
//
//	go run ./local/contract/cmd/snapshot -oas <folder with affiliate_seller.json …> -pc <folder with api/ and models/>
//
// With -texts it prints, per field, the prose instead, for reading. local/contract/fetch
// fetches the packages and runs it.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"tiktok-shop-affiliate/local/contract"
)

func main() {
	oas := flag.String("oas", "", "folder of the official OpenAPI path files (npm @tts-open-toolkit/cli)")
	pc := flag.String("pc", "", "folder of the generated Python client (PyPI tiktok-shop-api)")
	out := flag.String("out", "local/contract", "where the snapshots are written")
	oasSource := flag.String("oas-source", "npm @tts-open-toolkit/cli 0.1.7", "what the official OpenAPI files are")
	pcSource := flag.String("pc-source", "PyPI tiktok-shop-api 0.1.0", "what the Python client is")
	texts := flag.Bool("texts", false, "print the texts, write nothing")
	flag.Parse()
	if err := run(*oas, *pc, *oasSource, *pcSource, *out, *texts); err != nil {
		fmt.Fprintln(os.Stderr, "snapshot:", err)
		os.Exit(1)
	}
}

// ours are the operations this product is about.
var ours = regexp.MustCompile(`^[A-Z]+ /(affiliate\w*|authorization|event)/`)

// field is a fact with its prose.
type field struct {
	contract.Fact
	prose string
}

func run(oasDir, pcDir, oasSource, pcSource, out string, texts bool) error {
	official, err := readOAS(oasDir)
	if err != nil {
		return err
	}
	pages, err := readPages(pcDir)
	if err != nil {
		return err
	}
	for _, d := range []struct {
		file, source string
		all          map[string]map[string]field
	}{
		{"oas.json", oasSource, official},
		{"partner-center.json", pcSource, pages},
	} {
		snapshot := contract.Description{Source: d.source, Operations: map[string]map[string]contract.Fact{}}
		for _, op := range slices.Sorted(maps.Keys(d.all)) {
			if !ours.MatchString(op) {
				continue
			}
			facts := map[string]contract.Fact{}
			for _, path := range slices.Sorted(maps.Keys(d.all[op])) {
				f := d.all[op][path]
				facts[path] = f.Fact
				if texts {
					fmt.Printf("%s | %s | %s | %s\n%s\n\n", d.file, op, path, f.Type, f.prose)
				}
			}
			snapshot.Operations[op] = facts
		}
		if texts {
			continue
		}
		b, err := json.MarshalIndent(snapshot, "", " ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, d.file), append(b, '\n'), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func newField(typ string, required bool, prose string) field {
	prose = strings.Join(strings.Fields(prose), " ")
	f := field{Fact: contract.Fact{Type: typ, Required: required}, prose: prose}
	if prose != "" {
		sum := sha256.Sum256([]byte(prose))
		f.Text = hex.EncodeToString(sum[:8])
	}
	return f
}

// --- the official OpenAPI files ---

type schema struct {
	Type        string            `json:"type"`
	Format      string            `json:"format"`
	Description string            `json:"description"`
	Properties  map[string]schema `json:"properties"`
	Items       *schema           `json:"items"`
	Required    []string          `json:"required"`
}

type content map[string]struct {
	Schema schema `json:"schema"`
}

type oasOperation struct {
	Description string `json:"description"`
	Parameters  []struct {
		Name, In, Description string
		Required              bool
		Schema                schema
	} `json:"parameters"`
	RequestBody struct {
		Content content `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Content content `json:"content"`
	} `json:"responses"`
}

func readOAS(dir string) (map[string]map[string]field, error) {
	all := map[string]map[string]field{}
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("no OpenAPI files in %q: %w", dir, err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var file struct {
			Paths map[string]map[string]oasOperation `json:"paths"`
		}
		if err := json.Unmarshal(b, &file); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for path, methods := range file.Paths {
			for method, op := range methods {
				fields := map[string]field{"": newField("operation", false, op.Description)}
				for _, p := range op.Parameters {
					if p.In != "header" {
						fields[p.In+"."+p.Name] = newField(p.Schema.kind(), p.Required, p.Description)
					}
				}
				for _, c := range op.RequestBody.Content {
					walk(fields, "body", c.Schema)
				}
				for _, c := range op.Responses["200"].Content {
					walk(fields, "data", c.Schema.Properties["data"])
				}
				all[strings.ToUpper(method)+" "+path] = fields
			}
		}
	}
	return all, nil
}

func walk(fields map[string]field, path string, s schema) {
	for name, p := range s.Properties {
		at, inner := path+"."+name, p
		if p.Type == "array" {
			inner = *p.Items
		}
		fields[at] = newField(p.kind(), slices.Contains(s.Required, name), p.Description)
		if p.Type == "array" {
			at += "[]"
		}
		walk(fields, at, inner)
	}
}

func (s schema) kind() string {
	switch {
	case s.Format == "binary":
		return "file"
	case s.Type == "integer":
		return "int"
	case s.Type == "boolean":
		return "bool"
	case s.Type == "array" && s.Items != nil:
		return "[]" + s.Items.kind()
	}
	return s.Type
}

// --- the Partner Center pages, through the Python models ---

var (
	classLine = regexp.MustCompile(`(?m)^class (\w+):`)
	enumLine  = regexp.MustCompile(`(?m)^class (\w+)\(StrEnum\):`)
	attribute = regexp.MustCompile(`^ {12}(\w+)(?: (\(.*))?$`)
	argument  = regexp.MustCompile(`^ {8}(\w+)(?: (\(.*))?$`)
	docstring = regexp.MustCompile(`(?s)""" ?(.*?)"""`)
	urlLine   = regexp.MustCompile(`"method": "(\w+)",\s+"url": "([^"]+)"`)
	queryLine = regexp.MustCompile(`params\["(\w+)"\] = `)
	returned  = regexp.MustCompile(`Response\[(\w+)\]`)
	ciphered  = regexp.MustCompile(`'method': '(\w+)',\s+'path': '([^']+)',\s+'requiresShopCipher': True`)
)

type attr struct{ name, typ, prose string }

// pages is the generated Python client as far as we read it.
type pages struct {
	classes map[string][]attr
	enums   map[string]bool // classes that are plain strings on the wire
}

func readPages(dir string) (map[string]map[string]field, error) {
	p := pages{classes: map[string][]attr{}, enums: map[string]bool{}}
	models, err := filepath.Glob(filepath.Join(dir, "models", "*.py"))
	if err != nil || len(models) == 0 {
		return nil, fmt.Errorf("no models in %q: %w", dir, err)
	}
	for _, name := range models {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if class, doc := classLine.FindSubmatch(b), docstring.FindSubmatch(b); class != nil && doc != nil {
			p.classes[string(class[1])] = attributes(string(doc[1]), attribute)
		} else if class := enumLine.FindSubmatch(b); class != nil {
			p.enums[string(class[1])] = true
		}
	}
	all := map[string]map[string]field{}
	apis, err := filepath.Glob(filepath.Join(dir, "api", "*", "*.py"))
	if err != nil {
		return nil, err
	}
	for _, name := range apis {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		url := urlLine.FindSubmatch(b)
		doc := docstring.FindSubmatch(b)
		if url == nil || doc == nil {
			continue
		}
		text := string(doc[1])
		summary, _, _ := strings.Cut(text, "Args:")
		summary, _, _ = strings.Cut(summary, "Raises:")
		fields := map[string]field{"": newField("operation", false, summary)}
		queries := map[string]bool{}
		for _, q := range queryLine.FindAllSubmatch(b, -1) {
			queries[string(q[1])] = true
		}
		for _, a := range attributes(text, argument) {
			wire := strings.TrimSuffix(a.name, "_")
			switch {
			case a.name == "body":
				p.expand(fields, "body", a.typ)
			case queries[wire]:
				typ, required := p.kind(a.typ)
				fields["query."+wire] = newField(typ, required, a.prose)
			default:
				typ, required := p.kind(a.typ)
				fields["path."+wire] = newField(typ, required, a.prose)
			}
		}
		answer := returned.FindSubmatch(b)
		for _, a := range p.classes[string(answer[1])] {
			if a.name == "data" {
				p.expand(fields, "data", a.typ)
			}
		}
		all[strings.ToUpper(string(url[1]))+" "+string(url[2])] = fields
	}
	meta, err := os.ReadFile(filepath.Join(dir, "_meta.py"))
	if err != nil {
		return nil, err
	}
	for _, m := range ciphered.FindAllSubmatch(meta, -1) {
		if fields := all[strings.ToUpper(string(m[1]))+" "+string(m[2])]; fields != nil {
			fields["query.shop_cipher"] = newField("string", true, "")
		}
	}
	return all, nil
}

// attributes reads the "name (type): text" entries of a docstring, each of
// which may go on over several lines.
func attributes(doc string, start *regexp.Regexp) []attr {
	var found []attr
	for line := range strings.Lines(doc) {
		line = strings.TrimRight(line, "\n")
		if m := start.FindStringSubmatch(line); m != nil {
			found = append(found, attr{name: m[1], prose: m[2]})
		} else if strings.HasPrefix(strings.TrimSpace(line), "Raises:") {
			break
		} else if len(found) > 0 {
			found[len(found)-1].prose += " " + strings.TrimSpace(line)
		}
	}
	for i := range found {
		found[i].typ, found[i].prose, _ = strings.Cut(found[i].prose, "):")
		found[i].typ = strings.TrimLeft(found[i].typ, " (")
	}
	return found
}

func (p pages) expand(fields map[string]field, path, typ string) {
	class := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(typ, " | Unset"), "list["), "]")
	for _, a := range p.classes[class] {
		kind, required := p.kind(a.typ)
		at := path + "." + strings.TrimSuffix(a.name, "_")
		fields[at] = newField(kind, required, a.prose)
		if strings.HasPrefix(kind, "[]") {
			at += "[]"
		}
		if !strings.HasSuffix(kind, "file") {
			p.expand(fields, at, a.typ)
		}
	}
}

// kind is the wire type of a Python type, and whether it must be there.
func (p pages) kind(t string) (kind string, required bool) {
	t, optional := strings.CutSuffix(t, " | Unset")
	if inner, ok := strings.CutPrefix(t, "list["); ok {
		kind, _ = p.kind(strings.TrimSuffix(inner, "]"))
		return "[]" + kind, !optional
	}
	switch {
	case t == "int":
		return "int", !optional
	case t == "float":
		return "number", !optional
	case t == "File":
		return "file", !optional
	case t == "str" || p.enums[t]:
		return "string", !optional
	case t == "bool":
		return "bool", !optional
	}
	return "object", !optional
}
