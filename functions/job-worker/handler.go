package main

import (
	"context"

	"github.com/aws/aws-lambda-go/events"

	"tiktok-shop-affiliate/shared/job"
	"tiktok-shop-affiliate/shared/queue"
)

type worker interface {
	Work(ctx context.Context, wake job.Wake) error
}

type handler struct{ jobs worker }

// Handle works at each lane it is woken for. What stands in the way of a job
// stands in the job; a message fails only when store, queue or bucket did.
func (h *handler) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	return queue.Consume(ctx, event, 1, queue.JSON(h.jobs.Work)), nil
}
