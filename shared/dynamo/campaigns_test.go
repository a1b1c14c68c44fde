package dynamo

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/campaign"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/fault"
)

var (
	testCampaign = campaign.Key{Owner: "acme", CampaignID: "7403"}
	reviewedAt   = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
)

func newCampaigns(t *testing.T) *Campaigns {
	t.Helper()
	return NewCampaigns(dynamodb.NewFromConfig(awstest.Config(t)), awstest.Tables(t).Records)
}

func setTestRules(t *testing.T, c *Campaigns, key campaign.Key, every int, at time.Time) campaign.RuleSet {
	t.Helper()
	set, err := c.SetRules(t.Context(), campaign.RuleSet{
		Key: key, ConnectionID: "conn_1", Asset: "tap:main:partner:p1:7:US", EveryMinutes: every, UpdatedAt: at,
		Rules: campaign.Rules{MinTotalRate: 1500, Prices: []campaign.PriceRange{{Currency: "USD", Max: "60"}}},
	})
	require.NoError(t, err)
	return set
}

func testReview(product string, at time.Time) campaign.Review {
	return campaign.Review{
		Key: testCampaign, ProductID: product, At: at, RunID: "run_1", State: campaign.Deciding,
		Decision: campaign.Decision{Action: campaign.Approve, Because: []string{"because"}},
	}
}

func TestRulesHaveRevisions(t *testing.T) {
	t.Parallel()
	c := newCampaigns(t)
	_, found, err := c.Rules(t.Context(), testCampaign)
	require.NoError(t, err)
	assert.False(t, found)

	first := setTestRules(t, c, testCampaign, 60, reviewedAt)
	assert.Equal(t, int64(1), first.Revision)
	require.NoError(t, c.Lease(t.Context(), testCampaign, "h1", reviewedAt, reviewedAt.Add(time.Minute)))
	require.NoError(t, c.Begin(t.Context(), "h1", testReview("1", reviewedAt)))
	second := setTestRules(t, c, testCampaign, 60, reviewedAt.Add(time.Second))
	assert.Equal(t, int64(2), second.Revision)
	assert.Equal(t, "1", second.OpenProduct, "what a run has begun is not forgotten")
	require.NoError(t, c.Begin(t.Context(), "h1", testReview("2", reviewedAt)), "and the run goes on")

	stored, found, err := c.Rules(t.Context(), testCampaign)
	require.NoError(t, err)
	assert.True(t, found)
	assert.Equal(t, second.Rules, stored.Rules)
	assert.Equal(t, "2", stored.OpenProduct)
	assert.Equal(t, reviewedAt, stored.OpenAt)
}

