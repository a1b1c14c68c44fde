package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/lambdahttp"
)

// RouteOption changes what one route allows.
type RouteOption func(*route)

// BodyLimit lets a route take bodies larger than MaxBody, in bytes. Lambda
// itself takes events up to 6 MB, in which the body is a JSON string.
func BodyLimit(n int64) RouteOption { return func(r *route) { r.decoder.maxBody = n } }

// route is the path of a request up to its handler.
type route struct {
	router  *Router
	pattern string
	scope   Scope
	decoder *decoder
	newIn   func() any // a pointer to a new request
}

func newRoute[In any](r *Router, pattern string, scope Scope, options []RouteOption) *route {
	made := &route{router: r, pattern: pattern, scope: scope, decoder: newDecoder(reflect.TypeFor[In]()), newIn: func() any { return new(In) }}
	if _, targeted := made.newIn().(targeted); targeted && r.connections == nil {
		panic("api: " + pattern + " acts on a connection, and this router knows none")
	}
	for _, option := range options {
		option(made)
	}
	return made
}

// handle runs a handler on a pointer to its request.
type handle func(call Call, in any) (reply, error)

func (r *route) serve(w http.ResponseWriter, req *http.Request, handler handle) {
	call := Call{BaseURL: cmp.Or(r.router.baseURL, lambdahttp.BaseURL(req)), route: r.pattern, router: r.router, acting: new(connection.Connection)}
	answer, err := r.answer(w, req, &call, handler)
	if err != nil {
		answer = call.refusal(req, err)
	}
	answer.write(w, req)
}

func (r *route) answer(w http.ResponseWriter, req *http.Request, call *Call, handler handle) (answer reply, err error) {
	ctx := req.Context()
	if call.Owner, err = r.router.admit(ctx, r.scope); err != nil {
		return reply{}, err
	}
	in := r.newIn()
	body, err := r.decoder.decode(w, req, in)
	if err != nil {
		return reply{}, err
	}
	if acting, ok := in.(targeted); ok {
		if *call, err = call.at(ctx, acting.Target(), r.decoder.field); err != nil {
			return reply{}, err
		}
	}
	return call.once(req, body, func() (reply, error) {
		answer, err := handler(*call, in)
		return answer, timedOut(ctx, err)
	})
}

// timedOut tells apart what failed because the request's time was up. A write
// whose outcome is unknown stays that.
func timedOut(ctx context.Context, err error) error {
	if err == nil || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return err
	}
	switch fault.KindOf(err) {
	case fault.Internal, fault.Unavailable:
		return &fault.Error{Op: "api", Kind: fault.Timeout, Message: "This took too long and was given up. Repeat it.", RetryAfter: 5 * time.Second, Err: err}
	}
	return err
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
