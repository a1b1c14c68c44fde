package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/obs"
	"tiktok-shop-affiliate/shared/queue"
)

type grants interface {
	RefreshEarly(ctx context.Context, id account.ID) (refreshed bool, err error)
}

type settler interface {
	Settle(ctx context.Context, id account.ID) error
}

type meter interface {
	Put(name string, value float64, unit obs.Unit, dimensions map[string]string)
}

// parallel is how many refreshes of a batch run at once; each is mostly waiting.
const parallel = 10

// handler refreshes each account it is told of, and settles those that no owner is
// left for. The account's schedule, not the
// queue, brings a refresh back that did not work out.
type handler struct {
	grants   grants
	settling settler
	meter    meter
}

// Handle is the Lambda entry point.
func (h *handler) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	return queue.Consume(ctx, event, parallel, queue.JSON(h.refresh)), nil
}

func (h *handler) refresh(ctx context.Context, request account.RefreshRequest) error {
	refreshed, err := h.grants.RefreshEarly(ctx, request.Account)
	if errors.Is(err, account.ErrOwnerless) {
		return h.settle(ctx, request.Account)
	}
	if err == nil {
		slog.InfoContext(ctx, "a refresh was asked for", "account", request.Account, "refreshed", refreshed)
		return nil
	}
	kind := fault.KindOf(err)
	slog.WarnContext(ctx, "an account was not refreshed", "account", request.Account, "kind", kind, "error", err)
	switch kind {
	case fault.NotFound: // nothing left to refresh
		return nil
	case fault.Reconnect, fault.Unavailable, fault.RateLimited:
		h.meter.Put("RefreshFailure", 1, obs.Count, nil)
		return nil // what comes next is stored with the account
	}
	h.meter.Put("RefreshFailure", 1, obs.Count, nil)
	return err
}

// settle goes on with an account that waits to be claimed or is disconnecting.
func (h *handler) settle(ctx context.Context, id account.ID) error {
	err := h.settling.Settle(ctx, id)
	if err == nil {
		slog.InfoContext(ctx, "an account without an owner was looked after", "account", id)
		return nil
	}
	slog.WarnContext(ctx, "an account without an owner is not settled yet", "account", id, "kind", fault.KindOf(err), "error", err)
	if fault.KindOf(err) == fault.Internal {
		return err
	}
	return nil // it is due again
}
