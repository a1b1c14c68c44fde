// Package ordertest has what tests of orders share: a store in memory that
// keeps DynamoDB's conditions, the suite that it and the real store pass, and
// rows as TikTok Shop gives them.
package ordertest

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"sync"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order"
)

// Shards is the number of shards of the due index.
const Shards = 16

// Memory is a store of schedules, windows and rows with the conditions,
// precisions and errors of the real one. Rows are kept as their raw JSON and
// read anew, like the real items.
type Memory struct {
	// Lags says of a row just found by its order whether the index does not have it yet; nil for never.
	Lags func(order.Key) bool
	// LagsDue says the same of an asset that is due.
	LagsDue func(account.AssetID) bool

	mu        sync.Mutex
	planned   time.Time // the planner's mark
	schedules [Shards]map[account.AssetID]*schedule
	streams   map[streamID]*stream
	units     Units
}

// Units are the write and read request units that DynamoDB would have charged,
// by what was written. Rows count with their indexes.
type Units struct {
	RowsNew, RowsChanged       int // rows, not units
	Rows, Windows, Pages       float64
	Schedules                  float64
	Reads                      float64
	DueQueries, DueQueryMisses int
}

type schedule struct {
	scheduled           bool
	due                 time.Time
	asks, fence, clean  int64
	asked, until, doubt time.Time
	leased              bool
	failures            int
	capability          order.Capability
	since, sinceAt      time.Time
	pulls               []time.Time
}

type streamID struct {
	asset       account.AssetID
	perspective order.Perspective
}

type stream struct {
	windows map[int64]fencedWindow
	pages   map[pageID]fencedPage
	rows    map[order.Key]fencedRow
	byOrder map[string][]order.Key
}

type pageID struct {
	from int64
	page int
}

type fencedWindow struct {
	order.Window
	fence int64
}

type fencedPage struct {
	order.Checkpoint
	fence int64
}

type fencedRow struct {
	order.Row // without its facts
	fence     int64
}

// NewMemory makes an empty store.
func NewMemory() *Memory {
	m := &Memory{streams: map[streamID]*stream{}}
	for i := range m.schedules {
		m.schedules[i] = map[account.AssetID]*schedule{}
	}
	return m
}

// Used returns the units used since the last call.
func (m *Memory) Used() Units {
	m.mu.Lock()
	defer m.mu.Unlock()
	used := m.units
	m.units = Units{}
	return used
}

// Precisions of stored times.
func milli(t time.Time) time.Time  { return t.Truncate(time.Millisecond) }
func second(t time.Time) time.Time { return t.Truncate(time.Second) }

// Enrol puts an asset on the schedule, due now, as a consent does.
func (m *Memory) Enrol(asset account.AssetID, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.schedule(asset)
	s.scheduled, s.due, s.asked, s.failures, s.capability = true, second(now), milli(now), 0, order.Untried
	s.asks++
}

func (m *Memory) schedule(asset account.AssetID) *schedule {
	shard := m.schedules[shardOf(asset)]
	if shard[asset] == nil {
		shard[asset] = &schedule{}
	}
	return shard[asset]
}

func shardOf(asset account.AssetID) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(asset))
	return int(h.Sum32() % Shards)
}

// Ask makes all windows of an asset due now.
func (m *Memory) Ask(_ context.Context, asset account.AssetID, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.schedule(asset)
	if !s.scheduled {
		return order.ErrUnscheduled
	}
	s.asked = milli(now)
	s.asks++
	m.units.Schedules++
	if s.due.After(second(now)) {
		s.due = second(now)
		m.units.Schedules += 2 // the index entry deleted and put
	}
	return nil
}

// Advance implements order.DueStore.
func (m *Memory) Advance(_ context.Context, now, wrong time.Time) (from time.Time, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.units.Schedules++
	from, now = m.planned, milli(now)
	switch {
	case from.After(milli(wrong)):
		from = time.Time{}
	case !from.Before(now):
		return time.Time{}, order.ErrPlanned
	}
	m.planned = now
	return from, nil
}

// Due implements order.DueStore.
func (m *Memory) Due(_ context.Context, shard int, now time.Time, each func([]order.Due) error) error {
	m.mu.Lock()
	var due []order.Due
	for asset, s := range m.schedules[shard] {
		if s.scheduled && !s.due.After(now) && (m.LagsDue == nil || !m.LagsDue(asset)) {
			due = append(due, order.Due{Asset: asset, At: s.due})
		}
	}
	m.units.Reads += max(0.5, float64(len(due))*120/8192) // keys only, eventually consistent
	m.units.DueQueries++
	if len(due) == 0 {
		m.units.DueQueryMisses++
	}
	m.mu.Unlock()
	slices.SortFunc(due, func(a, b order.Due) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Asset, b.Asset)) })
	for page := range slices.Chunk(due, 100) {
		if err := each(page); err != nil {
			return err
		}
	}
	return nil
}

