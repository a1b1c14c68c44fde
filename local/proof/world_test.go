package proof_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/conversion/conversiontest"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/order/ordertest"
)

const (
	day       = 24 * time.Hour
	proofDays = 32
	pastDays  = 330 // how far back from day0 orders were sold at most
)

var day0 = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

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
	past    time.Time // back to then orders are asked for, and were sold; zero: only what the first read finds
	refused time.Time // TikTok Shop refuses searches that begin earlier; zero: none

	offline time.Time // until then nobody's grant reaches the asset
	journal map[order.Key][]order.Row
	said    map[saying]order.Row
	total   *counts
	depth   int                     // of reads inside reads
	fresh   map[order.Key]time.Time // when a row was written last

	sums    *conversiontest.Memory
	sizes   conversion.Sizes
	changes []conversion.Key // the stream of written rows: their days
	rollAt  time.Time        // when the next batch of it is brought
	rolling int              // depth of rollers inside others
	idle    []*rolling
}

// message is a wake on its way.
type message struct{ at time.Time }

func newSchedule(seed uint64, total *counts) *schedule {
	r := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // repeatable, not secret
	s := &schedule{
		r: r, now: day0, memory: ordertest.NewMemory(), agency: r.IntN(3) == 0, pageSize: 1 + r.IntN(9), oldFirst: r.IntN(3) == 0, total: total,
		journal: map[order.Key][]order.Row{}, said: map[saying]order.Row{}, fresh: map[order.Key]time.Time{},
	}
	s.asset = []account.AssetID{"tap:main:partner:open:7:US", "shop:1", "creator:main:open"}[r.IntN(3)]
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
	s.sums = conversiontest.NewMemory(func(ctx context.Context, key conversion.Key, each func(order.Row)) error {
		return s.memory.Between(ctx, key.Asset, key.Perspective, key.Day, key.Day.Add(day), func(rows []order.Row) error {
			for _, row := range rows {
				each(row)
			}
			return nil
		})
	})
	s.sizes = conversion.Sizes{Day: 1 + r.IntN(500), Part: 40 + r.IntN(200)} // a day of few rows is a large one
	if r.IntN(3) == 0 {
		s.past = day0.Add(-time.Duration(40+r.IntN(pastDays-40)) * day)
		if r.IntN(4) == 0 {
			s.refused = day0.Add(-time.Duration(35+r.IntN(pastDays-35)) * day)
		}
	}
	s.sell()
	s.memory.Enrol(s.asset, s.now)
	return s
}

func (s *schedule) perspectives() []order.Perspective {
	return slices.DeleteFunc(order.Perspectives(s.asset), func(p order.Perspective) bool { return p == order.CAP && !s.agency })
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
