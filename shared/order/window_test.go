package order

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func cadence(t *testing.T, text string) (c Cadence) {
	t.Helper()
	require.NoError(t, c.UnmarshalText([]byte(text)))
	return c
}

func TestCadence(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	c := cadence(t, "0=5m, 72h=1h, 840h=24h,2400h=168h")
	for name, test := range map[string]struct {
		w    Window
		want time.Duration
	}{
		"open":                {Window{From: now.AddDate(-1, 0, 0)}, 5 * time.Minute},
		"just closed":         {Window{To: now}, time.Hour},
		"three days old":      {Window{To: now.Add(-72 * time.Hour)}, time.Hour},
		"a moment older":      {Window{To: now.Add(-72*time.Hour - 1)}, 24 * time.Hour},
		"ten weeks old":       {Window{To: now.AddDate(0, 0, -70)}, 168 * time.Hour},
		"older than any step": {Window{To: now.AddDate(0, 0, -101)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, c.every(test.w, now))
			if test.want == 0 {
				assert.True(t, c.next(test.w, now).IsZero())
			} else {
				assert.Equal(t, now.Add(test.want), c.next(test.w, now))
			}
		})
	}
	for _, wrong := range []string{"", "5m", "0=", "1h=5m", "0=5m,0=1h", "0=5m,72h=1h,24h=1m", "0=-5m", "0=0s", "x=5m"} {
		assert.ErrorIs(t, (&Cadence{}).UnmarshalText([]byte(wrong)), ErrCadence, wrong)
	}
}

func TestFirstWindowsCoverTheHorizonWithoutAGap(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 5, time.UTC)
	windows := firstWindows("shop:1", Seller, 720*time.Hour, now)
	require.Len(t, windows, 2)
	assert.Equal(t, now.Truncate(time.Second).Add(-720*time.Hour), windows[0].From)
	assert.Equal(t, windows[0].To, windows[1].From)
	assert.True(t, windows[1].Open())
	assert.Len(t, firstWindows("shop:1", Seller, time.Hour, now), 1)
}

func TestDueWindowsMostUrgentFirst(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	f := &Fetcher{cadence: cadence(t, "0=5m,72h=1h,840h=24h")}
	daily := Window{From: now.AddDate(0, 0, -20), To: now.AddDate(0, 0, -10), ReadAt: now.Add(-25 * time.Hour), DueAt: now.Add(-time.Hour)}
	hourly := Window{From: now.AddDate(0, 0, -10), To: now.AddDate(0, 0, -1), ReadAt: now.Add(-3 * time.Hour), DueAt: now.Add(-2 * time.Hour)}
	open := Window{From: now.AddDate(0, 0, -1), ReadAt: now.Add(-6 * time.Minute), DueAt: now.Add(-time.Minute)}
	fresh := Window{From: now.AddDate(0, 0, -30), To: now.AddDate(0, 0, -20), ReadAt: now.Add(-time.Hour), DueAt: now.Add(time.Hour)}
	unread := Window{From: now.AddDate(0, 0, -40), To: now.AddDate(0, 0, -30), DueAt: now}
	retired := Window{From: now.AddDate(0, -9, 0), To: now.AddDate(0, -8, 0), ReadAt: now.AddDate(0, -1, 0)}
	all := []Window{retired, unread, fresh, daily, hourly, open}

	assert.Equal(t, []Window{unread, hourly, open, daily}, f.dueWindows(all, Lease{}, now))
	assert.Equal(t, []Window{unread, hourly, open, daily, fresh}, f.dueWindows(all, Lease{AskedAt: now.Add(-time.Minute)}, now), "asked for: all that are still read")
	assert.Equal(t, []Window{unread, hourly, open, daily}, f.dueWindows(all, Lease{AskedAt: now.Add(-2 * time.Hour)}, now), "asked for and read since")
	assert.Contains(t, f.dueWindows(all, Lease{Pulls: []time.Time{fresh.From.Add(-time.Minute)}}, now), fresh, "an order in it was pulled")
	assert.NotContains(t, f.dueWindows(all, Lease{Pulls: []time.Time{fresh.From.Add(-PullSpan)}}, now), fresh)
}

func TestMarks(t *testing.T) {
	t.Parallel()
	marks := Marks{3: 4, 1: 2}
	encoded, err := marks.MarshalBinary()
	require.NoError(t, err)
	assert.Len(t, encoded, 32)
	var decoded Marks
	require.NoError(t, decoded.UnmarshalBinary(encoded))
	assert.Equal(t, marks, decoded)
	assert.Error(t, decoded.UnmarshalBinary(encoded[:15]))
}
