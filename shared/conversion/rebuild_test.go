package conversion_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/job"
	"tiktok-shop-affiliate/shared/order"
)

func TestDaysAreAddedUpAnew(t *testing.T) {
	t.Parallel()
	d := newDays(t)
	start := day("2026-10-30")
	for i := range 5 {
		d.add(sale(t, start.AddDate(0, 0, i).Add(time.Hour), "mia", "USD", "1", "", order.Pending))
	}
	for _, i := range []int{1, 2} { // the roller has given these changes up
		at := start.AddDate(0, 0, i)
		key := conversion.Key{Asset: "creator:main:c1", Perspective: order.Creator, Day: at}
		d.rows[key] = append(d.rows[key], sale(t, at.Add(2*time.Hour), "leo", "USD", "2", "", order.Pending))
	}
	total := func() (rows int64) {
		lines := read(t, d, conversion.Query{Interval: conversion.Monthly, Zone: time.UTC, From: start.AddDate(0, 0, -1), To: start.AddDate(0, 0, 9)}, 50)
		for _, line := range lines {
			rows += line.Rows
		}
		return rows
	}
	require.Equal(t, int64(5), total())

	kind := conversion.NewRebuild(conversion.NewRoller(conversion.RollerOptions{Store: d, Now: time.Now}))
	params := json.RawMessage(`{"from":"2026-10-28","to":"2026-11-08"}`)
	days := conversion.RebuildSpec().Check(job.Ask{Params: params}, func(pointer, _ string, _ ...any) { assert.Fail(t, pointer) })
	require.Equal(t, 11, days)
	rebuild := func() (wrote []string) {
		for start := 0; start < days; start += 4 {
			out, err := kind.Run(t.Context(), job.Step{Job: job.Job{Asset: "creator:main:c1", Params: params}, Start: start, Count: min(4, days-start)})
			require.NoError(t, err)
			for i, result := range out.Results {
				require.Equal(t, start+i, result.Index)
				var rebuilt conversion.Rebuilt
				require.NoError(t, json.Unmarshal(result.Result, &rebuilt))
				if rebuilt.Wrote {
					wrote = append(wrote, rebuilt.Day)
				}
			}
		}
		return wrote
	}
	assert.Equal(t, []string{"2026-10-31", "2026-11-01"}, rebuild(), "days that are up to date, or empty, are not written")
	assert.Equal(t, int64(7), total())
	assert.Empty(t, rebuild())
}

func TestWhatIsAskedOfARebuild(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]string{
		`{"from":"2026-10-28","to":"2026-11-08"}`:           "11",
		`{"from":"2026-10-28","to":"2026-10-28"}`:           "/params/to",
		`{"from":"2020-10-28","to":"2026-10-28"}`:           "/params/from",
		`{"from":"2026-10-32","to":"2026-11-08"}`:           "/params/from",
		`{"from":"2026-10-28"}`:                             "/params/to",
		`{"from":"2026-10-28","to":"2026-11-08","by":"no"}`: "/params",
	} {
		got := ""
		days := conversion.RebuildSpec().Check(job.Ask{Asset: account.Asset{ID: "shop:1"}, Params: json.RawMessage(params)}, func(pointer, _ string, _ ...any) { got += pointer })
		if got == "" {
			got = fmt.Sprint(days)
		}
		assert.Equal(t, want, got, params)
	}
}
