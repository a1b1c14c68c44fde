package order_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/order/ordertest"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

var (
	schedules = flag.Int("schedules", 100, "how many random schedules TestProof lives through")
	seed      = flag.Uint64("seed", 0, "the seed of the first schedule")
)

// TestProof lives through random schedules of orders and faults on a simulated
// clock, with the real planner and fetcher, and compares rows and events with
// what was sold. One schedule again: -schedules 1 -seed <n>.
func TestProof(t *testing.T) {
	t.Parallel()
	t.Logf("%d schedules from seed %d", *schedules, *seed)
	var total counts
	var next atomic.Uint64
	var workers errgroup.Group
	results := make(chan error, *schedules)
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() error {
			for i := next.Add(1) - 1; i < uint64(*schedules); i = next.Add(1) - 1 { //nolint:gosec // small
				if err := newSchedule(*seed+i).live(t.Context(), &total); err != nil {
					results <- fmt.Errorf("seed %d: %w", *seed+i, err)
				}
			}
			return nil
		})
	}
	require.NoError(t, workers.Wait())
	close(results)
	failed := 0
	for err := range results {
		if failed++; failed <= 5 {
			t.Error(err)
		}
	}
	if failed > 0 {
		t.Errorf("%d schedules of %d differ", failed, *schedules)
	}
	t.Logf("%d days, %d rows of %d late ones and %d through two creators, %d events, %d calls, %d faults of TikTok Shop, %d crashes, %d reads, %d of them inside others, %d wakes lost, %d windows cut, %d merged, %d done, %d rows missing",
		total.days.Load(), total.rows.Load(), total.late.Load(), total.twice.Load(), total.events.Load(), total.calls.Load(), total.faults.Load(), total.crashes.Load(), total.reads.Load(), total.nested.Load(),
		total.lost.Load(), total.cut.Load(), total.merged.Load(), total.done.Load(), total.missing.Load())
	for name, n := range map[string]*atomic.Int64{
		"late rows": &total.late, "one SKU through two creators": &total.twice, "faults": &total.faults, "crashes": &total.crashes, "overlapping reads": &total.nested,
		"lost wakes": &total.lost, "cut windows": &total.cut, "merged windows": &total.merged, "done windows": &total.done, "missing rows": &total.missing,
	} {
		if *schedules >= 100 {
			require.Positive(t, n.Load(), name)
		}
	}
}

// counts say what the schedules were made of.
type counts struct {
	days, rows, late, twice, events, calls, faults, crashes, reads, nested, lost, cut, merged, done, missing atomic.Int64
}

// life is one row of the truth.
type life struct {
	perspective            order.Perspective
	id, sku, creator       string
	created, visible, gone time.Time // gone: not shown any more; zero: never
	steps                  []step    // of the status, in order
}

type step struct {
	at     time.Time
	status string
}

func (l *life) key() string {
	return fmt.Sprintf("%s %s %s %s", l.perspective, l.id, l.sku, l.creator)
}

func (l *life) shown(at time.Time) bool {
	return !l.visible.After(at) && (l.gone.IsZero() || l.gone.After(at))
}

func (l *life) status(at time.Time) (status string) {
	for _, s := range l.steps {
		if !s.at.After(at) {
			status = s.status
		}
	}
	return status
}

func (l *life) ended() time.Time {
	end := l.steps[len(l.steps)-1].at
	for _, t := range []time.Time{l.visible, l.gone} {
		if t.After(end) {
			end = t
		}
	}
	return end
}

// saying is what a row says at a time.
type saying struct {
	l      *life
	status string
}

// schedule is a random world with one asset.
type schedule struct {
	r        *rand.Rand
	now      time.Time
	rules    order.Rules
	memory   *ordertest.Memory
	asset    account.AssetID
	agency   bool
	lives    []*life
	pageSize int
	oldFirst bool // pages go from the oldest row to the newest
	calm     bool // no more faults

	queue   []message
	offline time.Time // until then nobody's grant reaches the asset
	journal map[order.Key][]order.Row
	said    map[saying]order.Row
	total   *counts
	depth   int                     // of reads inside reads
	fresh   map[order.Key]time.Time // when a row was written last
}

