package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/quota"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// enrolled is how long ago the bench's accounts were enrolled, which made their
// orders due.
const enrolled = 24 * time.Hour

// read puts off the next read of assets, as readers do.
func (b *bench) read(t *testing.T, until time.Time, assets ...account.AssetID) {
	t.Helper()
	for _, asset := range assets {
		lease, err := b.orders.Acquire(t.Context(), asset, "reader", now, now.Add(time.Minute))
		require.NoError(t, err)
		_, err = b.orders.Release(t.Context(), lease, now, until, 0)
		require.NoError(t, err)
	}
}

func (b *bench) status(t *testing.T, owner string) map[string]any {
	t.Helper()
	code, answer := b.call(t, owner, "GET", "/v1/status", "")
	require.Equal(t, 200, code, answer)
	return answer
}

func codes(answer map[string]any) []string {
	found := []string{}
	for _, r := range answer["reasons"].([]any) {
		found = append(found, fmt.Sprint(r.(map[string]any)["code"]))
	}
	return found
}

func TestStatusOfWhatWorks(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.read(t, now.Add(time.Minute), "shop:1", "shop:2", "creator:main:c1", "creator:main:c2")
	answer := b.status(t, "acme")
	assert.Equal(t, "ok", answer["state"])
	assert.Empty(t, answer["reasons"])
	assert.Equal(t, "2026-11-22T10:00:00Z", answer["checked_at"])
	assert.Equal(t, map[string]any{
		"total": 2.0, "complete": true, "active": 2.0, "expiring": 0.0, "suspect": 0.0, "needs_reconnect": 0.0, "missing_scopes": 2.0,
	}, answer["connections"])
	assert.Equal(t, map[string]any{"assets": 3.0, "overdue_p50_s": 0.0, "overdue_p99_s": 0.0, "overdue_max_s": 0.0, "longest_waiting": []any{}}, answer["orders"])
	assert.Equal(t, []any{
		map[string]any{"name": "events", "waiting": 0.0, "in_flight": 0.0, "dead_letters": 0.0},
		map[string]any{"name": "webhooks", "waiting": 0.0, "in_flight": 0.0, "dead_letters": 0.0},
	}, answer["queues"])
	assert.Equal(t, map[string]any{"checked": 5.0, "complete": true, "held_back": []any{}}, answer["quotas"])
	for _, sunset := range answer["sunsets"].([]any) {
		assert.Equal(t, false, sunset.(map[string]any)["retired"])
	}
}

func TestStatusOfAnOwnerWithoutConnections(t *testing.T) {
	t.Parallel()
	answer := newBench(t).status(t, "nobody")
	assert.Equal(t, "ok", answer["state"])
	assert.InDelta(t, 0, answer["connections"].(map[string]any)["total"], 0)
}

func TestStatusOfLateOrders(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	answer := b.status(t, "acme")
	assert.Equal(t, "failing", answer["state"], "none was ever read")
	assert.Equal(t, []string{"orders_late"}, codes(answer))
	late := answer["orders"].(map[string]any)
	assert.InDelta(t, enrolled.Seconds(), late["overdue_max_s"], 0)
	assert.Len(t, late["longest_waiting"], 3)

	b.read(t, now.Add(time.Minute), "shop:1", "creator:main:c1")
	answer = b.status(t, "acme")
	assert.Equal(t, "degraded", answer["state"], "one waits")
	assert.Equal(t, []string{"orders_late"}, codes(answer))
	assert.Equal(t, []any{map[string]any{"asset": "shop:2", "overdue_s": enrolled.Seconds(), "failures": 0.0}}, answer["orders"].(map[string]any)["longest_waiting"])
}

