package firstday

import "context"

// status is the part of GET /v1/status that the day can tell the truth of.
type status struct {
	Connections struct {
		Total          int `json:"total"`
		NeedsReconnect int `json:"needs_reconnect"`
	} `json:"connections"`
	Queues []struct {
		DeadLetters int `json:"dead_letters"`
	} `json:"queues"`
}

// countStatus compares what both owners are told of their connections, and of
// the queues, with the day.
func (d *day) countStatus(ctx context.Context) error {
	total, lost, dead := 0, 0, 0
	for _, b := range []*backend{d.atelier, d.bright} {
		var is status
		if err := b.get(ctx, "/v1/status", &is); err != nil {
			return err
		}
		total, lost, dead = total+is.Connections.Total, lost+is.Connections.NeedsReconnect, 0
		for _, q := range is.Queues {
			dead += q.DeadLetters
		}
	}
	listed, needy := 0, 0
	for _, b := range []*backend{d.atelier, d.bright} {
		list, err := all[connection](ctx, b, "/v1/connections")
		if err != nil {
			return err
		}
		listed += len(list)
		for _, c := range list {
			if c.State == "needs_reconnect" {
				needy++
			}
		}
	}
	d.check("status: connections of both owners", listed, total)
	d.check("status: those that need a new consent", needy, lost)
	d.check("status: dead letters", 0, dead)
	return nil
}
