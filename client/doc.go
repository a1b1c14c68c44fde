// Package client calls the HTTP API from Go. client.gen.go is generated from
// docs/openapi.yaml by `make client`; the rest is signing in, and one way to see
// that a call was refused.
//
// Every route has a method on ClientWithResponses. Its answer holds the decoded
// body of each documented success, as JSON200 or JSON201; Refused turns anything
// else into an error, which is a *Problem wherever the API says why.
package client
