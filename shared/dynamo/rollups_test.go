package dynamo

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/conversion/conversiontest"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/order"
)

var rollDay = time.Date(2026, 10, 20, 0, 0, 0, 0, time.UTC)

func rollKey() conversion.Key {
	return conversion.Key{Asset: testTAP, Perspective: order.TAP, Day: rollDay}
}

// imagined are rows that are not in the table: n of a day, or what is set.
type imagined struct {
	*Rollups
	mu   sync.Mutex
	rows []order.Row
}

func (i *imagined) DayRows(_ context.Context, _ conversion.Key, each func(order.Row)) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, row := range i.rows {
		each(row)
	}
	return nil
}

func byValue(t testing.TB, r *Rollups, by conversion.Dimension) map[string]int64 {
	t.Helper()
	q := conversion.Query{Perspective: order.TAP, By: by, Interval: conversion.Daily, Zone: time.UTC, From: rollDay, To: rollDay.AddDate(0, 0, 1)}
	lines, _, err := q.Read(t.Context(), r, []account.AssetID{testTAP}, nil, 10_000)
	require.NoError(t, err)
	rows := map[string]int64{}
	for _, line := range lines {
		key := ""
		if line.Key != nil {
			key = *line.Key
		}
		rows[key] += line.Rows
	}
	return rows
}

func roll(t testing.TB, store conversion.Store) (written int) {
	t.Helper()
	written, failed := conversion.NewRoller(conversion.RollerOptions{Store: store, Now: func() time.Time { return rollDay.Add(30 * time.Hour) }}).Roll(t.Context(), []conversion.Key{rollKey()})
	require.Empty(t, failed)
	return written
}

func TestASmallDayIsOneItem(t *testing.T) {
	t.Parallel()
	client, used := metered(t)
	store := NewRollups(client, awstest.Tables(t).Orders)
	lease := order.Lease{Asset: testTAP, Fence: 1}
	create := func(id string, at time.Time) order.Row {
		row := tapRow(t, testTAP, id, at, "PENDING")
		require.NoError(t, store.Create(t.Context(), lease, row))
		return row
	}
	first := create("1", rollDay)
	create("2", rollDay.Add(24*time.Hour-time.Second))
	create("3", rollDay.Add(-time.Second))
	create("4", rollDay.Add(24*time.Hour))
	used.take()
	assert.Equal(t, 1, roll(t, store))
	writes, reads := used.take()
	assert.LessOrEqual(t, writes, 2.0)
	t.Logf("a day of 2 rows: %.0f write units, %.1f read units", writes, reads)
	assert.Equal(t, map[string]int64{"mia.lane.finds": 2}, byValue(t, store, conversion.ByCreator), "the day's rows and no others")

	assert.Equal(t, 0, roll(t, store), "no news, no write")

	moved := first
	moved.CreatorUsername, moved.Rev = "leo", 2
	moved.Raw = []byte(`{"row":{"id":"1","creator_username":"leo","create_time":` + fmt.Sprint(rollDay.Unix()) + `}}`)
	require.NoError(t, store.Replace(t.Context(), lease, moved))
	assert.Equal(t, 1, roll(t, store))
	assert.Equal(t, map[string]int64{"mia.lane.finds": 1, "leo": 1}, byValue(t, store, conversion.ByCreator), "what is attributed anew counts once")
	assert.Equal(t, map[string]int64{"": 1, "7512345678901234567": 1}, byValue(t, store, conversion.ByCampaign))
}

func TestALargeDayIsManyItems(t *testing.T) {
	t.Parallel()
	client, used := metered(t)
	rows := conversiontest.NewMarket(testTAP, 60, 20).Day(t, rollDay, 320, true)
	store := &imagined{Rollups: NewRollups(client, awstest.Tables(t).Orders), rows: rows[:20]}
	assert.Equal(t, 1, roll(t, store), "it begins small")
	check := func() {
		t.Helper()
		for _, by := range conversion.Dimensions() {
			want := map[string]int64{}
			for _, row := range store.rows {
				want[by.Of(row)]++
			}
			assert.Equal(t, want, byValue(t, store.Rollups, by), by)
		}
	}
	check()
	store.rows = rows
	first := roll(t, store)
	assert.Greater(t, first, 8, "and is dealt out when it grows")
	check()
	assert.Equal(t, 0, roll(t, store), "no news, no write")

	used.take()
	store.rows[7].CreatorUsername = "somebody.else"
	again := roll(t, store)
	assert.LessOrEqual(t, again, 4, "the day, before and after, and the parts of two creators")
	check()
	writes, _ := used.take()
	t.Logf("a day of %d rows: %d items; one row attributed anew: %d items, %.0f write units", len(rows), first, again, writes)

	used.take()
	store.rows[8].Status = order.NoCommission
	again = roll(t, store)
	assert.LessOrEqual(t, again, 2+len(conversion.Dimensions()))
	check()
	writes, _ = used.take()
	t.Logf("one row's status changed: %d items, %.0f write units", again, writes)

	store.rows = store.rows[:5]
	roll(t, store)
	check()
}

func TestRollupsConform(t *testing.T) {
	t.Parallel()
	conversiontest.Suite(t, func(t *testing.T) conversiontest.Store {
		t.Helper()
		return NewRollups(dynamodb.NewFromConfig(awstest.Config(t)), awstest.Tables(t).Orders)
	})
}
