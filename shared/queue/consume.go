package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/aws/aws-lambda-go/events"
	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/fault"
)

// Consume gives each message of a batch to each, at most concurrency at a time,
// and answers with those that failed, so that SQS brings only them again. A
// message that keeps failing ends in the dead-letter queue. The event source
// must say ReportBatchItemFailures.
func Consume(ctx context.Context, event events.SQSEvent, concurrency int, each func(context.Context, events.SQSMessage) error) events.SQSEventResponse {
	failed := make([]bool, len(event.Records))
	var group errgroup.Group
	group.SetLimit(max(1, concurrency))
	for i, message := range event.Records {
		group.Go(func() error {
			if err := one(ctx, message, each); err != nil {
				failed[i] = true
				slog.ErrorContext(ctx, "a message failed", "message_id", message.MessageId, "source", message.EventSourceARN,
					"receive_count", message.Attributes["ApproximateReceiveCount"], "kind", fault.KindOf(err), "error", err)
			}
			return nil
		})
	}
	_ = group.Wait() // no function of the group fails
	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for i, message := range event.Records {
		if failed[i] {
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
		}
	}
	return response
}

// one turns a panic over one message into a failure of that message alone, and
// begins nothing when the time of the invocation is over.
func one(ctx context.Context, message events.SQSMessage, each func(context.Context, events.SQSMessage) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			slog.ErrorContext(ctx, "a message made its handler panic", "message_id", message.MessageId, "stack", string(debug.Stack()))
			err = fmt.Errorf("queue.Consume: panic: %v", p)
		}
	}()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("queue.Consume: %w", err)
	}
	return each(ctx, message)
}

// JSON adapts a function of a decoded message for Consume. A message that is
// not the JSON of a T fails, and so ends in the dead-letter queue.
func JSON[T any](each func(context.Context, T) error) func(context.Context, events.SQSMessage) error {
	return func(ctx context.Context, message events.SQSMessage) error {
		var decoded T
		if err := json.Unmarshal([]byte(message.Body), &decoded); err != nil {
			return fault.Wrap("queue.JSON", fault.Invalid, "the message is not the expected JSON", err)
		}
		return each(ctx, decoded)
	}
}

// Attributes are the text attributes of a message.
func Attributes(message events.SQSMessage) map[string]string {
	attributes := map[string]string{}
	for name, value := range message.MessageAttributes {
		if value.StringValue != nil {
			attributes[name] = *value.StringValue
		}
	}
	return attributes
}
