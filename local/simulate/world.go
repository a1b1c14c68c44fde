package main

import (
	"container/heap"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/order/ordertest"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Assumptions about time and size, beside those about orders.
const (
	horizon     = 30 * day // the default of OrderHorizon
	warmUp      = day      // after all are connected, before the day that is measured
	planEvery   = time.Minute
	queueTime   = time.Second            // a wake on its way
	startTime   = 20 * time.Millisecond  // of a read, before the first call
	callTime    = 300 * time.Millisecond // of one TikTok Shop call
	writeTime   = 8 * time.Millisecond   // of one DynamoDB request; rows of a page are written eight at once
	batchSize   = 10                     // wakes an invocation takes at most, as in template.yaml
	atOnce      = 5                      // of them side by side, as in functions/order-fetcher
	memoryGB    = 0.25                   // as in template.yaml
	concurrency = 20                     // WorkerConcurrency, the same for all sizes
)

// figures are what one day cost.
type figures struct {
	connections, sold, changed           int
	calls, wakes, invocations            int
	gbSeconds                            float64
	units                                ordertest.Units
	newFresh, changeFresh                []int32 // seconds from TikTok Shop's news to our row
	newP50, newP99, changeP50, changeP99 time.Duration
	took                                 time.Duration
}

// world is a store with many connections, in one simulated time.
type world struct {
	memory      *ordertest.Memory
	connections map[account.AssetID]*connection
	fetcher     *order.Fetcher
	planner     *order.Planner
	now         time.Time
	mu          sync.Mutex // the planner's shards send side by side
	woken       []account.AssetID
	page        [pageSize]order.Row // of the search that is being answered: one at a time
	slots       slots
	day         *figures // nil while nothing is measured
}

// slots are the times at which the reads that can run side by side are free.
type slots []time.Time

func (s slots) Len() int           { return len(s) }
func (s slots) Less(i, j int) bool { return s[i].Before(s[j]) }
func (s slots) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *slots) Push(any)          {}
func (s *slots) Pop() any          { return nil }

// silence is told what nobody asks here.
type silence struct{}

func (silence) Overdue(order.Perspective, time.Duration) {}
func (silence) UnreadableRows(int)                       {}

func newWorld(count int, start time.Time) *world {
	w := &world{memory: ordertest.NewMemory(), connections: make(map[account.AssetID]*connection, count), now: start}
	clock := func() time.Time { return w.now }
	quiet := slog.New(slog.DiscardHandler)
	w.fetcher = order.NewFetcher(order.FetcherOptions{
		Store: store{w.memory, w}, Searches: w, Oddities: silence{}, Now: clock, Log: quiet, Rules: order.DefaultRules(), Horizon: horizon, AtOnce: 1,
	})
	w.planner = order.NewPlanner(order.PlannerOptions{Store: w.memory, Wakes: w, Freshness: silence{}, Now: clock, Log: quiet, Shards: ordertest.Shards, Again: 5 * time.Minute})
	w.slots = make(slots, concurrency*atOnce)
	for n := range count {
		c := newConnection(n, start.Add(-horizon-day), start.Add(warmUp+2*day))
		w.connections[c.asset] = c
		w.memory.Enrol(c.asset, start.Add(time.Duration(n)*6*time.Hour/time.Duration(count))) // over six hours
	}
	return w
}

// Open implements order.Searches.
func (w *world) Open(_ context.Context, asset account.AssetID) (order.Search, error) {
	c := w.connections[asset]
	return func(_ context.Context, q order.Query) (order.Page, error) {
		w.now = w.now.Add(callTime)
		if w.day != nil {
			w.day.calls++
		}
		if q.Perspective == order.CAP {
			return order.Page{}, &tiktokshop.Error{Op: "Partner.SearchCAPOrders", Kind: tiktokshop.NotAllowed, Code: 16501011}
		}
		return c.search(&w.page, q, w.now.Unix())
	}, nil
}

// SendBatch implements order.Wakes.
func (w *world) SendBatch(_ context.Context, messages []any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, message := range messages {
		if wake, ok := message.(order.Wake); ok {
			w.woken = append(w.woken, wake.Asset)
		}
	}
	return nil
}

