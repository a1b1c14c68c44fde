package tiktokshop

import "time"

// attempt is everything the retry decision looks at.
type attempt struct {
	err        *Error
	made       int           // attempts so far, this one included
	repeatable bool          // a read, or a write that does no harm twice
	once       bool          // the body can be read only once
	renewed    bool          // the token has been renewed in this call
	waited     time.Duration // spent waiting so far
	left       time.Duration // until the context's deadline; 0 without one
	jitter     float64       // 0 to 1
}

// decision is what to do next, and why.
type decision struct {
	retry  bool
	renew  bool // get a new token first
	after  time.Duration
	reason string
}

const (
	firstWait = time.Second
	maxJitter = 500 * time.Millisecond
)

// decide is the whole retry policy. An expired token is renewed once, for
// writes too: a refused token means nothing was carried out. A body
// that can be read only once is sent once. Otherwise only repeatable calls and
// those that the ledger held back are sent again, after 1 s doubling plus up to 500 ms, or
// after what the server asks for (doc:rate-limits), as long as the attempts,
// the waiting budget and the deadline allow it.
func (c *Client) decide(a attempt) decision {
	switch {
	case a.once && !a.err.unsent:
		return decision{reason: "the body is read"}
	case a.err.Kind == TokenExpired && !a.renewed:
		return decision{retry: true, renew: true, reason: "token expired"}
	case !a.err.transient():
		return decision{reason: "final: " + string(a.err.Kind)}
	case !a.repeatable && !a.err.unsent:
		return decision{reason: "a write is not repeated"}
	case a.made >= c.attempts:
		return decision{reason: "attempts used up"}
	}
	wait := firstWait<<(a.made-1) + time.Duration(a.jitter*float64(maxJitter))
	if a.err.RetryAfter > 0 {
		wait = a.err.RetryAfter
	}
	switch {
	case a.waited+wait > c.maxWait:
		return decision{after: wait, reason: "wait is longer than this process may wait"}
	case a.left > 0 && wait >= a.left:
		return decision{after: wait, reason: "wait goes past the deadline"}
	}
	return decision{retry: true, after: wait, reason: string(a.err.Kind)}
}
