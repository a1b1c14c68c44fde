package firstday

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// orderRow is what the API tells of an order's SKU row.
type orderRow struct {
	Asset       string `json:"asset"`
	Perspective string `json:"perspective"`
	OrderID     string `json:"order_id"`
	SKU         string `json:"sku_id"`
	Status      string `json:"status"`
	History     []struct {
		To string `json:"to"`
	} `json:"history"`
}

func (d *day) newOrders(ctx context.Context, what map[string]any) ([]string, error) {
	var made struct {
		Orders []string `json:"orders"`
	}
	err := d.sandbox.post(ctx, "/control/orders", what, &made)
	return made.Orders, err
}

// readNow asks for a read of everything the connection covers.
func (b *backend) readNow(ctx context.Context, connectionID string) error {
	return b.post(ctx, "/v1/orders/refresh", map[string]string{"connection_id": connectionID}, nil)
}

func (d *day) rows(ctx context.Context, b *backend, connectionID, asset string) ([]orderRow, error) {
	return all[orderRow](ctx, b, "/v1/orders?limit=100&created_from="+url.QueryEscape(wayBack().UTC().Format(time.RFC3339))+"&connection_id="+connectionID+"&asset="+url.QueryEscape(asset))
}

func (d *day) orderIDs(ctx context.Context, b *backend, connectionID, asset string) ([]string, error) {
	rows, err := d.rows(ctx, b, connectionID, asset)
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.OrderID)
	}
	return ids, err
}

// waitForOrder asks for reads until the order is there.
func (d *day) waitForOrder(ctx context.Context, b *backend, connectionID, asset, order string) error {
	if err := b.readNow(ctx, connectionID); err != nil {
		return err
	}
	return until(ctx, "order "+order+" of "+asset, time.Minute, func(ctx context.Context) (bool, error) {
		ids, err := d.orderIDs(ctx, b, connectionID, asset)
		return slices.Contains(ids, order), err
	})
}

// readAsset is an asset with the owner and connection through which it is read.
type readAsset struct {
	b          *backend
	connection string
	asset      string
}

func (d *day) readAssets() []readAsset {
	a := d.accounts
	return []readAsset{
		{d.atelier, a.seller.ID, a.usShop}, {d.atelier, a.seller.ID, a.gbShop},
		{d.atelier, a.creator.ID, a.creatorID}, {d.atelier, a.partner.ID, a.tap},
		{d.bright, a.otherSeller.ID, a.otherSeller.Assets[0].ID}, {d.bright, a.sameCreator.ID, a.creatorID},
	}
}

// lasting reports whether the asset can be read until the day ends.
func (d *day) lasting(r readAsset) bool {
	return r.asset != d.accounts.gbShop && r.asset != d.accounts.creatorID
}

// compare counts an asset's stored rows by status beside the sandbox's truth.
func (d *day) compare(ctx context.Context, r readAsset, t truth) (checks []Check, rows []orderRow, err error) {
	rows, err = d.rows(ctx, r.b, r.connection, r.asset)
	if err != nil || len(rows) == 0 {
		return nil, nil, err
	}
	stored := map[string]int{}
	for _, row := range rows {
		stored[row.Status]++
	}
	want := t.Orders[r.asset+"/"+rows[0].Perspective].ByStatus
	for _, status := range []string{"unpaid", "pending", "frozen", "settled", "no_commission", "unknown"} {
		if want[status]+stored[status] > 0 {
			checks = append(checks, Check{Name: fmt.Sprintf("orders: %s, %s, %s", rows[0].Perspective, status, d.label(r)), Want: want[status], Got: stored[status]})
		}
	}
	return checks, rows, nil
}

func (d *day) label(r readAsset) string {
	name := map[string]string{d.accounts.usShop: "US shop", d.accounts.gbShop: "UK shop", d.accounts.creatorID: "creator", d.accounts.tap: "TAP"}[r.asset]
	if name == "" {
		name = "other seller"
	}
	return name + " for " + r.b.owner.Name
}

// followed is a new order whose rows are watched to their end.
type followed struct {
	order, end string
	told       map[string][]string // by perspective: the states in a row's history
}

// over reports whether the order has come to its end for all who see it.
func (f followed) over() bool {
	for _, told := range f.told {
		if told[len(told)-1] != f.end {
			return false
		}
	}
	return len(f.told) == 3
}

// whole is how many perspectives tell what came before the end, too.
func (f followed) whole() (n int) {
	for _, told := range f.told {
		if len(told) > 1 {
			n++
		}
	}
	return n
}

