package firstday

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// madeLink is one item of the answer of POST /v1/links.
type madeLink struct {
	Status  string `json:"status"`
	LinkID  string `json:"link_id"`
	URL     string `json:"url"`
	Problem *struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
	} `json:"problem"`
}

func (b *backend) makeLinks(ctx context.Context, connectionID, asset string, items ...map[string]any) ([]madeLink, error) {
	var made struct {
		Items []madeLink `json:"items"`
	}
	err := b.post(ctx, "/v1/links", map[string]any{"connection_id": connectionID, "asset": asset, "items": items}, &made)
	if err == nil && len(made.Items) != len(items) {
		err = fmt.Errorf("%d links were asked for, %d items came back", len(items), len(made.Items))
	}
	return made.Items, err
}

// find looks up what the day works with in the sandbox's world.
func (d *day) find(ctx context.Context) error {
	var w world
	if err := d.sandbox.get(ctx, "/control/state", &w); err != nil {
		return err
	}
	for _, c := range w.Campaigns {
		if c.Name != campaignName {
			continue
		}
		d.campaignID = c.ID
		for product, status := range c.Products {
			switch {
			case status == "PENDING":
				d.pending++
			case status == "APPROVED" && (d.approved == "" || product < d.approved):
				d.approved = product
			}
		}
	}
	for _, t := range w.Targets {
		if "shop:"+t.Shop == d.accounts.usShop {
			d.target = t.ID
		}
	}
	if d.campaignID == "" || d.approved == "" || d.target == "" || d.pending == 0 {
		return fmt.Errorf("the sandbox's world lacks a campaign, an approved product or a target collaboration")
	}
	return nil
}

func (d *day) links(ctx context.Context) (string, error) {
	a := d.accounts
	ask := map[string]any{"purpose": "campaign_product", "campaign_id": d.campaignID, "product_id": d.approved, "creator_commission_rate_bp": 1200}
	split := map[string]any{"purpose": "campaign_product", "campaign_id": d.campaignID, "product_id": d.approved}
	none := map[string]any{"purpose": "campaign_product", "campaign_id": d.campaignID, "product_id": "1", "creator_commission_rate_bp": 1200}
	tap, err := d.atelier.makeLinks(ctx, a.partner.ID, "", ask, split, none)
	if err != nil {
		return "", err
	}
	again, err := d.atelier.makeLinks(ctx, a.partner.ID, "", ask)
	if err != nil {
		return "", err
	}
	general, err := d.atelier.makeLinks(ctx, a.creator.ID, "", map[string]any{"purpose": "creator_general", "campaign_id": d.campaignID, "product_id": d.approved})
	if err != nil {
		return "", err
	}
	target, err := d.atelier.makeLinks(ctx, a.seller.ID, a.usShop, map[string]any{"purpose": "target_collaboration", "collaboration_id": d.target})
	if err != nil {
		return "", err
	}
	made := []madeLink{tap[0], tap[1], general[0], target[0]}
	for i, link := range made {
		if link.Status != "created" || link.URL == "" || link.LinkID == "" {
			return "", fmt.Errorf("link %d: %+v, problem %+v", i, link, link.Problem)
		}
	}
	if tap[2].Status != "failed" || tap[2].Problem == nil {
		return "", fmt.Errorf("a product that is not in the campaign: %+v", tap[2])
	}
	if again[0].Status != "cached" || again[0].LinkID != tap[0].LinkID {
		return "", fmt.Errorf("the same link asked for again: %+v", again[0])
	}
	t, err := d.truth(ctx)
	if err != nil {
		return "", err
	}
	d.linksMade = len(made)
	d.check("links made by request", len(t.Links), len(made))
	return "TAP with and without a rate, creator general, target collaboration; one refused by itself", nil
}

// review is one decision as the API tells it, and run one run.
type reviewed struct {
	ProductID string `json:"product_id"`
	Decision  struct {
		Action string `json:"action"`
	} `json:"decision"`
	State   string `json:"state"`
	LinkURL string `json:"link_url"`
}

type run struct {
	RunID    string `json:"run_id"`
	State    string `json:"state"`
	Approved int    `json:"approved"`
	Rejected int    `json:"rejected"`
	Left     int    `json:"left"`
}

func (d *day) askReview(ctx context.Context, dry bool) (run, []reviewed, error) {
	path := "/v1/campaigns/" + d.campaignID
	var asked run
	if err := d.atelier.post(ctx, path+"/review", map[string]any{"dry_run": dry}, &asked); err != nil {
		return run{}, nil, err
	}
	var answer struct {
		Items []reviewed `json:"items"`
		Runs  []run      `json:"runs"`
	}
	var done run
	err := until(ctx, "run "+asked.RunID+" to end", time.Minute, func(ctx context.Context) (bool, error) {
		if err := d.atelier.get(ctx, path+"/reviews", &answer); err != nil {
			return false, err
		}
		for _, r := range answer.Runs {
			if r.RunID == asked.RunID && r.State == "failed" {
				return false, fmt.Errorf("the run failed: %+v", r)
			}
			if r.RunID == asked.RunID && r.State == "done" {
				done = r
				return true, nil
			}
		}
		return false, nil
	})
	return done, answer.Items, err
}

func (d *day) review(ctx context.Context) (string, error) {
	rules := map[string]any{
		"connection_id": d.accounts.partner.ID,
		"rules": map[string]any{
			"min_total_commission_bp": 1500, "min_creator_commission_bp": 1000, "require_available": true,
			"prices": []any{map[string]string{"currency": "USD", "min": "10", "max": "100"}},
		},
	}
	if err := d.atelier.put(ctx, "/v1/campaigns/"+d.campaignID+"/review-rules", rules, nil); err != nil {
		return "", err
	}
	dry, items, err := d.askReview(ctx, true)
	if err != nil {
		return "", err
	}
	t, err := d.truth(ctx)
	if err != nil {
		return "", err
	}
	if len(t.Reviews) > 0 || len(items) > 0 {
		return "", fmt.Errorf("a dry run decided: %d reviews at TikTok Shop, %d stored", len(t.Reviews), len(items))
	}
	wet, items, err := d.askReview(ctx, false)
	if err != nil {
		return "", err
	}
	if wet.Approved != dry.Approved || wet.Rejected != dry.Rejected || wet.Approved == 0 || wet.Rejected == 0 {
		return "", fmt.Errorf("the dry run said %+v, the run did %+v", dry, wet)
	}
	if t, err = d.truth(ctx); err != nil {
		return "", err
	}
	stored := map[string]int{}
	linked := 0
	for _, item := range items {
		stored[strings.ToUpper(item.Decision.Action)]++
		if item.LinkURL != "" {
			linked++
		}
	}
	happened := map[string]int{}
	for _, r := range t.Reviews {
		happened[r.Result]++
	}
	d.check("reviews: approved", happened["APPROVE"], stored["APPROVE"])
	d.check("reviews: rejected", happened["REJECT"], stored["REJECT"])
	d.check("reviews: left to a person", d.pending-len(t.Reviews), wet.Left)
	d.check("links made for approved products", len(t.Links)-d.linksMade, linked)
	return fmt.Sprintf("%d approved, %d rejected, %d left to a person", wet.Approved, wet.Rejected, wet.Left), nil
}
