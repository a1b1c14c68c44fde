// Package idempotency lets a caller repeat a write without it being done twice.
// The caller names the write with a key; the first request with the key claims
// it, and what came of that request is what later ones are told.
package idempotency

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"tiktok-shop-affiliate/shared/fault"
)

// How long things last.
const (
	Life  = 24 * time.Hour   // of a key, from its first request
	Lease = 35 * time.Second // of a claim: the 30 s API Gateway waits for a function, and a margin
)

// Request is a write and the key its caller gave it.
type Request struct {
	Owner       string
	Key         string // only its hash is kept
	Fingerprint []byte // of everything that makes requests differ: route and body
}

// Outcome is the answer to a request.
type Outcome struct {
	Status      int
	ContentType string
	Location    string // of the header of that name; empty: none
	Body        []byte
	Omitted     bool // the body was too large to keep
}

// Record is what is kept of a key.
type Record struct {
	Owner       string
	KeyHash     string
	Fingerprint []byte
	Claim       string    // random; of the request that carries it out
	LeaseUntil  time.Time // then another request may take over one that never ended
	ExpiresAt   time.Time
	Outcome     *Outcome // nil while it is carried out
}

// Store keeps records. Its writes are conditional, so that of many requests with
// one key exactly one gets it.
type Store interface {
	// Claim writes a record where there is none, where the one there has expired,
	// and where a claim on the same request outlived its lease. Otherwise it
	// returns the record that is there.
	Claim(ctx context.Context, r Record, now time.Time) (held *Record, err error)
	// Finish keeps the outcome, Release frees the key. Neither touches a record
	// that another request has claimed meanwhile.
	Finish(ctx context.Context, r Record) error
	Release(ctx context.Context, r Record) error
}

// Keeper decides what a repeated request gets.
type Keeper struct {
	store Store
	now   func() time.Time
}

// NewKeeper keeps outcomes in store.
func NewKeeper(store Store, now func() time.Time) *Keeper { return &Keeper{store: store, now: now} }

// Begin claims the key of a request. When an earlier request has ended, done is
// its outcome and there is nothing to do. It is fault.InProgress while one is
// being carried out, and fault.KeyReused when the key belongs to another request.
func (k *Keeper) Begin(ctx context.Context, request Request) (claim Record, done *Outcome, err error) {
	const op = "idempotency.Begin"
	now := k.now()
	claim = Record{
		Owner: request.Owner, KeyHash: hash(request.Key), Fingerprint: request.Fingerprint, Claim: rand.Text(),
		LeaseUntil: now.Add(Lease), ExpiresAt: now.Add(Life),
	}
	held, err := k.store.Claim(ctx, claim, now)
	switch {
	case err != nil || held == nil || held.Claim == claim.Claim: // ours: the store's answer was lost and the SDK wrote again
		return claim, nil, err
	case !bytes.Equal(held.Fingerprint, request.Fingerprint):
		return claim, nil, fault.New(op, fault.KeyReused, "This Idempotency-Key was used for another request in the last 24 hours. Use a new one for each write.")
	case held.Outcome == nil:
		return claim, nil, &fault.Error{Op: op, Kind: fault.InProgress, Message: "A request with this Idempotency-Key is being carried out. Repeat it to see what came of it.", RetryAfter: time.Second}
	case held.Outcome.Omitted:
		return claim, nil, fault.New(op, fault.Conflict, "The request with this Idempotency-Key was carried out. Its answer was too large to keep: read the result instead.")
	}
	return claim, held.Outcome, nil
}

// End keeps what came of a claimed request.
func (k *Keeper) End(ctx context.Context, claim Record, outcome Outcome) error {
	claim.Outcome = &outcome
	return k.store.Finish(ctx, claim)
}

// Release frees the key of a claimed request that came to nothing.
func (k *Keeper) Release(ctx context.Context, claim Record) error { return k.store.Release(ctx, claim) }

// hash hides the key, which may hold a caller's order number or worse, and gives
// every key the same length. 128 bits never meet by chance.
func hash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
