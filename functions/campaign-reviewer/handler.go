package main

import (
	"context"

	"github.com/aws/aws-lambda-go/events"

	"tiktok-shop-affiliate/shared/campaign"
	"tiktok-shop-affiliate/shared/queue"
)

// reviewer reviews one campaign.
type reviewer interface {
	Review(ctx context.Context, req campaign.Request) error
}

type handler struct{ reviewer reviewer }

// Handle reviews one campaign a message. What TikTok Shop refuses stands in the
// run; a message fails only when the run could not be kept.
func (h *handler) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	return queue.Consume(ctx, event, 1, queue.JSON(h.reviewer.Review)), nil
}
