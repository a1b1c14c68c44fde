// Package reference is the reference of the HTTP API for people: a page about
// every route, made from docs/openapi.yaml by a viewer that is part of the
// package, and a page about every type of problem. Nothing is loaded from
// elsewhere.
package reference

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"

	"tiktok-shop-affiliate/shared/api"
)

//go:embed pages viewer/redoc.js.gz viewer/LICENSE.txt
var files embed.FS

// Title is the name of the API on the pages.
const Title = "TikTok Shop affiliate back end"

// File is one file of the reference.
type File struct {
	Type   string // media type
	Body   []byte
	Packed bool // Body is compressed with gzip
}

// Options say where the pages are shown.
type Options struct {
	Description string // an OpenAPI document in YAML; empty: only the pages about problems
	Ext         string // ".html" for files on disk; empty behind the API
}

// Site is the reference, ready to be served or written.
type Site struct {
	files   map[string]File
	missing File
}

// view is what the templates show.
type view struct {
	Title, Heading string
	Up, Home, Ext  string // how pages link to each other
	Problem        api.ProblemType
	Problems       []api.ProblemType
}

// New makes all pages.
func New(options Options) (*Site, error) {
	pages, err := template.ParseFS(files, "pages/*.html")
	if err != nil {
		return nil, err
	}
	s := &Site{files: map[string]File{}}
	home := ""
	if options.Description != "" {
		home = "reference"
		if options.Ext != "" {
			home = "index.html"
		}
	}
	render := func(name string, v view) (File, error) {
		v.Title, v.Home, v.Ext = Title, home, options.Ext
		var html bytes.Buffer
		if err := pages.ExecuteTemplate(&html, name, v); err != nil {
			return File{}, fmt.Errorf("rendering %s: %w", name, err)
		}
		return File{Type: "text/html; charset=utf-8", Body: html.Bytes()}, nil
	}
	add := func(path, name string, v view) {
		file, renderErr := render(name, v)
		if renderErr != nil {
			err = renderErr
		}
		s.files[path] = file
	}
	problems := api.Problems()
	add("/problems"+options.Ext, "problems", view{Heading: "Problems", Problems: problems})
	for _, p := range problems {
		add("/problems/"+p.Slug()+options.Ext, "problem", view{Heading: p.Title, Up: "../", Problem: p})
	}
	if options.Description != "" {
		add("/"+home, "reference.html", view{})
		err = firstError(err, s.addViewer(options.Description))
	}
	err = firstError(err, s.embedded("/reference/style.css", "pages/style.css", "text/css; charset=utf-8", false))
	missing, renderErr := render("missing", view{Heading: "Not found", Up: "/"}) // at whatever address
	s.missing = missing
	return s, firstError(err, renderErr)
}

// addViewer adds the viewer and what it shows.
func (s *Site) addViewer(description string) error {
	described, err := toJSON([]byte(description))
	if err != nil {
		return fmt.Errorf("reading the description: %w", err)
	}
	const script = "text/javascript; charset=utf-8"
	s.files["/openapi.yaml"] = File{Type: "application/yaml; charset=utf-8", Body: []byte(description)}
	s.files["/reference/openapi.js"] = File{Type: script, Body: fmt.Appendf(nil, "var description = %s;\n", described)}
	return firstError(
		s.embedded("/reference/redoc.js", "viewer/redoc.js.gz", script, true),
		s.embedded("/reference/redoc.js.LICENSE.txt", "viewer/LICENSE.txt", "text/plain; charset=utf-8", false),
		s.embedded("/reference/page.js", "pages/page.js", script, false),
	)
}

func (s *Site) embedded(path, name, mediaType string, packed bool) error {
	body, err := files.ReadFile(name)
	s.files[path] = File{Type: mediaType, Body: body, Packed: packed}
	return err
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Files are all files by their path, e.g. "/problems/not-found".
func (s *Site) Files() map[string]File { return s.files }

// policy lets the pages load nothing but their own files. The viewer searches in
// a worker that it makes itself.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; worker-src blob:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ServeHTTP implements http.Handler.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file, found := s.files[r.URL.Path]
	status := http.StatusOK
	if !found {
		file, status = s.missing, http.StatusNotFound
	}
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "public, max-age=300")
	file.write(w, r, status)
}
