package delivery_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/delivery"
	"tiktok-shop-affiliate/shared/fault"
)

// shelf holds deliveries by subject, the latest first, and gives out at most a
// few at a time.
type shelf struct {
	places map[string][]string
	look   int // places looked at for one answer
}

func (s shelf) Deliveries(_ context.Context, from delivery.Source, filter delivery.Filter) (found []delivery.Stored, reached string, err error) {
	looked := 0
	for _, place := range s.places[from.Subject] {
		if filter.Before != "" && place >= filter.Before {
			continue
		}
		if looked == s.look || len(found) == filter.Limit {
			return found, reached, nil
		}
		looked, reached = looked+1, place
		if place[len(place)-1]%2 == 0 { // the filter lets the even ones through
			found = append(found, delivery.Stored{Record: delivery.Record{App: from.App, Subject: from.Subject}, Place: place})
		}
	}
	return found, "", nil
}

func (shelf) Delivery(context.Context, delivery.Ref) (delivery.Stored, error) {
	return delivery.Stored{}, nil
}

func TestListMergesWithoutLossOrRepetition(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		store := shelf{places: map[string][]string{}, look: 1 + random.IntN(5)}
		var sources []delivery.Source
		var want []string
		for n := range 1 + random.IntN(4) {
			subject := fmt.Sprint("s", n)
			sources = append(sources, delivery.Source{App: "main", Subject: subject})
			for place := 999; place >= 100; place -= 1 + random.IntN(300) {
				text := fmt.Sprint(place)
				store.places[subject] = append(store.places[subject], text)
				if place%2 == 0 {
					want = append(want, text+" "+subject)
				}
			}
		}
		slices.SortFunc(want, func(a, b string) int {
			return cmp.Or(cmp.Compare(b[:3], a[:3]), cmp.Compare(a, b))
		})
		var got []string
		filter := delivery.Filter{Limit: 1 + random.IntN(4)}
		for page := 0; ; page++ {
			require.Less(t, page, 1000, "it ends")
			found, next, err := delivery.List(t.Context(), store, sources, filter)
			require.NoError(t, err)
			for _, one := range found {
				got = append(got, one.Place+" "+one.Subject)
			}
			if next == "" {
				break
			}
			filter.Before = next
		}
		require.Equal(t, want, got)
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	since := time.Unix(1_793_000_000, 0)
	assert.Equal(t, []delivery.Source{
		{App: "main", Subject: "main:seller:s1", Since: since}, {App: "main", Subject: "shop:1", Since: since}, {App: "main", Subject: "shop:2", Since: since},
	}, delivery.Sources(seller, []account.Asset{{ID: "shop:1"}, {ID: "shop:2"}}, since))
	assert.Equal(t, []delivery.Source{{App: "main", Subject: "main:creator:c1", Since: since}},
		delivery.Sources(creator, []account.Asset{{ID: "creator:main:c1"}}, since), "webhooks name a creator's account, not its asset")
}

func TestRef(t *testing.T) {
	t.Parallel()
	ref := delivery.Ref{App: "main", Subject: "main:creator:c-1_ü", ID: "7327112393057371910"}
	back, err := delivery.ParseRef(ref.String())
	require.NoError(t, err)
	assert.Equal(t, ref, back)
	for _, bad := range []string{"", "dlv_", "dlv_!", ref.String()[4:], ref.String() + "A", "dlv_bWFpbg", delivery.Ref{App: "main"}.String()} {
		_, err := delivery.ParseRef(bad)
		assert.True(t, fault.Is(err, fault.NotFound), bad)
	}
}
