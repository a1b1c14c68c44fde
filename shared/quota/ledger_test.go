package quota_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/quota"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// shelf is a store in memory that counts and can fail.
type shelf struct {
	mu           sync.Mutex
	states       map[quota.Key]quota.State
	loads, saves int
	fail         error
}

func newShelf() *shelf { return &shelf{states: map[quota.Key]quota.State{}} }

func (s *shelf) Load(_ context.Context, key quota.Key) (quota.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads++
	return s.states[key], s.fail
}

func (s *shelf) Save(_ context.Context, key quota.Key, state quota.State, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saves++
	if s.fail != nil {
		return s.fail
	}
	if s.states[key].Rev != state.Rev {
		return fault.New("shelf.Save", fault.Conflict, "changed")
	}
	state.Rev++
	s.states[key] = state
	return nil
}

func newLedger(s quota.Store) *quota.Ledger {
	return quota.NewLedger(s, time.Now, slog.New(slog.DiscardHandler))
}

func subject(class tiktokshop.Class) tiktokshop.Subject {
	return tiktokshop.Subject{App: "app", Asset: "shop:1", Class: class, Operation: "Seller.SearchOrders"}
}

func tooMany(retryAfter time.Duration) *tiktokshop.Error {
	return &tiktokshop.Error{Op: "Seller.SearchOrders", Kind: tiktokshop.RateLimited, Code: 36009002, RetryAfter: retryAfter}
}

func TestGoodCallsWriteNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		ledger := newLedger(store)
		for range 50 {
			require.Nil(t, ledger.Admit(t.Context(), subject(tiktokshop.Orders)))
			ledger.Settle(t.Context(), subject(tiktokshop.Orders), nil)
		}
		assert.Equal(t, 0, store.saves)
		assert.LessOrEqual(t, store.loads, 2, "a state read is believed for a while")
	})
}

func TestProcessesShareWhatTheyAreTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		one, other := newLedger(store), newLedger(store)
		one.Settle(t.Context(), subject(tiktokshop.Orders), tooMany(30*time.Second))
		assert.Equal(t, 1, store.saves)

		refusal := other.Admit(t.Context(), subject(tiktokshop.Orders))
		require.NotNil(t, refusal)
		assert.Equal(t, tiktokshop.RateLimited, refusal.Kind)
		assert.Equal(t, 30*time.Second, refusal.RetryAfter)
		assert.Nil(t, other.Admit(t.Context(), subject(tiktokshop.Reads)), "another class goes on")
		elsewhere := subject(tiktokshop.Orders)
		elsewhere.Asset = "shop:2"
		assert.Nil(t, other.Admit(t.Context(), elsewhere), "another shop goes on")

		<-time.After(30 * time.Second)
		assert.Nil(t, one.Admit(t.Context(), subject(tiktokshop.Orders)))
		assert.Nil(t, other.Admit(t.Context(), subject(tiktokshop.Orders)))
		assert.Equal(t, 1, store.saves, "the end of a pause is no news")
	})
}

func TestNewsOfOthersIsReadAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		one, other := newLedger(store), newLedger(store)
		require.Nil(t, other.Admit(t.Context(), subject(tiktokshop.Orders)))
		one.Settle(t.Context(), subject(tiktokshop.Orders), tooMany(30*time.Second))
		<-time.After(3 * time.Second)
		assert.NotNil(t, other.Admit(t.Context(), subject(tiktokshop.Orders)))

		other.Settle(t.Context(), subject(tiktokshop.Orders), tooMany(time.Minute)) // what was under way is told longer
		assert.Equal(t, 1, store.states[quota.Key{App: "app", Asset: "shop:1", Class: tiktokshop.Orders}].Strikes)
		gone := subject(tiktokshop.Orders)
		gone.Operation, gone.Path = "Seller.Gone", "/gone"
		one.Settle(t.Context(), gone, &tiktokshop.Error{Kind: tiktokshop.Retired, Code: 36009014})
		state := store.states[quota.Key{App: "app", Asset: "shop:1", Class: tiktokshop.Orders}]
		assert.Contains(t, state.Retired, "Seller.Gone /gone", "on top of what the other wrote")
		assert.Equal(t, time.Minute, time.Until(state.NotBefore))
	})
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ledger := newLedger(newShelf())
		start := time.Now()
		for range 3 + 6 { // a burst of 3, then 3 a second
			require.Nil(t, ledger.Admit(t.Context(), subject(tiktokshop.Writes)))
		}
		assert.InDelta(t, 2, time.Since(start).Seconds(), 0.01)

		var group sync.WaitGroup
		var mu sync.Mutex
		refused := 0
		for range 20 {
			group.Go(func() {
				if refusal := ledger.Admit(t.Context(), subject(tiktokshop.Writes)); refusal != nil {
					mu.Lock()
					defer mu.Unlock()
					refused++
					assert.Equal(t, tiktokshop.RateLimited, refusal.Kind)
					assert.Greater(t, refusal.RetryAfter, 2*time.Second)
				}
			})
		}
		group.Wait()
		assert.Equal(t, 14, refused, "what does not fit into 2 s goes back")
	})
}

func TestCountsOfTheDayAreStoredTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		ledger := newLedger(store)
		for range 250 {
			ledger.Settle(t.Context(), subject(tiktokshop.Marketplace), nil)
		}
		assert.Equal(t, 2, store.saves)
		assert.Equal(t, int64(200), store.states[quota.Key{App: "app", Asset: "shop:1", Class: tiktokshop.Marketplace}].Calls)
	})
}

func TestWeekEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		ledger := newLedger(store)
		end := time.Now().Add(50 * time.Hour)
		key := quota.Key{App: "app", Asset: "shop:1", Class: tiktokshop.Invitations}
		ledger.WeekEnds(t.Context(), key, end)
		ledger.WeekEnds(t.Context(), key, end)
		assert.Equal(t, 1, store.saves)
		ledger.Settle(t.Context(), subject(tiktokshop.Invitations), &tiktokshop.Error{Kind: tiktokshop.QuotaUsed, Code: 16024019})
		refusal := ledger.Admit(t.Context(), subject(tiktokshop.Invitations))
		require.NotNil(t, refusal)
		assert.Equal(t, tiktokshop.QuotaUsed, refusal.Kind)
		assert.Equal(t, 16024019, refusal.Code)
		assert.Equal(t, 50*time.Hour, refusal.RetryAfter)
	})
}

func TestStoreFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		store := newShelf()
		store.fail = errors.New("down")
		ledger := quota.NewLedger(store, time.Now, slog.New(slog.NewTextHandler(&log, nil)))
		assert.Nil(t, ledger.Admit(t.Context(), subject(tiktokshop.Orders)), "calls go on")
		assert.Nil(t, ledger.Admit(t.Context(), subject(tiktokshop.Orders)))
		assert.Equal(t, 1, store.loads, "it is not asked all the time")
		ledger.Settle(t.Context(), subject(tiktokshop.Orders), tooMany(time.Second))
		assert.NotNil(t, ledger.Admit(t.Context(), subject(tiktokshop.Orders)), "what this process was told counts for it")
		assert.Contains(t, log.String(), "quota ledger not read")
		assert.Contains(t, log.String(), "quota ledger not written")
	})
}
