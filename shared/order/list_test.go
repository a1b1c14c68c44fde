package order_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"tiktok-shop-affiliate/shared/order"
)

func TestFiltering(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	row := order.Row{Facts: order.Facts{
		Status: order.Settled, CreatorUsername: "Mia.Lane", ProductID: "p", ContentID: "c", CampaignID: "k", TargetCollaborationID: "l", SettledAt: at,
	}}
	seen := row
	seen.SettledAt, seen.SettledSeenAt = time.Time{}, at.Add(time.Hour)
	taken := row // settled once, then taken back
	taken.Status = order.NoCommission
	for name, test := range map[string]struct {
		filter order.Filter
		row    order.Row
		want   bool
	}{
		"nothing asked":               {order.Filter{}, row, true},
		"everything at once":          {order.Filter{Status: order.Settled, Creator: "@mia.lane", Product: "p", Content: "c", Campaign: "k", Collaboration: "l", SettledFrom: at, SettledTo: at.Add(1)}, row, true},
		"another status":              {order.Filter{Status: order.Pending}, row, false},
		"another creator":             {order.Filter{Creator: "mia"}, row, false},
		"another product":             {order.Filter{Product: "c"}, row, false},
		"another content":             {order.Filter{Content: "p"}, row, false},
		"another campaign":            {order.Filter{Campaign: "l"}, row, false},
		"another collaboration":       {order.Filter{Collaboration: "k"}, row, false},
		"settled before":              {order.Filter{SettledFrom: at.Add(1)}, row, false},
		"settled at the end":          {order.Filter{SettledTo: at}, row, false},
		"first seen settled":          {order.Filter{SettledFrom: at.Add(time.Minute), SettledTo: at.Add(2 * time.Hour)}, seen, true},
		"not settled":                 {order.Filter{SettledTo: at.Add(time.Hour)}, order.Row{}, false},
		"settled and taken back":      {order.Filter{SettledFrom: at}, taken, false},
		"an open collaboration's row": {order.Filter{Collaboration: "o"}, order.Row{Facts: order.Facts{OpenCollaborationID: "o"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, test.filter.Matches(test.row))
		})
	}
}
