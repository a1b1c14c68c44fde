package conversion_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/conversion/conversiontest"
	"tiktok-shop-affiliate/shared/money"
	"tiktok-shop-affiliate/shared/order"
)

func amount(t testing.TB, text, currency string) money.Amount {
	t.Helper()
	if text == "" {
		return money.Amount{}
	}
	a, err := money.Parse(text, currency)
	require.NoError(t, err)
	return a
}

// sale is a creator's row of one unit.
func sale(t testing.TB, at time.Time, creator, currency, estimated, actual string, status order.Status) order.Row {
	t.Helper()
	units := int64(1)
	pair := order.Commission{Estimated: amount(t, estimated, currency), Actual: amount(t, actual, currency)}
	return order.Row{
		Key:   order.Key{Asset: "creator:main:c1", Perspective: order.Creator, CreatedAt: at, OrderID: "1", SKUID: "2"},
		Facts: order.Facts{CreatorUsername: creator, Quantity: &units, Status: status, Base: pair, Commissions: map[string]order.Commission{"total": pair}},
	}
}

// days are rows and what is kept of them, in the form in which it is stored.
type days struct {
	*conversiontest.Memory
	t       testing.TB
	rows    map[conversion.Key][]order.Row
	rollers [2]*conversion.Roller
}

func newDays(t testing.TB) *days {
	t.Helper()
	d := &days{t: t, rows: map[conversion.Key][]order.Row{}}
	d.Memory = conversiontest.NewMemory(func(_ context.Context, key conversion.Key, each func(order.Row)) error {
		for _, row := range d.rows[key] {
			each(row)
		}
		return nil
	})
	for i := range d.rollers {
		d.rollers[i] = conversion.NewRoller(conversion.RollerOptions{Store: d, Now: time.Now, Sizes: conversion.Sizes{Day: 1 + i*6000, Part: 240}})
	}
	return d
}

// add sells, and adds up the days, some as one item and some in parts.
func (d *days) add(rows ...order.Row) *days {
	d.t.Helper()
	changed := map[conversion.Key]bool{}
	for _, row := range rows {
		key := conversion.Key{Asset: row.Asset, Perspective: row.Perspective, Day: conversion.DayOf(row.CreatedAt)}
		changed[key] = true
		d.rows[key] = append(d.rows[key], row)
	}
	for key := range changed {
		_, failed := d.rollers[key.Day.Day()%2].Roll(d.t.Context(), []conversion.Key{key})
		require.Empty(d.t, failed)
	}
	return d
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(name)
	require.NoError(t, err)
	return location
}

func day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

func read(t testing.TB, d *days, q conversion.Query, limit int) (lines []conversion.Line) {
	t.Helper()
	q.Perspective = order.Creator
	var after *conversion.Position
	for {
		some, next, err := q.Read(t.Context(), d, []account.AssetID{"creator:main:c1"}, after, limit)
		require.NoError(t, err)
		assert.LessOrEqual(t, len(some), limit)
		lines = append(lines, some...)
		if after = next; next == nil {
			return lines
		}
	}
}

func TestWhatARowCounts(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 1, 10, 20, 0, 0, time.UTC)
	plain := sale(t, at, "mia", "USD", "1.2345", "", order.Pending)
	settled := sale(t, at, "mia", "USD", "1", "0", order.Settled)
	back := sale(t, at, "mia", "USD", "2", "-0.5", order.NoCommission)
	silent := order.Row{Key: plain.Key, Facts: order.Facts{CreatorUsername: "mia", Status: order.Unknown}}
	mixed := sale(t, at, "mia", "USD", "3", "", order.Pending)
	mixed.Commissions = map[string]order.Commission{"total": {Estimated: amount(t, "9", "MXN")}}
	mixed.Taxes = map[string]order.Commission{"isr": {Estimated: amount(t, "0.1", "MXN")}}
	gone := plain
	gone.MissingSince = at.Add(time.Hour)
	refunded, units := int64(1), int64(3)
	mixed.Quantity, mixed.Refunded = &units, &refunded

	q := conversion.Query{By: conversion.ByCreator, Interval: conversion.Daily, Zone: time.UTC, From: day("2026-11-01"), To: day("2026-11-02")}
	lines := read(t, newDays(t).add(plain, settled, back, silent, mixed, gone), q, 10)
	require.Len(t, lines, 3, "no currency, MXN and USD are kept apart")
	none, mxn, usd := lines[0], lines[1], lines[2]
	assert.Nil(t, none.Currency)
	assert.Equal(t, conversion.Figures{Rows: 1, Unstated: 1, Commissions: map[string]conversion.Pair{}}, none.Figures)
	assert.Equal(t, int64(0), mxn.Rows, "an amount of another currency is no row of its own")
	assert.Equal(t, "9 MXN", mxn.Commissions["total"].Estimated.String())
	assert.Equal(t, "0.1 MXN", mxn.Taxes["isr"].Estimated.String())
	assert.Equal(t, []int64{4, 6, 0, 1}, []int64{usd.Rows, usd.Quantity, usd.Unstated, usd.Refunded})
	assert.Equal(t, "7.2345 USD", usd.Base.Estimated.String())
	assert.Equal(t, "-0.5 USD", usd.Base.Actual.String(), "what is taken back is negative")
	assert.Equal(t, "4.2345 USD", usd.Commissions["total"].Estimated.String())
	assert.Equal(t, "0 USD", usd.ByStatus["settled"].Commissions["total"].Actual.String(), "zero is not absent")
	assert.True(t, usd.ByStatus["pending"].Commissions["total"].Actual.IsZero(), "absent is not zero")
	assert.Len(t, usd.ByStatus, 3)

	q.Perspective = order.Creator
	cells := map[string]string{}
	for i, cell := range usd.Cells(q) {
		cells[conversion.Columns(order.Creator)[i]] = cell
	}
	assert.Len(t, usd.Cells(q), len(conversion.Columns(order.Creator)))
	assert.Equal(t, []string{"2026-11-01", "creator", "mia", "USD", "4", "1", "7.2345", "-0.5", "0"},
		[]string{cells["from"], cells["by"], cells["key"], cells["currency"], cells["rows"], cells["rows_settled"], cells["commission_base_estimated"], cells["commission_base_actual"], cells["rows_frozen"]})
}

