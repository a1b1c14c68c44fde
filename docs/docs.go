// Package docs holds the description of the HTTP API, for those who serve it
// and for those who hold the handlers against it.
package docs

import _ "embed"

// OpenAPI is openapi.yaml, an OpenAPI 3.1 document.
//
//go:embed openapi.yaml
var OpenAPI string
