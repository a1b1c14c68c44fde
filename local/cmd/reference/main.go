// Command reference writes the reference of the API as files that a browser
// opens from the disk.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"tiktok-shop-affiliate/docs"
	"tiktok-shop-affiliate/shared/reference"
)

func main() {
	to := flag.String("to", ".local/reference", "folder to write to")
	flag.Parse()
	if err := write(*to); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
	fmt.Println(filepath.Join(*to, "index.html"))
}

func write(to string) error {
	site, err := reference.New(reference.Options{Description: docs.OpenAPI, Ext: ".html"})
	if err != nil {
		return err
	}
	for path, file := range site.Files() {
		body, err := file.Unpacked()
		if err != nil {
			return fmt.Errorf("unpacking %s: %w", path, err)
		}
		target := filepath.Join(to, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(target), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(target, body, 0o600); err != nil {
			return err
		}
	}
	return nil
}
