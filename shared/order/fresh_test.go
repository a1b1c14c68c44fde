package order_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"tiktok-shop-affiliate/shared/order"
)

func TestFreshness(t *testing.T) {
	t.Parallel()
	at := func(day int) time.Time { return time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC) }
	done := order.Window{From: at(1), To: at(5), ReadAt: at(20)}
	older := order.Window{From: at(5), To: at(15), ReadAt: at(18), DueAt: at(21)}
	newest := order.Window{From: at(15), ReadAt: at(19), DueAt: at(20)}
	unread := order.Window{From: at(15), DueAt: at(20)}
	for name, test := range map[string]struct {
		windows  []order.Window
		from, to time.Time
		since    time.Time
		read     time.Time
		complete bool
	}{
		"nothing is read yet":          {nil, at(1), at(9), time.Time{}, time.Time{}, false},
		"the part read longest ago":    {[]order.Window{done, older, newest}, at(1), at(25), at(1), at(18), false},
		"only what was asked about":    {[]order.Window{done, older, newest}, at(16), at(25), at(1), at(19), false},
		"all final":                    {[]order.Window{done, older, newest}, at(2), at(4), at(1), at(20), true},
		"a part that was never read":   {[]order.Window{done, older, unread}, at(1), at(25), at(1), time.Time{}, false},
		"before what is read at all":   {[]order.Window{done, older}, at(1).AddDate(0, -2, 0), at(1).AddDate(0, -1, 0), at(1), time.Time{}, false},
		"reaching from before what is": {[]order.Window{done, older}, at(1).AddDate(0, -2, 0), at(6), at(1), at(18), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := order.FreshOf("shop:1", order.Seller, test.windows, test.from, test.to)
			assert.Equal(t, order.Fresh{Asset: "shop:1", Perspective: order.Seller, Since: test.since, ReadAt: test.read, Complete: test.complete}, f)
		})
	}
}
