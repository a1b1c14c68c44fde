// Command gen writes shared/tiktokshop/*_gen.go and docs/coverage.md from the
// committed contract.
//
//	go run ./local/contract/cmd/gen          write
//	go run ./local/contract/cmd/gen -check   fail when the files or the reviewed texts differ
//	go run ./local/contract/cmd/gen -accept  the texts behind the overrides were read again: remember their hashes
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"tiktok-shop-affiliate/local/contract"
)

func main() {
	out := flag.String("out", "shared/tiktokshop", "package folder")
	home := flag.String("contract", "local/contract", "folder of the contract")
	check := flag.Bool("check", false, "write nothing, fail on a difference")
	accept := flag.Bool("accept", false, "record the texts as read")
	flag.Parse()
	if err := run(*out, *home, *check, *accept); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(out, home string, check, accept bool) error {
	c, err := contract.Load()
	if err != nil {
		return err
	}
	if accept {
		b, err := json.MarshalIndent(c.Texts(), "", " ")
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(home, "reviewed.json"), append(b, '\n'), 0o644)
	}
	if changed := c.Unread(); len(changed) > 0 {
		return fmt.Errorf("these texts changed since they were read; read them (cmd/snapshot -texts), correct overrides.yaml, then run with -accept:\n%q", changed)
	}
	files, err := contract.Generate(c)
	if err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(out, "*_gen.go"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if _, ok := files[filepath.Base(name)]; ok {
			continue
		}
		if check {
			return fmt.Errorf("%s is no longer generated; run without -check", name)
		}
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	written := map[string][]byte{}
	for name, source := range files {
		written[filepath.Join(out, name)] = source
	}
	if written[filepath.Join("docs", "coverage.md")], err = contract.Coverage(c, "."); err != nil {
		return err
	}
	if err := os.MkdirAll("docs", 0o755); err != nil {
		return err
	}
	for name, source := range written {
		have, err := os.ReadFile(name)
		switch {
		case err == nil && bytes.Equal(have, source):
		case check:
			return fmt.Errorf("%s differs from the contract; run go run ./local/contract/cmd/gen", name)
		default:
			if err := os.WriteFile(name, source, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
