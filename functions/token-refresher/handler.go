package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"tiktok-shop-affiliate/shared/account"
)

type accounts interface {
	DueRefreshes(ctx context.Context, now time.Time, limit int32) ([]account.Due, error)
	ClaimRefresh(ctx context.Context, due account.Due, until time.Time) (claimed bool, err error)
}

type sender interface {
	SendBatch(ctx context.Context, messages []any) error
}

const (
	perShard  = 25               // due accounts taken from each shard of the index at a time
	putOff    = 10 * time.Minute // when a claimed refresh is due again, should its message be lost
	lastRound = 15 * time.Second // no further round begins with less time left
)

// handler queues the accounts whose scheduled refresh is due. The due index is
// the truth; a message only wakes a worker.
type handler struct {
	accounts accounts
	queue    sender
	now      func() time.Time
}

// Handle is the Lambda entry point. What the schedule sends does not matter.
func (h *handler) Handle(ctx context.Context, _ json.RawMessage) error {
	for {
		queued, err := h.round(ctx)
		if err != nil || queued == 0 {
			return err
		}
		slog.InfoContext(ctx, "refreshes queued", "accounts", queued)
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < lastRound {
			return nil // the next tick goes on
		}
	}
}

func (h *handler) round(ctx context.Context) (queued int, err error) {
	now := h.now()
	due, err := h.accounts.DueRefreshes(ctx, now, perShard)
	if err != nil {
		return 0, err
	}
	var requests []any
	for _, one := range due {
		claimed, err := h.accounts.ClaimRefresh(ctx, one, now.Add(putOff))
		if err != nil {
			slog.WarnContext(ctx, "a due refresh could not be claimed", "account", one.Account, "error", err)
			break // send what is claimed
		}
		if claimed {
			requests = append(requests, account.RefreshRequest{Account: one.Account})
		}
	}
	if len(requests) == 0 {
		return 0, nil
	}
	return len(requests), h.queue.SendBatch(ctx, requests)
}