// message is a wake on its way.
type message struct{ at time.Time }

const proofDays = 32

func newSchedule(seed uint64) *schedule {
	r := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // repeatable, not secret
	s := &schedule{
		r: r, now: day0, memory: ordertest.NewMemory(), agency: r.IntN(3) == 0, pageSize: 1 + r.IntN(9), oldFirst: r.IntN(3) == 0,
		journal: map[order.Key][]order.Row{}, said: map[saying]order.Row{}, fresh: map[order.Key]time.Time{},
	}
	s.asset = []account.AssetID{asset, "shop:1", "creator:main:open"}[r.IntN(3)]
	s.rules = order.DefaultRules()
	s.rules.Cadence = order.Cadence{{Age: 0, Every: 9 * time.Hour}, {Age: 3 * day, Every: day}, {Age: 20 * day, Every: 3 * day}, {Age: 30 * day, Every: 4 * day}}
	s.rules.Beyond, s.rules.DoneAge, s.rules.QuietMost = 6*day, 28*day, 3
	s.rules.Full, s.rules.Newest, s.rules.Join = 2+r.IntN(8), time.Duration(1+r.IntN(5))*day, time.Duration(5+r.IntN(30))*day
	s.rules.Shortest = 12 * time.Hour
	s.rules.Crowded, s.rules.Split = s.rules.Full*2, 6+r.IntN(20)
	s.rules.SplitTo, s.rules.Longest = 1+s.rules.Split/2, time.Duration(20+r.IntN(68))*day
	s.memory.Lags = func(key order.Key) bool { // the index lags behind the newest writes
		at, ok := s.fresh[key]
		return ok && s.now.Sub(at) < 5*time.Second && !s.calm && s.r.IntN(2) == 0
	}
	s.memory.LagsDue = func(account.AssetID) bool { return !s.calm && s.r.IntN(10) == 0 }
	s.sell()
	s.memory.Enrol(s.asset, s.now)
	return s
}

// sell makes up all that will be sold, from a month before the consent on.
func (s *schedule) sell() {
	for i := range 4 + s.r.IntN(26) {
		created := day0.Add(-29*day + time.Duration(s.r.Int64N(int64(29*day+proofDays*day)))).Truncate(time.Second)
		if s.r.IntN(4) == 0 && len(s.lives) > 0 { // a rush, to the second
			created = s.lives[s.r.IntN(len(s.lives))].created
		}
		for _, perspective := range order.Perspectives(s.asset) {
			if perspective == order.CAP && !s.agency {
				continue
			}
			visible := created
			if s.r.IntN(4) == 0 {
				visible = created.Add(time.Duration(s.r.Int64N(int64(20 * day)))) // late
			}
			rows := 1 + s.r.IntN(10)/7
			for row := range rows {
				creator, sku := "mia", fmt.Sprint(row)
				if s.r.IntN(2) == 0 {
					creator, sku = fmt.Sprint("creator-", row), "0" // one SKU through two creators
				}
				l := &life{perspective: perspective, id: fmt.Sprint(576000 + i), sku: sku, creator: creator, created: created, visible: visible, steps: s.steps(created)}
				if s.r.IntN(12) == 0 && rows == 1 {
					l.gone = visible.Add(time.Duration(s.r.Int64N(int64(10 * day))))
				}
				s.lives = append(s.lives, l)
			}
		}
	}
}

// steps is a random life of a row: over within 22 days, or never.
func (s *schedule) steps(created time.Time) []step {
	at := created
	after := func(most time.Duration) time.Time {
		at = at.Add(time.Duration(s.r.Int64N(int64(most)))).Truncate(time.Second)
		return at
	}
	steps := []step{{created, "CUSTOMER UNPAID"}}
	if s.r.IntN(15) == 0 {
		return steps
	}
	steps = append(steps, step{after(2 * day), "PENDING"})
	if s.r.IntN(5) == 0 {
		steps = append(steps, step{after(5 * day), "FROZEN"})
		if s.r.IntN(3) == 0 {
			return steps
		}
		steps = append(steps, step{after(5 * day), "PENDING"})
	}
	return append(steps, step{after(10 * day), []string{"SETTLED", "SETTLED", "INELIGIBLE"}[s.r.IntN(3)]})
}

