package tiktokshop

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	c := &Client{attempts: 3, maxWait: 4 * time.Second}
	failure := func(kind ErrorKind, retryAfter time.Duration) *Error {
		return &Error{Kind: kind, RetryAfter: retryAfter}
	}
	for name, test := range map[string]struct {
		attempt attempt
		want    decision
	}{
		"first read":                   {attempt{err: failure(RateLimited, 0), made: 1, repeatable: true}, decision{retry: true, after: time.Second, reason: "rate_limited"}},
		"second read":                  {attempt{err: failure(Unavailable, 0), made: 2, repeatable: true, waited: time.Second}, decision{retry: true, after: 2 * time.Second, reason: "unavailable"}},
		"jitter only adds":             {attempt{err: failure(Unavailable, 0), made: 1, repeatable: true, jitter: 1}, decision{retry: true, after: 1500 * time.Millisecond, reason: "unavailable"}},
		"Retry-After wins":             {attempt{err: failure(RateLimited, 2*time.Second), made: 1, repeatable: true, jitter: 1}, decision{retry: true, after: 2 * time.Second, reason: "rate_limited"}},
		"Retry-After too long":         {attempt{err: failure(RateLimited, time.Minute), made: 1, repeatable: true}, decision{after: time.Minute, reason: "wait is longer than this process may wait"}},
		"budget spent":                 {attempt{err: failure(RateLimited, 0), made: 2, repeatable: true, waited: 3 * time.Second}, decision{after: 2 * time.Second, reason: "wait is longer than this process may wait"}},
		"deadline too near":            {attempt{err: failure(RateLimited, 0), made: 1, repeatable: true, left: time.Second}, decision{after: time.Second, reason: "wait goes past the deadline"}},
		"deadline far":                 {attempt{err: failure(RateLimited, 0), made: 1, repeatable: true, left: time.Minute}, decision{retry: true, after: time.Second, reason: "rate_limited"}},
		"attempts used up":             {attempt{err: failure(RateLimited, 0), made: 3, repeatable: true}, decision{reason: "attempts used up"}},
		"write":                        {attempt{err: failure(RateLimited, 0), made: 1}, decision{reason: "a write is not repeated"}},
		"write of unknown outcome":     {attempt{err: failure(OutcomeUnknown, 0), made: 1}, decision{reason: "final: outcome_unknown"}},
		"unknown code fails closed":    {attempt{err: failure(UnknownCode, 0), made: 1, repeatable: true}, decision{reason: "final: unknown_code"}},
		"day's quota":                  {attempt{err: failure(QuotaUsed, 0), made: 1, repeatable: true}, decision{reason: "final: quota_used"}},
		"retired":                      {attempt{err: failure(Retired, 0), made: 1, repeatable: true}, decision{reason: "final: retired"}},
		"expired token":                {attempt{err: failure(TokenExpired, 0), made: 1, repeatable: true}, decision{retry: true, renew: true, reason: "token expired"}},
		"expired token of a write":     {attempt{err: failure(TokenExpired, 0), made: 1}, decision{retry: true, renew: true, reason: "token expired"}},
		"expired again":                {attempt{err: failure(TokenExpired, 0), made: 2, repeatable: true, renewed: true}, decision{reason: "final: token_expired"}},
		"expired on the last attempt":  {attempt{err: failure(TokenExpired, 0), made: 3, repeatable: true}, decision{retry: true, renew: true, reason: "token expired"}},
		"revoked":                      {attempt{err: failure(Revoked, 0), made: 1, repeatable: true}, decision{reason: "final: revoked"}},
		"busy after a renewal retries": {attempt{err: failure(RateLimited, 0), made: 2, repeatable: true, renewed: true}, decision{retry: true, after: 2 * time.Second, reason: "rate_limited"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, c.decide(test.attempt))
		})
	}
}
