package main

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/queue"
)

const (
	// mostConnections is how many connections are counted.
	mostConnections = 2000
	// mostLate is how many of the assets that wait longest are named.
	mostLate = 10
)

type orders interface {
	Standings(ctx context.Context, assets []account.AssetID) ([]order.Standing, error)
	Windows(ctx context.Context, asset account.AssetID, perspective order.Perspective) ([]order.Window, error)
}

// watched is a queue of the deployment and its dead letters.
type watched struct {
	name        string
	depth       func(context.Context) (queue.Depth, error) // nil: there are only dead letters
	deadLetters func(context.Context) (queue.Depth, error)
}

// statusView is how the deployment serves one owner. Of the deployment as a
// whole it shows only its queues, which say nothing of anybody's data.
type statusView struct {
	State       state           `json:"state"`
	Reasons     []reason        `json:"reasons"` // why it is not ok
	CheckedAt   time.Time       `json:"checked_at"`
	Connections connectionsView `json:"connections"`
	Orders      ordersView      `json:"orders"`
	Queues      []queueView     `json:"queues"`
	Quotas      quotasView      `json:"quotas"`
	Sunsets     []sunsetView    `json:"sunsets"`
}

type connectionsView struct {
	Total          int  `json:"total"`
	Complete       bool `json:"complete"` // false: there are more, and all that follows is about these
	Active         int  `json:"active"`
	Expiring       int  `json:"expiring"` // they work; their authorization ends soon
	Suspect        int  `json:"suspect"`
	NeedsReconnect int  `json:"needs_reconnect"`
	MissingScopes  int  `json:"missing_scopes"` // of whatever health
}

type ordersView struct {
	Assets int `json:"assets"` // whose orders are read
	// Seconds by which reads are late.
	OverdueP50    int64      `json:"overdue_p50_s"`
	OverdueP99    int64      `json:"overdue_p99_s"`
	OldestOverdue int64      `json:"overdue_max_s"`
	Late          []lateView `json:"longest_waiting"` // those that wait longest, if any do
}

type lateView struct {
	Asset      account.AssetID `json:"asset"`
	Overdue    int64           `json:"overdue_s"`
	Failures   int             `json:"failures"`              // reads that failed in a row
	LastReadAt time.Time       `json:"last_read_at,omitzero"` // of any of its windows
}

type queueView struct {
	Name        string `json:"name"`
	Waiting     int    `json:"waiting"`
	InFlight    int    `json:"in_flight"`
	DeadLetters int    `json:"dead_letters"`
}

type nothing struct{}

// status looks at everything that serves the owner.
func (h *handler) status(ctx context.Context, call api.Call, _ nothing) (statusView, error) {
	now := h.now()
	mine, more, err := h.connections.All(ctx, call.Owner, mostConnections)
	if err != nil {
		return statusView{}, err
	}
	view := statusView{CheckedAt: now.Truncate(time.Second), Connections: countConnections(mine, now)}
	view.Connections.Complete = !more
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { view.Orders, err = h.freshness(ctx, assetsOf(mine), now); return err })
	group.Go(func() (err error) { view.Quotas, view.Sunsets, err = h.limits(ctx, mine, now); return err })
	view.Queues = make([]queueView, len(h.queues))
	for i, q := range h.queues {
		group.Go(func() (err error) { view.Queues[i], err = q.look(ctx); return err })
	}
	if err := group.Wait(); err != nil {
		return statusView{}, err
	}
	view.State, view.Reasons = h.judge(view)
	return view, nil
}

func countConnections(mine []connection.Connection, now time.Time) connectionsView {
	view := connectionsView{Total: len(mine)}
	for _, one := range mine {
		switch one.Health(now) {
		case connection.HealthActive:
			view.Active++
		case connection.HealthExpiring:
			view.Expiring++
		case connection.HealthSuspect:
			view.Suspect++
		case connection.HealthNeedsReconnect:
			view.NeedsReconnect++
		}
		if len(one.MissingScopes()) > 0 {
			view.MissingScopes++
		}
	}
	return view
}

// assetsOf lists the assets that can be read, each once.
func assetsOf(mine []connection.Connection) []account.AssetID {
	seen := map[account.AssetID]bool{}
	for _, one := range mine {
		for _, asset := range one.Assets {
			if one.State == connection.Active && asset.State == account.AssetActive {
				seen[asset.ID] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// freshness says how late the reads of orders are.
func (h *handler) freshness(ctx context.Context, assets []account.AssetID, now time.Time) (ordersView, error) {
	view := ordersView{Late: []lateView{}}
	standings, err := h.orders.Standings(ctx, assets)
	if err != nil || len(standings) == 0 {
		return view, err
	}
	slices.SortFunc(standings, func(a, b order.Standing) int {
		return cmp.Or(cmp.Compare(a.Overdue(now), b.Overdue(now)), cmp.Compare(a.Asset, b.Asset))
	})
	at := func(percent int) int64 {
		return int64(standings[(len(standings)-1)*percent/100].Overdue(now) / time.Second)
	}
	view.Assets, view.OverdueP50, view.OverdueP99, view.OldestOverdue = len(standings), at(50), at(99), at(100)
	for _, s := range slices.Backward(standings[max(0, len(standings)-mostLate):]) {
		if s.Overdue(now) < time.Second {
			break
		}
		late := lateView{Asset: s.Asset, Overdue: int64(s.Overdue(now) / time.Second), Failures: s.Failures}
		for _, perspective := range order.Perspectives(s.Asset) {
			windows, err := h.orders.Windows(ctx, s.Asset, perspective)
			if err != nil {
				return view, err
			}
			for _, w := range windows {
				if w.ReadAt.After(late.LastReadAt) {
					late.LastReadAt = w.ReadAt.Truncate(time.Second)
				}
			}
		}
		view.Late = append(view.Late, late)
	}
	return view, nil
}

func (q watched) look(ctx context.Context) (queueView, error) {
	view := queueView{Name: q.name}
	if q.depth != nil {
		depth, err := q.depth(ctx)
		if err != nil {
			return view, err
		}
		view.Waiting, view.InFlight = depth.Waiting, depth.InFlight
	}
	dead, err := q.deadLetters(ctx)
	view.DeadLetters = dead.Waiting + dead.InFlight
	return view, err
}
