package campaign_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"tiktok-shop-affiliate/shared/campaign"
	"tiktok-shop-affiliate/shared/money"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	const (
		tooLow  = tiktokshop.RejectReasonCommissionTooLow
		tooDear = tiktokshop.RejectReasonProductTooExpensive
		hard    = tiktokshop.RejectReasonProductHardToPromote
	)
	usd := []campaign.PriceRange{{Currency: "USD", Min: "10", Max: "49.90"}}
	all := campaign.Rules{MinTotalRate: 1500, MinCreatorRate: 1000, Prices: usd, RequireAvailable: true}
	good := func(change func(*campaign.Product)) campaign.Product {
		p := campaign.Product{
			ID: "1", Status: tiktokshop.ReviewStatusPending, TotalRate: bp(2000), CreatorRate: bp(1200),
			Prices: []campaign.Price{{Amount: "10.00", Currency: "USD"}, {Amount: "49.90", Currency: "USD"}}, Available: yes(true),
		}
		if change != nil {
			change(&p)
		}
		return p
	}
	cases := map[string]struct {
		product campaign.Product
		rules   campaign.Rules
		want    campaign.Action
		reasons []tiktokshop.RejectReason
		because string
	}{
		"no rules decide nothing":         {good(nil), campaign.Rules{}, campaign.Leave, nil, "there are no rules"},
		"a link rate alone is no rule":    {good(nil), campaign.Rules{LinkCreatorRate: 500}, campaign.Leave, nil, "there are no rules"},
		"not pending":                     {good(func(p *campaign.Product) { p.Status = tiktokshop.ReviewStatusApproved }), all, campaign.Leave, nil, "only pending"},
		"unknown status":                  {good(func(p *campaign.Product) { p.Status = "ESCALATED" }), all, campaign.Leave, nil, "only pending"},
		"everything fits, ends inclusive": {good(nil), all, campaign.Approve, nil, "every price is in its range"},
		"total at the minimum":            {good(func(p *campaign.Product) { p.TotalRate = bp(1500) }), all, campaign.Approve, nil, "15 %"},
		"total too low":                   {good(func(p *campaign.Product) { p.TotalRate = bp(1499) }), all, campaign.Reject, []tiktokshop.RejectReason{tooLow}, "total commission of 14.99 % is below 15 %"},
		"creator too low":                 {good(func(p *campaign.Product) { p.CreatorRate = bp(999) }), all, campaign.Reject, []tiktokshop.RejectReason{tooLow}, "creator commission of 9.99 %"},
		"both too low is one reason":      {good(func(p *campaign.Product) { p.TotalRate, p.CreatorRate = bp(100), bp(100) }), all, campaign.Reject, []tiktokshop.RejectReason{tooLow}, "creator"},
		"total missing":                   {good(func(p *campaign.Product) { p.TotalRate = nil }), all, campaign.Leave, nil, "total commission is missing"},
		"zero is a rate, not a gap":       {good(func(p *campaign.Product) { p.CreatorRate = bp(0) }), all, campaign.Reject, []tiktokshop.RejectReason{tooLow}, "0 %"},
		"absurd rate":                     {good(func(p *campaign.Product) { p.TotalRate = bp(120000) }), all, campaign.Leave, nil, "makes no sense"},
		"creator above total":             {good(func(p *campaign.Product) { p.CreatorRate = bp(2001) }), all, campaign.Leave, nil, "above the total"},
		"link rate above total":           {good(nil), campaign.Rules{MinTotalRate: 100, LinkCreatorRate: 2100}, campaign.Leave, nil, "21 %"},
		"too expensive by a cent":         {good(func(p *campaign.Product) { p.Prices[1].Amount = "49.91" }), all, campaign.Reject, []tiktokshop.RejectReason{tooDear}, "49.91 USD is above 49.9 USD"},
		"too cheap":                       {good(func(p *campaign.Product) { p.Prices[0].Amount = "9.9999" }), all, campaign.Reject, []tiktokshop.RejectReason{hard}, "below 10 USD"},
		"too cheap and too expensive":     {good(func(p *campaign.Product) { p.Prices[0].Amount, p.Prices[1].Amount = "1", "99" }), all, campaign.Reject, []tiktokshop.RejectReason{hard, tooDear}, "below"},
		"open end":                        {good(func(p *campaign.Product) { p.Prices[1].Amount = "9000" }), campaign.Rules{Prices: []campaign.PriceRange{{Currency: "USD", Min: "10"}}}, campaign.Approve, nil, "range"},
		"localised price":                 {good(func(p *campaign.Product) { p.Prices[0] = campaign.Price{Amount: "Rp9.900", Currency: "IDR"} }), all, campaign.Leave, nil, "Rp9.900"},
		"currency without a range":        {good(func(p *campaign.Product) { p.Prices[0].Currency = "GBP" }), all, campaign.Leave, nil, "GBP"},
		"no price":                        {good(func(p *campaign.Product) { p.Prices = nil }), all, campaign.Leave, nil, "no price"},
		"price rules not set":             {good(func(p *campaign.Product) { p.Prices = nil }), campaign.Rules{MinTotalRate: 1500}, campaign.Approve, nil, "total"},
		"unavailable":                     {good(func(p *campaign.Product) { p.Available = yes(false) }), all, campaign.Reject, []tiktokshop.RejectReason{hard}, "not available"},
		"availability unknown":            {good(func(p *campaign.Product) { p.Available = nil }), all, campaign.Leave, nil, "does not say"},
		"unavailable, but nobody asks":    {good(func(p *campaign.Product) { p.Available = yes(false) }), campaign.Rules{MinTotalRate: 1500}, campaign.Approve, nil, "total"},
		"one doubt beats one failure":     {good(func(p *campaign.Product) { p.TotalRate, p.Available = bp(1), nil; p.CreatorRate = bp(1) }), all, campaign.Leave, nil, "does not say"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := campaign.Decide(c.product, c.rules)
			assert.Equal(t, c.want, got.Action, "%v", got.Because)
			assert.Equal(t, c.reasons, got.Reasons)
			assert.Contains(t, join(got.Because), c.because)
		})
	}
}

