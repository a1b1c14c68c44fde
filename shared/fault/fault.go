// Package fault is the one vocabulary of errors: what went wrong in terms of
// what the caller should do next. Programs branch on the Kind, people read
// the Message, and the cause stays in the log.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what the caller can do about an error.
type Kind string

// The kinds. Anything that is not one of ours is Internal.
const (
	Invalid        Kind = "invalid"         // the request is wrong: change it
	Unauthorized   Kind = "unauthorized"    // no or bad credentials
	Forbidden      Kind = "forbidden"       // not allowed to this caller
	NotFound       Kind = "not_found"       // absent, or another owner's
	Gone           Kind = "gone"            // was there, is no longer kept: begin anew
	Conflict       Kind = "conflict"        // the state forbids it now: read again, then decide
	TooLarge       Kind = "too_large"       // over a size limit
	Reconnect      Kind = "reconnect"       // the account must grant access again
	RateLimited    Kind = "rate_limited"    // wait RetryAfter, then repeat
	Unavailable    Kind = "unavailable"     // a dependency failed: repeat later
	Retired        Kind = "retired"         // TikTok Shop has switched the operation off
	OutcomeUnknown Kind = "outcome_unknown" // a write may or may not have happened: look before repeating
	Timeout        Kind = "timeout"         // it took too long and was given up: repeat
	InProgress     Kind = "in_progress"     // the same request is being carried out: wait RetryAfter, then repeat
	KeyReused      Kind = "key_reused"      // the idempotency key belongs to another request: take a new one
	Internal       Kind = "internal"        // our bug or misconfiguration
)

// Error carries a kind, a message that is safe to show to a caller, and the
// cause, which is not.
type Error struct {
	Op         string        // what was being done, e.g. "connection.Find"
	Kind       Kind          // what the caller can do
	Message    string        // safe to show; says what to do next
	RetryAfter time.Duration // with RateLimited, Unavailable, Timeout and InProgress, when known
	Err        error         // the cause; may be nil
}

// New makes an error without a cause.
func New(op string, kind Kind, message string) *Error {
	return &Error{Op: op, Kind: kind, Message: message}
}

// Wrap makes an error around a cause.
func Wrap(op string, kind Kind, message string, err error) *Error {
	return &Error{Op: op, Kind: kind, Message: message, Err: err}
}

// Error implements error.
func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%s: %s", e.Op, e.Message)
	}
	return fmt.Sprintf("%s: %s: %v", e.Op, e.Message, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// FaultKind lets errors of other packages take part in the vocabulary.
func (e *Error) FaultKind() Kind { return e.Kind }

// KindOf returns the kind of the outermost error in the chain that has one,
// and Internal for everything else. KindOf(nil) is the empty kind.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var kinded interface{ FaultKind() Kind }
	if errors.As(err, &kinded) {
		return kinded.FaultKind()
	}
	return Internal
}

// Is reports whether err is of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }
