package conversiontest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/order"
)

// sleepy is the store of a roller that falls asleep with the rows in its hands.
type sleepy struct {
	*imagined
	meanwhile func() // once
}

// DayRows implements conversion.Store.
func (s *sleepy) DayRows(ctx context.Context, key conversion.Key, each func(order.Row)) error {
	if err := s.imagined.DayRows(ctx, key, each); err != nil {
		return err
	}
	if do := s.meanwhile; do != nil {
		s.meanwhile = nil
		do()
	}
	return nil
}

// write is the next revision of a row.
func (i *imagined) write(at int, change func(*order.Row)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rows = slices.Clone(i.rows)
	i.rows[at].Rev++
	change(&i.rows[at])
}

// olderRows lets a roller wake up with rows that have changed and changed back
// since: another was told so, and has found the sums as they were.
func olderRows(t *testing.T, s Store) {
	t.Helper()
	by := func(name string) func(*order.Row) { return func(row *order.Row) { row.CreatorUsername = name } }
	missing := func(since time.Time) func(*order.Row) { return func(row *order.Row) { row.MissingSince = since } }
	store := &imagined{Store: s}
	sleep := func(change func(*order.Row)) {
		late := &sleepy{imagined: store, meanwhile: func() {
			store.write(0, change)
			_, failed := store.roll(t)
			require.Empty(t, failed)
			store.agree(t)
		}}
		roller := conversion.NewRoller(conversion.RollerOptions{Store: late, Now: func() time.Time { return at(21) }})
		_, failed := roller.Roll(t.Context(), []conversion.Key{keyOf(20)})
		require.Empty(t, failed)
		store.agree(t)
		again, _ := store.roll(t)
		assert.Equal(t, 0, again, "no news, no write")
	}
	rows := NewMarket(partner, 60, 20).Day(t, at(20), 320, true)
	store.rows = rows[:1]
	store.write(0, missing(time.Time{}))
	sleep(missing(at(21))) // nothing was kept, and nothing is to be
	name := rows[0].CreatorUsername
	for _, n := range []int{3, len(rows)} { // a small day, and a large one
		store.rows = append(store.rows[:1:1], rows[1:n]...)
		store.write(0, missing(time.Time{}))
		store.write(0, by(name))
		_, failed := store.roll(t)
		require.Empty(t, failed)
		store.write(0, by("somebody.else"))
		sleep(by(name))
	}
	assert.NotEmpty(t, kept(t, s, keyOf(20)).Parts)
	store.write(0, func(*order.Row) {})
	written, _ := store.roll(t)
	assert.Equal(t, 1, written, "what changed is not in the sums: the day alone is written")
	store.agree(t)
}

// leftOpen lets a roller find a small day whose large sums another is about to
// write.
func leftOpen(t *testing.T, s Store) {
	t.Helper()
	store := &imagined{Store: s, rows: NewMarket(partner, 60, 20).Day(t, at(20), 3, true)}
	_, failed := store.roll(t)
	require.Empty(t, failed)
	require.NoError(t, s.Open(t.Context(), keyOf(20), 1))
	written, failed := store.roll(t)
	require.Empty(t, failed)
	assert.Equal(t, 1, written, "the sums are the same, but not for long")
	large := conversion.Kept{Rev: 3, Parts: map[conversion.Dimension][]byte{}}
	require.ErrorIs(t, s.PutDay(t.Context(), keyOf(20), large, at(21)), conversion.ErrStale, "the other comes too late")
	assert.False(t, kept(t, s, keyOf(20)).Open)
	store.agree(t)
}
