// Package api is the middle of the HTTP API: every request takes one path
// through owner, scope, strict decoding and validation to a typed handler, and
// every error leaves as one kind of problem document.
package api

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/lambdahttp"
)

// Scope is what a token must allow.
type Scope string

// The scopes of the API. API Gateway checks them first; so do we, so that a
// route that is deployed with the wrong scope does not open up.
const (
	Read  Scope = "affiliate/read"
	Write Scope = "affiliate/write"
	Admin Scope = "affiliate/admin"
)

// MaxBody is the largest request body, in bytes.
const MaxBody = lambdahttp.MaxBody

// Call is what a handler knows of its caller.
type Call struct {
	Owner   string // whose connections and data the caller may touch
	BaseURL string // address people reach the API under, e.g. "https://api.example.com"

	route  string
	cursor *Cursors
}

// Answer wraps a result that needs a status other than 200.
type Answer[T any] struct {
	Status int
	Body   T
}

// Router serves the routes of one function.
type Router struct {
	owners  Owners
	cursors *Cursors
	baseURL string
	mux     *http.ServeMux
	routes  []Route
}

// Option is a part of the middle that not every function has.
type Option func(*Router)

// WithBaseURL sets the address people reach the API under; empty, or without
// this option, it is the one that each request came to.
func WithBaseURL(address string) Option { return func(r *Router) { r.baseURL = address } }

// Route is what a router knows of one of its routes, for those who hold it
// against its description.
type Route struct {
	Pattern string // "POST /v1/links"
	Scope   Scope
	In, Out reflect.Type // of the request and of the answer's body
}

// Routes are the routes added so far.
func (r *Router) Routes() []Route { return slices.Clone(r.routes) }

// New makes a router without routes.
func New(owners Owners, cursors *Cursors, options ...Option) *Router {
	r := &Router{owners: owners, cursors: cursors, mux: http.NewServeMux()}
	for _, option := range options {
		option(r)
	}
	r.mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		writeProblem(w, req, fault.New("api", fault.NotFound, "There is no such route."))
	})
	return r
}

// ServeHTTP implements http.Handler.
func (r *Router) ServeHTTP(w http.ResponseWriter, req *http.Request) { r.mux.ServeHTTP(w, req) }

// Handle adds a route, for example "POST /v1/links". In is a struct: fields
// with a `path` or `query` tag come from there, the others with a `json` tag
// from the body. If *In has Validate(*Fields), it is called after decoding.
func Handle[In, Out any](r *Router, pattern string, scope Scope, handler func(context.Context, Call, In) (Out, error)) {
	HandleStatus(r, pattern, scope, func(ctx context.Context, call Call, in In) (Answer[Out], error) {
		out, err := handler(ctx, call, in)
		return Answer[Out]{Status: http.StatusOK, Body: out}, err
	})
}

// HandleStatus is Handle for a handler that chooses its status, such as 201 or 202.
func HandleStatus[In, Out any](r *Router, pattern string, scope Scope, handler func(context.Context, Call, In) (Answer[Out], error)) {
	decode := newDecoder[In]()
	r.routes = append(r.routes, Route{Pattern: pattern, Scope: scope, In: reflect.TypeFor[In](), Out: reflect.TypeFor[Out]()})
	r.mux.HandleFunc(pattern, func(w http.ResponseWriter, req *http.Request) {
		ctx := req.Context()
		owner, err := r.admit(ctx, scope)
		if err != nil {
			writeProblem(w, req, err)
			return
		}
		in, err := decode(w, req)
		if err != nil {
			writeProblem(w, req, err)
			return
		}
		answer, err := handler(ctx, Call{Owner: owner, BaseURL: cmp.Or(r.baseURL, lambdahttp.BaseURL(req)), route: pattern, cursor: r.cursors}, in)
		if err != nil {
			writeProblem(w, req, err)
			return
		}
		writeJSON(w, answer.Status, "application/json", answer.Body)
	})
}

func (r *Router) admit(ctx context.Context, scope Scope) (owner string, err error) {
	claims := lambdahttp.Claims(ctx)
	if claims == nil {
		return "", fault.New("api", fault.Unauthorized, "Send a bearer token.")
	}
	if !hasScope(claims, scope) {
		return "", fault.New("api", fault.Forbidden, "The token lacks the scope "+string(scope)+".")
	}
	return r.owners.Owner(ctx, claims)
}

// hasScope reads the scopes as issuers write them: "scope" or "scp", separated
// by blanks, possibly in brackets (API Gateway prints a list claim that way).
func hasScope(claims map[string]string, scope Scope) bool {
	for _, name := range []string{"scope", "scp"} {
		for s := range strings.FieldsFuncSeq(claims[name], func(r rune) bool { return strings.ContainsRune(" ,[]", r) }) {
			if s == string(scope) {
				return true
			}
		}
	}
	return false
}

func writeJSON(w http.ResponseWriter, status int, contentType string, body any) {
	encoded, err := json.Marshal(body)
	if err != nil { // a value of ours that cannot be encoded is a bug
		slog.Error("encoding an answer", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(encoded)
}
