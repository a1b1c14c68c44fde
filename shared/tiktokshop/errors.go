package tiktokshop

import (
	"fmt"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/fault"
)

// ErrorKind says what went wrong with a call, in the platform's terms.
type ErrorKind string

// The kinds. FaultKind says what the caller does about each.
const (
	Refused        ErrorKind = "refused"         // not sent: a limit, a cipher or the account kind is wrong
	BadRequest     ErrorKind = "bad_request"     // TikTok Shop says the parameters are wrong
	BadSetup       ErrorKind = "bad_setup"       // signature, app key, clock, caller's address: ours to repair
	TokenExpired   ErrorKind = "token_expired"   // still expired after one renewal
	Revoked        ErrorKind = "revoked"         // the account took the access away
	InvalidGrant   ErrorKind = "invalid_grant"   // authorization code or refresh token is dead
	MissingScope   ErrorKind = "missing_scope"   // the app or the account lacks the scope
	WrongAccount   ErrorKind = "wrong_account"   // cipher and token do not belong together
	NotAllowed     ErrorKind = "not_allowed"     // TikTok Shop does not let this account do it
	Inactive       ErrorKind = "inactive"        // the shop or seller is inactive
	Missing        ErrorKind = "missing"         // what was named does not exist
	Conflicting    ErrorKind = "conflicting"     // the state of things forbids it now
	RateLimited    ErrorKind = "rate_limited"    // too many calls
	QuotaUsed      ErrorKind = "quota_used"      // a quota of a day or week is used up
	Unavailable    ErrorKind = "unavailable"     // TikTok Shop or the network failed
	Retired        ErrorKind = "retired"         // the operation was switched off
	OutcomeUnknown ErrorKind = "outcome_unknown" // a write may have happened
	Unreadable     ErrorKind = "unreadable"      // the answer is not in the platform's shape
	UnknownCode    ErrorKind = "unknown_code"    // a code nobody has described: fails closed
)

// kinds is what each kind means to a caller, and whether the same call can
// succeed a moment later.
func (k ErrorKind) meaning() (kind fault.Kind, transient bool, advice string) {
	switch k {
	case Refused, BadRequest, WrongAccount:
		return fault.Invalid, false, "TikTok Shop does not accept the request as it is; correct it"
	case TokenExpired:
		return fault.Unavailable, false, "the access token is being renewed; repeat later"
	case Revoked, InvalidGrant:
		return fault.Reconnect, false, "the account must be connected again"
	case MissingScope:
		return fault.Reconnect, false, "the account must be connected again with all permissions granted"
	case NotAllowed:
		return fault.Forbidden, false, "TikTok Shop does not allow this to the account; repeating does not help"
	case Inactive:
		return fault.Forbidden, false, "the shop is inactive at TikTok Shop; repeat once it is active"
	case Missing:
		return fault.NotFound, false, "TikTok Shop does not know it; check what was named"
	case Conflicting:
		return fault.Conflict, false, "the present state at TikTok Shop forbids it; look at the state first"
	case RateLimited:
		return fault.RateLimited, true, "TikTok Shop asks to slow down; repeat later"
	case QuotaUsed:
		return fault.RateLimited, false, "a TikTok Shop quota is used up; repeat when it is renewed"
	case Unavailable:
		return fault.Unavailable, true, "TikTok Shop is not answering properly; repeat later"
	case Retired:
		return fault.Retired, false, "TikTok Shop has switched this operation off; do not repeat it"
	case OutcomeUnknown:
		return fault.OutcomeUnknown, false, "it is not known whether TikTok Shop carried it out; look before repeating"
	}
	return fault.Internal, false, "the call to TikTok Shop failed; it has to be looked into before it is repeated"
}

// Error is every failure of a call. Branch on Kind or fault.KindOf, never on
// text. Neither Error() nor any field holds a token, a secret or a URL.
type Error struct {
	Op         string // the operation, e.g. "Seller.SearchOrders"
	Kind       ErrorKind
	Code       int    // TikTok Shop's code; 0 when it never got to one
	HTTPStatus int    // 0 when there was no answer
	Message    string // TikTok Shop's words, or ours
	RequestID  string // what TikTok Shop's support asks for
	RetryAfter time.Duration
	Settles    string  // of OutcomeUnknown: the look-up that tells whether it happened
	Sunset     *Sunset // of Retired: what was announced; nil when nothing was
	Err        error   // the cause below, e.g. a time-out

	unsent bool // held back by the ledger
}

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "tiktokshop: %s: %s", e.Op, e.Kind)
	if e.Code != 0 {
		fmt.Fprintf(&b, ": code %d", e.Code)
	}
	if e.HTTPStatus != 0 {
		fmt.Fprintf(&b, ": HTTP %d", e.HTTPStatus)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, ": request %s", e.RequestID)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %s", e.Message)
	}
	if e.Settles != "" {
		fmt.Fprintf(&b, "; %s tells", e.Settles)
	}
	if e.Sunset != nil {
		fmt.Fprintf(&b, "; %s", e.Sunset.advice())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// FaultKind says what the caller can do.
func (e *Error) FaultKind() fault.Kind {
	kind, _, _ := e.Kind.meaning()
	return kind
}

// Advice is a sentence that is safe to show to the caller of our API.
func (e *Error) Advice() string {
	_, _, advice := e.Kind.meaning()
	known, _ := CodeOf(e.Code)
	switch {
	case e.Kind == Refused:
		return e.Message
	case e.Sunset != nil:
		advice += ": " + e.Sunset.advice()
	case e.Settles != "":
		advice += "; " + e.Settles + " tells"
	case known.Do != "" && known.Kind == e.Kind:
		advice = known.Means + "; " + known.Do
	case known.Means != "" && known.Kind == e.Kind && known.Area != areaCommon:
		advice += ": " + known.Means
	}
	if e.Code != 0 {
		advice += fmt.Sprintf(" (code %d)", e.Code)
	}
	return advice
}

func (e *Error) transient() bool {
	_, transient, _ := e.Kind.meaning()
	return transient
}
