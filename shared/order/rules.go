package order

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// Rules are the thresholds by which the past is cut into windows, and by which
// a window is read again. DefaultRules documents the values in use.
type Rules struct {
	// Cadence is how often a window is read by the age of its end.
	Cadence Cadence
	// Beyond is how often a window older than the last step is read until it is done.
	Beyond time.Duration

	// A window is done when its end is DoneAge old, the last DoneEqual complete scans were equal and all rows are final. That
	// it is empty is not enough: orders appear weeks after their create time.
	DoneAge   time.Duration
	DoneEqual int

	// Settles says how long after its delivery a row's commission is paid. A window with open rows is due at such a moment,
	// but at most NeedMost times as often as its cadence says.
	Settles  []time.Duration
	NeedMost int

	// A window without news for a time t is read every t/QuietShare, never sooner than its cadence says and never more than
	// QuietMost times as rarely.
	QuietShare, QuietMost int
	// Jitter brings every read forward by up to so many percent, by a hash of the window: the windows of many assets that were
	// connected together drift apart.
	Jitter int

	// The open window is closed and a new one begins when it has Full rows and is Newest long, or has Crowded rows. Windows
	// side by side become one while together they stay below Full rows and are at most Join long. Full is a page of 100 with
	// room for late rows: each window of a quiet asset costs one call.
	Full, Crowded int
	Newest, Join  time.Duration

	// A window that TikTok Shop says has more than Split rows is cut into parts of about SplitTo, and one that times out into
	// halves, none shorter than Shortest. None is ever longer than Longest.
	Split, SplitTo    int
	Shortest, Longest time.Duration
}

// DefaultRules are the rules in use. Sources: of 15 and 31 days
// doc:cap-tap-finance-guide-us-only; of the longest window the order searches
// themselves, which take three months (CAP: 92 days): three months can be as
// short as 89 days.
func DefaultRules() Rules {
	return Rules{
		Cadence: Cadence{{0, 5 * time.Minute}, {3 * day, time.Hour}, {35 * day, day}, {100 * day, 7 * day}},
		Beyond:  30 * day,
		DoneAge: 60 * day, DoneEqual: 2,
		Settles: []time.Duration{15 * day, 31 * day}, NeedMost: 4,
		QuietShare: 24, QuietMost: 12,
		Jitter: 10,
		Full:   80, Crowded: 400,
		Newest: day, Join: 60 * day,
		Split: 5000, SplitTo: 2500,
		Shortest: time.Hour, Longest: 88 * day,
	}
}

// Step says how often windows are read whose end is up to Age ago.
type Step struct{ Age, Every time.Duration }

// Cadence is how often windows are read, by the age of their end: steps in
// order of age. The first one is for the open window, whose age is 0.
type Cadence []Step

// ErrCadence is wrapped by a cadence that cannot be read.
var ErrCadence = errors.New(`not a cadence like "0=5m,72h=1h,840h=24h,2400h=168h"`)

// UnmarshalText reads "age=every" pairs of Go durations.
func (c *Cadence) UnmarshalText(text []byte) error {
	var steps Cadence
	for _, pair := range strings.Split(string(text), ",") {
		age, every, _ := strings.Cut(strings.TrimSpace(pair), "=")
		a, err1 := time.ParseDuration(age)
		e, err2 := time.ParseDuration(every)
		if err1 != nil || err2 != nil || e <= 0 || a < 0 || len(steps) == 0 && a != 0 || len(steps) > 0 && a <= steps[len(steps)-1].Age {
			return fmt.Errorf("%w: %.80q", ErrCadence, text)
		}
		steps = append(steps, Step{Age: a, Every: e})
	}
	*c = steps
	return nil
}

// every is how often a window of this age is read, before need and quietness.
func (r Rules) every(w Window, now time.Time) time.Duration {
	age := time.Duration(0)
	if !w.Open() {
		age = max(1, now.Sub(w.To))
	}
	for _, step := range r.Cadence {
		if age <= step.Age {
			return step.Every
		}
	}
	return r.Beyond
}

// next is when a window whose last scan began at start is due again, zero when
// it is done.
func (r Rules) next(w Window, start time.Time) time.Time {
	if r.done(w, start) {
		return time.Time{}
	}
	base := r.every(w, start)
	every := base
	if !w.NewsAt.IsZero() {
		every = min(max(base, start.Sub(w.NewsAt)/time.Duration(r.QuietShare)), base*time.Duration(r.QuietMost))
	}
	due := start.Add((every - time.Duration(float64(every)*w.spread()*float64(r.Jitter)/100)).Truncate(time.Millisecond))
	if w.SettleAt.After(start) {
		if need := later(w.SettleAt, start.Add(base/time.Duration(r.NeedMost))); need.Before(due) {
			return need
		}
	}
	return due
}

func (r Rules) done(w Window, now time.Time) bool {
	return !w.Open() && now.Sub(w.To) >= r.DoneAge && w.Equal >= r.DoneEqual && w.Unsettled == 0
}

// settles is the next moment at which an open row is expected to be paid, zero
// when none lies ahead.
func (r Rules) settles(row *Row, now time.Time) time.Time {
	if row.Status.Final() || row.DeliveredAt.IsZero() {
		return time.Time{}
	}
	for _, after := range r.Settles {
		if at := row.DeliveredAt.Add(after); at.After(now) {
			return at
		}
	}
	return time.Time{}
}

// spread is a number in [0, 1) that is the window's own.
func (w Window) spread() float64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(w.Asset))
	_, _ = h.Write([]byte(w.Perspective))
	_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(w.From.Unix()))) //nolint:gosec // bits, not a number
	return float64(h.Sum32()) / (1 << 32)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// sooner is the earlier of two times of which zero means never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
