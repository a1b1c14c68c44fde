package sandbox

import (
	"slices"
	"time"
)

// sweep lets everything happen that was announced for a time that has come.
func (s *Sandbox) sweep(now time.Time) {
	due := func(t time.Time) bool { return !t.IsZero() && !t.After(now) }
	for _, p := range s.products {
		if due(p.openEnds) {
			p.openRate, p.openID, p.openEnds = 0, "", time.Time{}
		}
	}
	for _, t := range s.targets {
		t.creators = slices.DeleteFunc(t.creators, func(u *user) bool { return due(t.leaving[u]) })
		t.products = slices.DeleteFunc(t.products, func(item targetProduct) bool { return due(item.leaves) })
		for u, at := range t.leaving {
			if due(at) {
				delete(t.leaving, u)
			}
		}
		for i := range t.products {
			if item := &t.products[i]; due(item.lowered) {
				item.rate, item.lower, item.lowered = item.lower, 0, time.Time{}
			}
		}
	}
	for _, c := range s.campaigns {
		if c.unfilled && c.status(now) == "ONGOING" {
			s.fill(c)
		}
	}
}

// offered is how many products each seller submits to a campaign.
const offered = 2

// fill lets the sellers a campaign is for submit products, once registration is open.
func (s *Sandbox) fill(c *campaign) {
	c.unfilled = false
	for _, shop := range s.shops() {
		if shop.region != c.owner.category.market || !slices.Contains(c.shopCodes, shop.code) && !slices.Contains(c.sellerTypes, shop.sellerType) {
			continue
		}
		submitted := 0
		for _, p := range s.products {
			if p.shop == shop && p.openRate > 0 && submitted < offered {
				submitted++
				partner := c.rate / 4
				c.products = append(c.products, &entry{
					product: p, creatorRate: c.rate - partner, partnerRate: partner, status: "PENDING", available: p.inventory() > 0, samples: 10,
				})
			}
		}
	}
}
