package firstday

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// pastDays is how long before the day the oldest order was made. Rows and
// figures are asked for from a little before.
const pastDays = 350

func wayBack() time.Time { return time.Now().AddDate(0, 0, -pastDays-5) }

// job is what the API tells of one.
type job struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	State string `json:"state"`
	Done  int    `json:"done"`
	Total int    `json:"total"`
}

// sellBefore makes orders that are much older than the accounts' connections.
func (d *day) sellBefore(ctx context.Context) error {
	_, err := d.newOrders(ctx, map[string]any{"count": 36, "days_ago": pastDays, "spread_days": pastDays - 60})
	return err
}

// past waits until the jobs that each new connection got have had all past
// orders read, and asks for a part of them anew.
func (d *day) past(ctx context.Context) (string, error) {
	var again job
	err := d.atelier.post(ctx, "/v1/orders/backfill", map[string]any{
		"connection_id": d.accounts.seller.ID, "asset": d.accounts.usShop, "from": wayBack().UTC().Format(time.RFC3339),
	}, &again)
	if err != nil {
		return "", err
	}
	assets := len(d.readAssets())
	var done, parts int
	err = until(ctx, "past orders to be read", 3*time.Minute, func(ctx context.Context) (bool, error) {
		done, parts = 0, 0
		var others []string
		for _, b := range []*backend{d.atelier, d.bright} {
			jobs, err := all[job](ctx, b, "/v1/jobs?limit=100")
			if err != nil {
				return false, err
			}
			for _, j := range jobs {
				switch {
				case j.Kind != "orders_backfill":
				case j.State == "done":
					done, parts = done+1, parts+j.Done
				default:
					others = append(others, fmt.Sprintf("%s is %s with %d parts done", j.ID, j.State, j.Done))
				}
			}
		}
		if done <= assets && len(others) > 0 {
			return false, fmt.Errorf("%d of %d jobs are done; %s", done, assets+1, strings.Join(others, "; "))
		}
		return done > assets, nil
	})
	if err != nil {
		return "", err
	}
	d.check("jobs that read past orders: one an asset, and one asked for", assets+1, done)
	return fmt.Sprintf("%d parts of 88 days; orders up to %d days old", parts, pastDays), nil
}