func TestEachDimension(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 1, 10, 20, 0, 0, time.UTC)
	row := sale(t, at, "mia", "USD", "1", "", order.Pending)
	row.ProductID, row.ContentID, row.CampaignID, row.TargetCollaborationID, row.ShopName = "p", "c", "k", "l", "Shop"
	open := row
	open.OpenCollaborationID = "o"
	sold := row
	sold.Perspective, sold.Asset = order.Seller, "shop:1"
	for dimension, want := range map[conversion.Dimension]string{
		conversion.ByCreator: "mia", conversion.ByProduct: "p", conversion.ByContent: "c", conversion.ByCampaign: "k",
		conversion.ByCollaboration: "target:l", conversion.ByShop: "Shop", "day": "",
	} {
		assert.Equal(t, want, dimension.Of(row), dimension)
		assert.Equal(t, dimension != "day", dimension.Known())
		assert.Empty(t, dimension.Of(order.Row{}))
	}
	assert.Equal(t, "open:o", conversion.ByCollaboration.Of(open))
	assert.Equal(t, "shop:1", conversion.ByShop.Of(sold))
}

func TestPeriodsInTimeZones(t *testing.T) {
	t.Parallel()
	utc := func(text string) time.Time {
		at, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return at
	}
	for name, test := range map[string]struct {
		zone     string
		interval conversion.Interval
		from, to string
		at       []string // sales of 1 USD each
		want     []string // "from to rows"
	}{
		"a day of 25 hours":        {"America/New_York", conversion.Daily, "2026-11-01", "2026-11-03", []string{"2026-11-01T03:59:59Z", "2026-11-01T04:00:00Z", "2026-11-02T04:59:59Z", "2026-11-02T05:00:00Z"}, []string{"2026-11-01 2026-11-02 2", "2026-11-02 2026-11-03 1"}},
		"a day of 23 hours":        {"America/New_York", conversion.Daily, "2026-03-08", "2026-03-09", []string{"2026-03-08T04:59:59Z", "2026-03-08T05:00:00Z", "2026-03-09T03:59:59Z", "2026-03-09T04:00:00Z"}, []string{"2026-03-08 2026-03-09 2"}},
		"no midnight on that day":  {"Africa/Cairo", conversion.Daily, "2026-04-24", "2026-04-25", []string{"2026-04-23T21:59:00Z", "2026-04-23T22:00:00Z", "2026-04-24T20:59:00Z", "2026-04-24T21:00:00Z"}, []string{"2026-04-24 2026-04-25 2"}},
		"half an hour off":         {"Asia/Kolkata", conversion.Daily, "2026-11-02", "2026-11-03", []string{"2026-11-01T18:29:59Z", "2026-11-01T18:30:00Z", "2026-11-02T18:29:59Z"}, []string{"2026-11-02 2026-11-03 2"}},
		"three quarters off":       {"Asia/Kathmandu", conversion.Daily, "2026-11-02", "2026-11-03", []string{"2026-11-01T18:14:59Z", "2026-11-01T18:15:00Z", "2026-11-02T18:14:59Z"}, []string{"2026-11-02 2026-11-03 2"}},
		"fourteen hours ahead":     {"Pacific/Kiritimati", conversion.Daily, "2026-11-02", "2026-11-03", []string{"2026-11-01T09:59:59Z", "2026-11-01T10:00:00Z", "2026-11-02T09:59:59Z"}, []string{"2026-11-02 2026-11-03 2"}},
		"eleven hours behind":      {"Pacific/Niue", conversion.Daily, "2026-11-02", "2026-11-03", []string{"2026-11-02T10:59:59Z", "2026-11-02T11:00:00Z", "2026-11-03T10:59:59Z"}, []string{"2026-11-02 2026-11-03 2"}},
		"weeks begin on Monday":    {"Europe/London", conversion.Weekly, "2026-11-01", "2026-11-11", []string{"2026-11-01T23:59:59Z", "2026-11-02T00:00:00Z", "2026-11-08T23:00:00Z", "2026-11-10T12:00:00Z"}, []string{"2026-11-01 2026-11-02 1", "2026-11-02 2026-11-09 2", "2026-11-09 2026-11-11 1"}},
		"months":                   {"Asia/Tokyo", conversion.Monthly, "2026-01-15", "2026-04-01", []string{"2026-01-14T15:00:00Z", "2026-01-31T15:00:00Z", "2026-02-28T14:59:59Z", "2026-03-31T14:59:59Z"}, []string{"2026-01-15 2026-02-01 1", "2026-02-01 2026-03-01 2", "2026-03-01 2026-04-01 1"}},
		"a leap year's February":   {"UTC", conversion.Monthly, "2028-02-01", "2028-03-01", []string{"2028-02-29T23:59:59Z", "2028-03-01T00:00:00Z"}, []string{"2028-02-01 2028-03-01 1"}},
		"nothing sold, no periods": {"UTC", conversion.Daily, "2026-02-01", "2026-03-01", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDays(t)
			for _, at := range test.at {
				d.add(sale(t, utc(at), "mia", "USD", "1", "", order.Pending))
			}
			var got []string
			for _, line := range read(t, d, conversion.Query{Interval: test.interval, Zone: zone(t, test.zone), From: day(test.from), To: day(test.to)}, 2) {
				got = append(got, fmt.Sprint(line.From, " ", line.To, " ", line.Rows))
			}
			assert.Equal(t, test.want, got)
		})
	}
}

