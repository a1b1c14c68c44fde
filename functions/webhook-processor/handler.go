package main

import (
	"context"

	"github.com/aws/aws-lambda-go/events"

	"tiktok-shop-affiliate/shared/delivery"
	"tiktok-shop-affiliate/shared/queue"
)

// concurrency is how many webhooks of a batch are processed at a time.
const concurrency = 10

type processor interface {
	Process(ctx context.Context, m delivery.Message) error
}

// handler gives each webhook of a batch its effect. Those that fail come again;
// those that cannot be read end in the dead-letter queue.
type handler struct{ processor processor }

// Handle is the Lambda entry point.
func (h *handler) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	return queue.Consume(ctx, event, concurrency, h.take), nil
}

func (h *handler) take(ctx context.Context, message events.SQSMessage) error {
	m, err := delivery.FromText(message.Body, queue.Attributes(message))
	if err != nil {
		return err
	}
	return h.processor.Process(ctx, m)
}
