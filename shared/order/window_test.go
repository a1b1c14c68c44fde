package order

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

func TestCadence(t *testing.T) {
	t.Parallel()
	var c Cadence
	require.NoError(t, c.UnmarshalText([]byte("0=5m, 72h=1h, 840h=24h,2400h=168h")))
	assert.Equal(t, DefaultRules().Cadence, c)
	for _, wrong := range []string{"", "5m", "0=", "1h=5m", "0=5m,0=1h", "0=5m,72h=1h,24h=1m", "0=-5m", "0=0s", "x=5m"} {
		assert.ErrorIs(t, (&Cadence{}).UnmarshalText([]byte(wrong)), ErrCadence, wrong)
	}
}

func TestWhenAWindowIsDueAgain(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	r := DefaultRules()
	r.Jitter = 0
	ago := func(age time.Duration) time.Time { return now.Add(-age) }
	final := Window{To: ago(61 * day), Equal: 2}
	for name, test := range map[string]struct {
		w    Window
		want time.Duration // 0: never
	}{
		"open":                                 {Window{From: ago(365 * day)}, 5 * time.Minute},
		"just closed":                          {Window{To: now}, time.Hour},
		"three days old":                       {Window{To: ago(3 * day)}, time.Hour},
		"a moment older":                       {Window{To: ago(3*day + 1)}, day},
		"ten weeks old":                        {Window{To: ago(70 * day), Unsettled: 1, Equal: 5}, 7 * day},
		"older than any step, rows still open": {Window{To: ago(101 * day), Unsettled: 1, Equal: 5}, 30 * day},
		"older than any step, not twice the same": {Window{To: ago(101 * day), Equal: 1}, 30 * day},
		"done":                               {final, 0},
		"done as far as one scan tells":      {Window{To: final.To, Equal: 1}, 7 * day},
		"done but young":                     {Window{To: ago(60*day - 1), Equal: 9}, 7 * day},
		"empty and young":                    {Window{To: ago(5 * day), Equal: 9}, day},
		"news an hour ago":                   {Window{NewsAt: ago(time.Hour)}, 5 * time.Minute},
		"no news for half a day":             {Window{NewsAt: ago(12 * time.Hour)}, 30 * time.Minute},
		"no news for weeks":                  {Window{NewsAt: ago(21 * day)}, time.Hour},
		"a row settles before the next read": {Window{To: ago(20 * day), SettleAt: now.Add(10 * time.Hour)}, 10 * time.Hour},
		"a row settles at once":              {Window{To: ago(20 * day), SettleAt: now.Add(time.Minute)}, 6 * time.Hour},
		"a row settles later":                {Window{To: ago(20 * day), SettleAt: now.Add(2 * day)}, day},
		"a row should have settled":          {Window{To: ago(20 * day), SettleAt: ago(time.Hour)}, day},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.want == 0 {
				assert.True(t, r.next(test.w, now).IsZero())
			} else {
				assert.Equal(t, now.Add(test.want), r.next(test.w, now))
			}
		})
	}
	seen := map[time.Time]bool{}
	for i := range 50 {
		w := Window{Asset: account.AssetID(fmt.Sprint("shop:", i))}
		due := DefaultRules().next(w, now)
		assert.Equal(t, due, DefaultRules().next(w, now), "the same window has the same jitter")
		assert.False(t, due.Before(now.Add(4*time.Minute+30*time.Second)) || due.After(now.Add(5*time.Minute)))
		seen[due] = true
	}
	assert.Greater(t, len(seen), 40)
}

func TestWhenARowSettles(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	row := func(status Status, delivered time.Duration) *Row {
		return &Row{Facts: Facts{Status: status, DeliveredAt: now.Add(-delivered)}}
	}
	r := DefaultRules()
	assert.Equal(t, now.Add(5*day), r.settles(row(Pending, 10*day), now))
	assert.Equal(t, now.Add(16*day), r.settles(row(Frozen, 15*day), now), "the longer time, once the shorter is over")
	assert.True(t, r.settles(row(Pending, 32*day), now).IsZero())
	assert.True(t, r.settles(row(Settled, 10*day), now).IsZero())
	assert.True(t, r.settles(&Row{Facts: Facts{Status: Pending}}, now).IsZero(), "not delivered")
}

func TestWhereWindowsAreCut(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	r := DefaultRules()
	w := Window{Asset: "shop:1", Perspective: Seller, From: now.Add(-200 * day), ReadAt: now.Add(-150 * day), Scan: 7, Rows: 12, Equal: 3}
	change := w.cutAt(r.tooLong(w, now, now), now)
	whole := append([]Window{change.Keep}, change.Add...)
	require.Len(t, whole, 3)
	for i, part := range whole {
		end := part.To
		if i == 2 {
			assert.True(t, part.Open())
			end = now
		} else {
			assert.Equal(t, whole[i+1].From, part.To, "no gap, no overlap")
		}
		assert.LessOrEqual(t, end.Sub(part.From), r.Longest)
		assert.Zero(t, part.Equal, "nothing is known of the part alone")
		assert.Equal(t, now, part.DueAt)
		assert.Equal(t, w.ReadAt, part.ReadAt)
	}
	assert.Equal(t, int64(7), change.Keep.Scan)

	month := Window{From: now.Add(-30 * day), To: now}
	assert.Empty(t, r.tooLong(month, now, now))
	assert.Empty(t, r.tooFull(month, now, 5000))
	assert.Len(t, r.tooFull(month, now, 5001), 2)
	assert.Len(t, r.tooFull(month, now, 10_000_000), mostParts-1)
	assert.Len(t, r.tooFull(Window{From: now.Add(-2 * time.Hour), To: now}, now, 100_000), 1, "no part is shorter than an hour")
	assert.Empty(t, r.tooFull(Window{From: now.Add(-time.Hour), To: now}, now, 100_000))

	slow := error(&tiktokshop.Error{Kind: tiktokshop.Unavailable, Code: codeTimeout})
	assert.Equal(t, []time.Time{now.Add(-15 * day)}, r.tooSlow(month, now, slow, 0), "of unknown size")
	month.ReadAt, month.Rows, month.Equal = now, 101, 1
	assert.Len(t, r.tooSlow(month, now, slow, 0), 1)
	assert.Empty(t, r.tooSlow(month, now, &tiktokshop.Error{Kind: tiktokshop.Unavailable, Code: 36009003}, 9))
	month.Rows = 100
	assert.Empty(t, r.tooSlow(month, now, slow, 2), "it was read before")
	assert.Len(t, r.tooSlow(month, now, slow, 3), 1, "but not any more")
}

