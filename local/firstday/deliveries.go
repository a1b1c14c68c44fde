package firstday

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// delivered is a webhook as the API shows it.
type delivered struct {
	ID            string `json:"id"`
	Type          int    `json:"type"`
	Outcome       string `json:"outcome"`
	Duplicates    int    `json:"duplicates"`
	Replays       int    `json:"replays"`
	ReplayOutcome string `json:"replay_outcome"`
}

// replay has a webhook processed again, which changes nothing.
func (d *day) replay(ctx context.Context) (string, error) {
	posted, err := all[delivered](ctx, d.atelier, "/v1/deliveries?type=17&outcome=applied")
	if err != nil {
		return "", err
	}
	if len(posted) == 0 {
		return "", errors.New("no webhook about content is shown")
	}
	path := "/v1/deliveries/" + posted[0].ID
	if err := d.atelier.post(ctx, path+"/replay", nil, nil); err != nil {
		return "", err
	}
	var now delivered
	err = until(ctx, "the replay", time.Minute, func(ctx context.Context) (bool, error) {
		err := d.atelier.get(ctx, path, &now)
		return now.Replays == 1, err
	})
	if err != nil {
		return "", err
	}
	again := 0
	if now.ReplayOutcome != "superseded" {
		again = 1
	}
	d.check("webhooks: effects of a replay", 0, again)
	return "it came to " + now.ReplayOutcome, nil
}

// countDeliveries compares what the API shows of webhooks, to both owners
// together, with what was sent, and returns how often content was posted for
// one of them.
func (d *day) countDeliveries(ctx context.Context, t truth) (posted int, err error) {
	shown, repeated := map[string]bool{}, 0
	for _, b := range []*backend{d.atelier, d.bright} {
		list, err := all[delivered](ctx, b, "/v1/deliveries?limit=3")
		if err != nil {
			return 0, fmt.Errorf("the deliveries of %s: %w", b.owner.Name, err)
		}
		for _, one := range list {
			if !shown[one.ID] {
				repeated += one.Duplicates
			}
			shown[one.ID] = true
			if one.Type == 17 && one.Outcome == "applied" {
				posted++
			}
		}
	}
	d.check("webhooks: shown to those concerned", t.Webhooks.Distinct, len(shown))
	d.check("webhooks: shown as repeated", t.Webhooks.Answers["200"]-t.Webhooks.Distinct, repeated)
	return posted, nil
}
