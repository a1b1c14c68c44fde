package campaign_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/campaign"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/link/linktest"
)

const (
	reviewCall = "POST /affiliate_partner/202405/campaigns/{campaign_id}/products/{product_id}/review"
	listCall   = "GET /affiliate_partner/202405/campaigns/{campaign_id}/products"
	batchCall  = "POST /affiliate_partner/202505/campaigns/{campaign_id}/products/promotion_links/generate_batch"
)

// goodRules approve five of the nine pending products of Winter and reject four.
func goodRules() campaign.Rules {
	return campaign.Rules{MinTotalRate: 1500, MinCreatorRate: 1000, Prices: []campaign.PriceRange{{Currency: "USD", Max: "60"}}, RequireAvailable: true}
}

// review is a world with one campaign under review.
type review struct {
	*linktest.World
	store      *dynamo.Campaigns
	reviewer   *campaign.Reviewer
	key        campaign.Key
	connection string
	asset      account.Asset
}

func newReview(t *testing.T, campaignID string, rules campaign.Rules, every int) *review {
	t.Helper()
	return reviewIn(t, linktest.New(t), "acme", campaignID, rules, every)
}

func reviewIn(t *testing.T, w *linktest.World, owner, campaignID string, rules campaign.Rules, every int) *review {
	t.Helper()
	r := &review{World: w, store: dynamo.NewCampaigns(w.DB, w.Table), key: campaign.Key{Owner: owner, CampaignID: campaignID}}
	r.connection, r.asset = w.Connect(t, owner, sandboxtest.Northwind)
	r.setRules(t, rules, every)
	r.reviewer = r.with(r.store)
	return r
}

func (r *review) setRules(t *testing.T, rules campaign.Rules, every int) campaign.RuleSet {
	t.Helper()
	set, err := r.store.SetRules(t.Context(), campaign.RuleSet{
		Key: r.key, ConnectionID: r.connection, Asset: r.asset.ID, Rules: rules, EveryMinutes: every, UpdatedAt: r.Now,
	})
	require.NoError(t, err)
	return set
}

func (r *review) with(store campaign.Store) *campaign.Reviewer {
	return campaign.NewReviewer(campaign.ReviewerOptions{Client: r.Client, Assets: r, Grants: r, Links: r.Maker(), Store: store, Now: r.Clock})
}

func (r *review) request(runID string) campaign.Request {
	return campaign.Request{Key: r.key, ConnectionID: r.connection, Asset: r.asset.ID, RunID: runID}
}

// run reviews, a minute later than before, and returns the run as it was stored.
func (r *review) run(t *testing.T, req campaign.Request) campaign.Run {
	t.Helper()
	r.Now = r.Now.Add(time.Minute)
	require.NoError(t, r.reviewer.Review(t.Context(), req))
	return r.stored(t, req.RunID)
}

func (r *review) stored(t *testing.T, runID string) campaign.Run {
	t.Helper()
	runs, err := r.store.Runs(t.Context(), r.key, 100)
	require.NoError(t, err)
	for _, run := range runs {
		if run.ID == runID {
			return run
		}
	}
	require.FailNow(t, "no such run", runID)
	return campaign.Run{}
}

func (r *review) reviews(t *testing.T) []campaign.Review {
	t.Helper()
	reviews, next, err := r.store.Reviews(t.Context(), r.key, "", 200)
	require.NoError(t, err)
	require.Empty(t, next)
	return reviews
}

// byState counts decisions.
func (r *review) byState(t *testing.T) map[campaign.State]int {
	t.Helper()
	counts := map[campaign.State]int{}
	for _, review := range r.reviews(t) {
		counts[review.State]++
	}
	return counts
}

// agree holds our audit against what TikTok Shop was told: each decision once,
// and each approved product with a link.
func (r *review) agree(t *testing.T) {
	t.Helper()
	told := map[string]string{}
	for _, review := range r.TikTok.Truth().Reviews {
		require.NotContains(t, told, review.Product, "told twice")
		told[review.Product] = review.Result
	}
	linked := map[string]int{}
	for _, l := range r.TikTok.Truth().Links {
		linked[l.Product]++
	}
	ours := map[string]string{}
	for _, review := range r.reviews(t) {
		if review.State == campaign.Done {
			require.NotContains(t, ours, review.ProductID, "audited twice")
			ours[review.ProductID] = map[campaign.Action]string{campaign.Approve: "APPROVE", campaign.Reject: "REJECT"}[review.Decision.Action]
			if review.Decision.Action == campaign.Approve {
				assert.NotEmpty(t, review.LinkURL, review.ProductID)
				assert.GreaterOrEqual(t, linked[review.ProductID], 1)
			}
		}
	}
	assert.Equal(t, told, ours)
}

