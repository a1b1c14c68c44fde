package idempotencytest

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/idempotency"
)

// TestStore holds a store against the rules.
func TestStore(t *testing.T, store idempotency.Store) {
	t.Helper()
	begin := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	now := begin
	keeper := idempotency.NewKeeper(store, func() time.Time { return now })
	request := idempotency.Request{Owner: "acme", Key: "order 7", Fingerprint: []byte("POST /v1/links")}
	other := request
	other.Fingerprint = []byte("POST /v1/links of something else")
	long := strings.Repeat(`{"item":"of a long list"},`, 2000)

	claim, done, err := keeper.Begin(t.Context(), request)
	require.NoError(t, err)
	require.Nil(t, done)
	_, _, err = keeper.Begin(t.Context(), request)
	assert.Equal(t, fault.InProgress, fault.KindOf(err), "while it is carried out")
	_, _, err = keeper.Begin(t.Context(), other)
	assert.Equal(t, fault.KeyReused, fault.KindOf(err), "for another request")
	foreign := request
	foreign.Owner = "globex"
	_, done, err = keeper.Begin(t.Context(), foreign)
	require.NoError(t, err, "keys of another owner are others")
	assert.Nil(t, done)

	outcome := idempotency.Outcome{Status: 201, ContentType: "application/json", Body: []byte(long)}
	require.NoError(t, keeper.End(t.Context(), claim, outcome))
	now = begin.Add(idempotency.Lease)
	_, done, err = keeper.Begin(t.Context(), request)
	require.NoError(t, err)
	require.NotNil(t, done)
	assert.Equal(t, outcome, *done)
	_, _, err = keeper.Begin(t.Context(), other)
	assert.Equal(t, fault.KeyReused, fault.KindOf(err), "also afterwards")

	now = begin.Add(idempotency.Life)
	claim, done, err = keeper.Begin(t.Context(), other)
	require.NoError(t, err, "a day later the key is free")
	assert.Nil(t, done)

	require.NoError(t, keeper.Release(t.Context(), claim))
	crashed, done, err := keeper.Begin(t.Context(), request)
	require.NoError(t, err, "a released key is free")
	assert.Nil(t, done)

	now = now.Add(idempotency.Lease - time.Millisecond)
	_, _, err = keeper.Begin(t.Context(), request)
	assert.Equal(t, fault.InProgress, fault.KindOf(err), "its lease still runs")
	now = now.Add(time.Millisecond)
	_, _, err = keeper.Begin(t.Context(), other)
	assert.Equal(t, fault.KeyReused, fault.KindOf(err), "only the same request takes over")
	claim, done, err = keeper.Begin(t.Context(), request)
	require.NoError(t, err, "the first never ended")
	assert.Nil(t, done)
	require.Error(t, keeper.End(t.Context(), crashed, outcome), "it comes too late")
	require.Error(t, keeper.Release(t.Context(), crashed))
	require.NoError(t, keeper.End(t.Context(), claim, idempotency.Outcome{Status: 204}))
	_, done, err = keeper.Begin(t.Context(), request)
	require.NoError(t, err)
	require.NotNil(t, done)
	assert.Equal(t, 204, done.Status)
	assert.True(t, bytes.Equal(nil, done.Body), "no body")

	var group sync.WaitGroup
	winners := make(chan string, 16)
	race := idempotency.Request{Owner: "acme", Key: "race", Fingerprint: []byte("x")}
	for range 16 {
		group.Go(func() {
			if claim, done, err := keeper.Begin(t.Context(), race); err == nil && done == nil {
				winners <- claim.Claim
			}
		})
	}
	group.Wait()
	assert.Len(t, winners, 1, "of many at once")
}