func TestStatusOfQueuesAndQuotas(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.read(t, now.Add(time.Minute), "shop:1", "shop:2", "creator:main:c1", "creator:main:c2")
	for queue, n := range map[string]int{b.urls["webhooks"]: 2, b.dead["events"]: 1} {
		for range n {
			_, err := b.queues.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: aws.String("{}")})
			require.NoError(t, err)
		}
	}
	save := func(asset string, class tiktokshop.Class, state quota.State) {
		require.NoError(t, b.ledger.Save(t.Context(), quota.Key{App: "app-key", Asset: asset, Class: class}, state, now.Add(time.Hour)))
	}
	link := "Seller.PromotionLink /affiliate_seller/202405/products/{product_id}/promotion_link/generate"
	save("shop:1", tiktokshop.Marketplace, quota.State{Until: now.Add(time.Hour)})
	save("shop:1", tiktokshop.Reads, quota.State{NotBefore: now.Add(time.Minute)})
	save("shop:2", tiktokshop.Writes, quota.State{Until: now.Add(-time.Second), Retired: map[string]quota.Retirement{link: {Until: now.Add(time.Hour)}}})
	save("main:creator:c1", tiktokshop.Reads, quota.State{Retired: map[string]quota.Retirement{"Creator.Profile /x": {Until: now.Add(time.Hour)}, "Creator.Gone /y": {Until: now}}})
	save("creator:main:c2", tiktokshop.Orders, quota.State{Until: now.Add(time.Hour)})

	answer := b.status(t, "acme")
	assert.Equal(t, "degraded", answer["state"])
	assert.Equal(t, []string{"dead_letters", "quota_used_up", "operation_retired", "operation_retired"}, codes(answer))
	assert.Equal(t, []any{
		map[string]any{"name": "events", "waiting": 0.0, "in_flight": 0.0, "dead_letters": 1.0},
		map[string]any{"name": "webhooks", "waiting": 2.0, "in_flight": 0.0, "dead_letters": 0.0},
	}, answer["queues"])
	assert.Equal(t, []any{
		map[string]any{"about": "shop:1", "class": "marketplace", "state": "used_up", "until": "2026-11-22T11:00:00Z"},
		map[string]any{"about": "shop:1", "class": "reads", "state": "paused", "until": "2026-11-22T10:01:00Z"},
	}, answer["quotas"].(map[string]any)["held_back"], "only of this owner's")
	assert.Equal(t, []any{
		map[string]any{"operation": "Creator.Profile", "path": "/x", "alternatives": []any{}, "retired": true, "asked_again_after": "2026-11-22T11:00:00Z"},
		map[string]any{
			"operation": "Seller.PromotionLink", "path": "POST /affiliate_seller/202405/products/{product_id}/promotion_link/generate", "effective_at": "2026-10-12T02:00:00Z",
			"alternatives": []any{"Seller.TargetCollaborationLink", "Partner.PromotionLink", "Creator.GeneralLinks"}, "retired": true, "asked_again_after": "2026-11-22T11:00:00Z",
		},
	}, answer["sunsets"])
}

func TestJudgeOfConnections(t *testing.T) {
	t.Parallel()
	h := &handler{lateAfter: time.Hour}
	for name, c := range map[string]struct {
		view  connectionsView
		state state
		codes []string
	}{
		"all work":         {connectionsView{Total: 2, Active: 2, MissingScopes: 1}, stateOK, nil},
		"one is lost":      {connectionsView{Total: 2, Active: 1, NeedsReconnect: 1}, stateDegraded, []string{"needs_reconnect"}},
		"all are lost":     {connectionsView{Total: 2, NeedsReconnect: 2}, stateFailing, []string{"needs_reconnect"}},
		"the worst counts": {connectionsView{Total: 3, NeedsReconnect: 3, Suspect: 1, Expiring: 1}, stateFailing, []string{"needs_reconnect", "suspect", "expiring"}},
		"one ends soon":    {connectionsView{Total: 1, Expiring: 1}, stateDegraded, []string{"expiring"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, reasons := h.judge(statusView{Connections: c.view})
			var found []string
			for _, r := range reasons {
				found = append(found, r.Code)
			}
			assert.Equal(t, c.state, got)
			assert.Equal(t, c.codes, found)
		})
	}
}

func TestQuotasAreLookedUpToABound(t *testing.T) {
	t.Parallel()
	var many []connection.Connection
	for i := range mostQuotas {
		id := account.ID(fmt.Sprint("main:creator:c", i))
		many = append(many, connection.Connection{Account: id, State: connection.Active, Assets: []account.Asset{{ID: account.CreatorAsset("main", id.OpenID()), State: account.AssetActive}}})
	}
	b := newBench(t)
	h := &handler{ledger: b.ledger, apps: registry()}
	view, _, err := h.limits(t.Context(), many, now)
	require.NoError(t, err)
	assert.Equal(t, mostQuotas, view.Checked)
	assert.False(t, view.Complete)
}
