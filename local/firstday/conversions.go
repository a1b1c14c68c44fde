package firstday

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"net/url"
	"slices"
	"time"
)

// saleTruth is a row as the sandbox knows it, with what the party earns or pays
// by the standard rates.
type saleTruth struct {
	Asset       string `json:"asset"`
	Perspective string `json:"perspective"`
	OrderID     string `json:"order_id"`
	Estimated   string `json:"estimated"`
	Actual      string `json:"actual"`
	Currency    string `json:"currency"`
}

// pair is an estimated and an actual amount of the API.
type pair struct{ Estimated, Actual *amount }

type amount struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// conversionLine is what the API tells of a period, value and currency.
type conversionLine struct {
	Currency    string          `json:"currency"`
	Rows        int             `json:"rows"`
	Commissions map[string]pair `json:"commissions"`
}

// standard are the kinds of commission that a party earns or pays by the
// standard rates, which is what the sandbox tells.
func standard(perspective string) []string {
	return map[string][]string{"seller": {"creator", "partner"}, "creator": {"standard"}, "tap": {"partner_standard"}}[perspective]
}

// sums are figures by currency. Money is in ten-thousandths, the sandbox's unit.
type sums struct{ rows, estimated, actual int }

func tenThousandths(decimal string) (int, error) {
	if decimal == "" {
		return 0, nil
	}
	value, ok := new(big.Rat).SetString(decimal)
	if !ok {
		return 0, fmt.Errorf("%q is not an amount", decimal)
	}
	value.Mul(value, big.NewRat(10_000, 1))
	if !value.IsInt() {
		return 0, fmt.Errorf("%q is finer than the sandbox's amounts", decimal)
	}
	return int(value.Num().Int64()), nil
}

func (s *sums) add(estimated, actual string) error {
	e, err := tenThousandths(estimated)
	if err != nil {
		return err
	}
	a, err := tenThousandths(actual)
	s.estimated, s.actual = s.estimated+e, s.actual+a
	return err
}

// trueRows lists the sandbox's rows of an asset and perspective; all for none.
func (d *day) trueRows(ctx context.Context, asset, perspective string) ([]saleTruth, error) {
	var answer struct {
		Rows []saleTruth `json:"rows"`
	}
	query := url.Values{"asset": {asset}, "perspective": {perspective}}
	err := d.sandbox.get(ctx, "/control/truth/orders?"+query.Encode(), &answer)
	return answer.Rows, err
}

// trueSums adds up the sandbox's rows of an asset.
func (d *day) trueSums(ctx context.Context, asset, perspective string) (map[string]sums, error) {
	rows, err := d.trueRows(ctx, asset, perspective)
	if err != nil {
		return nil, err
	}
	all := map[string]sums{}
	for _, row := range rows {
		s := all[row.Currency]
		s.rows++
		if err := s.add(row.Estimated, row.Actual); err != nil {
			return nil, err
		}
		all[row.Currency] = s
	}
	return all, nil
}

// storedSums adds up the API's figures of an asset, told apart by a dimension.
func (d *day) storedSums(ctx context.Context, r readAsset, perspective, by string) (map[string]sums, error) {
	query := url.Values{
		"connection_id": {r.connection}, "asset": {r.asset}, "perspective": {perspective}, "by": {by}, "interval": {"week"}, "zone": {"America/New_York"},
		"from": {wayBack().Format(time.DateOnly)}, "to": {time.Now().AddDate(0, 0, 2).Format(time.DateOnly)}, "limit": {"50"},
	}
	lines, err := all[conversionLine](ctx, r.b, "/v1/conversions?"+query.Encode())
	if err != nil {
		return nil, err
	}
	found := map[string]sums{}
	for _, line := range lines {
		s := found[line.Currency]
		s.rows += line.Rows
		for _, kind := range standard(perspective) {
			text := func(a *amount) string {
				if a == nil {
					return ""
				}
				return a.Amount
			}
			c := line.Commissions[kind]
			if err := s.add(text(c.Estimated), text(c.Actual)); err != nil {
				return nil, err
			}
		}
		found[line.Currency] = s
	}
	return found, nil
}

// countConversions compares what the API adds up with what the sandbox's rows
// come to, for every asset that is still read.
func (d *day) countConversions(ctx context.Context) error {
	var checks []Check
	err := until(ctx, "the conversions to be as the sandbox says", time.Minute, func(ctx context.Context) (bool, error) {
		checks = nil
		agree := true
		for _, r := range d.readAssets() {
			if !d.lasting(r) {
				continue
			}
			if err := r.b.readNow(ctx, r.connection); err != nil {
				return false, err
			}
			of := perspective(r.asset)
			want, err := d.trueSums(ctx, r.asset, of)
			if err != nil {
				return false, err
			}
			for _, by := range []string{"creator", "product"} {
				got, err := d.storedSums(ctx, r, of, by)
				if err != nil {
					return false, err
				}
				agree = agree && maps.Equal(want, got)
				for _, currency := range slices.Sorted(maps.Keys(want)) {
					w, g := want[currency], got[currency]
					name := fmt.Sprintf("conversions by %s: %s, %%s, %s", by, of, d.label(r))
					checks = append(checks,
						Check{Name: fmt.Sprintf(name, "rows"), Want: w.rows, Got: g.rows},
						Check{Name: fmt.Sprintf(name, "estimated "+currency+"/10,000"), Want: w.estimated, Got: g.estimated},
						Check{Name: fmt.Sprintf(name, "actual "+currency+"/10,000"), Want: w.actual, Got: g.actual},
					)
				}
			}
		}
		return agree, nil
	})
	d.report.Checks = append(d.report.Checks, checks...)
	if len(checks) > 0 {
		return nil // a difference is for the report to show
	}
	return err
}

// oneOrder looks at an order of the partner's campaign from every perspective:
// the seller's row has its creator from the partner's.
func (d *day) oneOrder(ctx context.Context, order string) error {
	var answer struct {
		Items []struct {
			Row    orderRow          `json:"row"`
			Filled map[string]string `json:"filled"`
		} `json:"items"`
	}
	if err := d.atelier.get(ctx, "/v1/orders/"+order, &answer); err != nil {
		return err
	}
	rows, err := d.trueRows(ctx, "", "")
	if err != nil {
		return err
	}
	want := map[string]int{}
	for _, row := range rows {
		if row.OrderID == order && slices.ContainsFunc(d.readAssets(), func(r readAsset) bool { return r.asset == row.Asset && r.b == d.atelier }) {
			want[row.Perspective]++
		}
	}
	got := map[string]int{}
	history, filled := 0, 0
	for _, item := range answer.Items {
		got[item.Row.Perspective]++
		history = max(history, len(item.Row.History))
		if item.Filled["creator_username"] == "tap" {
			filled++
		}
	}
	for _, p := range []string{"seller", "creator", "tap"} {
		d.check("one order in detail: rows of the "+p, want[p], got[p])
	}
	d.check("one order in detail: sellers' rows whose creator the partner's names", want["seller"], filled)
	d.check("one order in detail: its changes are told", 1, min(1, history/2))
	return nil
}
