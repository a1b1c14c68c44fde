package order_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/order/ordertest"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// mailbox is a queue of wakes that can be full.
type mailbox struct {
	mu    sync.Mutex
	err   error
	woken map[account.AssetID]int
}

func (m *mailbox) SendBatch(_ context.Context, messages []any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	for _, message := range messages {
		wake, _ := message.(order.Wake)
		m.woken[wake.Asset]++
	}
	return nil
}

func newMailbox() *mailbox { return &mailbox{woken: map[account.AssetID]int{}} }

func (m *mailbox) take() map[account.AssetID]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.woken
	m.woken = map[account.AssetID]int{}
	return taken
}

const again = 5 * time.Minute // as world.planner has it

func TestPlannersWakeEachDueAssetOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	assets := []account.AssetID{asset}
	for i := range 30 {
		assets = append(assets, account.AssetID(fmt.Sprintf("shop:%d", i)))
	}
	w.connect(assets...)
	w.clock.pass(10 * time.Second)
	mail := newMailbox()
	var planners errgroup.Group
	for range 3 {
		planners.Go(func() error {
			_, err := w.planner(mail).Run(t.Context())
			return err
		})
	}
	require.NoError(t, planners.Wait())
	woken := mail.take()
	require.Len(t, woken, 31)
	for id, times := range woken {
		assert.Equal(t, 1, times, id)
	}
	for minute := range 4 {
		w.clock.pass(time.Minute)
		n, err := w.planner(mail).Run(t.Context())
		require.NoError(t, err)
		assert.Zero(t, n, "minute %d: they are on their way", minute+1)
		assert.Equal(t, time.Duration(minute+1)*time.Minute+10*time.Second, w.gauge.overdue[order.TAP], "and late all the same")
	}
	w.clock.pass(time.Minute)
	n, err := w.planner(mail).Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 31, n, "no read has ended: once more")
	assert.Equal(t, map[order.Perspective]time.Duration{order.TAP: again + 10*time.Second, order.Seller: again + 10*time.Second, order.Creator: 0}, w.gauge.overdue,
		"the age counts from when the read was first wanted")
}

// planning is an asset that is due at day0, and planners that run at times
// counted from then.
type planning struct {
	*world
	memory *ordertest.Memory
	mail   *mailbox
}

// run returns how often a run of the planner wakes the asset.
func (p *planning) run(at time.Duration) int {
	p.t.Helper()
	p.at(at)
	_, err := p.planner(p.mail).Run(p.t.Context())
	require.ErrorIs(p.t, err, p.mail.err)
	return p.mail.take()[asset]
}

// quiet demands that runs every minute after from and before to wake nobody.
func (p *planning) quiet(from, to time.Duration) {
	p.t.Helper()
	for at := from + time.Minute; at < to; at += time.Minute {
		assert.Zero(p.t, p.run(at), "at %s", at)
	}
}

func (p *planning) at(at time.Duration) { p.clock.pass(day0.Add(at).Sub(p.clock.Now())) }

func (p *planning) ask(at time.Duration) {
	p.t.Helper()
	require.NoError(p.t, p.store.Ask(p.t.Context(), asset, day0.Add(at)))
}

func (p *planning) hide(hidden bool) {
	p.memory.LagsDue = func(account.AssetID) bool { return hidden }
}

