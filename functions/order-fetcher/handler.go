package main

import (
	"context"

	"github.com/aws/aws-lambda-go/events"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/obs"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/queue"
)

type reader interface {
	Read(ctx context.Context, asset account.AssetID) error
}

type handler struct{ orders reader }

// assetsAtOnce is how many assets of a batch are read side by side.
const assetsAtOnce = 5

// Handle reads the due windows of each asset it is woken for. What TikTok Shop
// refuses stands in the asset's schedule; a message fails only when the store
// did.
func (h *handler) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	read := func(ctx context.Context, wake order.Wake) error { return h.orders.Read(ctx, wake.Asset) }
	return queue.Consume(ctx, event, assetsAtOnce, queue.JSON(read)), nil
}

// oddities is a metric that an alarm watches.
type oddities struct{ meter *obs.Meter }

func (o oddities) UnreadableRows(n int) {
	o.meter.Put("OrderRowUnreadable", float64(n), obs.Count, nil)
}