var errProcess = errors.New("the process has died")

// process is one run of the fetcher: its view of the store ends when it dies.
type process struct {
	*ordertest.Memory
	s    *schedule
	left int // operations until it dies; negative: never
	dead bool
}

// die reports whether the operation is not carried out any more.
func (p *process) die() bool {
	if p.left == 0 && !p.dead {
		p.dead = true
		p.s.total.crashes.Add(1)
	}
	p.left--
	return p.dead
}

func (p *process) Acquire(ctx context.Context, a account.AssetID, owner string, now, until time.Time) (order.Lease, error) {
	if p.die() {
		return order.Lease{}, errProcess
	}
	return p.Memory.Acquire(ctx, a, owner, now, until)
}

func (p *process) Release(ctx context.Context, l order.Lease, now, due time.Time, failures int) (bool, error) {
	if p.die() {
		return false, errProcess
	}
	return p.Memory.Release(ctx, l, now, due, failures)
}

func (p *process) Create(ctx context.Context, l order.Lease, row order.Row) error {
	if p.die() {
		return errProcess
	}
	err := p.Memory.Create(ctx, l, row)
	if err == nil {
		p.s.written(row)
	}
	return err
}

func (p *process) Replace(ctx context.Context, l order.Lease, row order.Row) error {
	if p.die() {
		return errProcess
	}
	err := p.Memory.Replace(ctx, l, row)
	if err == nil {
		p.s.written(row)
	}
	return err
}

func (s *schedule) written(row order.Row) {
	s.fresh[row.Key] = s.now
	s.journal[row.Key] = append(s.journal[row.Key], row)
}

func (p *process) SaveCheckpoint(ctx context.Context, l order.Lease, w order.Window, c order.Checkpoint) error {
	if p.die() {
		return errProcess
	}
	return p.Memory.SaveCheckpoint(ctx, l, w, c)
}

func (p *process) DropCheckpoints(ctx context.Context, l order.Lease, w order.Window, pages []order.Checkpoint) error {
	for _, page := range pages {
		if p.die() {
			return errProcess
		}
		if err := p.Memory.DropCheckpoints(ctx, l, w, []order.Checkpoint{page}); err != nil {
			return err
		}
	}
	return nil
}

func (p *process) SaveWindow(ctx context.Context, l order.Lease, w order.Window, following *order.Window) error {
	if p.die() {
		return errProcess
	}
	if w.DueAt.IsZero() {
		p.s.total.done.Add(1)
	}
	return p.Memory.SaveWindow(ctx, l, w, following)
}

func (p *process) CreateWindows(ctx context.Context, l order.Lease, windows []order.Window) error {
	if p.die() {
		return errProcess
	}
	return p.Memory.CreateWindows(ctx, l, windows)
}

func (p *process) Recut(ctx context.Context, l order.Lease, change order.Recut) error {
	if p.die() {
		return errProcess
	}
	if len(change.Drop) > 0 {
		p.s.total.merged.Add(1)
	} else {
		p.s.total.cut.Add(1)
	}
	return p.Memory.Recut(ctx, l, change)
}

// read is one delivery of a wake to one of the fetchers.
func (s *schedule) read(ctx context.Context) error {
	p := &process{Memory: s.memory, s: s, left: -1}
	if !s.calm && s.r.IntN(6) == 0 {
		p.left = s.r.IntN(25)
	}
	s.total.reads.Add(1)
	if s.depth++; s.depth > 1 {
		s.total.nested.Add(1)
	}
	defer func() { s.depth-- }()
	err := order.NewFetcher(order.FetcherOptions{
		Store: p, Searches: searches{p}, Oddities: &gauge{}, Now: func() time.Time { return s.now }, Rules: s.rules, Horizon: 30 * day, AtOnce: 1,
		Log: slog.New(slog.DiscardHandler),
	}).Read(ctx, s.asset)
	if p.dead { // SQS brings the message again
		s.send(2 * time.Minute)
		return nil
	}
	return err
}

