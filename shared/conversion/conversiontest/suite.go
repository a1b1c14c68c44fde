package conversiontest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/order"
)

// Store is everything the suite asks of a store.
type Store interface {
	conversion.Store
	conversion.Reader
}

// Suite is the conformance test of stores of sums: the real one and the one in
// memory pass it. open gives an empty one.
func Suite(t *testing.T, open func(t *testing.T) Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Store){
		"days are replaced in turn":              daysInTurn,
		"days are opened once":                   opened,
		"parts are written over older ones only": partsInTurn,
		"days and parts between two times":       between,
		"one of many writers":                    races,
		"rollers at once agree":                  rollersAtOnce,
		"a writer that dies harms nothing":       death,
		"older rows are not written last":        olderRows,
		"a small day that was left open":         leftOpen,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

const partner = account.AssetID("tap:main:partner:6AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA:860872:US")

func at(day int) time.Time { return time.Date(2026, 10, day, 0, 0, 0, 0, time.UTC) }

func keyOf(day int) conversion.Key {
	return conversion.Key{Asset: partner, Perspective: order.TAP, Day: at(day)}
}

func kept(t *testing.T, s Store, key conversion.Key) conversion.Kept {
	t.Helper()
	found, err := s.Kept(t.Context(), key)
	require.NoError(t, err)
	return found
}

func daysInTurn(t *testing.T, s Store) {
	t.Helper()
	key := keyOf(20)
	assert.Equal(t, conversion.Kept{}, kept(t, s, key), "nothing is kept")
	one := conversion.Kept{Rev: 1, Rows: 7, Revs: 9, Sums: []byte{2, 3}}
	require.NoError(t, s.PutDay(t.Context(), key, one, at(21)))
	assert.Equal(t, one, kept(t, s, key))
	require.ErrorIs(t, s.PutDay(t.Context(), key, one, at(21)), conversion.ErrStale, "it is there")
	two := conversion.Kept{Rev: 3, Rows: 8, Revs: 10, Parts: map[conversion.Dimension][]byte{conversion.ByCreator: []byte("12345678")}}
	require.ErrorIs(t, s.PutDay(t.Context(), key, two, at(21)), conversion.ErrStale, "one is left out")
	two.Rev = 2
	require.NoError(t, s.PutDay(t.Context(), key, two, at(21)))
	assert.Equal(t, two, kept(t, s, key), "nothing is left of the one before")
	assert.Equal(t, conversion.Kept{}, kept(t, s, keyOf(19)), "days are apart")
}

func opened(t *testing.T, s Store) {
	t.Helper()
	key := keyOf(20)
	require.ErrorIs(t, s.Open(t.Context(), key, 1), conversion.ErrStale)
	require.NoError(t, s.Open(t.Context(), key, 0))
	assert.Equal(t, conversion.Kept{Rev: 1, Open: true}, kept(t, s, key))
	require.ErrorIs(t, s.Open(t.Context(), key, 0), conversion.ErrStale)
	require.ErrorIs(t, s.PutDay(t.Context(), key, conversion.Kept{Rev: 1, Sums: []byte{2}}, at(21)), conversion.ErrStale, "by whoever looked before")
	day := conversion.Kept{Rev: 2, Rows: 3, Revs: 4, Sums: []byte{2}}
	require.NoError(t, s.PutDay(t.Context(), key, day, at(21)))
	assert.Equal(t, day, kept(t, s, key), "and it is closed")
	require.NoError(t, s.Open(t.Context(), key, 2))
	day.Rev, day.Open = 3, true
	assert.Equal(t, day, kept(t, s, key), "what is kept stays")
}

func partsInTurn(t *testing.T, s Store) {
	t.Helper()
	key := keyOf(20)
	require.NoError(t, s.Open(t.Context(), key, 0))
	put := func(by conversion.Dimension, number int, text string, rev int64) error {
		return s.PutPart(t.Context(), key, conversion.Part{Dimension: by, Number: number, Sums: []byte(text)}, rev)
	}
	require.NoError(t, put(conversion.ByCreator, 0, "a", 5))
	require.ErrorIs(t, put(conversion.ByCreator, 0, "b", 5), conversion.ErrStale, "its writer has written it")
	require.ErrorIs(t, put(conversion.ByCreator, 0, "c", 4), conversion.ErrStale, "a later writer has")
	require.NoError(t, put(conversion.ByCreator, 1, "d", 4))
	require.NoError(t, put(conversion.ByProduct, 0, "e", 1))
	require.NoError(t, put(conversion.ByCreator, 0, "f", 6))
	assert.Equal(t, []string{"2026-10-20 0 f", "2026-10-20 1 d"}, parts(t, s, conversion.ByCreator, 20, 21))
	assert.Equal(t, []string{"2026-10-20 0 e"}, parts(t, s, conversion.ByProduct, 20, 21))
	assert.Empty(t, parts(t, s, conversion.ByShop, 20, 21))
}

// parts lists what is kept in parts.
func parts(t *testing.T, s Store, by conversion.Dimension, from, to int) (found []string) {
	t.Helper()
	require.NoError(t, s.Parts(t.Context(), partner, order.TAP, by, at(from), at(to), func(day time.Time, part conversion.Part) error {
		assert.Equal(t, by, part.Dimension)
		found = append(found, fmt.Sprintf("%s %d %s", day.Format(time.DateOnly), part.Number, part.Sums))
		return nil
	}))
	return found
}

func between(t *testing.T, s Store) {
	t.Helper()
	for _, day := range []int{29, 30, 31, 32, 33} {
		require.NoError(t, s.Open(t.Context(), keyOf(day), 0))
		require.NoError(t, s.PutPart(t.Context(), keyOf(day), conversion.Part{Dimension: conversion.ByShop, Sums: []byte("x")}, 1))
		require.NoError(t, s.PutDay(t.Context(), keyOf(day), conversion.Kept{Rev: 2, Rows: int64(day), Parts: map[conversion.Dimension][]byte{}}, at(40)))
	}
	days := func(asset account.AssetID, p order.Perspective, from, to int) (rows []int64) {
		require.NoError(t, s.Days(t.Context(), asset, p, at(from), at(to), func(day time.Time, kept conversion.Kept) error {
			assert.Equal(t, at(int(kept.Rows)), day)
			rows = append(rows, kept.Rows)
			return nil
		}))
		return rows
	}
	assert.Equal(t, []int64{30, 31, 32}, days(partner, order.TAP, 30, 33), "over the end of a month; to is exclusive")
	assert.Equal(t, []int64{29, 30, 31, 32, 33}, days(partner, order.TAP, 1, 90))
	assert.Empty(t, days(partner, order.TAP, 30, 30))
	assert.Empty(t, days(partner, order.CAP, 1, 90), "perspectives are apart")
	assert.Empty(t, days("shop:1", order.TAP, 1, 90), "and so are assets")
	assert.Equal(t, []string{"2026-10-31 0 x", "2026-11-01 0 x"}, parts(t, s, conversion.ByShop, 31, 33))
	stop := fmt.Errorf("stop")
	require.ErrorIs(t, s.Days(t.Context(), partner, order.TAP, at(1), at(40), func(time.Time, conversion.Kept) error { return stop }), stop)
	require.ErrorIs(t, s.Parts(t.Context(), partner, order.TAP, conversion.ByShop, at(1), at(40), func(time.Time, conversion.Part) error { return stop }), stop)
}

func races(t *testing.T, s Store) {
	t.Helper()
	first := func(what string, do func() error) {
		var won atomic.Int64
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if err := do(); err == nil {
					won.Add(1)
				} else {
					assert.ErrorIs(t, err, conversion.ErrStale)
				}
			})
		}
		group.Wait()
		assert.Equal(t, int64(1), won.Load(), what)
	}
	first("opens", func() error { return s.Open(t.Context(), keyOf(20), 0) })
	first("writes a part", func() error {
		return s.PutPart(t.Context(), keyOf(20), conversion.Part{Dimension: conversion.ByShop, Sums: []byte{2}}, 1)
	})
	first("writes the day", func() error {
		return s.PutDay(t.Context(), keyOf(20), conversion.Kept{Rev: 2, Sums: []byte{2}}, at(21))
	})
}