// follow makes an order that the seller, a creator and the partner see.
func (d *day) follow(ctx context.Context, outcome, end string) (followed, error) {
	made, err := d.newOrders(ctx, map[string]any{"count": 1, "days_ago": 0, "lines": 1, "outcome": outcome, "creator": creator, "campaign": d.campaignID, "shop": strings.TrimPrefix(d.accounts.usShop, "shop:")})
	if err != nil {
		return followed{}, err
	}
	return followed{made[0], end, map[string][]string{}}, nil
}

func (d *day) orders(ctx context.Context) (string, error) {
	// Most orders are older and partly settled; two are new, and are followed
	// until the commission of one is settled and the other is returned.
	if _, err := d.newOrders(ctx, map[string]any{"count": 120, "days_ago": 27, "spread_days": 26.9}); err != nil {
		return "", err
	}
	if _, err := d.newOrders(ctx, map[string]any{"count": 4, "days_ago": 20, "same_sku": true, "via": "open"}); err != nil {
		return "", err
	}
	settles, err := d.follow(ctx, "settle", "settled")
	if err != nil {
		return "", err
	}
	returned, err := d.follow(ctx, "refund", "no_commission")
	if err != nil {
		return "", err
	}
	var stopping []Check // of the assets that later steps cut off
	err = until(ctx, "every row to be as the sandbox says, and new orders to settle", 3*time.Minute, func(ctx context.Context) (bool, error) {
		for _, r := range d.readAssets() {
			if err := r.b.readNow(ctx, r.connection); err != nil {
				return false, err
			}
		}
		t, err := d.truth(ctx)
		if err != nil {
			return false, err
		}
		var off []string
		stopping = nil
		for _, r := range d.readAssets() {
			checks, rows, err := d.compare(ctx, r, t)
			if err != nil {
				return false, err
			}
			if !d.lasting(r) {
				stopping = append(stopping, checks...)
			}
			if len(rows) == 0 {
				off = append(off, "nothing of "+d.label(r))
			}
			for _, c := range checks {
				if !c.OK() {
					off = append(off, fmt.Sprintf("%s: %d, not %d", c.Name, c.Got, c.Want))
				}
			}
			for _, row := range rows {
				for _, f := range []followed{settles, returned} {
					if row.OrderID != f.order || r.b != d.atelier {
						continue
					}
					f.told[row.Perspective] = nil
					for _, change := range row.History {
						f.told[row.Perspective] = append(f.told[row.Perspective], change.To)
					}
				}
			}
		}
		if len(off) > 0 {
			return false, fmt.Errorf("%s", strings.Join(off, "; "))
		}
		return settles.over() && returned.over(), nil
	})
	if err != nil {
		return "", err
	}
	d.report.Checks = append(d.report.Checks, stopping...)
	d.check("a new order followed to settled, with its history: perspectives", 3, settles.whole())
	d.check("a new order followed to ineligible, with its history: perspectives", 3, returned.whole())
	if err := d.oneOrder(ctx, settles.order); err != nil {
		return "", err
	}
	t, err := d.truth(ctx)
	if err != nil {
		return "", err
	}
	total := 0
	for _, r := range d.readAssets() {
		total += t.Orders[r.asset+"/"+perspective(r.asset)].Rows
	}
	return fmt.Sprintf("%d rows of three perspectives; one order followed until it settled, one until it was returned", total), nil
}

func perspective(asset string) string {
	kind, _, _ := strings.Cut(asset, ":")
	if kind == "shop" {
		return "seller"
	}
	return kind
}

// expiry lets the TAP's access token die and demands exactly one refresh.
func (d *day) expiry(ctx context.Context) (string, error) {
	before, err := d.truth(ctx)
	if err != nil {
		return "", err
	}
	if err := d.sandbox.post(ctx, "/control/tokens/expire", map[string]any{"account": partner}, nil); err != nil {
		return "", err
	}
	made, err := d.newOrders(ctx, map[string]any{"count": 1, "days_ago": 0.01, "campaign": d.campaignID})
	if err != nil {
		return "", err
	}
	if err := d.waitForOrder(ctx, d.atelier, d.accounts.partner.ID, d.accounts.tap, made[0]); err != nil {
		return "", err
	}
	after, err := d.truth(ctx)
	if err != nil {
		return "", err
	}
	d.check("token refreshes after an access token expired", 1, after.refreshes(partner)-before.refreshes(partner))
	return "the next read went through", nil
}
