package tiktokshop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"tiktok-shop-affiliate/shared/redact"
)

// maxAnswer bounds what is read of an answer: a full page of campaign products
// with their descriptions is well below it.
const maxAnswer = 16 << 20

// envelope is what every answer comes in.
type envelope struct {
	Code      *Int            `json:"code"`
	Message   string          `json:"message"`
	RequestID ID              `json:"request_id"`
	Data      json.RawMessage `json:"data,omitempty"`
}

// send carries one request out and reads its answer into data. hidden are the
// secrets in the request, which must not come back in an error.
func (c *Client) send(ctx context.Context, via *http.Client, op operation, target string, header http.Header, body content, data any, hidden ...redact.Secret) *Error {
	if err := ctx.Err(); err != nil {
		return &Error{Op: op.Name, Kind: Unavailable, Message: "not sent: " + err.Error(), Err: err}
	}
	stream, length, timeout := io.Reader(bytes.NewReader(body.bytes)), int64(len(body.bytes)), c.timeout
	if body.file != nil {
		form, err := body.file.open()
		if err != nil {
			return &Error{Op: op.Name, Kind: Refused, Message: "the file cannot be read", Err: err}
		}
		defer form.Close()
		stream, length, timeout = form, body.file.length(), timeout+body.file.patience()
		if !body.file.again {
			via = c.once // a connection that breaks before it is used would cost the file
		}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, op.Method, target, stream)
	if err != nil {
		return &Error{Op: op.Name, Kind: Refused, Message: "the request cannot be built"}
	}
	req.Header, req.ContentLength = header, length
	resp, err := via.Do(req)
	switch {
	case errors.Is(err, errFileSize):
		return &Error{Op: op.Name, Kind: Refused, Message: errFileSize.Error()}
	case err != nil:
		return lost(op, 0, err, hidden)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return lost(op, resp.StatusCode, err, hidden)
	}
	if len(answer) > maxAnswer {
		return c.unreadable(op, resp, "the answer is too large", nil)
	}
	fault := c.read(ctx, op, resp, answer, data, hidden)
	if fault != nil {
		fault.Message, fault.RequestID = clean(fault.Message, hidden), clean(fault.RequestID, hidden)
	}
	return fault
}

// read classifies an answer: by its code first, by the HTTP status second,
// since the platform answers errors with 200 and success with nothing else.
func (c *Client) read(ctx context.Context, op operation, resp *http.Response, answer []byte, data any, hidden []redact.Secret) *Error {
	var e envelope
	err := c.plans.valid(answer, &e)
	if err != nil {
		return c.unreadable(op, resp, "the answer is not JSON in the platform's envelope", err)
	}
	noteRequestID(ctx, clean(string(e.RequestID), hidden))
	if e.Code == nil {
		return c.unreadable(op, resp, "the answer has no code", nil)
	}
	if *e.Code != 0 {
		fault := &Error{
			Op: op.Name, Kind: KindOfCode(int(*e.Code)), Code: int(*e.Code), HTTPStatus: resp.StatusCode,
			Message: e.Message, RequestID: string(e.RequestID), RetryAfter: c.retryAfter(resp),
		}
		fault.Sunset = sunsetOf(fault.Kind, op.Path)
		if fault.Kind == UnknownCode && resp.StatusCode == http.StatusTooManyRequests {
			fault.Kind = RateLimited
		}
		if fault.Kind == MissingScope && op.Scope != "" {
			fault.Message += "; needs " + op.Scope
		}
		if fault.Kind == Unavailable {
			return unsettled(op, fault)
		}
		return fault
	}
	if resp.StatusCode != http.StatusOK {
		return c.unreadable(op, resp, "code 0 with an error status", nil)
	}
	if len(e.Data) == 0 {
		return nil
	}
	if err := c.plans.decode(e.Data, data); err != nil {
		fault := c.unreadable(op, resp, "the answer is not in the described shape", err)
		fault.RequestID = string(e.RequestID)
		return fault
	}
	return nil
}

// unreadable is an answer that is not the platform's: a proxy's page, half a
// body, another shape.
func (c *Client) unreadable(op operation, resp *http.Response, message string, cause error) *Error {
	fault := &Error{Op: op.Name, Kind: Unreadable, HTTPStatus: resp.StatusCode, Message: message, RetryAfter: c.retryAfter(resp), Err: cause}
	if cause != nil && op.Path != "" { // of a token answer not even a fragment is quoted
		fault.Message += ": " + cause.Error()
	}
	var syntax *json.SyntaxError
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		fault.Kind = RateLimited
		return fault
	case resp.StatusCode >= 500, resp.StatusCode == http.StatusOK && errors.As(cause, &syntax): // cut off, or a proxy's page
		fault.Kind = Unavailable
	case resp.StatusCode >= 300: // refused by something on the way
		return fault
	}
	return unsettled(op, fault)
}

// lost is a request without an answer.
func lost(op operation, status int, err error, hidden []redact.Secret) *Error {
	var sent *url.Error
	if errors.As(err, &sent) {
		err = sent.Err // without the URL, which holds signature and secrets
	}
	fault := &Error{Op: op.Name, Kind: Unavailable, HTTPStatus: status, Message: "no answer: " + clean(err.Error(), hidden), Err: hush(err)}
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return fault // never sent
	}
	return unsettled(op, fault)
}

// unsettled turns the failure of a write that may have been carried out into
// OutcomeUnknown.
func unsettled(op operation, fault *Error) *Error {
	if op.Repeatable {
		return fault
	}
	fault.Kind, fault.Settles = OutcomeUnknown, op.Settles
	return fault
}

// hush keeps of a cause only what callers branch on: its text may quote what
// was sent.
func hush(err error) error {
	for _, known := range []error{context.DeadlineExceeded, context.Canceled, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, known) {
			return known
		}
	}
	return nil
}

// clean makes foreign text fit for a log: one line, short, without secrets.
func clean(text string, hidden []redact.Secret) string {
	for _, secret := range hidden {
		if value := secret.Reveal(); value != "" {
			text = strings.ReplaceAll(text, value, secret.String())
			text = strings.ReplaceAll(text, url.QueryEscape(value), secret.String())
		}
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:300]) + "…"
	}
	return text
}

// longestWait is the most that is believed of a Retry-After: a day's quota ends
// within it, and a mistaken answer must not stop an account for longer.
const longestWait = 24 * time.Hour

// retryAfter reads the header as seconds or as a date.
func (c *Client) retryAfter(resp *http.Response) time.Duration {
	header := resp.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(header, 10, 64); err == nil {
		return time.Duration(min(seconds, uint64(longestWait/time.Second))) * time.Second //nolint:gosec // at most a day
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(at.Sub(c.now()), 0), longestWait)
	}
	return 0
}

type requestIDKey struct{}

// NoteRequestID makes the calls under the returned context leave TikTok Shop's
// id of their last answer in id, whether they succeed or fail.
func NoteRequestID(ctx context.Context, id *string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

func noteRequestID(ctx context.Context, id string) {
	if into, ok := ctx.Value(requestIDKey{}).(*string); ok {
		*into = id
	}
}
