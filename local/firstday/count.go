package firstday

import (
	"context"
	"fmt"
	"time"
)

// count compares everything that was stored with everything that happened.
func (d *day) count(ctx context.Context) (string, error) {
	if err := d.webhooksSettled(ctx); err != nil {
		return "", err
	}
	t, err := d.truth(ctx)
	if err != nil {
		return "", err
	}
	if err := d.countAssets(ctx, t); err != nil {
		return "", err
	}
	if err := d.countOrders(ctx); err != nil {
		return "", err
	}
	if err := d.countConversions(ctx); err != nil {
		return "", err
	}
	accepted, repeated, err := d.deliveries(ctx)
	if err != nil {
		return "", err
	}
	d.check("webhooks: applied", t.Webhooks.Distinct, accepted)
	d.check("webhooks: repeated and dropped", t.Webhooks.Answers["200"]-t.Webhooks.Distinct, repeated)
	forged := 0
	for _, n := range t.Webhooks.Forged {
		forged += n
	}
	d.check("webhooks: forged and refused with 401", forged, t.Webhooks.Forged["401"])
	if err := d.countStatus(ctx); err != nil {
		return "", err
	}
	posted, err := d.countDeliveries(ctx, t)
	if err != nil {
		return "", err
	}
	events, err := d.countEvents(ctx, posted)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d counts, %d events on the bus", len(d.report.Checks), events), nil
}

// countAssets compares the living assets of each connection.
func (d *day) countAssets(ctx context.Context, t truth) error {
	living := map[string]bool{}
	for _, a := range t.Accounts {
		for _, asset := range a.Assets {
			living[asset.ID] = asset.Active
		}
	}
	for _, b := range []*backend{d.atelier, d.bright} {
		list, err := all[connection](ctx, b, "/v1/connections")
		if err != nil {
			return err
		}
		want, got := 0, 0
		for _, c := range list {
			for _, asset := range c.Assets {
				if living[asset.ID] {
					want++
				}
				if c.State == "active" && asset.State == "active" {
					got++
				}
			}
		}
		d.check("assets that work for "+b.owner.Name, want, got)
	}
	return nil
}

// countOrders compares the rows of all assets that can still be read.
func (d *day) countOrders(ctx context.Context) error {
	var living []readAsset
	for _, r := range d.readAssets() {
		if d.lasting(r) {
			living = append(living, r)
		}
	}
	var checks []Check
	err := until(ctx, "the living assets to be as the sandbox says", time.Minute, func(ctx context.Context) (bool, error) {
		for _, r := range living {
			if err := r.b.readNow(ctx, r.connection); err != nil {
				return false, err
			}
		}
		t, err := d.truth(ctx)
		if err != nil {
			return false, err
		}
		checks = nil
		agree := true
		for _, r := range living {
			more, _, err := d.compare(ctx, r, t)
			if err != nil {
				return false, err
			}
			for _, c := range more {
				agree = agree && c.OK()
			}
			checks = append(checks, more...)
		}
		return agree, nil
	})
	d.report.Checks = append(d.report.Checks, checks...)
	if len(checks) > 0 {
		return nil // a difference is for the report to show
	}
	return err
}
