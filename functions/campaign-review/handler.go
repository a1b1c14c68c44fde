package main

import (
	"context"
	"log/slog"
	"time"

	"tiktok-shop-affiliate/shared/campaign"
)

// perShard is how many campaigns of each shard one tick takes; the rest is due
// at the next.
const perShard = 100

// campaigns hands out those that are due for review.
type campaigns interface {
	Claim(ctx context.Context, now, until time.Time, limit int32) ([]campaign.RuleSet, error)
}

// sender takes work for the reviewer.
type sender interface {
	SendBatch(ctx context.Context, messages []any) error
}

type handler struct {
	campaigns campaigns
	queue     sender
	now       func() time.Time
}

// Handle queues every campaign that is due. A campaign that is claimed but does
// not reach the queue is due again when the claim ends.
func (h *handler) Handle(ctx context.Context) error {
	now := h.now()
	due, err := h.campaigns.Claim(ctx, now, now.Add(campaign.LeaseTime), perShard)
	requests := make([]any, 0, len(due))
	for _, set := range due {
		requests = append(requests, campaign.Request{
			Key: set.Key, ConnectionID: set.ConnectionID, Asset: set.Asset, RunID: campaign.NewRunID(now),
		})
	}
	slog.InfoContext(ctx, "campaigns due for review", "count", len(due))
	if sendErr := h.queue.SendBatch(ctx, requests); sendErr != nil {
		return sendErr
	}
	return err
}