func (s *schedule) send(within time.Duration) {
	s.queue = append(s.queue, message{s.now.Add(time.Duration(s.r.Int64N(int64(within))))})
}

// searches is TikTok Shop as one process meets it.
type searches struct{ p *process }

func (o searches) Open(context.Context, account.AssetID) (order.Search, error) {
	if o.p.s.offline.After(o.p.s.now) {
		return nil, fault.New("account.Asset", fault.Reconnect, "gone")
	}
	return o.search, nil
}

func (o searches) search(ctx context.Context, q order.Query) (order.Page, error) {
	s := o.p.s
	s.total.calls.Add(1)
	s.now = s.now.Add(time.Duration(s.r.IntN(3000)) * time.Millisecond)
	if q.Perspective == order.CAP && !s.agency {
		return order.Page{}, &tiktokshop.Error{Op: "Partner.SearchCAPOrders", Kind: tiktokshop.NotAllowed, Code: 16501011}
	}
	if q.To.Sub(q.From) > 89*day {
		return order.Page{}, fmt.Errorf("a window of %s", q.To.Sub(q.From))
	}
	if err := s.disturb(ctx, o.p, q); err != nil {
		return order.Page{}, err
	}
	return s.page(q)
}

// disturb is what can happen during a call.
func (s *schedule) disturb(ctx context.Context, p *process, q order.Query) error {
	if s.calm {
		return nil
	}
	refuse := func(kind tiktokshop.ErrorKind, code int, after time.Duration) error {
		s.total.faults.Add(1)
		return &tiktokshop.Error{Op: "Partner.SearchOrders", Kind: kind, Code: code, RetryAfter: after}
	}
	switch s.r.IntN(40) {
	case 0:
		return refuse(tiktokshop.RateLimited, 36009002, time.Duration(s.r.IntN(300))*time.Second)
	case 1:
		return refuse(tiktokshop.Unavailable, 36009007, 0)
	case 2:
		return refuse(tiktokshop.QuotaUsed, 0, 9*time.Hour)
	case 3:
		return refuse(tiktokshop.BadRequest, 98001004, 0) // the page token is not taken any more
	case 4:
		return refuse(tiktokshop.TokenExpired, 105002, 0)
	case 5:
		return refuse(tiktokshop.Unreadable, 0, 0)
	case 6: // the grant is gone until somebody consents anew
		s.offline = s.now.Add(time.Duration(1+s.r.IntN(72)) * time.Hour)
		return refuse(tiktokshop.Revoked, 105001, 0)
	case 7:
		p.left = 0 // dies while it waits
	case 8, 9:
		s.now = s.now.Add(time.Duration(s.r.IntN(100)) * time.Second) // a slow call; the lease is 2 minutes
	case 10: // asleep for longer than the lease, while another reads
		s.now = s.now.Add(time.Duration(2+s.r.IntN(90)) * time.Minute)
		fallthrough
	case 11: // a second delivery, to another fetcher
		if s.depth < 3 {
			if err := s.read(ctx); err != nil {
				return err
			}
		}
	case 12:
		if err := s.memory.Ask(ctx, s.asset, s.now); err != nil && !errors.Is(err, order.ErrUnscheduled) {
			return err
		}
	}
	return nil
}

