package order

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/account"
)

// Window is a range [From, To) of create times of one asset and perspective
// that is read as a whole. The windows of a stream follow each other without a
// gap; the newest is open.
type Window struct {
	Asset       account.AssetID
	Perspective Perspective
	From        time.Time // whole seconds
	To          time.Time // zero: open, up to now
	DueAt       time.Time // when it is to be read again; zero: no more
	ReadAt      time.Time // start of the last complete scan; zero: never
	Rows        int       // distinct rows of that scan
	Scan        int64     // number of the last scan that left a trace

	// A scan that has pages still to read.
	ScanTo    time.Time // its frozen end; zero when no scan is under way
	ScanStart time.Time
}

// Open reports whether the window is the newest.
func (w Window) Open() bool { return w.To.IsZero() }

// overlaps reports whether the window and [from, to) share a moment.
func (w Window) overlaps(from, to time.Time) bool {
	return from.Before(to) && w.From.Before(to) && (w.Open() || from.Before(w.To))
}

// Step says how often windows are read whose end is up to Age ago.
type Step struct{ Age, Every time.Duration }

// Cadence is how often windows are read, by the age of their end: steps in
// order of age. The first one is for the open window, whose age is 0. Windows
// older than the last step are not read any more.
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

// every is how often the window is read at this time, 0 for never.
func (c Cadence) every(w Window, now time.Time) time.Duration {
	age := time.Duration(0)
	if !w.Open() {
		age = max(1, now.Sub(w.To))
	}
	for _, step := range c {
		if age <= step.Age {
			return step.Every
		}
	}
	return 0
}

// next is when a window read at start is due again, zero for never.
func (c Cadence) next(w Window, start time.Time) time.Time {
	if every := c.every(w, start); every > 0 {
		return start.Add(every)
	}
	return time.Time{}
}

// newestSpan is how long the open window grows before it is closed and a new
// one begins.
const newestSpan = 24 * time.Hour

// firstWindows covers horizon up to now with one older window and an open one
// that has still to grow, both due.
func firstWindows(asset account.AssetID, perspective Perspective, horizon time.Duration, now time.Time) []Window {
	now = now.Truncate(time.Second)
	newest := Window{Asset: asset, Perspective: perspective, From: now.Add(-min(newestSpan/2, horizon)), DueAt: now}
	if horizon <= newestSpan/2 {
		return []Window{newest}
	}
	return []Window{{Asset: asset, Perspective: perspective, From: now.Add(-horizon), To: newest.From, DueAt: now}, newest}
}

// dueWindows are the windows to read now, the most urgent first: the one that
// is late by most of its own cadence.
func (f *Fetcher) dueWindows(windows []Window, lease Lease, now time.Time) []Window {
	due := slices.DeleteFunc(slices.Clone(windows), func(w Window) bool { return !lease.wants(w, now) })
	urgency := func(w Window) int64 { // thousandths of its cadence since it was read
		return int64(now.Sub(w.ReadAt) / max(1, f.cadence.every(w, now)/1000))
	}
	slices.SortStableFunc(due, func(a, b Window) int {
		return cmp.Or(cmp.Compare(urgency(b), urgency(a)), b.From.Compare(a.From))
	})
	return due
}

// Marks are the rows of a scan: what a row is, as eight bytes, and what it
// said, as eight more. A row that says nothing new needs neither read nor write.
type Marks map[uint64]uint64

// MarshalBinary is 16 bytes a row, sorted.
func (m Marks) MarshalBinary() ([]byte, error) {
	out := make([]byte, 0, 16*len(m))
	for _, mark := range slices.Sorted(maps.Keys(m)) {
		out = binary.BigEndian.AppendUint64(out, mark)
		out = binary.BigEndian.AppendUint64(out, m[mark])
	}
	return out, nil
}

// UnmarshalBinary is the inverse of MarshalBinary.
func (m *Marks) UnmarshalBinary(b []byte) error {
	if len(b)%16 != 0 {
		return fmt.Errorf("marks of %d bytes", len(b))
	}
	*m = make(Marks, len(b)/16)
	for ; len(b) > 0; b = b[16:] {
		(*m)[binary.BigEndian.Uint64(b)] = binary.BigEndian.Uint64(b[8:])
	}
	return nil
}

// Checkpoint is one page of a window as it was last read. The checkpoints of
// the last scans are both the place to resume at and the memory of what is
// stored.
type Checkpoint struct {
	Page  int
	Scan  int64 // number of the scan that read it
	Next  string
	Marks Marks
}
