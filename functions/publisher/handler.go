package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"tiktok-shop-affiliate/shared/bus"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
)

type audience interface {
	Of(ctx context.Context, change dynamo.Change) (owners []string, err error)
}

type publisher interface {
	Publish(ctx context.Context, events []bus.Event) (done int, err error)
}

// handler tells the owners what changed in the tables: each change becomes one
// event per owner it concerns.
type handler struct {
	audience func() audience // a new one for each batch
	bus      publisher
}

// Handle is the Lambda entry point. It answers with the first record that was
// not published; the stream brings it and all after it again, so that the
// changes of a key keep their order.
func (h *handler) Handle(ctx context.Context, batch events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	response := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
	var all []bus.Event
	var from []int // the record of each event
	failed := len(batch.Records)
	audience := h.audience()
	for i, record := range batch.Records {
		of, err := eventsOf(ctx, record, audience)
		if err != nil {
			slog.ErrorContext(ctx, "a change cannot be published", "event_id", record.EventID, "error", err)
			failed = i
			break
		}
		all = append(all, of...)
		from = append(from, slices.Repeat([]int{i}, len(of))...)
	}
	done, err := h.bus.Publish(ctx, all)
	if err != nil {
		slog.ErrorContext(ctx, "the bus did not take every event", "events", len(all), "done", done, "error", err)
		failed = from[done]
	}
	if failed < len(batch.Records) {
		response.BatchItemFailures = append(response.BatchItemFailures, events.DynamoDBBatchItemFailure{ItemIdentifier: batch.Records[failed].Change.SequenceNumber})
	}
	return response, nil
}

// eventsOf is what one record has to say.
func eventsOf(ctx context.Context, record events.DynamoDBEventRecord, audience audience) ([]bus.Event, error) {
	changes, err := dynamo.Changes(record)
	if err != nil {
		return nil, err
	}
	var all []bus.Event
	for _, c := range changes {
		owners, err := audience.Of(ctx, c)
		if err != nil {
			return nil, err
		}
		data, err := json.Marshal(c.Data)
		if err != nil {
			return nil, fmt.Errorf("the data of %s: %w", c.ID, err)
		}
		for _, owner := range owners {
			event := bus.Event{
				ID: eventID(c.ID, owner), Type: c.Type, Time: c.Time, Owner: owner,
				Account: string(c.Account), Asset: string(c.Asset), Data: data, Key: c.PK + "/" + c.SK,
			}
			if c.Account != "" {
				event.Connection = connection.NewID(owner, c.Account)
			}
			if len(data) > bus.MaxData {
				event.Data, event.Reference = nil, &bus.Reference{Table: table(record.EventSourceArn), PK: c.PK, SK: c.SK}
			}
			all = append(all, event)
		}
	}
	return all, nil
}

// eventID is short and the same each time the change is published to the owner.
func eventID(change, owner string) string {
	sum := sha256.Sum256([]byte(change + "\n" + owner))
	return hex.EncodeToString(sum[:16])
}

// table is the name in arn:aws:dynamodb:<region>:<account>:table/<name>/stream/<time>.
func table(streamARN string) string {
	_, rest, _ := strings.Cut(streamARN, ":table/")
	name, _, _ := strings.Cut(rest, "/")
	return name
}