func TestClaimTakesWhatIsDueOnce(t *testing.T) {
	t.Parallel()
	c := newCampaigns(t)
	for n := range 20 {
		setTestRules(t, c, campaign.Key{Owner: "acme", CampaignID: fmt.Sprint(n)}, 60, reviewedAt)
	}
	setTestRules(t, c, campaign.Key{Owner: "acme", CampaignID: "later"}, 60, reviewedAt.Add(time.Hour))
	setTestRules(t, c, campaign.Key{Owner: "acme", CampaignID: "asked only"}, 0, reviewedAt)
	setTestRules(t, c, campaign.Key{Owner: "acme", CampaignID: "0"}, 0, reviewedAt) // no longer scheduled

	var claimed atomic.Int64
	var group errgroup.Group
	for range 4 {
		group.Go(func() error {
			sets, err := c.Claim(t.Context(), reviewedAt, reviewedAt.Add(15*time.Minute), 10)
			claimed.Add(int64(len(sets)))
			for _, set := range sets {
				assert.Equal(t, "conn_1", set.ConnectionID)
				assert.True(t, set.Scheduled())
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
	assert.EqualValues(t, 19, claimed.Load(), "each once")
	again, err := c.Claim(t.Context(), reviewedAt.Add(15*time.Minute), reviewedAt.Add(time.Hour), 10)
	require.NoError(t, err)
	assert.Len(t, again, 19, "what was claimed and lost is due again")
}

func TestLeaseHasOneHolder(t *testing.T) {
	t.Parallel()
	c := newCampaigns(t)
	until := reviewedAt.Add(time.Minute)
	assert.Equal(t, fault.Conflict, fault.KindOf(c.Lease(t.Context(), testCampaign, "h1", reviewedAt, until)), "no rules, no lease")
	rules := setTestRules(t, c, testCampaign, 60, reviewedAt)
	require.NoError(t, c.Lease(t.Context(), testCampaign, "h1", reviewedAt, until))
	assert.Equal(t, fault.Conflict, fault.KindOf(c.Lease(t.Context(), testCampaign, "h2", reviewedAt, until)))

	later := until.Add(2 * time.Second)
	require.NoError(t, c.Lease(t.Context(), testCampaign, "h2", later, later.Add(time.Minute)), "it runs out")
	assert.Equal(t, fault.Conflict, fault.KindOf(c.Begin(t.Context(), "h1", testReview("1", reviewedAt))), "its first holder is out")
	_, err := c.Review(t.Context(), testCampaign, "1", reviewedAt)
	assert.Equal(t, fault.NotFound, fault.KindOf(err), "and has stored nothing")
	require.NoError(t, c.Release(t.Context(), rules, "h1", later))
	assert.Equal(t, fault.Conflict, fault.KindOf(c.Lease(t.Context(), testCampaign, "h3", later, later.Add(time.Minute))), "nor can it release")
	require.NoError(t, c.Release(t.Context(), rules, "h2", time.Time{}))
	require.NoError(t, c.Lease(t.Context(), testCampaign, "h3", later, later.Add(time.Minute)))
}

func TestReleaseKeepsTheScheduleOfNewerRules(t *testing.T) {
	t.Parallel()
	c := newCampaigns(t)
	old := setTestRules(t, c, testCampaign, 0, reviewedAt)
	require.NoError(t, c.Lease(t.Context(), testCampaign, "h1", reviewedAt, reviewedAt.Add(time.Minute)))
	setTestRules(t, c, testCampaign, 60, reviewedAt)
	require.NoError(t, c.Release(t.Context(), old, "h1", time.Time{}))
	require.NoError(t, c.Lease(t.Context(), testCampaign, "h2", reviewedAt, reviewedAt.Add(time.Minute)))
	due, err := c.Claim(t.Context(), reviewedAt, reviewedAt.Add(time.Hour), 10)
	require.NoError(t, err)
	assert.Len(t, due, 1)
}

func TestDecisionsAdvanceAndCountOnce(t *testing.T) {
	t.Parallel()
	c := newCampaigns(t)
	setTestRules(t, c, testCampaign, 60, reviewedAt)
	require.NoError(t, c.Lease(t.Context(), testCampaign, "h1", reviewedAt, reviewedAt.Add(time.Minute)))
	_, finished, err := c.StartRun(t.Context(), campaign.Run{Key: testCampaign, ID: "run_1", StartedAt: reviewedAt})
	require.NoError(t, err)
	assert.False(t, finished)

	begun := testReview("1", reviewedAt)
	require.NoError(t, c.Begin(t.Context(), "h1", begun))
	before, err := c.Review(t.Context(), testCampaign, "1", reviewedAt)
	require.NoError(t, err)
	begun.Rev = 1
	assert.Equal(t, begun, before)
	after := before
	after.State = campaign.Linking
	require.NoError(t, c.Advance(t.Context(), before, after, "run_1"))
	assert.Equal(t, fault.Conflict, fault.KindOf(c.Advance(t.Context(), before, after, "run_1")), "only once")

	runs, err := c.Runs(t.Context(), testCampaign, 10)
	require.NoError(t, err)
	require.Len(t, runs, 1)
	assert.Equal(t, campaign.Counts{Approved: 1}, runs[0].Counts)

	counters := map[campaign.State]string{campaign.Linking: "approved", campaign.Done: "rejected", campaign.Failed: "failed", campaign.Overtaken: "overtaken", campaign.Dropped: ""}
	for state, want := range counters {
		assert.Equal(t, want, counterOf(campaign.Review{State: campaign.Deciding}, campaign.Review{State: state}), state)
		assert.Empty(t, counterOf(campaign.Review{State: campaign.Linking}, campaign.Review{State: state}), state)
	}
}

func TestRunsStartOnceAndEndOnce(t *testing.T) {
	t.Parallel()
	c := newCampaigns(t)
	run := campaign.Run{Key: testCampaign, ID: campaign.NewRunID(reviewedAt), RequestedAt: reviewedAt}
	require.NoError(t, c.QueueRun(t.Context(), run))
	run.RequestedAt, run.StartedAt = reviewedAt.Add(time.Minute), reviewedAt.Add(time.Minute)
	started, finished, err := c.StartRun(t.Context(), run)
	require.NoError(t, err)
	assert.False(t, finished)
	assert.Equal(t, reviewedAt, started.RequestedAt, "the time it was asked for stays")
	assert.Equal(t, campaign.RunRunning, started.State)
	_, finished, err = c.StartRun(t.Context(), run)
	require.NoError(t, err)
	assert.False(t, finished, "a run that was killed begins again")

	started.State, started.Left, started.FinishedAt = campaign.RunDone, 3, reviewedAt.Add(2*time.Minute)
	require.NoError(t, c.FinishRun(t.Context(), started))
	_, finished, err = c.StartRun(t.Context(), run)
	require.NoError(t, err)
	assert.True(t, finished)

	later := run
	later.ID = campaign.NewRunID(reviewedAt.Add(time.Hour))
	require.NoError(t, c.QueueRun(t.Context(), later))
	runs, err := c.Runs(t.Context(), testCampaign, 10)
	require.NoError(t, err)
	require.Len(t, runs, 2)
	assert.Equal(t, []string{later.ID, run.ID}, []string{runs[0].ID, runs[1].ID}, "the newest first")
	assert.Equal(t, 3, runs[1].Left)
}

func TestReviewsArePaged(t *testing.T) {
	t.Parallel()
	c := newCampaigns(t)
	for n := range 5 {
		review := testReview(fmt.Sprint(n/2), reviewedAt.Add(time.Duration(n)*time.Minute))
		review.State = campaign.Left
		require.NoError(t, c.Add(t.Context(), review))
	}
	var seen []string
	after := ""
	for {
		page, next, err := c.Reviews(t.Context(), testCampaign, after, 2)
		require.NoError(t, err)
		for _, review := range page {
			seen = append(seen, review.ProductID+review.At.Format(" 15:04"))
		}
		if after = next; after == "" {
			break
		}
	}
	want := []string{}
	for n := range 5 {
		want = append(want, fmt.Sprint(n/2)+reviewedAt.Add(time.Duration(n)*time.Minute).Format(" 15:04"))
	}
	assert.Equal(t, want, seen)

	newest, found, err := c.Newest(t.Context(), testCampaign, "1")
	require.NoError(t, err)
	assert.True(t, found)
	assert.Equal(t, reviewedAt.Add(3*time.Minute), newest.At)
	_, found, err = c.Newest(t.Context(), testCampaign, "11")
	require.NoError(t, err)
	assert.False(t, found)
}

func TestReviewChange(t *testing.T) {
	t.Parallel()
	stored := func(state campaign.State) Item {
		review := testReview("1", reviewedAt)
		review.State, review.Asset, review.ConnectionID = state, "tap:main:partner:p1:7:US", connection.NewID("acme", "main:partner:p1")
		item, err := nounItem(entityReview, "pk", "sk", review)
		require.NoError(t, err)
		return item
	}
	cases := map[string]struct {
		old, current Item
		want         int
	}{
		"begun":                {nil, stored(campaign.Deciding), 0},
		"approved":             {stored(campaign.Deciding), stored(campaign.Linking), 1},
		"rejected":             {stored(campaign.Deciding), stored(campaign.Done), 1},
		"linked":               {stored(campaign.Linking), stored(campaign.Done), 0},
		"overtaken":            {stored(campaign.Deciding), stored(campaign.Overtaken), 0},
		"failed":               {stored(campaign.Deciding), stored(campaign.Failed), 0},
		"left to a person":     {nil, stored(campaign.Left), 0},
		"gone":                 {stored(campaign.Deciding), nil, 0},
		"not taken, so silent": {stored(campaign.Deciding), stored(campaign.Dropped), 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes := reviewChange(c.old, c.current)
			described(t, changes)
			require.Len(t, changes, c.want)
			if c.want > 0 {
				assert.Equal(t, "campaign.product_reviewed", changes[0].Type)
				assert.Equal(t, "acme", changes[0].Owner)
			}
		})
	}
}