// page answers like the order searches: pages by offset over what is shown at
// this moment, with a row of the page before again at times.
func (s *schedule) page(q order.Query) (order.Page, error) {
	var rows []*life
	for _, l := range s.lives {
		if l.perspective == q.Perspective && l.shown(s.now) && !l.created.Before(q.From) && l.created.Before(q.To) {
			rows = append(rows, l)
		}
	}
	slices.SortStableFunc(rows, func(a, b *life) int {
		if s.oldFirst {
			a, b = b, a
		}
		return cmp.Or(b.created.Compare(a.created), cmp.Compare(b.id, a.id), cmp.Compare(b.creator, a.creator))
	})
	from := 0
	if q.Token != "" {
		if _, err := fmt.Sscan(q.Token, &from); err != nil {
			return order.Page{}, err
		}
	}
	page, to := order.Page{Total: len(rows)}, min(from+s.pageSize, len(rows))
	if to < len(rows) {
		page.Next = fmt.Sprint(to)
	}
	if from > 0 && !s.calm && s.r.IntN(10) == 0 {
		from--
	}
	for _, l := range rows[min(from, to):to] {
		row, err := s.row(l)
		if err != nil {
			return page, err
		}
		page.Rows = append(page.Rows, row)
	}
	return page, nil
}

// row is a row in the words of its search.
func (s *schedule) row(l *life) (row order.Row, err error) {
	status := l.status(s.now)
	said := saying{l, status}
	if row, ok := s.said[said]; ok {
		return row, nil
	}
	defer func() { s.said[said] = row }()
	switch l.perspective {
	case order.Seller:
		status = map[string]string{"CUSTOMER UNPAID": "AWAITING PAYMENT", "PENDING": "To-SETTLE"}[status] + map[string]string{"SETTLED": "SETTLED", "INELIGIBLE": "INELIGIBLE", "FROZEN": "FROZEN"}[status]
		return order.FromTikTok(s.asset, l.perspective, map[string]any{"id": l.id, "create_time": l.created.Unix()},
			fmt.Appendf(nil, `{"sku_id":%q,"creator_username":%q,"settlement_status":%q}`, l.sku, l.creator, status), s.now)
	case order.Creator:
		return order.FromTikTok(s.asset, l.perspective, map[string]any{"id": l.id, "create_time": l.created.Unix(), "status": status},
			fmt.Appendf(nil, `{"id":%q,"creator_username":%q}`, l.sku, l.creator), s.now)
	case order.TAP, order.CAP:
	}
	return order.FromTikTok(s.asset, l.perspective, nil,
		fmt.Appendf(nil, `{"id":%q,"sku_id":%q,"creator_username":%q,"create_time":%d,"settle_status":%q,"delivery_time":%d}`, l.id, l.sku, l.creator, l.created.Unix(), status, l.created.Add(3*day).Unix()), s.now)
}

// SendBatch is the queue: it brings every message once or several times, now or
// later, and refuses at times.
func (s *schedule) SendBatch(_ context.Context, messages []any) error {
	if !s.calm && s.r.IntN(12) == 0 {
		s.total.lost.Add(1)
		return errors.New("the queue does not answer")
	}
	for range messages {
		s.send(20 * time.Second)
		for !s.calm && s.r.IntN(5) == 0 {
			s.send(10 * time.Minute)
		}
	}
	return nil
}

func (s *schedule) plan(ctx context.Context) error {
	clock := func() time.Time {
		if s.calm {
			return s.now
		}
		skew := time.Duration(s.r.IntN(7)-3) * time.Second
		if s.r.IntN(40) == 0 { // wrong
			skew = time.Duration(s.r.IntN(240)-120) * time.Minute
		}
		return s.now.Add(skew)
	}
	planner := order.NewPlanner(order.PlannerOptions{
		Store: s.memory, Wakes: s, Freshness: &gauge{}, Now: clock, Log: slog.New(slog.DiscardHandler), Shards: ordertest.Shards, Again: 5 * time.Minute,
	})
	for range 1 + s.r.IntN(5)/4 { // sometimes two
		if _, err := planner.Run(ctx); err != nil && s.calm {
			return err
		}
	}
	return nil
}

