package ordertest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/order"
)

func past(t *testing.T, h Harness) {
	t.Helper()
	ctx, store, now := t.Context(), h.Store, noon()
	back := func(days int) time.Time { return noon().AddDate(0, 0, -days) }
	_, err := store.Reach(ctx, shop, order.Reach{Since: back(100), Asked: now}, now)
	require.ErrorIs(t, err, order.ErrUnscheduled)
	h.Enrol(t, shop, now)
	reach := func(wish order.Reach) bool {
		news, err := store.Reach(ctx, shop, wish, now)
		require.NoError(t, err)
		return news
	}
	turn := func(failures int, served func(order.Lease) []time.Time) order.Lease {
		now = now.Add(time.Hour) // what it was put off to
		lease, err := store.Acquire(ctx, shop, "reader", now, now.Add(time.Minute))
		require.NoError(t, err)
		ends := lease
		ends.Pulls = served(lease)
		_, err = store.Release(ctx, ends, now, now.Add(time.Hour), failures)
		require.NoError(t, err)
		return lease
	}
	all := func(l order.Lease) []time.Time { return l.Pulls }

	assert.Zero(t, turn(0, all).Since)
	asked := now
	assert.True(t, reach(order.Reach{Since: back(100), Asked: asked}))
	assert.Len(t, allDue(t, store, now), 1, "due now")
	assert.False(t, reach(order.Reach{Since: back(100), Asked: asked}), "asked already")
	assert.False(t, reach(order.Reach{Since: back(50), Asked: asked}), "nearer")
	lease := turn(0, all)
	assert.Equal(t, back(100), lease.Since)
	assert.Equal(t, asked, lease.SinceAt)
	later := now
	assert.True(t, reach(order.Reach{Since: back(50), Asked: later}), "a new wish, as an old refusal does not count any more")
	lease = turn(0, all)
	assert.Equal(t, back(100), lease.Since, "and still as far back")
	assert.Equal(t, later, lease.SinceAt)
	assert.True(t, reach(order.Reach{Since: back(200), Asked: asked}))
	assert.Equal(t, back(200), turn(0, all).Since)

	assert.True(t, reach(order.Reach{Again: []time.Time{back(10), back(20)}}))
	assert.False(t, reach(order.Reach{Again: []time.Time{back(20)}}))
	assert.ElementsMatch(t, []time.Time{back(10), back(20)}, turn(1, all).Pulls)
	due := allDue(t, store, now.Add(2*time.Hour))
	assert.True(t, reach(order.Reach{Again: []time.Time{back(30)}}))
	assert.Equal(t, due, allDue(t, store, now.Add(2*time.Hour)), "a failing asset keeps its time")
	assert.Len(t, turn(0, func(order.Lease) []time.Time { return []time.Time{back(20), back(30)} }).Pulls, 3, "a failed read has not served them")
	assert.Equal(t, []time.Time{back(10)}, turn(0, all).Pulls, "what was not served stays")
	assert.Empty(t, turn(0, all).Pulls)

	reading, err := store.Reading(ctx, shop, now)
	require.NoError(t, err)
	assert.True(t, reading.Scheduled)
	assert.False(t, reading.Busy)
	assert.WithinDuration(t, now, reading.PastAt, 24*time.Hour)
	assert.Equal(t, now.Add(time.Hour), reading.WantedAt)
}
