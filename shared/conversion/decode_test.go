package conversion

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/money"
	"tiktok-shop-affiliate/shared/order"
)

// nowhere counts everything in one place.
type nowhere struct{ counted }

func (n *nowhere) at([]byte, place) *counted { return &n.counted }

func (n *nowhere) column(c column) (number, all int) { return int(c.group), int(groups) }

// FuzzDecoder reads anything: it is taken as a whole or refused.
func FuzzDecoder(f *testing.F) {
	var day Day
	for i, text := range []string{"1.25", "0", "123456789012345678901234567890", ""} {
		row := order.Row{Facts: order.Facts{CreatorUsername: text, Status: order.Settled}}
		if text != "" {
			amount, err := money.Parse(text, []string{"USD", "GBP"}[i%2])
			require.NoError(f, err)
			row.Base.Estimated, row.Commissions = amount, map[string]order.Commission{"total": {Actual: amount}}
		}
		day.Add(row)
	}
	f.Add(day.by[ByCreator].encode(day.columns, inTime))
	f.Add(day.by[ByShop].encode(day.columns, inTurn))
	f.Add([]byte{0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, kept []byte) {
		var d decoder
		if err := d.add(kept, &nowhere{}); err != nil {
			require.ErrorIs(t, err, errForm)
		}
	})
}
