// Package campaign reviews the products that sellers submit to an affiliate
// partner's campaigns: by rules that are data, or not at all.
package campaign

import (
	"fmt"
	"slices"

	"tiktok-shop-affiliate/shared/money"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Rules say which submitted products a partner wants. Only the conditions that
// are set count; with none set nothing is decided.
type Rules struct {
	// MinTotalRate is the least total commission in basis points; 0 asks for none.
	MinTotalRate money.BasisPoints `json:"min_total_commission_bp,omitempty"`
	// MinCreatorRate is the least creator commission in basis points; 0 asks for none.
	MinCreatorRate money.BasisPoints `json:"min_creator_commission_bp,omitempty"`
	// Prices are the price ranges, one per currency. A product must lie in the
	// range of its currency with every one of its prices.
	Prices []PriceRange `json:"prices,omitempty"`
	// RequireAvailable refuses products without a product page.
	RequireAvailable bool `json:"require_available,omitempty"`
	// LinkCreatorRate is the creator commission in basis points of the link
	// that an approved product gets; 0 means TikTok Shop's default split.
	LinkCreatorRate money.BasisPoints `json:"link_creator_commission_rate_bp,omitempty"`
}

// PriceRange is an inclusive range of prices in major units, such as "9.90".
// An empty end is open.
type PriceRange struct {
	Currency string `json:"currency"`
	Min      string `json:"min,omitempty"`
	Max      string `json:"max,omitempty"`
}

// Decides reports whether there is any condition.
func (r Rules) Decides() bool {
	return r.MinTotalRate > 0 || r.MinCreatorRate > 0 || len(r.Prices) > 0 || r.RequireAvailable
}

// Limits of a commission rate in basis points. Source: OAS, "creator_commission_rate".
const (
	minRate = 100
	maxRate = 8000
)

// Faults names every fault of the rules: JSON pointer inside the rules → what is
// wrong.
func (r Rules) Faults() map[string]string {
	faults := map[string]string{}
	rate := func(at string, rate money.BasisPoints) {
		if rate != 0 && (rate < minRate || rate > maxRate) {
			faults[at] = fmt.Sprintf("must be %d to %d basis points", minRate, maxRate)
		}
	}
	rate("/min_total_commission_bp", r.MinTotalRate)
	rate("/min_creator_commission_bp", r.MinCreatorRate)
	rate("/link_creator_commission_rate_bp", r.LinkCreatorRate)
	seen := map[string]bool{}
	for i, p := range r.Prices {
		at := fmt.Sprintf("/prices/%d", i)
		if seen[p.Currency] {
			faults[at+"/currency"] = "has a range already"
		}
		seen[p.Currency] = true
		least, most, err := p.ends()
		switch {
		case err != nil:
			faults[at] = `needs a currency such as "USD" and plain decimal amounts such as "9.90"`
		case least.IsZero() && most.IsZero():
			faults[at] = "needs min, max or both"
		case !least.IsZero() && !most.IsZero() && above(least, most):
			faults[at] = "min is above max"
		}
	}
	return faults
}

func (p PriceRange) ends() (least, most money.Amount, err error) {
	if _, err = money.Parse("0", p.Currency); err != nil {
		return
	}
	if p.Min != "" {
		if least, err = money.Parse(p.Min, p.Currency); err != nil {
			return
		}
	}
	if p.Max != "" {
		most, err = money.Parse(p.Max, p.Currency)
	}
	return
}

// above compares amounts of one currency.
func above(a, b money.Amount) bool {
	order, err := a.Cmp(b)
	return err == nil && order > 0
}

// Product is what the rules can see of a submitted product, as TikTok Shop
// states it. It is kept with every decision.
type Product struct {
	ID          string                  `json:"id"`
	Name        string                  `json:"name,omitempty"`
	ShopName    string                  `json:"shop_name,omitempty"`
	Status      tiktokshop.ReviewStatus `json:"review_status"`
	TotalRate   *money.BasisPoints      `json:"total_commission_bp,omitempty"`
	CreatorRate *money.BasisPoints      `json:"creator_commission_bp,omitempty"`
	// Prices are the distinct prices: lowest, highest and those of the SKUs.
	Prices    []Price `json:"prices,omitempty"`
	Available *bool   `json:"is_available,omitempty"`
}

// Price is an amount in major units and its currency, as TikTok Shop wrote them.
type Price struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// Action is what to do with a product.
type Action string

// The actions. Leave means: a person decides.
const (
	Approve Action = "approve"
	Reject  Action = "reject"
	Leave   Action = "leave"
)

// Decision is the outcome of the rules for one product.
type Decision struct {
	Action Action `json:"action"`
	// Reasons are TikTok Shop's words for why; with Reject there is at least one.
	Reasons []tiktokshop.RejectReason `json:"reasons,omitempty"`
	Because []string                  `json:"because"` // the explanation, for people
}

// Decide applies the rules to a product. It decides only on data it fully
// understands: if one condition cannot be judged, a person decides, even when
// another condition fails.
func Decide(p Product, r Rules) Decision {
	switch {
	case !r.Decides():
		return Decision{Action: Leave, Because: []string{"there are no rules"}}
	case p.Status != tiktokshop.ReviewStatusPending:
		return Decision{Action: Leave, Because: []string{fmt.Sprintf("only pending products can be reviewed, this one is %q", p.Status)}}
	}
	var v verdict
	v.rate("total", p.TotalRate, r.MinTotalRate)
	v.rate("creator", p.CreatorRate, r.MinCreatorRate)
	if p.TotalRate != nil && p.CreatorRate != nil && *p.CreatorRate > *p.TotalRate {
		v.unclear("the creator commission is above the total commission")
	}
	if r.LinkCreatorRate > 0 && p.TotalRate != nil && r.LinkCreatorRate > *p.TotalRate {
		v.unclear(fmt.Sprintf("the link's creator commission of %s %% is above the total commission of %s %%", r.LinkCreatorRate.Percent(), p.TotalRate.Percent()))
	}
	v.prices(p.Prices, r.Prices)
	if r.RequireAvailable {
		switch {
		case p.Available == nil:
			v.unclear("TikTok Shop does not say whether it is available")
		case !*p.Available:
			v.refuse(tiktokshop.RejectReasonProductHardToPromote, "it is not available")
		default:
			v.fine("it is available")
		}
	}
	return v.decision()
}

// verdict collects what the conditions say.
type verdict struct {
	reasons             []tiktokshop.RejectReason
	passed, failed, odd []string
}

func (v *verdict) fine(text string)    { v.passed = append(v.passed, text) }
func (v *verdict) unclear(text string) { v.odd = append(v.odd, text) }
func (v *verdict) refuse(reason tiktokshop.RejectReason, text string) {
	v.failed = append(v.failed, text)
	if !slices.Contains(v.reasons, reason) {
		v.reasons = append(v.reasons, reason)
	}
}

func (v *verdict) rate(name string, rate *money.BasisPoints, least money.BasisPoints) {
	switch {
	case least == 0:
	case rate == nil:
		v.unclear("the " + name + " commission is missing")
	case *rate < 0 || *rate > 10000:
		v.unclear(fmt.Sprintf("a %s commission of %d basis points makes no sense", name, *rate))
	case *rate < least:
		v.refuse(tiktokshop.RejectReasonCommissionTooLow, fmt.Sprintf("the %s commission of %s %% is below %s %%", name, rate.Percent(), least.Percent()))
	default:
		v.fine(fmt.Sprintf("the %s commission of %s %% is at least %s %%", name, rate.Percent(), least.Percent()))
	}
}

func (v *verdict) prices(prices []Price, ranges []PriceRange) {
	if len(ranges) == 0 {
		return
	}
	if len(prices) == 0 {
		v.unclear("it has no price")
		return
	}
	before := len(v.odd) + len(v.failed)
	for _, p := range prices {
		at := slices.IndexFunc(ranges, func(r PriceRange) bool { return r.Currency == p.Currency })
		price, err := money.Parse(p.Amount, p.Currency)
		if err != nil || at < 0 {
			v.unclear(fmt.Sprintf("there is no range for the price %.40q %.8q", p.Amount, p.Currency))
			continue
		}
		least, most, err := ranges[at].ends()
		switch {
		case err != nil:
			v.unclear("the price range of " + p.Currency + " is not readable")
		case !most.IsZero() && above(price, most):
			v.refuse(tiktokshop.RejectReasonProductTooExpensive, fmt.Sprintf("a price of %s is above %s", price, most))
		case !least.IsZero() && above(least, price):
			v.refuse(tiktokshop.RejectReasonProductHardToPromote, fmt.Sprintf("a price of %s is below %s", price, least))
		}
	}
	if len(v.odd)+len(v.failed) == before {
		v.fine("every price is in its range")
	}
}

func (v *verdict) decision() Decision {
	switch {
	case len(v.odd) > 0:
		return Decision{Action: Leave, Because: append(v.odd, v.failed...)}
	case len(v.failed) > 0:
		return Decision{Action: Reject, Reasons: v.reasons, Because: v.failed}
	}
	return Decision{Action: Approve, Because: v.passed}
}
