package quota_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"tiktok-shop-affiliate/shared/quota"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// noon is a Wednesday.
var noon = time.Date(2026, time.November, 18, 12, 20, 0, 0, time.UTC)

var search = tiktokshop.Subject{App: "app", Asset: "shop:1", Class: tiktokshop.Marketplace, Operation: "Seller.SearchCreators", Path: "/affiliate_seller/202608/marketplace_creators/search"}

const searchVersion = "Seller.SearchCreators /affiliate_seller/202608/marketplace_creators/search"

func failure(kind tiktokshop.ErrorKind, code int, retryAfter time.Duration) *tiktokshop.Error {
	return &tiktokshop.Error{Op: "Seller.SearchCreators", Kind: kind, Code: code, RetryAfter: retryAfter}
}

func TestWhatIsRefusedAfterAFailure(t *testing.T) {
	t.Parallel()
	weekEnd := time.Date(2026, time.November, 22, 16, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		before  quota.State
		failure *tiktokshop.Error
		until   time.Time // zero: nothing is refused and nothing has changed
		kind    tiktokshop.ErrorKind
	}{
		"429":                        {failure: failure(tiktokshop.RateLimited, 36009002, 0), until: noon.Add(time.Second), kind: tiktokshop.RateLimited},
		"429 without a code":         {failure: failure(tiktokshop.RateLimited, 0, 0), until: noon.Add(time.Second), kind: tiktokshop.RateLimited},
		"429 with Retry-After":       {failure: failure(tiktokshop.RateLimited, 36009002, 7*time.Second), until: noon.Add(7 * time.Second), kind: tiktokshop.RateLimited},
		"a second 429":               {before: quota.State{Strikes: 1, NotBefore: noon.Add(-time.Second)}, failure: failure(tiktokshop.RateLimited, 36009002, 0), until: noon.Add(2 * time.Second), kind: tiktokshop.RateLimited},
		"a fourth 429":               {before: quota.State{Strikes: 3, NotBefore: noon}, failure: failure(tiktokshop.RateLimited, 36009002, 0), until: noon.Add(8 * time.Second), kind: tiktokshop.RateLimited},
		"a hundredth 429":            {before: quota.State{Strikes: 99, NotBefore: noon}, failure: failure(tiktokshop.RateLimited, 36009002, 0), until: noon.Add(time.Minute), kind: tiktokshop.RateLimited},
		"429 after a calm time":      {before: quota.State{Strikes: 9, NotBefore: noon.Add(-3 * time.Minute)}, failure: failure(tiktokshop.RateLimited, 36009002, 0), until: noon.Add(time.Second), kind: tiktokshop.RateLimited},
		"429 of a parallel call":     {before: quota.State{Strikes: 1, NotBefore: noon.Add(time.Second)}, failure: failure(tiktokshop.RateLimited, 36009002, 0)},
		"a longer Retry-After":       {before: quota.State{Strikes: 1, NotBefore: noon.Add(time.Second)}, failure: failure(tiktokshop.RateLimited, 36009002, 9*time.Second), until: noon.Add(9 * time.Second), kind: tiktokshop.RateLimited},
		"a test shop's hour":         {failure: failure(tiktokshop.RateLimited, 36009037, 0), until: time.Date(2026, time.November, 18, 13, 0, 0, 0, time.UTC), kind: tiktokshop.QuotaUsed},
		"10,000 requests a day":      {failure: failure(tiktokshop.QuotaUsed, 45101004, 0), until: time.Date(2026, time.November, 19, 0, 0, 0, 0, time.UTC), kind: tiktokshop.QuotaUsed},
		"invitations, end known":     {before: quota.State{WeekEnd: weekEnd}, failure: failure(tiktokshop.QuotaUsed, 16024019, 0), until: weekEnd, kind: tiktokshop.QuotaUsed},
		"invitations, end not known": {failure: failure(tiktokshop.QuotaUsed, 16024019, 0), until: noon.Add(6 * time.Hour), kind: tiktokshop.QuotaUsed},
		"messages, end long past":    {before: quota.State{WeekEnd: noon.Add(-time.Hour)}, failure: failure(tiktokshop.QuotaUsed, 16030002, 0), until: noon.Add(6 * time.Hour), kind: tiktokshop.QuotaUsed},
		"quota known to be used":     {before: quota.State{Until: weekEnd}, failure: failure(tiktokshop.QuotaUsed, 45101004, 0)},
		"retired version":            {failure: failure(tiktokshop.Retired, 36009014, 0), until: noon.Add(24 * time.Hour), kind: tiktokshop.Retired},
		"path gone":                  {failure: failure(tiktokshop.Retired, 36009009, 0), until: noon.Add(24 * time.Hour), kind: tiktokshop.Retired},
		"known to be retired":        {before: quota.State{Retired: map[string]quota.Retirement{searchVersion: {Until: noon.Add(time.Hour)}}}, failure: failure(tiktokshop.Retired, 36009014, 0)},
		"anything else":              {failure: failure(tiktokshop.Unavailable, 36009003, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			after, news := c.before.After(c.failure, search, noon)
			if c.until.IsZero() {
				assert.False(t, news)
				assert.Equal(t, c.before, after)
				return
			}
			assert.True(t, news)
			refusal := after.Refusal(search, c.until.Add(-time.Millisecond))
			if assert.NotNil(t, refusal) {
				assert.Equal(t, c.kind, refusal.Kind)
				assert.NotEmpty(t, refusal.Message)
			}
			assert.Nil(t, after.Refusal(search, c.until))
			assert.False(t, after.Expires(noon).Before(c.until.Add(24*time.Hour)))
		})
	}
}

