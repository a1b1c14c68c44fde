package main

import (
	"context"
	"fmt"
	"time"
	_ "time/tzdata" // the zones are those of this Go

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/conversion/conversiontest"
	"tiktok-shop-affiliate/shared/money"
	"tiktok-shop-affiliate/shared/order"
)

// sumsInMemory keeps sums of the bench's rows.
func (b *bench) sumsInMemory() conversiontest.Store {
	return conversiontest.NewMemory(func(ctx context.Context, key conversion.Key, each func(order.Row)) error {
		return b.store.Between(ctx, key.Asset, key.Perspective, key.Day, key.Day.AddDate(0, 0, 1), func(rows []order.Row) error {
			for _, row := range rows {
				each(row)
			}
			return nil
		})
	})
}

// roll adds up the days of the rows that changed since a time, at times with two rollers
// at once, as when the stream brings a batch twice.
func (b *bench) roll(sums conversion.Store, since time.Time) {
	b.t.Helper()
	changed := map[conversion.Key]bool{}
	for id := range b.assets {
		for _, row := range b.rows(id) {
			if !row.ChangedAt.Before(since) {
				changed[conversion.Key{Asset: row.Asset, Perspective: row.Perspective, Day: conversion.DayOf(row.CreatedAt)}] = true
			}
		}
	}
	var keys []conversion.Key
	for key := range changed {
		keys = append(keys, key)
	}
	var rollers errgroup.Group
	for range 1 + len(keys)%2 {
		rollers.Go(func() error {
			_, failed := conversion.NewRoller(conversion.RollerOptions{Store: sums, Now: b.clock.Now, Sizes: conversion.Sizes{Day: 1500, Part: 500}}).Roll(b.t.Context(), keys)
			for key, err := range failed {
				return fmt.Errorf("%v: %w", key, err)
			}
			return nil
		})
	}
	require.NoError(b.t, rollers.Wait())
}

// addUp demands that the sums by every dimension, day by day in two zones, are
// those of the rows, which agree has held against the sandbox.
func (b *bench) addUp(sums conversion.Reader) {
	b.t.Helper()
	for _, name := range []string{"Asia/Kolkata", "America/New_York"} {
		zone, err := time.LoadLocation(name)
		require.NoError(b.t, err)
		for id := range b.assets {
			for _, p := range order.Perspectives(id) {
				rows := b.stream(id, p)
				for _, by := range append(conversion.Dimensions(), "") {
					b.addsUp(sums, id, rows, conversion.Query{Perspective: p, By: by, Interval: conversion.Daily, Zone: zone})
				}
			}
		}
	}
}

func (b *bench) addsUp(sums conversion.Reader, id account.AssetID, rows []order.Row, q conversion.Query) {
	b.t.Helper()
	type total struct {
		rows         int64
		base, actual money.Amount
	}
	want := map[string]total{}
	for _, row := range rows {
		if !row.MissingSince.IsZero() {
			continue
		}
		at := fmt.Sprintf("%s %q %s", row.CreatedAt.In(q.Zone).Format(time.DateOnly), q.By.Of(row), row.Currency())
		t := want[at]
		var err1, err2 error
		t.rows++
		t.base, err1 = t.base.Add(row.Base.Estimated)
		t.actual, err2 = t.actual.Add(row.Base.Actual)
		require.NoError(b.t, err1)
		require.NoError(b.t, err2)
		want[at] = t
	}
	q.To = conversion.DayOf(b.clock.Now()).AddDate(0, 0, 2)
	q.From = q.To.AddDate(0, 0, -120)
	lines, next, err := q.Read(b.t.Context(), sums, []account.AssetID{id}, nil, 100_000)
	require.NoError(b.t, err)
	require.Nil(b.t, next)
	text := func(n int64, base, actual money.Amount) string { return fmt.Sprint(n, " ", base, " ", actual) }
	got, should := map[string]string{}, map[string]string{}
	for _, line := range lines {
		key, currency := "", ""
		if line.Key != nil {
			key = *line.Key
		}
		if line.Currency != nil {
			currency = *line.Currency
		}
		got[fmt.Sprintf("%s %q %s", line.From, key, currency)] = text(line.Rows, line.Base.Estimated, line.Base.Actual)
	}
	for at, t := range want {
		should[at] = text(t.rows, t.base, t.actual)
	}
	assert.Equal(b.t, should, got, "%s %s by %q in %s", id, q.Perspective, q.By, q.Zone)
}