// whenWoken are the stories of a wake. An asset that is due is woken at once;
// whatever happens to that wake, another comes when it has been due for a
// multiple of five minutes.
func whenWoken() map[string]func(*planning) {
	const early, soon, minute = -time.Minute, 10 * time.Second, time.Minute
	return map[string]func(*planning){
		"nobody reads it": func(p *planning) {
			assert.Zero(p.t, p.run(-50*time.Second))
			assert.Equal(p.t, 1, p.run(soon))
			p.quiet(soon, again)
			assert.Equal(p.t, 1, p.run(again+soon))
			p.quiet(again+soon, 2*again)
			assert.Equal(p.t, 1, p.run(2*again+soon))
		},
		"nobody reads it, and a run was at the very second it was due": func(p *planning) {
			assert.Equal(p.t, 1, p.run(0))
			assert.Equal(p.t, 1, p.run(minute), "whether the index had it by then is not known")
			p.quiet(minute, again)
			assert.Equal(p.t, 1, p.run(again))
		},
		"the run is late": func(p *planning) {
			assert.Zero(p.t, p.run(early))
			assert.Equal(p.t, 1, p.run(90*time.Second))
			assert.Zero(p.t, p.run(2*minute))
		},
		"the planner was off for a day": func(p *planning) {
			assert.Zero(p.t, p.run(early))
			assert.Equal(p.t, 1, p.run(24*time.Hour))
			assert.Equal(p.t, 24*time.Hour, p.gauge.overdue[order.TAP])
			p.quiet(24*time.Hour, 24*time.Hour+again)
			assert.Equal(p.t, 1, p.run(24*time.Hour+again))
		},
		"the run ends before it has sent anything": func(p *planning) {
			assert.Zero(p.t, p.run(early))
			p.mail.err = errors.New("the queue is full")
			assert.Zero(p.t, p.run(soon))
			p.mail.err = nil
			p.quiet(soon, again)
			assert.Equal(p.t, 1, p.run(again))
		},
		"the index shows it after the run at that very second": func(p *planning) {
			p.hide(true)
			assert.Zero(p.t, p.run(0))
			p.hide(false)
			assert.Equal(p.t, 1, p.run(minute))
		},
		"the index shows it minutes late": func(p *planning) {
			p.hide(true)
			p.quiet(early, 2*minute)
			p.hide(false)
			p.quiet(minute, again)
			assert.Equal(p.t, 1, p.run(again))
		},
		"two planners at the same moment": func(p *planning) {
			assert.Equal(p.t, 1, p.run(0))
			assert.Zero(p.t, p.run(0))
		},
		"two planners, one a moment later": func(p *planning) {
			assert.Equal(p.t, 1, p.run(0))
			require.NoError(p.t, p.read())
			assert.Zero(p.t, p.run(time.Second), "it is read")
		},
		"two planners, one a moment later, before it is read": func(p *planning) {
			assert.Equal(p.t, 1, p.run(0))
			assert.Equal(p.t, 1, p.run(time.Second), "one too many")
			require.NoError(p.t, p.read())
			calls := p.market.calls
			p.memory.Used()
			require.NoError(p.t, p.read())
			assert.Equal(p.t, calls, p.market.calls)
			assert.Equal(p.t, ordertest.Units{Schedules: 1}, p.memory.Used(), "costs a refused write")
		},
		"a planner's clock is behind": func(p *planning) {
			assert.Equal(p.t, 1, p.run(soon))
			assert.Zero(p.t, p.run(soon-2*time.Second))
			assert.Zero(p.t, p.run(minute))
		},
		"a planner's clock is three minutes ahead, and wakes too early": func(p *planning) {
			p.at(-minute)
			late, err := order.NewPlanner(order.PlannerOptions{
				Store: p.store, Wakes: p.mail, Freshness: p.gauge, Now: func() time.Time { return p.clock.Now().Add(3 * minute) }, Log: slog.New(slog.DiscardHandler), Shards: ordertest.Shards, Again: again,
			}).Run(p.t.Context())
			require.NoError(p.t, err)
			assert.Equal(p.t, 1, late)
			require.NoError(p.t, p.read(), "is not due yet")
			assert.Zero(p.t, p.market.calls)
			p.mail.take()
			p.quiet(-minute, again)
			assert.Equal(p.t, 1, p.run(again))
		},
		"a planner's clock is an hour ahead": func(p *planning) {
			assert.Equal(p.t, 1, p.run(time.Hour))
			assert.Equal(p.t, 1, p.run(minute), "what it handed out is not known")
			p.quiet(minute, again)
			assert.Equal(p.t, 1, p.run(again))
		},
		"it is being read": func(p *planning) {
			assert.Equal(p.t, 1, p.run(soon))
			lease, err := p.store.Acquire(p.t.Context(), asset, "a slow reader", day0, day0.Add(7*minute))
			require.NoError(p.t, err)
			p.quiet(soon, again)
			assert.Equal(p.t, 1, p.run(again), "for so long")
			require.NoError(p.t, p.read())
			assert.Zero(p.t, p.market.calls, "refused")
			_, err = p.store.Release(p.t.Context(), lease, p.clock.Now(), day0.Add(time.Hour), 0)
			require.NoError(p.t, err)
			p.quiet(again, time.Hour)
			assert.Equal(p.t, 1, p.run(time.Hour))
		},
		"its reader dies": func(p *planning) {
			assert.Equal(p.t, 1, p.run(soon))
			p.store.crashFrom = 2
			require.ErrorIs(p.t, p.read(), errCrash)
			p.store.forget()
			p.quiet(soon, again)
			assert.Equal(p.t, 1, p.run(again))
			require.NoError(p.t, p.read())
			assert.Positive(p.t, p.market.calls)
		},
		"its read stops in the middle and goes on": func(p *planning) {
			assert.Equal(p.t, 1, p.run(0))
			lease, err := p.store.Acquire(p.t.Context(), asset, "reader", day0, day0.Add(minute))
			require.NoError(p.t, err)
			stopped := day0.Add(50*time.Second + time.Millisecond)
			_, err = p.store.Release(p.t.Context(), lease, stopped, stopped, 0)
			require.NoError(p.t, err)
			assert.Equal(p.t, 1, p.run(minute))
		},
		"TikTok Shop's quota puts it off": func(p *planning) {
			assert.Equal(p.t, 1, p.run(0))
			p.market.before = func(int) error { return &tiktokshop.Error{Kind: tiktokshop.RateLimited, RetryAfter: 9 * minute} }
			require.NoError(p.t, p.read())
			p.quiet(0, 9*minute)
			assert.Equal(p.t, 1, p.run(9*minute))
			assert.Zero(p.t, p.gauge.overdue[order.TAP], "it was not late")
		},
		"it is read at once": func(p *planning) {
			assert.Equal(p.t, 1, p.run(0))
			require.NoError(p.t, p.read())
			p.quiet(0, p.dueAt().Sub(day0))
			assert.Equal(p.t, 1, p.run(p.dueAt().Sub(day0)))
		},
		"a read is asked for": func(p *planning) {
			assert.Equal(p.t, 1, p.run(0))
			require.NoError(p.t, p.read())
			p.ask(30 * time.Second)
			assert.Equal(p.t, 1, p.run(minute))
		},
		"a read is asked for by a clock that is behind": func(p *planning) {
			assert.Equal(p.t, 1, p.run(0))
			require.NoError(p.t, p.read())
			assert.Zero(p.t, p.run(minute))
			p.ask(minute - order.Slack + time.Second)
			assert.Equal(p.t, 1, p.run(2*minute))
		},
		"a read is asked for by a clock that is wrong": func(p *planning) {
			assert.Equal(p.t, 1, p.run(0))
			require.NoError(p.t, p.read())
			assert.Zero(p.t, p.run(2*minute))
			p.ask(minute)
			p.quiet(2*minute, again+minute)
			assert.Equal(p.t, 1, p.run(again+minute))
		},
	}
}

