package api

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/idempotency"
)

// header of a write that may be repeated without being done twice.
const keyHeader = "Idempotency-Key"

const maxKey = 255

// settleTime is how long keeping an outcome may take after the handler is done,
// however little time the request has left.
const settleTime = 3 * time.Second

// once runs a write that carries an idempotency key unless it was run before,
// and keeps what came of it. Only requests found valid come this far, so that a
// corrected request may use its key again.
func (c *Call) once(req *http.Request, body []byte, run func() (reply, error)) (reply, error) {
	keys := req.Header.Values(keyHeader)
	if len(keys) == 0 || req.Method == http.MethodGet {
		return run()
	}
	key := keys[0]
	if c.router.outcomes == nil {
		return reply{}, Invalid(Field{Parameter: keyHeader, Detail: "is not honoured by this route"})
	}
	if len(keys) > 1 || !printable(key) {
		return reply{}, Invalid(Field{Parameter: keyHeader, Detail: fmt.Sprintf("must be 1 to %d printable ASCII characters", maxKey)})
	}
	claim, done, err := c.router.outcomes.Begin(req.Context(), idempotency.Request{Owner: c.Owner, Key: key, Fingerprint: fingerprint(req, body)})
	if err != nil {
		return reply{}, err
	}
	if done != nil {
		return reply{status: done.Status, contentType: done.ContentType, location: done.Location, body: done.Body, replayed: true}, nil
	}
	answer, err := run()
	if err != nil {
		answer = c.refusal(req, err)
	}
	settle, cancel := context.WithTimeout(context.WithoutCancel(req.Context()), settleTime)
	defer cancel()
	if keeps(err) {
		err = c.router.outcomes.End(settle, claim, idempotency.Outcome{Status: answer.status, ContentType: answer.contentType, Location: answer.location, Body: answer.body})
	} else {
		err = c.router.outcomes.Release(settle, claim)
	}
	if err != nil { // the caller learns the outcome all the same; the claim ends with its lease
		slog.ErrorContext(settle, "what came of a request could not be kept", "route", c.route, "error", err)
	}
	return answer, nil
}

// keeps says for each kind of fault whether it is the lasting outcome of a
// request. Every other kind frees the key, so that the same request may be
// repeated with it: nothing was done, or nothing that repeating would double.
func keeps(err error) bool {
	if err == nil {
		return true
	}
	return map[fault.Kind]bool{
		fault.Invalid:        true,  // it will be as wrong the next time
		fault.NotFound:       true,  // decided; what appears later is another request's matter
		fault.Gone:           true,  // it does not come back
		fault.Conflict:       true,  // decided; the caller looks again and asks anew
		fault.TooLarge:       true,  // as invalid
		fault.Retired:        true,  // TikTok Shop does not bring operations back
		fault.OutcomeUnknown: true,  // it may have been done: repeating could do it twice
		fault.Unauthorized:   false, // the caller can put that right
		fault.Forbidden:      false, // so can the operator, or the user by granting a scope
		fault.Reconnect:      false, // and the user by connecting again
		fault.RateLimited:    false, // to be repeated by its very meaning
		fault.Unavailable:    false, // the same
		fault.Timeout:        false, // the same; a write to TikTok Shop that was cut off is OutcomeUnknown
		fault.InProgress:     false, // of something else than this key
		fault.KeyReused:      false, // the same
		fault.Internal:       false, // ours to mend, and then to be repeated
	}[fault.KindOf(err)]
}

// fingerprint is of all that makes two writes different.
func fingerprint(req *http.Request, body []byte) []byte {
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%s %s?%s\n", req.Method, req.URL.EscapedPath(), req.URL.RawQuery)
	_, _ = sum.Write(body)
	return sum.Sum(nil)
}

func printable(key string) bool {
	if key == "" || len(key) > maxKey {
		return false
	}
	for _, b := range []byte(key) {
		if b < ' ' || b > '~' {
			return false
		}
	}
	return true
}
