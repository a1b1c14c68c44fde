// Package lambdahttp lets a function that API Gateway calls be an ordinary
// http.Handler.
package lambdahttp

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

// MaxBody is the largest request body handed on, in bytes after decoding.
// API Gateway itself stops at 10 MB.
const MaxBody = 256 << 10

// Handler answers HTTP API requests (payload format 2.0) with an http.Handler.
type Handler struct{ next http.Handler }

// New wraps next.
func New(next http.Handler) *Handler { return &Handler{next: next} }

// Start hands the function over to the Lambda runtime.
func Start(next http.Handler) { lambda.StartHandlerFunc(New(next).Handle) }

type claimsKey struct{}

// Claims are the claims of the token that API Gateway's JWT authorizer
// verified; nil on public routes.
func Claims(ctx context.Context) map[string]string {
	claims, _ := ctx.Value(claimsKey{}).(map[string]string)
	return claims
}

// WithClaims returns a context as it reaches a handler behind the authorizer.
func WithClaims(ctx context.Context, claims map[string]string) context.Context {
	return context.WithValue(ctx, claimsKey{}, claims)
}

// Handle is the Lambda entry point.
func (h *Handler) Handle(ctx context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	request, ok := httpRequest(ctx, event)
	if !ok {
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusBadRequest}, nil
	}
	response := &recorder{header: http.Header{}}
	h.next.ServeHTTP(response, request)
	return response.event(), nil
}

func httpRequest(ctx context.Context, event events.APIGatewayV2HTTPRequest) (*http.Request, bool) {
	body := []byte(event.Body)
	if event.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(event.Body)
		if err != nil {
			return nil, false
		}
		body = decoded
	}
	header := http.Header{}
	for name, value := range event.Headers {
		header.Set(name, value)
	}
	if len(event.Cookies) > 0 {
		header.Set("Cookie", strings.Join(event.Cookies, "; "))
	}
	path := event.RawPath
	if stage := event.RequestContext.Stage; stage != "" && stage != "$default" {
		path = strings.TrimPrefix(path, "/"+stage) // a named stage is not part of our routes
	}
	if path == "" {
		path = "/"
	}
	target, err := url.ParseRequestURI(path)
	if err != nil {
		if path[0] != '/' {
			return nil, false
		}
		target = &url.URL{Path: path} // decoded already, with what an address cannot hold
	}
	target.RawQuery = event.RawQueryString
	if jwt := event.RequestContext.Authorizer; jwt != nil && jwt.JWT != nil {
		ctx = WithClaims(ctx, jwt.JWT.Claims)
	}
	request := &http.Request{
		Method:        event.RequestContext.HTTP.Method,
		URL:           target,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Host:          header.Get("Host"),
		RequestURI:    target.RequestURI(),
		RemoteAddr:    event.RequestContext.HTTP.SourceIP,
		ContentLength: int64(len(body)),
		Body:          io.NopCloser(bytes.NewReader(body)),
	}
	return request.WithContext(ctx), true
}

// BaseURL is the public address the caller used, e.g. "https://api.example.com",
// taken from Host and the forwarded scheme.
func BaseURL(r *http.Request) string {
	scheme := r.Header.Get("X-Forwarded-Proto")
	if scheme != "http" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// recorder collects an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

func (r *recorder) event() events.APIGatewayV2HTTPResponse {
	r.WriteHeader(http.StatusOK)
	response := events.APIGatewayV2HTTPResponse{StatusCode: r.status, Headers: map[string]string{}}
	for name, values := range r.header {
		if name == "Set-Cookie" {
			response.Cookies = values
			continue
		}
		response.Headers[name] = strings.Join(values, ", ")
	}
	if body := r.body.Bytes(); utf8.Valid(body) {
		response.Body = string(body)
	} else {
		response.Body, response.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return response
}
