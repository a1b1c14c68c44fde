package conversion_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/order/ordertest"
)

// packed are kept figures as bytes, as they come from a table.
type packed map[time.Time][]byte

func (p packed) Values(_ context.Context, _ account.AssetID, _ order.Perspective, _ conversion.Dimension, from, to time.Time, each func(time.Time, conversion.Values)) error {
	for day, text := range p {
		if day.Before(from) || !day.Before(to) {
			continue
		}
		var values conversion.Values
		if err := json.Unmarshal(text, &values); err != nil {
			return err
		}
		each(day, values)
	}
	return nil
}

// BenchmarkAMonth sums up a month of 100,000 rows by creator from what is kept
// of it, without a table.
func BenchmarkAMonth(b *testing.B) {
	month := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	plain := ordertest.TAPRow(b, "tap:main:partner:x:1:US", "1", month, "SETTLED")
	kept, size := packed{}, 0
	for d := range 31 {
		var day conversion.Day
		for i := range 100_000 / 31 {
			row := plain
			row.CreatedAt = month.AddDate(0, 0, d).Add(time.Duration(i) * 24 * time.Hour / (100_000 / 31))
			row.CreatorUsername = fmt.Sprint("creator.number.", i*7919%500)
			day.Add(row)
		}
		text, err := json.Marshal(day.Values(conversion.ByCreator))
		require.NoError(b, err)
		kept[month.AddDate(0, 0, d)], size = text, size+len(text)
	}
	b.Logf("kept: %d KB", size>>10)
	q := conversion.Query{Perspective: order.TAP, By: conversion.ByCreator, Interval: conversion.Monthly, Zone: time.UTC, From: month, To: month.AddDate(0, 1, 0)}
	b.ReportAllocs()
	for b.Loop() {
		lines, _, err := q.Read(b.Context(), kept, []account.AssetID{"a"}, nil, 1000)
		require.NoError(b, err)
		require.Len(b, lines, 500)
	}
}