// store takes the time of writes and how fresh they are.
type store struct {
	*ordertest.Memory
	w *world
}

func (s store) wrote(row order.Row) {
	s.w.now = s.w.now.Add(writeTime / 8)
	if s.w.day == nil {
		return
	}
	var number int
	for _, digit := range row.OrderID {
		number = 10*number + int(digit-'0')
	}
	sales := s.w.connections[row.Asset].sales
	_, since := sales[number-firstNumber].said(s.w.now.Unix())
	fresh := int32(s.w.now.Unix() - since) //nolint:gosec // days
	if row.Rev == 1 {
		fresh = int32(s.w.now.Unix() - sales[number-firstNumber].visible) //nolint:gosec // days
		s.w.day.newFresh = append(s.w.day.newFresh, fresh)
	} else {
		s.w.day.changeFresh = append(s.w.day.changeFresh, fresh)
	}
}

// Create implements order.Store.
func (s store) Create(ctx context.Context, l order.Lease, row order.Row) error {
	s.wrote(row)
	return s.Memory.Create(ctx, l, row)
}

// Replace implements order.Store.
func (s store) Replace(ctx context.Context, l order.Lease, row order.Row) error {
	s.wrote(row)
	return s.Memory.Replace(ctx, l, row)
}

// SaveWindow implements order.Store.
func (s store) SaveWindow(ctx context.Context, l order.Lease, win order.Window, following *order.Window) error {
	s.w.now = s.w.now.Add(writeTime)
	return s.Memory.SaveWindow(ctx, l, win, following)
}

// SaveCheckpoint implements order.Store.
func (s store) SaveCheckpoint(ctx context.Context, l order.Lease, win order.Window, c order.Checkpoint) error {
	s.w.now = s.w.now.Add(writeTime)
	return s.Memory.SaveCheckpoint(ctx, l, win, c)
}

// until runs the schedule to a time: every minute the planner, then the reads
// it woke, each in the first slot that is free.
func (w *world) until(ctx context.Context, end time.Time) error {
	for tick := w.now.Truncate(planEvery).Add(planEvery); !tick.After(end); tick = tick.Add(planEvery) {
		w.now = tick
		if _, err := w.planner.Run(ctx); err != nil {
			return err
		}
		slices.Sort(w.woken) // the planner's shards run side by side
		var busy time.Duration
		for _, asset := range w.woken {
			begin := tick.Add(queueTime)
			if w.slots[0].After(begin) {
				begin = w.slots[0]
			}
			w.now = begin.Add(startTime)
			if err := w.fetcher.Read(ctx, asset); err != nil {
				return err
			}
			busy += w.now.Sub(begin)
			w.slots[0] = w.now
			heap.Fix(&w.slots, 0)
		}
		if w.day != nil {
			invocations := (len(w.woken) + batchSize - 1) / batchSize
			w.day.wakes += len(w.woken)
			w.day.invocations += invocations
			w.day.gbSeconds += busy.Seconds() / atOnce * memoryGB
		}
		w.woken = w.woken[:0]
	}
	w.now = end
	return nil
}

// simulate connects count accounts, lives through a day to warm up and measures
// the next.
func simulate(ctx context.Context, count int) (*figures, error) {
	start := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	w := newWorld(count, start)
	if err := w.until(ctx, start.Add(6*time.Hour+warmUp)); err != nil {
		return nil, err
	}
	w.memory.Used()
	f := &figures{connections: count}
	w.day = f
	if err := w.until(ctx, start.Add(6*time.Hour+warmUp+day)); err != nil {
		return nil, err
	}
	f.units = w.memory.Used()
	f.sold, f.changed = f.units.RowsNew, f.units.RowsChanged
	f.newP50, f.newP99 = percentile(f.newFresh, 50), percentile(f.newFresh, 99)
	f.changeP50, f.changeP99 = percentile(f.changeFresh, 50), percentile(f.changeFresh, 99)
	return f, nil
}

func percentile(seconds []int32, p int) time.Duration {
	if len(seconds) == 0 {
		return 0
	}
	slices.Sort(seconds)
	return time.Duration(seconds[(len(seconds)-1)*p/100]) * time.Second
}