// Acquire implements order.Store.
func (m *Memory) Acquire(_ context.Context, asset account.AssetID, owner string, now, until time.Time) (order.Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.units.Schedules++
	switch s := m.schedule(asset); {
	case !s.scheduled:
		return order.Lease{}, order.ErrUnscheduled
	case s.leased && s.until.After(milli(now)):
		return order.Lease{}, order.ErrHeld
	case s.due.After(now.Add(order.Slack)):
		return order.Lease{}, order.ErrIdle
	default:
		s.fence++
		s.leased, s.until = true, milli(until)
		lease := order.Lease{
			Asset: asset, Owner: owner, Fence: s.fence, Until: until, Failures: s.failures, DoubtAt: s.doubt, CAP: s.capability, Asks: s.asks, AskedAt: s.asked,
			Since: s.since, SinceAt: s.sinceAt, Pulls: slices.Clone(s.pulls),
		}
		if s.clean != lease.Fence-1 {
			lease.DoubtAt = now
		}
		return lease, nil
	}
}

// Release implements order.Store.
func (m *Memory) Release(_ context.Context, lease order.Lease, now, due time.Time, failures int) (again bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.schedule(lease.Asset)
	if s.fence != lease.Fence || !s.leased {
		return false, order.ErrFenced
	}
	m.units.Schedules += 3 // the item, and its index entry deleted and put
	asked := s.asks != lease.Asks
	if asked {
		at := s.asked
		if s.sinceAt.After(lease.SinceAt) && (!s.asked.After(lease.AskedAt) || s.sinceAt.Before(s.asked)) {
			at = s.sinceAt
		}
		if due.IsZero() || at.Before(due) {
			due = at
		}
		again = !due.After(now)
	} else if lease.CAP != order.Untried {
		s.capability = lease.CAP
	}
	if failures == 0 && !asked {
		s.pulls = slices.DeleteFunc(s.pulls, func(t time.Time) bool { return slices.Contains(lease.Pulls, t) })
	}
	s.leased, s.failures, s.clean, s.doubt = false, failures, lease.Fence, milli(lease.DoubtAt)
	s.scheduled, s.due = !due.IsZero(), due.Add(time.Second-time.Nanosecond).Truncate(time.Second)
	return again, nil
}

func (m *Memory) stream(asset account.AssetID, perspective order.Perspective) *stream {
	id := streamID{asset, perspective}
	if m.streams[id] == nil {
		m.streams[id] = &stream{windows: map[int64]fencedWindow{}, pages: map[pageID]fencedPage{}, rows: map[order.Key]fencedRow{}, byOrder: map[string][]order.Key{}}
	}
	return m.streams[id]
}

// Windows implements order.Store.
func (m *Memory) Windows(_ context.Context, asset account.AssetID, perspective order.Perspective) ([]order.Window, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stream(asset, perspective)
	windows := make([]order.Window, 0, len(s.windows))
	for _, w := range s.windows {
		windows = append(windows, w.Window)
	}
	slices.SortFunc(windows, func(a, b order.Window) int { return a.From.Compare(b.From) })
	m.units.Reads += max(1, float64(len(windows)*windowBytes)/4096)
	return windows, nil
}

// Sizes of items, from what the real store writes.
const (
	windowBytes = 290
	pageBytes   = 190 // beside 16 a row
)

// stored is a window as it comes back.
func stored(w order.Window) order.Window {
	for _, t := range []*time.Time{&w.DueAt, &w.ReadAt, &w.SettleAt, &w.NewsAt, &w.ScanStart, &w.SlowAt, &w.RefusedAt} {
		*t = milli(*t)
	}
	for _, t := range []*time.Time{&w.From, &w.To, &w.ScanTo} {
		*t = second(*t)
	}
	w.Most = w.Most.Truncate(time.Second)
	return w
}

// CreateWindows implements order.Store.
func (m *Memory) CreateWindows(_ context.Context, lease order.Lease, windows []order.Window) error {
	return m.transact(lease, transaction{add: windows})
}

// SaveWindow implements order.Store.
func (m *Memory) SaveWindow(_ context.Context, lease order.Lease, w order.Window, following *order.Window) error {
	t := transaction{save: []order.Window{w}}
	if following != nil {
		t.add = []order.Window{*following}
	}
	return m.transact(lease, t)
}

