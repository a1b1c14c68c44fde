// Package conversiontest has what tests of conversions share: a store in memory
// with DynamoDB's conditions, the suite that it and the real store pass, and the
// rows of a busy market.
package conversiontest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/money"
	"tiktok-shop-affiliate/shared/order"
)

// Market makes up an affiliate partner's rows: few creators and products sell
// most, prices and rates belong to the product, older sales are settled.
type Market struct {
	Asset              account.AssetID
	Creators, Products int

	random             *rand.Rand
	creators, products *rand.Zipf
	sold               int
}

// NewMarket makes a market that sells the same every time.
func NewMarket(asset account.AssetID, creators, products int) *Market {
	r := rand.New(rand.NewPCG(7, 31)) //nolint:gosec // repeatable, not secret
	return &Market{
		Asset: asset, Creators: creators, Products: products, random: r,
		creators: rand.NewZipf(r, 1.1, 20, uint64(creators-1)), //nolint:gosec // small
		products: rand.NewZipf(r, 1.1, 10, uint64(products-1)), //nolint:gosec // small
	}
}

// Day makes n rows of a day, in order. Those of final days are settled, or not
// paid.
func (m *Market) Day(t testing.TB, day time.Time, n int, final bool) []order.Row {
	t.Helper()
	amount := func(units, places int64) money.Amount {
		text := fmt.Sprintf("%05d", units)
		cut := len(text) - int(places)
		a, err := money.Parse(text[:cut]+"."+text[cut:], "USD")
		require.NoError(t, err)
		return a
	}
	rows := make([]order.Row, 0, n)
	for i := range n {
		m.sold++
		creator, product := int64(m.creators.Uint64()), int64(m.products.Uint64()) //nolint:gosec // small
		quantity, price, rate := 1+int64(m.random.IntN(12)/10), 499+product*7919%9000, 5+product%20
		row := order.Row{Key: order.Key{
			Asset: m.Asset, Perspective: order.TAP, CreatedAt: day.Add(time.Duration(i) * 24 * time.Hour / time.Duration(n)).Truncate(time.Second),
			OrderID: fmt.Sprint(576_461_234_000_000_000 + m.sold), SKUID: fmt.Sprint(1_729_384_756_000_000_000 + product),
		}}
		row.CreatorUsername, row.ProductID = fmt.Sprint("creator.number.", creator), fmt.Sprint(1_729_384_700_000_000_000+product)
		row.ContentID = fmt.Sprint(7_523_456_789_000_000_000 + creator*10 + int64(m.random.IntN(10)))
		row.CampaignID, row.ShopName = fmt.Sprint(7_512_345_678_000_000_000+product%5), fmt.Sprint("Shop ", product%3)
		row.Quantity, row.Status = &quantity, order.Pending
		total := price * quantity
		row.Base.Estimated = amount(total, 2)
		earned := map[string]int64{"creator_standard": total * rate, "partner_standard": total * 3}
		row.Commissions = map[string]order.Commission{}
		for kind, e := range earned {
			row.Commissions[kind] = order.Commission{Estimated: amount(e, 4)}
		}
		if final {
			row.Status = order.Settled
			if i%9 == 0 {
				row.Status, total = order.NoCommission, 0
				row.Refunded = &quantity
			}
			row.Base.Actual = amount(total, 2)
			for kind, e := range earned {
				if total == 0 {
					e = 0
				}
				row.Commissions[kind] = order.Commission{Estimated: row.Commissions[kind].Estimated, Actual: amount(e, 4)}
			}
		}
		rows = append(rows, row)
	}
	return rows
}