func TestReviewDecidesAuditsAndLinks(t *testing.T) {
	t.Parallel()
	r := newReview(t, linktest.Winter, goodRules(), 60)
	run := r.run(t, r.request("run_1"))
	assert.Equal(t, campaign.RunDone, run.State, run.Problem)
	assert.Equal(t, campaign.Counts{Approved: 5, Rejected: 4}, run.Counts)
	r.agree(t)

	reasons := map[string][]string{}
	for _, told := range r.TikTok.Truth().Reviews {
		reasons[told.Product] = told.Reasons
	}
	assert.Equal(t, []string{"COMMISSION_TOO_LOW", "PRODUCT_TOO_EXPENSIVE"}, reasons[linktest.Mirror])
	for _, review := range r.reviews(t) {
		assert.Equal(t, int64(1), review.RuleRevision)
		assert.Equal(t, "run_1", review.RunID)
		assert.NotEmpty(t, review.Decision.Because)
		assert.NotEmpty(t, review.RequestID, "TikTok Shop's id of the call, also when it went well")
		assert.NotEmpty(t, review.Product.Prices, "the inputs are kept")
		assert.Equal(t, goodRules(), review.Rules)
	}

	calls := r.Calls(reviewCall)
	again := r.run(t, r.request("run_2"))
	assert.Equal(t, campaign.Counts{}, again.Counts, "nothing is pending any more")
	assert.Equal(t, calls, r.Calls(reviewCall))
	listed := r.Calls(listCall)
	r.run(t, r.request("run_2"))
	assert.Equal(t, listed, r.Calls(listCall), "a finished run is not done again")
}

func TestDryRunOnlyWritesItsRecord(t *testing.T) {
	t.Parallel()
	r := newReview(t, linktest.Winter, goodRules(), 60)
	req := r.request("run_1")
	req.DryRun = true
	run := r.run(t, req)
	assert.Equal(t, campaign.RunDone, run.State)
	assert.Equal(t, campaign.Counts{Approved: 5, Rejected: 4}, run.Counts)
	assert.Len(t, run.Would, 9)
	assert.Empty(t, r.reviews(t))
	assert.Zero(t, r.Calls(reviewCall))
	assert.Empty(t, r.TikTok.Truth().Links)
}

func TestWithoutRulesNothingIsDecided(t *testing.T) {
	t.Parallel()
	r := newReview(t, linktest.Winter, campaign.Rules{}, 60)
	due, err := r.store.Claim(t.Context(), r.Now.Add(time.Hour), r.Now.Add(2*time.Hour), 10)
	require.NoError(t, err)
	assert.Empty(t, due, "empty rules are not scheduled")
	assert.Equal(t, campaign.Counts{Left: 9}, r.run(t, r.request("run_1")).Counts)

	r.key.CampaignID = linktest.Spring // no rules at all
	assert.Equal(t, campaign.Counts{Left: 1}, r.run(t, r.request("run_2")).Counts)
	assert.Empty(t, r.reviews(t))
	assert.Zero(t, r.Calls(reviewCall))
}

func TestLeftProductsAreNotedOnce(t *testing.T) {
	t.Parallel()
	rules := campaign.Rules{Prices: []campaign.PriceRange{{Currency: "GBP", Max: "60"}}}
	r := newReview(t, linktest.Winter, rules, 60)
	assert.Equal(t, campaign.Counts{Left: 9}, r.run(t, r.request("run_1")).Counts)
	assert.Equal(t, campaign.Counts{Left: 9}, r.run(t, r.request("run_2")).Counts)
	assert.Equal(t, map[campaign.State]int{campaign.Left: 9}, r.byState(t))

	r.Now = r.Now.Add(time.Minute)
	r.setRules(t, rules, 60)
	r.run(t, r.request("run_3"))
	assert.Equal(t, map[campaign.State]int{campaign.Left: 18}, r.byState(t), "new rules, new decisions")
}

func TestLinkWithACreatorRateOfItsOwn(t *testing.T) {
	t.Parallel()
	rules := goodRules()
	rules.LinkCreatorRate = 1300
	r := newReview(t, linktest.Winter, rules, 60)
	r.run(t, r.request("run_1"))
	r.agree(t)
	assert.Zero(t, r.Calls(batchCall))
	for _, l := range r.TikTok.Truth().Links {
		assert.EqualValues(t, 1300, l.Rate)
	}
}

