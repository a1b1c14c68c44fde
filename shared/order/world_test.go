package order_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/order/ordertest"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

const asset = account.AssetID("tap:main:partner:open:7:US")

var day0 = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// sale is a row as TikTok Shop has it.
type sale struct {
	id, sku, creator, content string
	kind                      string // of the content
	created                   time.Time
	status                    string
	settled                   time.Time
	hidden                    bool
}

// market is a TAP order search with small pages, the newest first, that pages
// by offset while rows come and go.
type market struct {
	mu       sync.Mutex
	sales    []*sale
	pageSize int
	calls    int
	asked    map[order.Query]int
	agency   bool                 // it has CAP orders, too
	capTries int                  // refused searches of CAP orders
	before   func(call int) error // runs before each call is answered, without the lock
}

func (m *market) add(s sale) *sale {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sales = append(m.sales, &s)
	return &s
}

func (m *market) change(do func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	do()
}

func (m *market) visible(q order.Query) (rows []*sale) {
	for _, s := range m.sales {
		if !s.hidden && !s.created.Before(q.From) && s.created.Before(q.To) {
			rows = append(rows, s)
		}
	}
	slices.SortStableFunc(rows, func(a, b *sale) int { return cmp.Or(b.created.Compare(a.created), cmp.Compare(b.id, a.id)) })
	return rows
}

func (m *market) Search(ctx context.Context, q order.Query) (order.Page, error) {
	m.mu.Lock()
	if q.Perspective == order.CAP && !m.agency {
		m.capTries++
		m.mu.Unlock()
		return order.Page{}, &tiktokshop.Error{Op: "Partner.SearchCAPOrders", Kind: tiktokshop.NotAllowed, Code: 16501011}
	}
	m.calls++
	if m.asked == nil {
		m.asked = map[order.Query]int{}
	}
	m.asked[q]++
	call, before := m.calls, m.before
	m.mu.Unlock()
	if before != nil {
		if err := before(call); err != nil {
			return order.Page{}, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	rows := m.visible(q)
	from, _ := strconv.Atoi(q.Token)
	page := order.Page{Total: len(rows)}
	to := min(from+m.pageSize, len(rows))
	if to < len(rows) {
		page.Next = strconv.Itoa(to)
	}
	for _, s := range rows[min(from, to):to] {
		fields := map[string]any{"id": s.id, "sku_id": s.sku, "creator_username": s.creator, "content_id": s.content, "content_type": s.kind, "create_time": s.created.Unix(), "settle_status": s.status}
		if !s.settled.IsZero() {
			fields["settlement_time"] = s.settled.Unix()
		}
		raw, err := json.Marshal(fields)
		if err != nil {
			return order.Page{}, err
		}
		row, err := order.FromTikTok(asset, q.Perspective, nil, raw, q.From)
		if err != nil {
			return order.Page{}, err
		}
		page.Rows = append(page.Rows, row)
	}
	return page, ctx.Err()
}

// clock is the time of a test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// watched is a store that counts its writes and can crash before the n-th.
type watched struct {
	ordertest.Store
	mu                    sync.Mutex
	rows, pages, windows  int
	operations, crashFrom int // 0: never
}

var errCrash = errors.New("crashed")

func (w *watched) step(count *int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.operations++
	if w.crashFrom > 0 && w.operations >= w.crashFrom {
		return errCrash
	}
	if count != nil {
		*count++
	}
	return nil
}

func (w *watched) Create(ctx context.Context, l order.Lease, r order.Row) error {
	return errors.Join(w.step(&w.rows), unless(w, func() error { return w.Store.Create(ctx, l, r) }))
}

func (w *watched) Replace(ctx context.Context, l order.Lease, r order.Row) error {
	return errors.Join(w.step(&w.rows), unless(w, func() error { return w.Store.Replace(ctx, l, r) }))
}

func (w *watched) SaveCheckpoint(ctx context.Context, l order.Lease, win order.Window, c order.Checkpoint) error {
	return errors.Join(w.step(&w.pages), unless(w, func() error { return w.Store.SaveCheckpoint(ctx, l, win, c) }))
}

func (w *watched) SaveWindow(ctx context.Context, l order.Lease, win order.Window, next *order.Window) error {
	return errors.Join(w.step(&w.windows), unless(w, func() error { return w.Store.SaveWindow(ctx, l, win, next) }))
}

func (w *watched) Recut(ctx context.Context, l order.Lease, change order.Recut) error {
	return errors.Join(w.step(nil), unless(w, func() error { return w.Store.Recut(ctx, l, change) }))
}

func (w *watched) CreateWindows(ctx context.Context, l order.Lease, windows []order.Window) error {
	return errors.Join(w.step(nil), unless(w, func() error { return w.Store.CreateWindows(ctx, l, windows) }))
}

func (w *watched) Release(ctx context.Context, l order.Lease, now, due time.Time, failures int) (bool, error) {
	if err := w.step(nil); err != nil {
		return false, err
	}
	return w.Store.Release(ctx, l, now, due, failures)
}

// unless does nothing once the process has crashed.
func unless(w *watched, do func() error) error {
	w.mu.Lock()
	crashed := w.crashFrom > 0 && w.operations >= w.crashFrom
	w.mu.Unlock()
	if crashed {
		return nil
	}
	return do()
}

func (w *watched) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rows, w.pages, w.windows, w.operations, w.crashFrom = 0, 0, 0, 0, 0
}

// opener opens the market, or fails.
type opener struct {
	search order.Search
	err    error
	opened int
}

func (o *opener) Open(context.Context, account.AssetID) (order.Search, error) {
	o.opened++
	return o.search, o.err
}

// gauge keeps what it is told.
type gauge struct {
	mu         sync.Mutex
	overdue    map[order.Perspective]time.Duration
	unreadable int
}

func (g *gauge) Overdue(perspective order.Perspective, age time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.overdue == nil {
		g.overdue = map[order.Perspective]time.Duration{}
	}
	g.overdue[perspective] = age
}

func (g *gauge) UnreadableRows(n int) { g.unreadable += n }

// world is one connected asset.
type world struct {
	t       *testing.T
	clock   *clock
	market  *market
	opener  *opener
	store   *watched
	gauge   *gauge
	rules   order.Rules
	connect func(assets ...account.AssetID) // enrols assets as a consent does
}

// newWorld keeps its orders in memory, with the conditions of the real store.
func newWorld(t *testing.T) *world {
	t.Helper()
	memory := ordertest.NewMemory()
	w := worldOn(t, memory)
	w.connect = func(assets ...account.AssetID) {
		for _, a := range assets {
			memory.Enrol(a, w.clock.Now())
		}
	}
	w.connect(asset)
	return w
}

func worldOn(t *testing.T, store ordertest.Store) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: day0}, market: &market{pageSize: 100}, gauge: &gauge{}, rules: order.DefaultRules(), store: &watched{Store: store}}
	w.opener = &opener{search: w.market.Search}
	return w
}

