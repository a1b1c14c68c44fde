package idempotency_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/idempotency"
	"tiktok-shop-affiliate/shared/idempotency/idempotencytest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	idempotencytest.TestStore(t, new(idempotencytest.Memory))
}

// drawer is a store whose answer to a claim is given.
type drawer struct {
	idempotency.Store
	held func(idempotency.Record) *idempotency.Record
}

func (d drawer) Claim(_ context.Context, r idempotency.Record, _ time.Time) (*idempotency.Record, error) {
	return d.held(r), nil
}

func TestWhatAClaimMeets(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		held func(idempotency.Record) *idempotency.Record
		want fault.Kind
	}{
		"its own first write": {func(r idempotency.Record) *idempotency.Record { return &r }, ""},
		"an answer too large to keep": {func(r idempotency.Record) *idempotency.Record {
			return &idempotency.Record{Fingerprint: r.Fingerprint, Outcome: &idempotency.Outcome{Status: 200, Omitted: true}}
		}, fault.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, done, err := idempotency.NewKeeper(drawer{held: c.held}, time.Now).Begin(t.Context(), idempotency.Request{Owner: "acme", Key: "k", Fingerprint: []byte("f")})
			assert.Equal(t, c.want, fault.KindOf(err))
			assert.Nil(t, done)
		})
	}
}

func TestOnlyTheHashOfAKeyIsKept(t *testing.T) {
	t.Parallel()
	claim, _, err := idempotency.NewKeeper(new(idempotencytest.Memory), time.Now).Begin(t.Context(), idempotency.Request{Owner: "acme", Key: "jane@example.com", Fingerprint: []byte("f")})
	require.NoError(t, err)
	assert.NotContains(t, claim.KeyHash, "jane")
	assert.Len(t, claim.KeyHash, 22)
}
