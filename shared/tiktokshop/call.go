package tiktokshop

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop/sign"
)

// operation is what the contract says about one operation.
type operation struct {
	Name, Method, Path string
	Scope              string // the scope key the grant needs; empty when none is documented
	Cipher             string // the query parameter that names the asset
	Settles            string // the look-up that tells whether a lost write happened
	Repeatable         bool   // sending it twice does no harm
}

// content is the body of a request.
type content struct {
	bytes []byte
	file  *upload // instead of bytes
}

const jsonType = "application/json"

func (b content) mediaType() string {
	if b.file != nil {
		return b.file.contentType
	}
	return jsonType
}

// body encodes what a request has to send, once.
func (p *params) content() (content, error) {
	switch {
	case p.upload != nil:
		return content{file: p.upload}, p.upload.prepare()
	case p.body == nil:
		return content{}, nil
	}
	encoded, err := json.Marshal(p.body)
	if string(encoded) == "{}" { // implementations disagree on how it is signed
		encoded = nil
	}
	return content{bytes: encoded}, err
}

// call carries an operation out: check, marshal once, then sign and send until
// there is an answer or a reason to stop.
func call[T any](ctx context.Context, c caller, op operation, req request) (*T, error) {
	p := params{pathValues: map[string]string{}, queries: url.Values{}}
	req.encode(&p)
	switch {
	case c.grant.Kind() != c.kind:
		p.broken = "the grant is of a " + string(c.grant.Kind()) + " account: a " + string(c.kind) + " account is needed"
	case op.Cipher != "":
		p.required(op.Cipher, c.cipher)
		p.query(op.Cipher, c.cipher)
	}
	if p.broken != "" {
		return nil, &Error{Op: op.Name, Kind: Refused, Message: p.broken}
	}
	path := op.Path
	for name, value := range p.pathValues {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	body, err := p.content()
	if err != nil {
		return nil, &Error{Op: op.Name, Kind: Refused, Message: "the request cannot be encoded", Err: err}
	}
	token, err := c.grant.AccessToken(ctx)
	if err != nil {
		return nil, err
	}
	data := new(T)
	about := c.subject(op)
	state := attempt{repeatable: op.Repeatable, once: body.file != nil && !body.file.again}
	for {
		state.made++
		if state.err = c.client.admit(ctx, about); state.err == nil {
			state.err = c.client.attempt(ctx, op, c.grant.App(), token, path, p.queries, body, data)
			c.client.settle(ctx, about, state.err)
		}
		if state.err == nil {
			return data, nil
		}
		state.left, state.jitter = 0, c.client.rand()
		if deadline, ok := ctx.Deadline(); ok {
			state.left = max(time.Until(deadline), 1)
		}
		next := c.client.decide(state)
		c.client.log.LogAttrs(ctx, slog.LevelWarn, "tiktok shop call failed", slog.String("op", op.Name), slog.String("kind", string(state.err.Kind)),
			slog.Int("code", state.err.Code), slog.Int("status", state.err.HTTPStatus), slog.String("request_id", state.err.RequestID),
			slog.Int("attempt", state.made), slog.Bool("sent", !state.err.unsent), slog.Bool("retry", next.retry), slog.String("reason", next.reason))
		if !next.retry {
			if state.err.Kind == Revoked {
				c.grant.Revoked(ctx, state.err)
			}
			return nil, state.err
		}
		if next.renew {
			state.renewed = true
			if token, err = c.grant.RenewToken(ctx, token); err != nil {
				return nil, err
			}
		} else if wait(ctx, next.after) != nil {
			return nil, state.err
		}
		state.waited += next.after
		data = new(T)
	}
}

// attempt signs and sends once.
func (c *Client) attempt(ctx context.Context, op operation, app App, token redact.Secret, path string, params url.Values, body content, data any) *Error {
	query := make(url.Values, len(params)+3)
	for name, values := range params {
		query[name] = values
	}
	query.Set("app_key", app.Key)
	query.Set("timestamp", strconv.FormatInt(c.now().Unix(), 10))
	query.Set("sign", sign.Request(app.Secret.Reveal(), path, query, body.mediaType(), body.bytes))
	header := http.Header{"Content-Type": {body.mediaType()}, "X-Tts-Access-Token": {token.Reveal()}}
	return c.send(ctx, c.http, op, c.base+path+"?"+query.Encode(), header, body, data, app.Secret, token)
}