// TestAnyQueryIsTheSumOfItsRows compares roll-ups with rows that are added up
// one by one.
func TestAnyQueryIsTheSumOfItsRows(t *testing.T) {
	t.Parallel()
	zones := []string{"UTC", "America/New_York", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham", "Africa/Casablanca", "America/Santiago"}
	for seed := range uint64(60) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 1))
			start := day("2026-01-01").AddDate(0, 0, r.IntN(300))
			d := newDays(t)
			var rows []order.Row
			for range 200 {
				row := sale(t, start.Add(time.Duration(r.Int64N(int64(50*24*time.Hour)))), []string{"", "mia", "leo", "ann"}[r.IntN(4)], []string{"USD", "GBP"}[r.IntN(2)],
					fmt.Sprintf("%d.%04d", r.IntN(100), r.IntN(10_000)), []string{"", "0", "1.25", "-3"}[r.IntN(4)], []order.Status{order.Unpaid, order.Pending, order.Settled, order.NoCommission, order.Frozen}[r.IntN(5)])
				row.ProductID = fmt.Sprint(r.IntN(5))
				rows = append(rows, row)
			}
			d.add(rows...)
			location := zone(t, zones[r.IntN(len(zones))])
			q := conversion.Query{
				By: []conversion.Dimension{"", conversion.ByCreator, conversion.ByProduct}[r.IntN(3)], Interval: []conversion.Interval{conversion.Daily, conversion.Weekly, conversion.Monthly}[r.IntN(3)],
				Zone: location, From: start.AddDate(0, 0, r.IntN(20)), Currency: []string{"", "USD"}[r.IntN(2)],
			}
			q.To = q.From.AddDate(0, 0, 1+r.IntN(40))

			type sum struct {
				rows              int64
				estimated, actual string
			}
			want := map[string]sum{}
			for _, row := range rows {
				local := row.CreatedAt.In(location)
				date := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
				currency := row.Base.Estimated.Currency()
				if date.Before(q.From) || !date.Before(q.To) || q.Currency != "" && currency != q.Currency {
					continue
				}
				switch q.Interval {
				case conversion.Weekly:
					for date.Weekday() != time.Monday {
						date = date.AddDate(0, 0, -1)
					}
				case conversion.Monthly:
					date = time.Date(date.Year(), date.Month(), 1, 0, 0, 0, 0, time.UTC)
				case conversion.Daily:
				}
				if date.Before(q.From) {
					date = q.From
				}
				key := fmt.Sprintf("%s %s %s", date.Format(time.DateOnly), q.By.Of(row), currency)
				so := want[key]
				total := func(text string, more money.Amount) string {
					all, err := amount(t, text, currency).Add(more)
					require.NoError(t, err)
					return all.Decimal()
				}
				want[key] = sum{so.rows + 1, total(so.estimated, row.Base.Estimated), total(so.actual, row.Base.Actual)}
			}
			got := map[string]sum{}
			lines := read(t, d, q, 1+r.IntN(30))
			for _, line := range lines {
				key, rows := "", int64(0)
				if line.Key != nil {
					key = *line.Key
				}
				name := fmt.Sprintf("%s %s %s", line.From, key, *line.Currency)
				assert.NotContains(t, got, name, "each line once")
				got[name] = sum{line.Rows, line.Base.Estimated.Decimal(), line.Base.Actual.Decimal()}
				for _, f := range line.ByStatus {
					rows += f.Rows
				}
				assert.Equal(t, line.Rows, rows, "the statuses add up")
			}
			assert.Equal(t, want, got)
			assert.True(t, slices.IsSortedFunc(lines, func(a, b conversion.Line) int { return slices.Compare([]string{a.From}, []string{b.From}) }))
		})
	}
}

