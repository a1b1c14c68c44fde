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
		return fault.Invalid, false, "TikTok Shop does not accept the request as it is"
	case TokenExpired:
		return fault.Unavailable, false, "the access token is being renewed; repeat later"
	case Revoked, InvalidGrant:
		return fault.Reconnect, false, "the account must be connected again"
	case MissingScope:
		return fault.Reconnect, false, "the account must be connected again with all permissions granted"
	case NotAllowed:
		return fault.Forbidden, false, "TikTok Shop does not allow this to the account"
	case Inactive:
		return fault.Forbidden, false, "the shop is inactive at TikTok Shop"
	case Missing:
		return fault.NotFound, false, "TikTok Shop does not know it"
	case Conflicting:
		return fault.Conflict, false, "the present state at TikTok Shop forbids it"
	case RateLimited:
		return fault.RateLimited, true, "TikTok Shop asks to slow down"
	case QuotaUsed:
		return fault.RateLimited, false, "a TikTok Shop quota is used up for now"
	case Unavailable:
		return fault.Unavailable, true, "TikTok Shop is not answering properly; repeat later"
	case Retired:
		return fault.Retired, false, "TikTok Shop has switched this operation off"
	case OutcomeUnknown:
		return fault.OutcomeUnknown, false, "it is not known whether TikTok Shop carried it out; look before repeating"
	}
	return fault.Internal, false, "the call to TikTok Shop failed"
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
	Err        error // the cause below, e.g. a time-out
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
	switch {
	case e.Kind == Refused:
		return e.Message
	case e.Code != 0:
		return fmt.Sprintf("%s (code %d)", advice, e.Code)
	}
	return advice
}

func (e *Error) transient() bool {
	_, transient, _ := e.Kind.meaning()
	return transient
}

// KindOfCode is the table of the platform's codes. Sources: doc:common-errors
// (July 2026), CL:p9x5je85, and the error tables of the affiliate reference.
func KindOfCode(code int) ErrorKind {
	switch code {
	case 36009002, 36009037, 600001001:
		return RateLimited
	case 45101004, 16024019, 16030002: // requests a day, invitations, messages
		return QuotaUsed
	case 36009003, 36009007, 16015027, 16504002, 45101001, 600001002:
		return Unavailable
	case 36009009, 36009014: // path does not exist, version retired
		return Retired
	case 105002:
		return TokenExpired
	case 105001:
		return Revoked
	case 36004001, 36004004: // refresh token expired, authorization code invalid
		return InvalidGrant
	case 105005:
		return MissingScope
	case 101000, 106013, 16032001, 16032012: // cipher and token or region do not match
		return WrongAccount
	case 36009043, 36009044:
		return Inactive
	case 106001, 36004003, 36009004, 36009010, 36009033:
		return BadSetup
	case 98001004, 98001005, 98001006, 36009021, 36009022, 36009023, 16003033, 16015001, 16015006, 16015007,
		16032002, 16032003, 50001703:
		return BadRequest
	case 16032005, 16032010, 50001701, 50001702:
		return Missing
	case 16003012, 16024020, 16024021, 16024022, 16032008, 16032009, 16032011, 16032013, 16030003:
		return Conflicting
	case 66009315, 16501011, 16003025, 16003035, 16603010, 16022020, 16024004, 16024006, 16024008, 16024016, 16024018,
		16030001, 16030007, 16030009, 16032004, 16032007, 16901005, 16901006, 16901007, 16901008, 18001405, 45101021, 50001700:
		return NotAllowed
	}
	return UnknownCode
}