func TestAnApprovedProductOfACampaignThatIsNotOnlineGetsNoLink(t *testing.T) {
	t.Parallel()
	r := newReview(t, linktest.Spring, campaign.Rules{MinTotalRate: 1500}, 60)
	run := r.run(t, r.request("run_1"))
	assert.Equal(t, campaign.RunDone, run.State)
	assert.Equal(t, campaign.Counts{Approved: 1}, run.Counts)
	reviews := r.reviews(t)
	require.Len(t, reviews, 1)
	assert.Equal(t, campaign.Done, reviews[0].State)
	assert.Empty(t, reviews[0].LinkURL)
	assert.NotEmpty(t, reviews[0].LinkProblem)
}

func TestFaultsOfTikTok(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		fault sandbox.Fault
		state campaign.RunState // of the first run
		first map[campaign.State]int
		lost  bool // the first decision was overtaken by somebody
	}{
		"time-out before the work":          {sandbox.Fault{Operation: reviewCall, Cut: true}, campaign.RunStopped, map[campaign.State]int{campaign.Deciding: 1}, false},
		"time-out after the work":           {sandbox.Fault{Operation: reviewCall, Cut: true, After: true}, campaign.RunStopped, map[campaign.State]int{campaign.Deciding: 1}, false},
		"internal error after the work":     {sandbox.Fault{Operation: reviewCall, After: true, Status: 500, Code: 36009003}, campaign.RunStopped, map[campaign.State]int{campaign.Deciding: 1}, false},
		"second product, half an answer":    {sandbox.Fault{Operation: reviewCall, Skip: 1, After: true, Truncate: true}, campaign.RunStopped, map[campaign.State]int{campaign.Done: 1, campaign.Deciding: 1}, false},
		"too many requests":                 {sandbox.Fault{Operation: reviewCall, Status: 429, Code: 36009002, RetryAfter: 300}, campaign.RunStopped, map[campaign.State]int{campaign.Dropped: 1}, false},
		"review switched off":               {sandbox.Fault{Operation: reviewCall, Code: 36009014}, campaign.RunFailed, map[campaign.State]int{campaign.Dropped: 1}, false},
		"list does not answer":              {sandbox.Fault{Operation: listCall, Status: 503, Body: "down"}, campaign.RunStopped, map[campaign.State]int{}, false},
		"link does not answer":              {sandbox.Fault{Operation: batchCall, Status: 503, Body: "down"}, campaign.RunStopped, map[campaign.State]int{campaign.Linking: 1}, false},
		"one product refused":               {sandbox.Fault{Operation: reviewCall, Code: 16032008}, campaign.RunDone, map[campaign.State]int{campaign.Failed: 1, campaign.Done: 8}, false},
		"one product, a code nobody knows":  {sandbox.Fault{Operation: reviewCall, Code: 99999999}, campaign.RunDone, map[campaign.State]int{campaign.Failed: 1, campaign.Done: 8}, false},
		"refused after somebody decided it": {sandbox.Fault{Operation: reviewCall, After: true, Code: 16032008}, campaign.RunDone, map[campaign.State]int{campaign.Overtaken: 1, campaign.Done: 8}, true},
	}
	w := linktest.New(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := reviewIn(t, w.Beside(t), name, linktest.Winter, goodRules(), 60)
			r.TikTok.AddFault(c.fault)
			run := r.run(t, r.request("run_1"))
			assert.Equal(t, c.state, run.State, run.Problem)
			assert.Equal(t, c.first, r.byState(t))
			if c.state != campaign.RunDone {
				assert.NotEmpty(t, run.Problem)
			}

			second := r.run(t, r.request("run_2"))
			assert.Equal(t, campaign.RunDone, second.State, second.Problem)
			assert.Equal(t, 9, run.Approved+run.Rejected+run.Overtaken+second.Approved+second.Rejected, "each product is counted once")
			assert.Len(t, r.TikTok.Truth().Reviews, 9)
			if !c.lost {
				r.agree(t)
			}
		})
	}
}