func TestOneKeyOnly(t *testing.T) {
	t.Parallel()
	at := day("2026-11-01").Add(time.Hour)
	d := newDays(t).add(sale(t, at, "mia", "USD", "1", "", order.Pending), sale(t, at, "leo", "USD", "2", "", order.Pending), sale(t, at, "", "USD", "4", "", order.Pending))
	q := conversion.Query{By: conversion.ByCreator, Interval: conversion.Daily, Zone: time.UTC, From: day("2026-11-01"), To: day("2026-11-02")}
	for key, want := range map[string]string{"mia": "1", "leo": "2", "": "4"} {
		q.Key = &key
		lines := read(t, d, q, 10)
		require.Len(t, lines, 1)
		assert.Equal(t, want, lines[0].Base.Estimated.Decimal())
	}
	nobody := "ann"
	q.Key = &nobody
	assert.Empty(t, read(t, d, q, 10))
}

func TestAnyAmountIsKept(t *testing.T) {
	t.Parallel()
	at := day("2026-11-01").Add(time.Hour)
	for name, amounts := range map[string][]string{
		"fine":                {"0.000001", "-0.5"},
		"of 62 bits":          {"2305843009213693951", "-2305843009213693951"},
		"of 63 bits":          {"9223372036854775807", "-9223372036854775808"},
		"of 30 digits":        {"123456789012345678901234567890", "0.1"},
		"of 20 places":        {"0.00000000000000000001", "1"},
		"large and fine":      {"1000000000000000000", "0.0001"},
		"zero is no absence":  {"0", "0.00"},
		"more than 18 places": {"0.1234567890123456789", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDays(t)
			want := money.Amount{}
			for i, text := range amounts {
				row := sale(t, at, "mia", "USD", text, "", order.Pending)
				row.ProductID = fmt.Sprint(i)
				d.add(row)
				var err error
				want, err = want.Add(row.Base.Estimated)
				require.NoError(t, err)
			}
			q := conversion.Query{Interval: conversion.Daily, Zone: time.UTC, From: day("2026-11-01"), To: day("2026-11-02")}
			for _, q.By = range []conversion.Dimension{conversion.ByCreator, ""} {
				lines := read(t, d, q, 10)
				assert.Equal(t, want.String(), lines[len(lines)-1].Base.Estimated.String(), q.By)
			}
			q.By = conversion.ByProduct
			for i, line := range read(t, d, q, 10) {
				assert.Equal(t, amount(t, amounts[i], "USD").Decimal(), line.Base.Estimated.Decimal())
			}
		})
	}
}

// TestWhatCannotBeReadIsAnError does not answer with a part of the figures.
func TestWhatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	for name, sums := range map[string][]byte{"another form": {1, 2, 3}, "not packed": {2, 0xff, 0xff}, "cut off": {2, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDays(t)
			key := conversion.Key{Asset: "creator:main:c1", Perspective: order.Creator, Day: day("2026-11-01")}
			require.NoError(t, d.PutDay(t.Context(), key, conversion.Kept{Rev: 1, Rows: 1, Sums: sums}, key.Day))
			q := conversion.Query{Perspective: order.Creator, By: conversion.ByCreator, Interval: conversion.Daily, Zone: time.UTC, From: day("2026-11-01"), To: day("2026-11-02")}
			_, _, err := q.Read(t.Context(), d, []account.AssetID{"creator:main:c1"}, nil, 10)
			require.ErrorContains(t, err, "2026-11-01")
		})
	}
}