// imagined is a store with rows that are not in there.
type imagined struct {
	Store
	mu   sync.Mutex
	rows []order.Row
}

// DayRows implements conversion.Store.
func (i *imagined) DayRows(_ context.Context, _ conversion.Key, each func(order.Row)) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, row := range i.rows {
		each(row)
	}
	return nil
}

func (i *imagined) show(rows []order.Row) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(rows) > len(i.rows) {
		i.rows = rows
	}
}

// agree demands that what is kept of the day is its rows, but for those that are
// missing, told apart by each dimension.
func (i *imagined) agree(t *testing.T) {
	t.Helper()
	for _, by := range conversion.Dimensions() {
		want, got := map[string]int64{}, map[string]int64{}
		for _, row := range i.rows {
			if row.MissingSince.IsZero() {
				want[by.Of(row)]++
			}
		}
		q := conversion.Query{Perspective: order.TAP, By: by, Interval: conversion.Daily, Zone: time.UTC, From: at(20), To: at(21)}
		lines, next, err := q.Read(t.Context(), i, []account.AssetID{partner}, nil, 10_000)
		require.NoError(t, err)
		assert.Nil(t, next)
		for _, line := range lines {
			key := ""
			if line.Key != nil {
				key = *line.Key
			}
			got[key] += line.Rows
		}
		assert.Equal(t, want, got, by)
	}
}