func TestWhenTheNextRunIsDue(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		every int
		fault *sandbox.Fault
		due   time.Duration // after the run; 0: not by itself
	}{
		"on schedule":                 {30, nil, 30 * time.Minute},
		"only when asked for":         {0, nil, 0},
		"stopped":                     {30, &sandbox.Fault{Operation: listCall, Status: 503}, time.Minute},
		"stopped, only when asked":    {0, &sandbox.Fault{Operation: listCall, Status: 503}, time.Minute},
		"TikTok says when to go on":   {30, &sandbox.Fault{Operation: listCall, Status: 429, Code: 36009002, RetryAfter: 600}, 10 * time.Minute},
		"failed":                      {30, &sandbox.Fault{Operation: listCall, Code: 105001}, 30 * time.Minute},
		"failed, only when asked for": {0, &sandbox.Fault{Operation: listCall, Code: 105001}, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReview(t, linktest.Spring, campaign.Rules{MinTotalRate: 1500}, c.every)
			if c.fault != nil {
				r.TikTok.AddFault(*c.fault)
			}
			r.run(t, r.request("run_1"))
			if c.due > 0 {
				before, err := r.store.Claim(t.Context(), r.Now.Add(c.due-time.Second), r.Now.Add(time.Hour), 10)
				require.NoError(t, err)
				assert.Empty(t, before)
			}
			if c.due == 0 {
				r.Now = r.Now.Add(24 * time.Hour)
			}
			at, err := r.store.Claim(t.Context(), r.Now.Add(c.due), r.Now.Add(48*time.Hour), 10)
			require.NoError(t, err)
			assert.Equal(t, c.due > 0, len(at) == 1)
		})
	}
}

// crash is a store that fails at one write, as if the process had been killed
// before or after it.
type crash struct {
	campaign.Store
	left  int  // writes until the crash
	after bool // the write itself still happens
	dead  bool
}

func (c *crash) write(do func() error) error {
	if c.dead {
		return context.Canceled
	}
	if c.left--; c.left >= 0 {
		return do()
	}
	c.dead = true
	if c.after {
		if err := do(); err != nil {
			return err
		}
	}
	return context.Canceled
}

func (c *crash) Begin(ctx context.Context, holder string, r campaign.Review) error {
	return c.write(func() error { return c.Store.Begin(ctx, holder, r) })
}

func (c *crash) Advance(ctx context.Context, before, after campaign.Review, runID string) error {
	return c.write(func() error { return c.Store.Advance(ctx, before, after, runID) })
}

func (c *crash) Release(ctx context.Context, rules campaign.RuleSet, holder string, due time.Time) error {
	return c.write(func() error { return c.Store.Release(ctx, rules, holder, due) })
}

func (c *crash) FinishRun(ctx context.Context, run campaign.Run) error {
	return c.write(func() error { return c.Store.FinishRun(ctx, run) })
}

// A run is killed around each of its writes in turn; the same message comes
// again when the lease has run out.
func TestKilledAnywhereAndRepeated(t *testing.T) {
	t.Parallel()
	const writes = 9 + 9 + 5 + 2 // decisions begun, taken, linked; the lease released, the run finished
	w := linktest.New(t)
	for n := range writes {
		if n > 5 && n < writes-3 {
			continue // the products in between are like the first ones
		}
		for _, after := range []bool{false, true} {
			w.TikTok.Reset()
			r := reviewIn(t, w, fmt.Sprintf("acme-%d-%t", n, after), linktest.Winter, goodRules(), 60)
			killed := &crash{Store: r.store, left: n, after: after}
			require.ErrorIs(t, r.with(killed).Review(t.Context(), r.request("run_1")), context.Canceled, "write %d", n)

			if err := r.reviewer.Review(t.Context(), r.request("run_1")); n < writes-2 {
				require.Equal(t, fault.Conflict, fault.KindOf(err), "the lease still holds")
			}
			r.Now = r.Now.Add(campaign.LeaseTime + time.Minute)
			run := r.run(t, r.request("run_1"))
			require.Equal(t, campaign.RunDone, run.State, run.Problem)
			require.Equal(t, campaign.Counts{Approved: 5, Rejected: 4}, run.Counts, "write %d, after %t", n, after)
			require.Equal(t, 9, r.byState(t)[campaign.Done])
			r.agree(t)
		}
	}
}

func TestALostConnectionFailsTheRun(t *testing.T) {
	t.Parallel()
	r := newReview(t, linktest.Winter, goodRules(), 60)
	r.Disconnect("acme", r.connection)
	run := r.run(t, r.request("run_1"))
	assert.Equal(t, campaign.RunFailed, run.State)
	assert.Contains(t, run.Problem, "connection")
	assert.Zero(t, r.Calls(listCall))
}

func TestNoTimeLeftStopsTheRun(t *testing.T) {
	t.Parallel()
	r := newReview(t, linktest.Winter, goodRules(), 60)
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	require.NoError(t, r.reviewer.Review(ctx, r.request("run_1")))
	run := r.stored(t, "run_1")
	assert.Equal(t, campaign.RunStopped, run.State)
	assert.Contains(t, run.Problem, "another run follows")
	assert.Zero(t, r.Calls(reviewCall))
}