func TestRetiredConcernsOneOperation(t *testing.T) {
	t.Parallel()
	old := quota.State{Retired: map[string]quota.Retirement{"Seller.Other": {Until: noon.Add(-time.Second)}}}
	after, _ := old.After(failure(tiktokshop.Retired, 36009014, 0), search, noon)
	another := search
	another.Operation = "Seller.Another"
	assert.Nil(t, after.Refusal(another, noon))
	successor := search
	successor.Path = "/affiliate_seller/202702/marketplace_creators/search"
	assert.Nil(t, after.Refusal(successor, noon), "a newer version, deployed since")
	assert.Equal(t, map[string]quota.Retirement{searchVersion: {Until: noon.Add(24 * time.Hour), Code: 36009014}}, after.Retired, "what is over is dropped")
	assert.Len(t, old.Retired, 1, "the state before is left alone")
}

func TestRate(t *testing.T) {
	t.Parallel()
	for class, full := range map[tiktokshop.Class]float64{
		tiktokshop.Orders: 10, tiktokshop.Marketplace: 10, tiktokshop.Reads: 10, tiktokshop.Writes: 3,
		tiktokshop.Invitations: 3, tiktokshop.Messages: 3, tiktokshop.Analytics: 1,
	} {
		assert.InDelta(t, full, quota.State{}.RateNow(class, noon), 0, class)
	}
	state, at := quota.State{}, noon
	for _, want := range []float64{5, 2.5, 1.25, 0.625, 0.3125, 0.2, 0.2} {
		state, _ = state.After(failure(tiktokshop.RateLimited, 36009002, time.Second), tiktokshop.Subject{Class: tiktokshop.Orders}, at)
		assert.InDelta(t, want, state.RateNow(tiktokshop.Orders, at), 0)
		at = state.NotBefore
	}
	struck := state.RatedAt
	for after, want := range map[time.Duration]float64{time.Minute: 0.2, 5 * time.Minute: 0.4, 12 * time.Minute: 0.8, time.Hour: 10, 1000 * time.Hour: 10} {
		assert.InDelta(t, want, state.RateNow(tiktokshop.Orders, struck.Add(after)), 1e-9, after)
	}
}

func TestCountOfTheDay(t *testing.T) {
	t.Parallel()
	state := quota.State{}.Counted(100, noon).Counted(50, noon.Add(time.Hour))
	assert.Equal(t, int64(150), state.Calls)
	state = state.Counted(7, noon.Add(12*time.Hour))
	assert.Equal(t, int64(7), state.Calls)
	assert.Equal(t, time.Date(2026, time.November, 19, 0, 0, 0, 0, time.UTC), state.Day)
}