func TestWhenAnAssetIsWoken(t *testing.T) {
	t.Parallel()
	for name, story := range whenWoken() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			memory := ordertest.NewMemory()
			w := worldOn(t, memory)
			memory.Enrol(asset, day0)
			story(&planning{world: w, memory: memory, mail: newMailbox()})
		})
	}
}

// failing is a due index of which one shard cannot be read.
type failing struct {
	order.DueStore
	shard int
	err   error
}

func (f failing) Due(ctx context.Context, shard int, now time.Time, each func([]order.Due) error) error {
	if shard == f.shard {
		return f.err
	}
	return f.DueStore.Due(ctx, shard, now, each)
}

func TestAShardThatFailsDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	memory := ordertest.NewMemory()
	for i := range 500 {
		memory.Enrol(account.ShopAsset(strconv.Itoa(i)), day0)
	}
	down := errors.New("down")
	mail := newMailbox()
	woken, err := order.NewPlanner(order.PlannerOptions{
		Store: failing{memory, 0, down}, Wakes: mail, Freshness: &gauge{}, Now: func() time.Time { return day0 }, Log: slog.New(slog.DiscardHandler), Shards: ordertest.Shards, Again: again,
	}).Run(t.Context())
	require.ErrorIs(t, err, down)
	assert.Greater(t, woken, 400)
	assert.Less(t, woken, 500)
	assert.Len(t, mail.woken, woken)
}

// slowMail is a queue that takes so many messages until the planner's time is
// up.
type slowMail struct {
	*mailbox
	left   atomic.Int64
	timeUp context.CancelFunc
}

func (m *slowMail) SendBatch(ctx context.Context, messages []any) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if m.left.Add(-int64(len(messages))) < 0 {
		m.timeUp()
	}
	return m.mailbox.SendBatch(ctx, messages)
}

func TestABacklogTooLargeForOneRunIsWokenWithinMinutes(t *testing.T) {
	t.Parallel()
	const assets = 5000
	memory, now := ordertest.NewMemory(), day0
	for i := range assets {
		memory.Enrol(account.ShopAsset(strconv.Itoa(i)), day0.Add(time.Duration(i)*time.Second))
	}
	now = day0.Add(25 * time.Hour) // the planner was off
	mail := newMailbox()
	for minute := range 6 {
		ctx, cancel := context.WithCancel(t.Context())
		slow := &slowMail{mailbox: mail, timeUp: cancel}
		slow.left.Store(1500)
		woken, err := order.NewPlanner(order.PlannerOptions{
			Store: memory, Wakes: slow, Freshness: &gauge{}, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler), Shards: 16, Again: again,
		}).Run(ctx)
		cancel()
		if minute == 0 {
			require.ErrorIs(t, err, context.Canceled)
			assert.Less(t, woken, assets/2)
		} else {
			require.NoError(t, err)
			assert.Less(t, woken, assets/4, "repetitions are spread")
		}
		now = now.Add(time.Minute)
	}
	assert.Len(t, mail.woken, assets)
}
