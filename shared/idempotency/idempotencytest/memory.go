// Package idempotencytest has a store of outcomes in memory and the rules that
// every such store keeps.
package idempotencytest

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"tiktok-shop-affiliate/shared/idempotency"
)

// Memory is an idempotency.Store for tests.
type Memory struct {
	mu      sync.Mutex
	records map[string]idempotency.Record
	Err     error // answers every call instead, when set
}

var errNotHeld = errors.New("another request holds the claim")

// Claim implements idempotency.Store.
func (m *Memory) Claim(_ context.Context, r idempotency.Record, now time.Time) (*idempotency.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	held, found := m.records[r.Owner+"/"+r.KeyHash]
	abandoned := held.Outcome == nil && !now.Before(held.LeaseUntil) && bytes.Equal(held.Fingerprint, r.Fingerprint)
	switch {
	case m.Err != nil:
		return nil, m.Err
	case found && now.Before(held.ExpiresAt) && !abandoned:
		return &held, nil
	case m.records == nil:
		m.records = map[string]idempotency.Record{}
	}
	m.records[r.Owner+"/"+r.KeyHash] = r
	return nil, nil
}

// Finish implements idempotency.Store.
func (m *Memory) Finish(_ context.Context, r idempotency.Record) error {
	return m.replace(r, func(key string) { m.records[key] = r })
}

// Release implements idempotency.Store.
func (m *Memory) Release(_ context.Context, r idempotency.Record) error {
	return m.replace(r, func(key string) { delete(m.records, key) })
}

func (m *Memory) replace(r idempotency.Record, with func(key string)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := r.Owner + "/" + r.KeyHash
	if m.Err != nil {
		return m.Err
	}
	if m.records[key].Claim != r.Claim {
		return errNotHeld
	}
	with(key)
	return nil
}

// Len is how many keys are kept.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.records)
}
