package main

import "net/http"

// routes are the paths of the reference; the site knows what is there.
func routes(site http.Handler) http.Handler {
	mux := http.NewServeMux()
	for _, path := range []string{"/reference", "/reference/{file}", "/openapi.yaml", "/problems", "/problems/{name}"} {
		mux.Handle("GET "+path, site)
	}
	return mux
}
