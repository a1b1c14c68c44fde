package invoke

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/app"
)

// facts are what an event takes from a deployment.
type facts interface {
	// app is a Partner Center app; the empty name means the only one.
	app(ctx context.Context, name string) (app.App, error)
	// client is the id of an API client; empty leaves the event's own.
	client() (string, error)
	// properties are those of a resource.
	properties(logicalID string) map[string]any
}

// kinds of events.
const (
	kindHTTP   = "http"
	kindCustom = "custom resource"
	kindOther  = "other" // a queue's, a stream's or a schedule's
)

// prepared is an event as the function gets it.
type prepared struct {
	event []byte
	kind  string
	note  string                // what was done to it
	sent  func(io.Writer) error // shows what the function sent elsewhere; may be nil
	stop  func() error          // may be nil
}

func (p prepared) close() {
	if p.stop != nil {
		_ = p.stop() // a listener on loopback; the process ends anyway
	}
}

// prepare signs what must be signed and lets the rest come from where it would.
func prepare(ctx context.Context, raw []byte, from facts) (prepared, error) {
	var event map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&event); err != nil {
		return prepared{}, fmt.Errorf("it is not a JSON object: %w", err)
	}
	made, err := prepared{kind: kindOther}, error(nil)
	switch {
	case within(event, "requestContext", "http") != nil:
		made.kind = kindHTTP
		made.note, err = prepareRequest(ctx, event, from)
	case event["ResponseURL"] != nil:
		made, err = prepareCustom(ctx, event, from)
	}
	if err != nil {
		return prepared{}, err
	}
	made.event, err = json.Marshal(event)
	return made, err
}

// prepareRequest signs a webhook as TikTok Shop does, and lets a request to the
// API come from a client that the deployment knows.
func prepareRequest(ctx context.Context, event map[string]any, from facts) (note string, err error) {
	path, _ := event["rawPath"].(string)
	if rest, ok := strings.CutPrefix(path, "/webhook"); ok {
		signer, err := from.app(ctx, strings.TrimPrefix(rest, "/"))
		if err != nil {
			return "", err
		}
		text, _ := event["body"].(string)
		body := []byte(text)
		if packed, _ := event["isBase64Encoded"].(bool); packed {
			if body, err = base64.StdEncoding.DecodeString(text); err != nil {
				return "", fmt.Errorf("its body is not base64: %w", err)
			}
		}
		headers, ok := event["headers"].(map[string]any)
		if !ok {
			headers = map[string]any{}
			event["headers"] = headers
		}
		headers["authorization"] = sign(signer, body)
		return "  (signed for the app " + signer.Name + ")", nil
	}
	claims := within(event, "requestContext", "authorizer", "jwt", "claims")
	if claims == nil {
		return "", nil
	}
	client, err := from.client()
	if err != nil || client == "" {
		return "", err
	}
	claims["client_id"] = client
	return fmt.Sprintf("  (from the client %s, scope %v)", client, claims["scope"]), nil
}

// sign is TikTok Shop's signature of a webhook: the HMAC-SHA256 of the app's key
// and the raw body (doc:tts-webhooks-overview).
func sign(a app.App, body []byte) string {
	mac := hmac.New(sha256.New, []byte(a.Secret.Reveal()))
	mac.Write([]byte(a.Key))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// prepareCustom gives a custom resource the properties it is deployed with, and
// hears in CloudFormation's place what the function says.
func prepareCustom(ctx context.Context, event map[string]any, from facts) (prepared, error) {
	if id, _ := event["LogicalResourceId"].(string); id != "" {
		if properties := from.properties(id); properties != nil {
			event["ResourceProperties"] = properties
		}
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return prepared{}, err
	}
	heard := make(chan []byte, 1)
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20)) // what is cut off is not JSON
		select {
		case heard <- body:
		default: // it has said something already
		}
	})}
	go func() { _ = server.Serve(listener) }()
	event["ResponseURL"] = "http://" + listener.Addr().String() + "/"
	return prepared{kind: kindCustom, stop: server.Close, sent: func(out io.Writer) error {
		select {
		case body := <-heard:
			return showCustom(out, body)
		default:
			return errors.New("CloudFormation was told nothing")
		}
	}}, nil
}

// within is an object inside an object; nil when it is not there.
func within(v map[string]any, path ...string) map[string]any {
	for _, name := range path {
		v, _ = v[name].(map[string]any)
	}
	return v
}
