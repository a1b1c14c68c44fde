// Package docs holds the description of the HTTP API and of the events, for
// those who serve it and for those who hold what is served against it.
package docs

import "embed"

// OpenAPI is openapi.yaml, an OpenAPI 3.1 document.
//
//go:embed openapi.yaml
var OpenAPI string

// Events are the JSON Schemas of the events, in the folder events.
//
//go:embed events/*.schema.json
var Events embed.FS