func (i *imagined) roll(t *testing.T) (written int, failed map[conversion.Key]error) {
	t.Helper()
	return conversion.NewRoller(conversion.RollerOptions{Store: i, Now: func() time.Time { return at(21) }}).Roll(t.Context(), []conversion.Key{keyOf(20)})
}

func rollersAtOnce(t *testing.T, s Store) {
	t.Helper()
	rows := NewMarket(partner, 60, 20).Day(t, at(20), 320, true)
	store := &imagined{Store: s}
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for j := range 4 {
				store.show(rows[:(4*i+j+1)*len(rows)/16])
				_, failed := store.roll(t)
				for _, err := range failed { // too many at once: the stream brings it again
					assert.NotErrorIs(t, err, conversion.ErrStale)
				}
			}
		})
	}
	group.Wait()
	_, failed := store.roll(t)
	require.Empty(t, failed)
	store.agree(t)
	assert.False(t, kept(t, s, keyOf(20)).Open)
}

func death(t *testing.T, s Store) {
	t.Helper()
	store := &imagined{Store: s, rows: NewMarket(partner, 60, 20).Day(t, at(20), 320, true)}
	all, failed := store.roll(t)
	require.Empty(t, failed)
	assert.Greater(t, all, 8, "a large day is many items")
	again, _ := store.roll(t)
	assert.Equal(t, 0, again, "no news, no write")
	before := kept(t, s, keyOf(20))

	// it dies after the day was opened and one part written
	foreign := conversion.Part{Dimension: conversion.ByCreator, Sums: []byte("nobody reads this")}
	require.NoError(t, s.Open(t.Context(), keyOf(20), before.Rev))
	require.NoError(t, s.PutPart(t.Context(), keyOf(20), foreign, before.Rev+1))
	again, failed = store.roll(t)
	require.Empty(t, failed)
	assert.Equal(t, all, again, "every part is written again")
	store.agree(t)
	require.ErrorIs(t, s.PutPart(t.Context(), keyOf(20), foreign, before.Rev+1), conversion.ErrStale, "what is left of it comes too late")
	store.agree(t)
}