func TestRuleFaults(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		rules campaign.Rules
		want  []string // pointers
	}{
		"none":           {campaign.Rules{}, nil},
		"all good":       {campaign.Rules{MinTotalRate: 100, MinCreatorRate: 8000, LinkCreatorRate: 1000, Prices: []campaign.PriceRange{{Currency: "USD", Max: "1"}, {Currency: "GBP", Min: "1", Max: "1"}}}, nil},
		"rates":          {campaign.Rules{MinTotalRate: 99, MinCreatorRate: 8001, LinkCreatorRate: -1}, []string{"/min_total_commission_bp", "/min_creator_commission_bp", "/link_creator_commission_rate_bp"}},
		"bad currency":   {campaign.Rules{Prices: []campaign.PriceRange{{Currency: "usd", Max: "1"}}}, []string{"/prices/0"}},
		"bad amount":     {campaign.Rules{Prices: []campaign.PriceRange{{Currency: "USD", Max: "1,5"}}}, []string{"/prices/0"}},
		"no end":         {campaign.Rules{Prices: []campaign.PriceRange{{Currency: "USD"}}}, []string{"/prices/0"}},
		"upside down":    {campaign.Rules{Prices: []campaign.PriceRange{{Currency: "USD", Min: "2", Max: "1"}}}, []string{"/prices/0"}},
		"currency twice": {campaign.Rules{Prices: []campaign.PriceRange{{Currency: "USD", Max: "1"}, {Currency: "USD", Max: "2"}}}, []string{"/prices/1/currency"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for pointer := range c.rules.Faults() {
				got = append(got, pointer)
			}
			assert.ElementsMatch(t, c.want, got)
		})
	}
}

func bp(n money.BasisPoints) *money.BasisPoints { return &n }
func yes(b bool) *bool                          { return &b }

func join(lines []string) (text string) {
	for _, line := range lines {
		text += line + "\n"
	}
	return text
}
