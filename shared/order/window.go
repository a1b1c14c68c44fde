package order

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
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
	DueAt       time.Time // when it is to be read again; zero: it is done
	Scan        int64     // number of the last scan that left a trace

	// A window twice as long as Most has timed out, at SlowAt: this one may become no longer. The limit doubles every day,
	// so that an outage does not leave small windows behind. Zero: as long as the rules allow.
	Most   time.Duration
	SlowAt time.Time

	// Past says that the window was made to reach further back than the stream's first read.
	Past bool
	// RefusedAt is when TikTok Shop refused what lies before the stream's first window; zero: it did not.
	RefusedAt time.Time

	// What the last complete scan found.
	ReadAt    time.Time // its start; zero: never
	Rows      int       // distinct rows
	Unsettled int       // rows that are not final
	SettleAt  time.Time // when the next of them is expected to settle; zero: not known
	Digest    uint64    // of all marks
	Equal     int       // complete scans in a row with this digest; 0: none since the window was cut, or its rows could not be counted
	NewsAt    time.Time // when a scan last had news

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

// firstWindow covers horizon up to now. What it turns out to hold decides how
// it is cut.
func firstWindow(asset account.AssetID, perspective Perspective, horizon time.Duration, now time.Time) Window {
	now = now.Truncate(time.Second)
	return Window{Asset: asset, Perspective: perspective, From: now.Add(-horizon).Truncate(time.Second), DueAt: now}
}

// dueWindows are the windows to read now.
func dueWindows(windows []Window, lease Lease, now time.Time) []Window {
	return slices.DeleteFunc(slices.Clone(windows), func(w Window) bool { return !lease.wants(w, now) })
}

// moreUrgent puts the window first that is late by most of its own cadence. One
// that was never read is as late as it has been due.
func (r Rules) moreUrgent(now time.Time) func(a, b Window) int {
	urgency := func(w Window) int64 { // thousandths of its cadence since it was read
		every := r.every(w, now)
		read := w.ReadAt
		if read.IsZero() {
			read = w.DueAt.Add(-every)
		}
		return int64(now.Sub(read) / max(1, every/1000))
	}
	return func(a, b Window) int {
		return cmp.Or(cmp.Compare(urgency(b), urgency(a)), b.From.Compare(a.From))
	}
}

// Marks are the rows of a scan: what a row is, as eight bytes, and what it
// said, as eight more (Row.Hash). A row that says nothing new needs neither
// read nor write. A mark is a claim about a stored row, whichever window it
// stands in.
type Marks map[uint64]uint64

// unsettled counts the rows that are not final.
func (m Marks) unsettled() (n int) {
	for _, content := range m {
		n += int(1 - content&finalBit)
	}
	return n
}

// digest is eight bytes of all marks. Digests of disjoint marks add up.
func (m Marks) digest() (sum uint64) {
	for mark, content := range m {
		x := mark ^ content*0x9e3779b97f4a7c15 // splitmix64
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		sum += x ^ x>>31
	}
	return sum
}

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
	Page     int
	Scan     int64 // number of the scan that read it
	Next     string
	SettleAt time.Time // when the next of its rows is expected to settle; zero: not known
	Marks    Marks
}

// remembered is what checkpoints say is stored; newer scans know better.
func remembered(pages []Checkpoint) Marks {
	if len(pages) == 1 && pages[0].Marks != nil {
		return maps.Clone(pages[0].Marks)
	}
	known := Marks{}
	for _, page := range slices.SortedStableFunc(slices.Values(pages), func(a, b Checkpoint) int { return cmp.Compare(a.Scan, b.Scan) }) {
		maps.Copy(known, page.Marks)
	}
	return known
}
