package main

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/dynamo"
)

type roller interface {
	Roll(ctx context.Context, keys []conversion.Key) (written int, failed map[conversion.Key]error)
}

// handler adds up the days in which rows changed. The batch is what makes it
// cheap: a day is added up once for all of its rows in there.
type handler struct{ days roller }

// Handle is the Lambda entry point. It answers with the first record of a day
// that could not be added up; the stream brings it and all after it again.
func (h *handler) Handle(ctx context.Context, batch events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	response := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
	var keys []conversion.Key
	first := map[conversion.Key]int{} // record of each day
	for i, record := range batch.Records {
		key, ok := dynamo.RowDay(record)
		if !ok {
			continue
		}
		if _, seen := first[key]; !seen {
			first[key] = i
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return response, nil
	}
	written, failed := h.days.Roll(ctx, keys)
	at := len(batch.Records)
	for key, err := range failed {
		slog.ErrorContext(ctx, "a day cannot be added up", "asset", key.Asset, "perspective", key.Perspective, "day", key.Day, "error", err)
		at = min(at, first[key])
	}
	if at < len(batch.Records) {
		response.BatchItemFailures = append(response.BatchItemFailures, events.DynamoDBBatchItemFailure{ItemIdentifier: batch.Records[at].Change.SequenceNumber})
	}
	slog.InfoContext(ctx, "days added up", "records", len(batch.Records), "days", len(keys), "failed", len(failed), "items_written", written)
	return response, nil
}