// live lives through the schedule and compares.
func (s *schedule) live(ctx context.Context, total *counts) error {
	s.total = total
	end := day0.Add(proofDays * day)
	last := end
	for _, l := range s.lives {
		last = later(last, l.ended())
	}
	for s.now.Before(end) {
		if err := s.turn(ctx); err != nil {
			return err
		}
	}
	s.calm, s.offline = true, s.now
	for !s.seen(ctx, last) {
		if s.now.After(last.Add(40 * day)) {
			return errors.New("a window is not read any more")
		}
		if err := s.turn(ctx); err != nil {
			return err
		}
	}
	total.days.Add(int64(s.now.Sub(day0) / day))
	return errors.Join(s.compare(ctx), s.memoryIsTrue(ctx))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// turn goes to the next moment at which something happens.
func (s *schedule) turn(ctx context.Context) error {
	next := s.now.Add(12 * time.Hour)
	for shard := range ordertest.Shards {
		err := s.memory.Due(ctx, shard, next, func(due []order.Due) error {
			if at := due[0].At; at.Before(next) {
				next = at
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	planned := next
	for _, m := range s.queue {
		if m.at.Before(next) {
			next = m.at
		}
	}
	s.now = later(s.now, next)
	if s.offline.IsZero() || !s.offline.After(s.now) { // somebody has consented anew
		if err := s.memory.Ask(ctx, s.asset, s.now); errors.Is(err, order.ErrUnscheduled) {
			s.memory.Enrol(s.asset, s.now)
		}
	}
	if !planned.After(s.now) {
		s.now = s.now.Add(time.Duration(s.r.IntN(60)) * time.Second) // the planner runs every minute
		if err := s.plan(ctx); err != nil {
			return err
		}
	}
	due := slices.DeleteFunc(slices.Clone(s.queue), func(m message) bool { return m.at.After(s.now) })
	s.queue = slices.DeleteFunc(s.queue, func(m message) bool { return !m.at.After(s.now) })
	for range due {
		if err := s.read(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *schedule) perspectives() []order.Perspective {
	return slices.DeleteFunc(order.Perspectives(s.asset), func(p order.Perspective) bool { return p == order.CAP && !s.agency })
}

// seen reports whether every window that is not done was read after all was
// over.
func (s *schedule) seen(ctx context.Context, last time.Time) bool {
	for _, p := range s.perspectives() {
		windows, err := s.memory.Windows(ctx, s.asset, p)
		if err != nil || len(windows) == 0 {
			return false
		}
		for _, w := range windows {
			if !w.DueAt.IsZero() && !w.ReadAt.After(last) {
				return false
			}
		}
	}
	return true
}

// compare holds rows, histories and events against the truth.
func (s *schedule) compare(ctx context.Context) error {
	var problems []error
	wrong := func(format string, values ...any) { problems = append(problems, fmt.Errorf(format, values...)) }
	stored, horizon := map[string]order.Row{}, map[order.Perspective]time.Time{}
	for _, p := range s.perspectives() {
		windows, err := s.memory.Windows(ctx, s.asset, p)
		if err != nil {
			return err
		}
		horizon[p] = windows[0].From // 30 days before the first read that TikTok Shop and we survived
		err = s.memory.Between(ctx, s.asset, p, day0.AddDate(-1, 0, 0), s.now.Add(day), func(rows []order.Row) error {
			for _, row := range rows {
				key := fmt.Sprintf("%s %s %s %s", row.Perspective, row.OrderID, row.SKUID, row.CreatorUsername)
				if _, twice := stored[key]; twice {
					wrong("%s is stored twice", key)
				}
				stored[key] = row
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, l := range s.lives {
		if l.created.Before(horizon[l.perspective]) {
			continue
		}
		row, ok := stored[l.key()]
		delete(stored, l.key())
		switch shown := l.shown(s.now); {
		case !ok && shown:
			wrong("%s was missed", l.key())
		case !ok:
			continue
		case shown && !row.MissingSince.IsZero():
			wrong("%s is called missing", l.key())
		case !shown && row.MissingSince.IsZero():
			wrong("%s is missing and not marked", l.key())
		case shown && row.Status != order.ParseStatus(l.status(s.now)):
			wrong("%s is stored as %s, is %s", l.key(), row.Status, l.status(s.now))
		}
		if !ok {
			continue
		}
		s.total.rows.Add(1)
		if l.visible.After(l.created) {
			s.total.late.Add(1)
		}
		if !row.MissingSince.IsZero() {
			s.total.missing.Add(1)
		}
		if row.Ordinal > 0 {
			s.total.twice.Add(1)
		}
		problems = append(problems, l.agrees(row), s.told(row))
	}
	for key := range stored {
		wrong("%s was never sold", key)
	}
	return errors.Join(problems...)
}

// agrees demands that the history is one that could be seen.
func (l *life) agrees(row order.Row) error {
	at := 0
	for i, h := range row.History {
		for at < len(l.steps) && (order.ParseStatus(l.steps[at].status) != h.To || l.steps[at].at.After(h.At)) {
			at++
		}
		if at == len(l.steps) {
			return fmt.Errorf("%s: step %d of the history, %s at %s, never was", l.key(), i, h.To, h.At)
		}
	}
	if row.Status == order.Settled && (row.SettledSeenAt.Before(l.steps[len(l.steps)-1].at) || row.SettledSeenAfter.After(row.SettledSeenAt)) {
		return fmt.Errorf("%s settled at %s, said to be after %s and before %s", l.key(), l.steps[len(l.steps)-1].at, row.SettledSeenAfter, row.SettledSeenAt)
	}
	if row.Status == order.Settled && row.SettledSeenAfter.After(l.steps[len(l.steps)-1].at) {
		return fmt.Errorf("%s settled at %s, before it is said to: after %s", l.key(), l.steps[len(l.steps)-1].at, row.SettledSeenAfter)
	}
	return nil
}

// told demands that the events of a row, one write after the other, tell its
// story: created once, each write with news, the last one as it is now.
func (s *schedule) told(row order.Row) error {
	revisions := s.journal[row.Key]
	if int64(len(revisions)) != row.Rev {
		return fmt.Errorf("%s: %d writes made revision %d", row.OrderID, len(revisions), row.Rev)
	}
	ends := 0
	for i := range revisions {
		var old *order.Row
		if i > 0 {
			old = &revisions[i-1]
		}
		events, _, err := order.Events(old, revisions[i])
		if err != nil || len(events) == 0 {
			return fmt.Errorf("%s: revision %d says nothing new: %w", row.OrderID, i+1, err)
		}
		if (i == 0) != slices.Contains(events, order.EventCreated) {
			return fmt.Errorf("%s: revision %d is told as %v", row.OrderID, i+1, events)
		}
		if slices.Contains(events, order.EventSettled) || slices.Contains(events, order.EventIneligible) {
			ends++
		}
		s.total.events.Add(int64(len(events)))
	}
	want := 0
	for _, h := range row.History {
		if h.To.Final() {
			want++
		}
	}
	if ends != want {
		return fmt.Errorf("%s: its end was told %d times, and came %d times", row.OrderID, ends, want)
	}
	return nil
}

// memoryIsTrue demands that windows follow each other, none too long, and that
// what they remember is what is stored.
func (s *schedule) memoryIsTrue(ctx context.Context) error {
	for _, p := range s.perspectives() {
		windows, err := s.memory.Windows(ctx, s.asset, p)
		if err != nil {
			return err
		}
		hashes := map[uint64]bool{}
		if err := s.memory.Between(ctx, s.asset, p, day0.AddDate(-1, 0, 0), s.now.Add(day), func(rows []order.Row) error {
			for _, row := range rows {
				hashes[row.Hash()] = true
			}
			return nil
		}); err != nil {
			return err
		}
		for i, w := range windows {
			if i > 0 && !windows[i-1].To.Equal(w.From) || w.Open() != (i == len(windows)-1) {
				return fmt.Errorf("window %d of %d begins at %s and ends at %s", i, len(windows), w.From, w.To)
			}
			pages, err := s.memory.Checkpoints(ctx, w)
			if err != nil {
				return err
			}
			for _, page := range pages {
				for content := range maps.Values(page.Marks) {
					if !hashes[content] {
						return fmt.Errorf("window %d remembers a row that is not stored", i)
					}
				}
			}
		}
	}
	return nil
}
