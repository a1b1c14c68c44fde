package main

import (
	"context"

	"github.com/aws/aws-lambda-go/events"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/bus"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/job"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/queue"
)

// connections finds an owner's connections; another owner's are fault.NotFound.
type connections interface {
	Find(ctx context.Context, owner, connectionID string) (connection.Connection, error)
}

// jobs makes jobs, each once.
type jobs interface {
	CreateOnce(ctx context.Context, key string, spec job.Spec, ask job.Ask, total int) error
}

type handler struct {
	connections connections
	jobs        jobs
}

// told is what a rule of the event bus puts into the queue.
type told struct {
	Detail bus.Event `json:"detail"`
}

// Handle starts the backfills of the connections, or single assets, that a batch
// of events is about. An event that comes again starts nothing.
func (h *handler) Handle(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	return queue.Consume(ctx, batch, 1, queue.JSON(h.start)), nil
}

func (h *handler) start(ctx context.Context, message told) error {
	event, spec := message.Detail, order.BackfillSpec()
	if event.ID == "" || event.Owner == "" || event.Connection == "" {
		return fault.New("backfill.Start", fault.Invalid, "the message is not an event about a connection")
	}
	c, err := h.connections.Find(ctx, event.Owner, event.Connection)
	if fault.Is(err, fault.NotFound) {
		return nil // disconnected by now
	}
	if err != nil {
		return err
	}
	for _, asset := range c.Assets {
		if asset.State == account.AssetDeauthorized || event.Asset != "" && event.Asset != string(asset.ID) {
			continue
		}
		ask := job.Ask{Owner: event.Owner, At: event.Time, Kind: spec.Name, ConnectionID: event.Connection, Asset: asset}
		if err := h.jobs.CreateOnce(ctx, event.ID+"/"+string(asset.ID), spec, ask, 0); err != nil {
			return err
		}
	}
	return nil
}
