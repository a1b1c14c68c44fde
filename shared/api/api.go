// Package api is the middle of the HTTP API. Every request takes one path:
// scope, owner, strict decoding and validation, the account it acts on, its
// idempotency key, and then a typed handler. Every error leaves as one kind of
// problem document.
package api

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/idempotency"
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

// MaxBody is the largest request body, in bytes, where a route does not say otherwise.
const MaxBody = lambdahttp.MaxBody

// TimeLimit is how long a request may take. API Gateway gives up after 30 s, and
// what came of the request must be kept and told before that.
const TimeLimit = 25 * time.Second

// Call is what a handler knows of its caller and of what the request acts on.
type Call struct {
	Owner   string // whose connections and data the caller may touch
	BaseURL string // address people reach the API under, e.g. "https://api.example.com"

	Connection connection.Connection // of a request with a Target
	Asset      account.Asset         // of a request with a Target that names or implies one

	route  string
	router *Router
	acting *connection.Connection // the last target, shared by the calls of one request
}

// Answer wraps a result that needs a status other than 200. With
// http.StatusNoContent there is no body.
type Answer[T any] struct {
	Status   int
	Location string // path of what was made, for the header of that name; empty: none
	Body     T
}

// Router serves the routes of one function.
type Router struct {
	owners      Owners
	cursors     *Cursors
	baseURL     string
	connections Connections
	links       Links
	outcomes    *idempotency.Keeper
	mux         *http.ServeMux
	routes      []Route
}

// Option is a part of the middle that not every function has.
type Option func(*Router)

// WithBaseURL sets the address people reach the API under; empty, or without
// this option, it is the one that each request came to.
func WithBaseURL(address string) Option { return func(r *Router) { r.baseURL = address } }

// WithConnections lets requests have a Target. Links that connect an account
// again are minted with links.
func WithConnections(connections Connections, links Links) Option {
	return func(r *Router) { r.connections, r.links = connections, links }
}

// WithIdempotency honours the header Idempotency-Key on every route that is not
// a GET; without this option such a header is refused.
func WithIdempotency(outcomes *idempotency.Keeper) Option {
	return func(r *Router) { r.outcomes = outcomes }
}

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
		refusal(req, fault.New("api", fault.NotFound, "There is no such route.")).write(w, req)
	})
	return r
}

// ServeHTTP implements http.Handler.
func (r *Router) ServeHTTP(w http.ResponseWriter, req *http.Request) { r.mux.ServeHTTP(w, req) }

// Handle adds a route, for example "POST /v1/links". In is a struct: fields
// with a `path` or `query` tag come from there, the others with a `json` tag
// from the body. If *In has Validate(*Fields), it is called after decoding. If
// *In has Target() Target, Call has the connection and asset it acts on.
func Handle[In, Out any](r *Router, pattern string, scope Scope, handler func(context.Context, Call, In) (Out, error), options ...RouteOption) {
	HandleStatus(r, pattern, scope, func(ctx context.Context, call Call, in In) (Answer[Out], error) {
		out, err := handler(ctx, call, in)
		return Answer[Out]{Status: http.StatusOK, Body: out}, err
	}, options...)
}

// HandleStatus is Handle for a handler that chooses its status, such as 201 or 202.
func HandleStatus[In, Out any](r *Router, pattern string, scope Scope, handler func(context.Context, Call, In) (Answer[Out], error), options ...RouteOption) {
	route := newRoute[In](r, pattern, scope, options)
	r.routes = append(r.routes, Route{Pattern: pattern, Scope: scope, In: reflect.TypeFor[In](), Out: reflect.TypeFor[Out]()})
	r.mux.HandleFunc(pattern, func(w http.ResponseWriter, req *http.Request) {
		ctx, cancel := context.WithTimeout(req.Context(), TimeLimit)
		defer cancel()
		req = req.WithContext(ctx)
		route.serve(w, req, func(call Call, in any) (reply, error) {
			answer, err := handler(ctx, call, *in.(*In)) //nolint:forcetypeassert // newRoute[In] makes no other
			if err != nil {
				return reply{}, err
			}
			if file, ok := any(answer.Body).(File); ok {
				return file.reply(answer.Status), nil
			}
			reply, err := encode(answer.Status, "application/json", answer.Body)
			reply.location = answer.Location
			return reply, err
		})
	})
}
