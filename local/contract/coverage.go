package contract

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Coverage is docs/coverage.md: every described operation, what calls it and
// what tests it. root is the folder of the repository.
func Coverage(c *Contract, root string) ([]byte, error) {
	uses, err := readUses(root)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `# Coverage of the TikTok Shop Affiliate APIs

Written by `+"`go run ./local/contract/cmd/gen`"+`; `+"`make ci`"+` fails when it is old.

%d operations have a method, %d more are described and have none. The descriptions are %s and %s.
The contract test compares path, parameters, fields and types of every method with both, and
TestEveryOperationOverTheWire sends every field of its request and reads every field of its answer;
the last column names the tests that use a method besides.

| Operation | Version | Scope | Method | Used by | Also tested in | Status |
|---|---|---|---|---|---|---|
`, len(c.Overrides.Operations), len(c.Overrides.Others), c.OAS.Source, c.PartnerCenter.Source)
	operations := slices.Clone(c.Overrides.Operations)
	slices.SortFunc(operations, func(a, b Operation) int { return strings.Compare(a.Method, b.Method) })
	for _, o := range operations {
		name, version := split(o.Op)
		scope := o.Scope
		if scope == "" {
			scope = "not documented"
		}
		status := o.Status
		if status == "" {
			status = "current"
		}
		called := uses[strings.ReplaceAll(o.Method, ".", "")]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s |\n", name, version, scope, o.Method, list(called.functions), list(called.tests), status)
	}
	fmt.Fprintf(&b, "\n## Described, without a method\n\n| Operation | Version | Status | Successor | Note |\n|---|---|---|---|---|\n")
	for _, o := range c.Overrides.Others {
		name, version := split(o.Op)
		successor := o.Successor
		if successor != "" {
			successor = "`" + successor + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", name, version, o.Status, successor, o.Note)
	}
	fmt.Fprintf(&b, "\n## Where the two descriptions differ\n\n| Operation | Field | Why |\n|---|---|---|\n")
	for _, d := range c.Overrides.Deviations {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", d.Op, d.Field, d.Reason)
	}
	for _, o := range operations {
		for _, field := range slices.Sorted(maps.Keys(o.Omit)) {
			fmt.Fprintf(&b, "| `%s` | `%s` | left out: %s |\n", o.Op, field, o.Omit[field])
		}
	}
	return b.Bytes(), nil
}

// split takes the version out of an operation.
func split(op string) (name, version string) {
	parts := strings.Split(op, "/")
	return strings.Join(slices.Delete(slices.Clone(parts), 2, 3), "/"), parts[2]
}

func list(names map[string]bool) string { return strings.Join(slices.Sorted(maps.Keys(names)), ", ") }

// use says who mentions an operation.
type use struct{ functions, tests map[string]bool }

// withoutRequest are the operations without a request type, which are found by
// the method's name.
func withoutRequest(method string) string {
	switch method {
	case "AuthorizedShops", "DeauthorizeShop":
		return "Seller" + method
	case "CategoryAssets":
		return "Partner" + method
	case "Profile":
		return "Creator" + method
	}
	return ""
}

// readUses looks for the operations in functions/, cmd/ and shared/. What a
// package in shared/ calls is used by the functions that mention one of its
// names from which the call can be reached.
func readUses(root string) (map[string]use, error) {
	uses := map[string]use{}
	of := func(op string) use {
		if _, ok := uses[op]; !ok {
			uses[op] = use{map[string]bool{}, map[string]bool{}}
		}
		return uses[op]
	}
	mentions := map[string]map[string]bool{} // "shared/link.Maker" to the names its declaration mentions
	for _, top := range []string{"functions", "cmd", "shared", "local/firstday"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_gen.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			folder, err := filepath.Rel(root, filepath.Dir(path))
			if err != nil {
				return err
			}
			folder = filepath.ToSlash(folder)
			for _, decl := range file.Decls {
				names := mentioned(decl, folder)
				if strings.HasSuffix(path, "_test.go") {
					for name := range names {
						if op, ok := strings.CutPrefix(name, "operation "); ok {
							of(op).tests[folder] = true
						}
					}
					continue
				}
				for _, owner := range owners(decl) {
					key := folder + "." + owner
					if mentions[key] == nil {
						mentions[key] = map[string]bool{}
					}
					maps.Copy(mentions[key], names)
				}
			}
			return nil
		})
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
	}
	for start := range mentions {
		folder, name, _ := strings.Cut(start, ".")
		function, isFunction := strings.CutPrefix(folder, "functions/")
		if !isFunction || name != "main" {
			continue
		}
		seen, next := map[string]bool{}, []string{start}
		for len(next) > 0 {
			at := next[0]
			next = next[1:]
			for name := range mentions[at] {
				if op, ok := strings.CutPrefix(name, "operation "); ok {
					of(op).functions[function] = true
				} else if !seen[name] {
					seen[name] = true
					next = append(next, name)
				}
			}
		}
	}
	return uses, nil
}

// owners are the names a declaration belongs to; a method belongs to its type.
func owners(decl ast.Decl) []string {
	var names []string
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return []string{d.Name.Name}
		}
		typ := d.Recv.List[0].Type
		for {
			switch t := typ.(type) {
			case *ast.StarExpr:
				typ = t.X
				continue
			case *ast.IndexExpr:
				typ = t.X
				continue
			case *ast.Ident:
				return []string{t.Name}
			}
			return nil
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, s.Name.Name)
			case *ast.ValueSpec:
				for _, name := range s.Names {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}

// mentioned are the operations and the names of packages that a declaration
// mentions.
func mentioned(decl ast.Decl, folder string) map[string]bool {
	found := map[string]bool{}
	ast.Inspect(decl, func(n ast.Node) bool {
		switch e := n.(type) {
		case *ast.SelectorExpr:
			if op := withoutRequest(e.Sel.Name); op != "" {
				found["operation "+op] = true
			}
			if pkg, ok := e.X.(*ast.Ident); ok {
				if op, ok := strings.CutSuffix(e.Sel.Name, "Request"); ok && pkg.Name == "tiktokshop" {
					found["operation "+op] = true
				}
				found["shared/"+pkg.Name+"."+e.Sel.Name] = true
			}
		case *ast.Ident:
			found[folder+"."+e.Name] = true
		}
		return true
	})
	return found
}