// newWorldOnDynamoDB keeps its orders in the emulated DynamoDB.
func newWorldOnDynamoDB(t *testing.T) *world {
	t.Helper()
	db, tables := dynamodb.NewFromConfig(awstest.Config(t)), awstest.Tables(t)
	w := worldOn(t, dynamo.NewOrders(db, tables.Orders))
	connections := dynamo.NewConnections(db, tables.Accounts, tables.Orders)
	w.connect = func(assets ...account.AssetID) {
		id, state := account.NewID("main", "partner", "open"), rand.Text()
		require.NoError(t, connections.PutState(t.Context(), state, connection.Pending{Ask: connection.Ask{Owner: "acme"}, ExpiresAt: w.clock.Now().Add(time.Hour)}))
		enrolment := connection.Enrolment{
			State: state, Account: account.Account{ID: id, State: account.Active, AuthorizedAt: w.clock.Now()},
			Connection: connection.Connection{ID: connection.NewID("acme", id), Owner: "acme", Account: id}, RefreshAt: w.clock.Now().Add(time.Hour),
		}
		for _, a := range assets {
			enrolment.Assets = append(enrolment.Assets, account.Asset{ID: a, Account: id, State: account.AssetActive})
		}
		require.NoError(t, connections.Enrol(t.Context(), enrolment))
	}
	w.connect(asset)
	return w
}

func (w *world) fetcher() *order.Fetcher {
	return order.NewFetcher(order.FetcherOptions{
		Store: w.store, Searches: w.opener, Oddities: w.gauge, Now: w.clock.Now, Rules: w.rules, Horizon: 720 * time.Hour,
		Log: slog.New(slog.DiscardHandler),
	})
}

func (w *world) read() error { return w.fetcher().Read(w.t.Context(), asset) }

func (w *world) planner(wakes order.Wakes) *order.Planner {
	return order.NewPlanner(order.PlannerOptions{
		Store: w.store, Wakes: wakes, Freshness: w.gauge, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler), Shards: dynamo.DueShards, Again: 5 * time.Minute,
	})
}

// rows lists what is stored, the oldest first.
func (w *world) rows() []order.Row { return w.rowsOf(order.TAP, day0.AddDate(0, -4, 0)) }

func (w *world) rowsOf(perspective order.Perspective, from time.Time) (all []order.Row) {
	w.t.Helper()
	require.NoError(w.t, w.store.Between(w.t.Context(), asset, perspective, from, w.clock.Now().Add(time.Hour), func(rows []order.Row) error {
		all = append(all, rows...)
		return nil
	}))
	return all
}

// windows lists the TAP windows of the asset, which must follow each other
// without a gap and be read as a whole.
func (w *world) windows() []order.Window {
	w.t.Helper()
	windows, err := w.store.Windows(w.t.Context(), asset, order.TAP)
	require.NoError(w.t, err)
	for i, win := range windows {
		if i > 0 {
			require.Equal(w.t, windows[i-1].To, win.From, "no gap, no overlap")
		}
		require.Equal(w.t, i == len(windows)-1, win.Open(), "the last is open")
	}
	return windows
}

// agree demands that exactly what the market has is stored, and what it does not
// show any more is marked.
func (w *world) agree() {
	w.t.Helper()
	w.agreeSince(day0.AddDate(0, -4, 0))
}

func (w *world) agreeSince(from time.Time) {
	w.t.Helper()
	describe := func(id, sku, creator, content, status string) string {
		return fmt.Sprint(id, " ", sku, " ", creator, " ", content, " ", order.ParseStatus(status))
	}
	var want, got []string
	for _, s := range w.market.sales {
		if !s.hidden {
			want = append(want, describe(s.id, s.sku, s.creator, s.content, s.status))
		}
	}
	for _, row := range w.rowsOf(order.TAP, from) {
		if !row.MissingSince.IsZero() {
			continue
		}
		got = append(got, describe(row.OrderID, row.SKUID, row.CreatorUsername, row.ContentID, row.StatusText))
	}
	slices.Sort(want)
	slices.Sort(got)
	require.Equal(w.t, want, got)
}