// Recut implements order.Store.
func (m *Memory) Recut(_ context.Context, lease order.Lease, change order.Recut) error {
	t := transaction{save: []order.Window{change.Keep}, add: change.Add, put: windowPages{change.Keep, change.Pages}, remove: []windowPages{{change.Keep, change.Forget}}}
	for _, dropped := range change.Drop {
		t.drop = append(t.drop, dropped.Window)
		t.remove = append(t.remove, windowPages{dropped.Window, dropped.Pages})
	}
	return m.transact(lease, t)
}

// SaveCheckpoint implements order.Store.
func (m *Memory) SaveCheckpoint(_ context.Context, lease order.Lease, w order.Window, c order.Checkpoint) error {
	return m.transact(lease, transaction{put: windowPages{w, []order.Checkpoint{c}}})
}

// DropCheckpoints implements order.Store: page by page, not as a whole.
func (m *Memory) DropCheckpoints(_ context.Context, lease order.Lease, w order.Window, pages []order.Checkpoint) error {
	for _, page := range pages {
		if err := m.transact(lease, transaction{remove: []windowPages{{w, []order.Checkpoint{page}}}}); err != nil {
			return err
		}
	}
	return nil
}

// transaction is all or nothing, under one lease and for one stream.
type transaction struct {
	save, add, drop []order.Window
	put             windowPages
	remove          []windowPages
}

type windowPages struct {
	window order.Window
	pages  []order.Checkpoint
}

func (w windowPages) id(page int) pageID { return pageID{w.window.From.Unix(), page} }

func (t transaction) stream() (w order.Window, found bool) {
	for _, list := range [][]order.Window{t.save, t.add, t.drop} {
		if len(list) > 0 {
			return list[0], true
		}
	}
	if len(t.put.pages) > 0 {
		return t.put.window, true
	}
	for _, r := range t.remove {
		if len(r.pages) > 0 {
			return r.window, true
		}
	}
	return w, false
}

func (m *Memory) transact(lease order.Lease, t transaction) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	first, found := t.stream()
	if !found {
		return nil
	}
	s := m.stream(first.Asset, first.Perspective)
	if !t.allowed(s, lease.Fence) {
		return fmt.Errorf("ordertest: %w", order.ErrFenced)
	}
	windows, pages := 0.0, 0.0
	for _, w := range slices.Concat(t.save, t.add) {
		s.windows[w.From.Unix()] = fencedWindow{stored(w), lease.Fence}
		windows++
	}
	for _, w := range t.drop {
		delete(s.windows, w.From.Unix())
		windows++
	}
	for _, page := range t.put.pages {
		pages += float64((pageBytes + 16*len(page.Marks) + 1023) / 1024)
		page.SettleAt, page.Marks = milli(page.SettleAt), maps.Clone(page.Marks)
		s.pages[t.put.id(page.Page)] = fencedPage{page, lease.Fence}
	}
	for _, r := range t.remove {
		for _, page := range r.pages {
			pages += float64((pageBytes + 16*len(page.Marks) + 1023) / 1024)
			delete(s.pages, r.id(page.Page))
		}
	}
	if len(t.save)+len(t.add)+len(t.drop)+len(t.put.pages) > 1 { // transactions cost double
		windows, pages = 2*windows, 2*pages
	}
	m.units.Windows, m.units.Pages = m.units.Windows+windows, m.units.Pages+pages
	return nil
}

// allowed checks every condition.
func (t transaction) allowed(s *stream, fence int64) bool {
	for _, w := range slices.Concat(t.save, t.drop) {
		if there, ok := s.windows[w.From.Unix()]; !ok || there.fence > fence {
			return false
		}
	}
	for _, w := range t.add {
		if _, ok := s.windows[w.From.Unix()]; ok {
			return false
		}
	}
	for _, r := range append(slices.Clone(t.remove), t.put) {
		for _, page := range r.pages {
			if there, ok := s.pages[r.id(page.Page)]; ok && there.fence > fence {
				return false
			}
		}
	}
	return true
}

// Checkpoints implements order.Store.
func (m *Memory) Checkpoints(_ context.Context, w order.Window) ([]order.Checkpoint, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var pages []order.Checkpoint
	s, bytes := m.stream(w.Asset, w.Perspective), 0
	for page := 0; ; page++ { // pages are written in turn, and dropped from the end or all
		p, ok := s.pages[pageID{w.From.Unix(), page}]
		if !ok {
			break
		}
		p.Marks = maps.Clone(p.Marks)
		pages = append(pages, p.Checkpoint)
		bytes += pageBytes + 16*len(p.Marks)
	}
	m.units.Reads += max(1, float64(bytes)/4096)
	return pages, nil
}
