package tiktokshop_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/quota"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// states is a quota store in memory.
type states struct {
	mu    sync.Mutex
	saved map[quota.Key]quota.State
}

func (s *states) Load(_ context.Context, key quota.Key) (quota.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saved[key], nil
}

func (s *states) Save(_ context.Context, key quota.Key, state quota.State, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.saved[key].Rev != state.Rev {
		return fault.New("states.Save", fault.Conflict, "changed")
	}
	state.Rev++
	s.saved[key] = state
	return nil
}

// shop is an asset, which a grant of the product can name.
type shop struct{ *liveGrant }

func (shop) Asset() string { return "shop:1" }

// TestLedger: what one process is told of, another does not ask for.
func TestLedger(t *testing.T) {
	t.Parallel()
	const search = "POST /affiliate_seller/202410/orders/search"
	for name, c := range map[string]struct {
		fault sandbox.Fault
		kind  tiktokshop.ErrorKind
		least time.Duration // that is left to wait
		most  time.Duration
	}{
		"429 with Retry-After": {sandbox.Fault{Operation: search, Status: 429, Code: 36009002, RetryAfter: 60}, tiktokshop.RateLimited, 50 * time.Second, time.Minute},
		"429 without JSON":     {sandbox.Fault{Operation: search, Status: 429, Body: "slow down", RetryAfter: 60}, tiktokshop.RateLimited, 50 * time.Second, time.Minute},
		"10,000 a day":         {sandbox.Fault{Operation: search, Code: 45101004}, tiktokshop.QuotaUsed, time.Millisecond, 24 * time.Hour},
		"retired version":      {sandbox.Fault{Operation: search, Status: 400, Code: 36009014}, tiktokshop.Retired, 0, 0},
		"path gone":            {sandbox.Fault{Operation: search, Status: 404, Code: 36009009}, tiktokshop.Retired, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			store := &states{saved: map[quota.Key]quota.State{}}
			var log bytes.Buffer
			process := func() *tiktokshop.Client {
				client, err := tiktokshop.New(tiktokshop.Options{
					BaseURL: w.BaseURL, Ledger: quota.NewLedger(store, time.Now, slog.New(slog.DiscardHandler)), Log: slog.New(slog.NewTextHandler(&log, nil)),
				})
				require.NoError(t, err)
				return client
			}
			grant := w.connect(t, sandboxtest.AuroraHome)
			cipher, request := w.ShopCipher(t, sandboxtest.AuroraHome, 0), tiktokshop.SellerSearchOrdersRequest{PageSize: 20}
			one, other := process().Seller(shop{grant}, cipher), process().Seller(shop{grant}, cipher)

			_, err := one.SearchOrders(t.Context(), request)
			require.NoError(t, err)
			assert.Empty(t, store.saved, "what goes well is no news")

			w.AddFault(c.fault)
			_, err = one.SearchOrders(t.Context(), request)
			first := fails(t, err)
			assert.Equal(t, c.kind, first.Kind)
			assert.NotEmpty(t, first.HTTPStatus)
			assert.Contains(t, store.saved, quota.Key{App: w.App.Key, Asset: "shop:1", Class: tiktokshop.Orders})

			before := w.Truth().Calls[search]
			_, err = other.SearchOrders(t.Context(), request)
			second := fails(t, err)
			assert.Equal(t, before, w.Truth().Calls[search], "TikTok Shop is not asked again")
			assert.Equal(t, c.kind, second.Kind)
			assert.Equal(t, fault.KindOf(first), fault.KindOf(second))
			assert.Contains(t, second.Message, "not sent")
			assert.Zero(t, second.HTTPStatus)
			assert.GreaterOrEqual(t, second.RetryAfter, c.least)
			assert.LessOrEqual(t, second.RetryAfter, c.most)
			assert.Contains(t, log.String(), "sent=false")
		})
	}
}

// refuser is a ledger that refuses the first request.
type refuser struct {
	refusal  *tiktokshop.Refusal
	subjects []tiktokshop.Subject
	settled  []*tiktokshop.Error
}

func (r *refuser) Admit(_ context.Context, about tiktokshop.Subject) *tiktokshop.Refusal {
	r.subjects = append(r.subjects, about)
	refusal := r.refusal
	r.refusal = nil
	return refusal
}

func (r *refuser) Settle(_ context.Context, _ tiktokshop.Subject, failure *tiktokshop.Error) {
	r.settled = append(r.settled, failure)
}

func TestHeldBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refusal *tiktokshop.Refusal
		sent    int
	}{
		"nothing":                     {nil, 1},
		"a moment, also of a write":   {&tiktokshop.Refusal{Kind: tiktokshop.RateLimited, RetryAfter: time.Millisecond}, 1},
		"longer than a call may wait": {&tiktokshop.Refusal{Kind: tiktokshop.RateLimited, RetryAfter: time.Minute}, 0},
		"for a day":                   {&tiktokshop.Refusal{Kind: tiktokshop.QuotaUsed, RetryAfter: time.Hour}, 0},
		"for good":                    {&tiktokshop.Refusal{Kind: tiktokshop.Retired}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &script{answers: []answer{{body: empty}}}
			ledger := &refuser{refusal: c.refusal}
			client := newClient(t, s, func(o *tiktokshop.Options) { o.Ledger = ledger })
			err := review(t.Context(), client, &grant{kind: tiktokshop.PartnerAccount})
			assert.Len(t, s.got, c.sent)
			assert.Len(t, ledger.settled, c.sent, "only what was sent has an outcome")
			if c.sent == 0 {
				assert.Equal(t, c.refusal.Kind, fails(t, err).Kind)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tiktokshop.Writes, ledger.subjects[0].Class)
			assert.Equal(t, "test-key", ledger.subjects[0].App)
			assert.NotEmpty(t, ledger.subjects[0].Asset, "the cipher where the grant names no asset")
		})
	}
}

func TestRequestIDOfSuccessesAndFailures(t *testing.T) {
	t.Parallel()
	s := &script{answers: []answer{{body: empty}, {body: code("16032005")}}}
	client, g := newClient(t, s), &grant{kind: tiktokshop.PartnerAccount}
	var id string
	ctx := tiktokshop.NoteRequestID(t.Context(), &id)
	require.NoError(t, review(ctx, client, g))
	assert.Equal(t, "r0", id)
	require.Error(t, review(ctx, client, g))
	assert.Equal(t, "r1", id)
}
