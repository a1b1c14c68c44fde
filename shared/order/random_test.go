package order_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/tiktokshop"
)

// TestRandomDays lives through days of sales, changes and faults, and compares
// what is stored in DynamoDB with what was sold. TestProof does so for longer
// and harder, with the store in memory.
func TestRandomDays(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w, r := newWorldOnDynamoDB(t), rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // repeatable, not secret
			w.market.pageSize = 1 + r.IntN(6)
			sell := func() {
				s := sale{id: fmt.Sprint(r.IntN(40)), sku: fmt.Sprint(r.IntN(2)), creator: fmt.Sprint("c", r.IntN(3)), status: "PENDING", hidden: r.IntN(5) == 0}
				s.created = day0.Add(-time.Hour * time.Duration(24*len(s.id)+7*r.IntN(2)))
				for _, other := range w.market.sales { // an order has one time, and one row of each SKU and creator
					if other.id == s.id {
						s.created = other.created
						if other.sku == s.sku && other.creator == s.creator {
							return
						}
					}
				}
				w.market.sales = append(w.market.sales, &s)
			}
			shake := func(most int) {
				w.market.change(func() {
					for range r.IntN(most + 1) {
						sell()
						if len(w.market.sales) > 0 {
							s := w.market.sales[r.IntN(len(w.market.sales))]
							s.status = []string{"CUSTOMER UNPAID", "PENDING", "SETTLED", "INELIGIBLE", "FROZEN"}[r.IntN(5)]
							if r.IntN(3) == 0 {
								s.hidden = false
							}
						}
					}
				})
			}
			w.market.before = func(int) error {
				shake(1)
				switch r.IntN(12) {
				case 0:
					return &tiktokshop.Error{Kind: tiktokshop.RateLimited}
				case 1:
					return &tiktokshop.Error{Kind: tiktokshop.BadRequest}
				case 2:
					w.clock.pass(time.Minute)
				}
				return nil
			}
			for range 25 {
				shake(6)
				w.store.forget()
				if r.IntN(3) == 0 {
					w.store.crashFrom = 1 + r.IntN(12)
				}
				if err := w.read(); err != nil && !errors.Is(err, errCrash) {
					require.NoError(t, err)
				}
				w.clock.pass(time.Duration(1+r.IntN(36)) * time.Hour)
			}
			w.store.forget()
			w.market.before = nil
			w.market.change(func() {
				for _, s := range w.market.sales {
					s.hidden = false
				}
			})
			for range 2 {
				w.clock.pass(8 * 24 * time.Hour)
				require.NoError(t, w.read())
			}
			w.agree()
		})
	}
}
