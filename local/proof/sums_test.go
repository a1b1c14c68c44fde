package proof_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
	_ "time/tzdata" // the zones are those of this Go

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/money"
	"tiktok-shop-affiliate/shared/order"
)

// total is what rows of the truth add up to, in cents and hundredths of cents.
type total struct {
	rows, units, base, commission, actualBase, actualCommission int64
	actual                                                      bool
	statuses                                                    map[order.Status]int64
}

func (t *total) add(l *life, status order.Status, text string) {
	t.rows++
	t.units += l.units
	if t.statuses == nil {
		t.statuses = map[order.Status]int64{}
	}
	t.statuses[status]++
	if l.currency == "" {
		return
	}
	base, commission, actualBase, actualCommission, actual := l.amounts(text)
	t.base, t.commission, t.actual = t.base+base, t.commission+commission, t.actual || actual
	t.actualBase, t.actualCommission = t.actualBase+actualBase, t.actualCommission+actualCommission
}

// text is the total like the line's.
func (t *total) text(currency string) string {
	amount := func(n int64, unit int64, places int, there bool) string {
		if !there {
			return ""
		}
		a, err := money.Parse(fmt.Sprintf("%d.%0*d", n/unit, places, n%unit), currency)
		if err != nil {
			return err.Error()
		}
		return a.Decimal()
	}
	there := currency != ""
	return fmt.Sprint(t.rows, " ", t.units, " ", amount(t.base, 100, 2, there), " ", amount(t.actualBase, 100, 2, t.actual), " ",
		amount(t.commission, 10_000, 4, there), " ", amount(t.actualCommission, 10_000, 4, t.actual), " ", t.statuses)
}

// addsUp demands that the sums of each dimension and perspective, day by day in
// two zones, are those of what was sold.
func (s *schedule) addsUp(ctx context.Context, sold []found) error {
	zones := []string{"America/St_Johns", []string{"UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"}[s.r.IntN(4)]} // half an hour off, and back from summer time
	for _, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			return err
		}
		for _, p := range s.perspectives() {
			for _, by := range append(conversion.Dimensions(), "") {
				want := s.want(sold, p, by, zone)
				got, err := s.got(ctx, p, by, zone)
				if err != nil {
					return err
				}
				if !maps.Equal(got, want) {
					return fmt.Errorf("%s by %q, days of %s:\n%s", p, by, name, differences(got, want))
				}
				s.total.lines.Add(int64(len(want)))
			}
		}
	}
	return nil
}

func (s *schedule) want(sold []found, p order.Perspective, by conversion.Dimension, zone *time.Location) map[string]string {
	type place struct{ date, value, currency string }
	totals := map[place]*total{}
	for _, f := range sold {
		if f.perspective != p {
			continue
		}
		at := place{f.created.In(zone).Format(time.DateOnly), f.value(by, f.row.CreatorUsername, s.asset), f.currency}
		if totals[at] == nil {
			totals[at] = &total{}
		}
		text := f.status(s.now)
		totals[at].add(f.life, order.ParseStatus(text), text)
	}
	want := map[string]string{}
	for at, t := range totals {
		want[fmt.Sprintf("%s %q %s", at.date, at.value, at.currency)] = t.text(at.currency)
	}
	return want
}

// value is the life's value of a dimension; its creator has the name that it was
// last read with.
func (l *life) value(by conversion.Dimension, creator string, asset account.AssetID) string {
	switch by {
	case conversion.ByCreator:
		return creator
	case conversion.ByProduct:
		return l.product
	case conversion.ByContent:
		return l.content
	case conversion.ByCampaign:
		return l.campaign
	case conversion.ByCollaboration:
		if l.collaboration != "" {
			return l.collaboration + ":7"
		}
	case conversion.ByShop:
		if l.perspective == order.Seller {
			return string(asset)
		}
		return l.shop
	}
	return ""
}

func (s *schedule) got(ctx context.Context, p order.Perspective, by conversion.Dimension, zone *time.Location) (map[string]string, error) {
	q := conversion.Query{Perspective: p, By: by, Interval: conversion.Daily, Zone: zone, From: conversion.DayOf(day0).AddDate(0, 0, -pastDays-2), To: conversion.DayOf(s.now).AddDate(0, 0, 2)}
	got := map[string]string{}
	var after *conversion.Position
	limit := []int{10, 1000}[s.r.IntN(2)]
	for {
		lines, next, err := q.Read(ctx, s.sums, []account.AssetID{s.asset}, after, limit)
		if err != nil {
			return nil, err
		}
		for _, line := range lines {
			key, currency := "", ""
			if line.Key != nil {
				key = *line.Key
			}
			if line.Currency != nil {
				currency = *line.Currency
			}
			statuses := map[order.Status]int64{}
			for status, figures := range line.ByStatus {
				statuses[order.Status(status)] = figures.Rows
			}
			commission := line.Commissions[commissionKind[p]]
			got[fmt.Sprintf("%s %q %s", line.From, key, currency)] = fmt.Sprint(line.Rows, " ", line.Quantity, " ", line.Base.Estimated.Decimal(), " ", line.Base.Actual.Decimal(), " ",
				commission.Estimated.Decimal(), " ", commission.Actual.Decimal(), " ", statuses)
		}
		if after = next; next == nil {
			return got, nil
		}
	}
}

func differences(got, want map[string]string) (text string) {
	for _, at := range slices.Sorted(maps.Keys(want)) {
		if got[at] != want[at] {
			text += fmt.Sprintf("  %s: %s, is %s\n", at, got[at], want[at])
		}
	}
	for _, at := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[at]; !ok {
			text += fmt.Sprintf("  %s: %s, is nothing\n", at, got[at])
		}
	}
	return text
}