func TestWhichWindowsAreMerged(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	r := DefaultRules()
	base := func() (a, b Window) {
		a = Window{From: now.Add(-30 * day), To: now.Add(-2 * day), DueAt: now.Add(day), ReadAt: now.Add(-day), Rows: 30, Unsettled: 2, Digest: 5, Equal: 4, Scan: 9, SettleAt: now.Add(3 * day), NewsAt: now.Add(-4 * day)}
		b = Window{From: a.To, DueAt: now.Add(time.Minute), ReadAt: now, Rows: 40, Unsettled: 7, Digest: 6, Equal: 1, Scan: 3, NewsAt: now}
		return a, b
	}
	a, b := base()
	m, ok := r.merged(a, b, now)
	require.True(t, ok)
	assert.Equal(t, Window{From: a.From, DueAt: b.DueAt, ReadAt: a.ReadAt, Rows: 70, Unsettled: 9, Digest: 11, Equal: 1, Scan: 9, SettleAt: a.SettleAt, NewsAt: now}, m)
	for name, change := range map[string]func(a, b *Window){
		"too many rows":       func(a, _ *Window) { a.Rows = 40 },
		"too long":            func(a, _ *Window) { a.From = now.Add(-61 * day) },
		"a scan is under way": func(_, b *Window) { b.ScanTo = now },
		"not read yet":        func(_, b *Window) { b.Equal = 0 },
		"one is done":         func(a, _ *Window) { a.DueAt = time.Time{} },
	} {
		a, b := base()
		change(&a, &b)
		_, ok := r.merged(a, b, now)
		assert.False(t, ok, name)
	}
	a, b = base()
	a.DueAt, b.DueAt, b.To, a.Rows, b.Rows = time.Time{}, time.Time{}, now, 4000, 3000
	_, ok = r.merged(a, b, now)
	assert.True(t, ok, "done windows are merged whatever they hold")
	a.From = now.Add(-89 * day)
	_, ok = r.merged(a, b, now)
	assert.False(t, ok, "but stay readable")
}

func TestDueWindowsMostUrgentFirst(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	due := func(lease Lease, all ...Window) []Window {
		due := dueWindows(all, lease, now)
		slices.SortStableFunc(due, DefaultRules().moreUrgent(now))
		return due
	}
	daily := Window{From: now.AddDate(0, 0, -20), To: now.AddDate(0, 0, -10), ReadAt: now.Add(-25 * time.Hour), DueAt: now.Add(-time.Hour)}
	hourly := Window{From: now.AddDate(0, 0, -10), To: now.AddDate(0, 0, -1), ReadAt: now.Add(-3 * time.Hour), DueAt: now.Add(-2 * time.Hour)}
	open := Window{From: now.AddDate(0, 0, -1), ReadAt: now.Add(-6 * time.Minute), DueAt: now.Add(-time.Minute)}
	fresh := Window{From: now.AddDate(0, 0, -30), To: now.AddDate(0, 0, -20), ReadAt: now.Add(-time.Hour), DueAt: now.Add(time.Hour)}
	unread := Window{From: now.AddDate(0, 0, -40), To: now.AddDate(0, 0, -30), DueAt: now}
	retired := Window{From: now.AddDate(0, -9, 0), To: now.AddDate(0, -8, 0), ReadAt: now.AddDate(0, -1, 0)}
	all := []Window{retired, unread, fresh, daily, hourly, open}

	assert.Equal(t, []Window{hourly, open, daily, unread}, due(Lease{}, all...), "the past comes after what is late")
	assert.Equal(t, []Window{hourly, open, daily, unread, fresh}, due(Lease{AskedAt: now.Add(-time.Minute)}, all...), "asked for: all that are still read")
	assert.Equal(t, []Window{hourly, open, daily, unread}, due(Lease{AskedAt: now.Add(-2 * time.Hour)}, all...), "asked for and read since")
	assert.Contains(t, due(Lease{Pulls: []time.Time{fresh.From.Add(-time.Minute)}}, all...), fresh, "an order in it was pulled")
	assert.NotContains(t, due(Lease{Pulls: []time.Time{fresh.From.Add(-PullSpan)}}, all...), fresh)
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

	assert.Equal(t, 2, Marks{1: 2, 2: 5, 3: 4}.unsettled(), "the last bit says final")
	assert.NotEqual(t, Marks{1: 2, 3: 4}.digest(), Marks{1: 4, 3: 2}.digest())
	assert.Equal(t, Marks{1: 2, 3: 4}.digest(), Marks{1: 2}.digest()+Marks{3: 4}.digest(), "digests of parts add up")
}
