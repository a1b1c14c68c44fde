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
	"sync"

	"github.com/aws/aws-lambda-go/events"
	"golang.org/x/sync/errgroup"

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

type feeds interface {
	Append(ctx context.Context, owner string, events []json.RawMessage) (done int, err error)
}

type deliveries interface {
	SendBatch(ctx context.Context, messages []any) error
}

// handler tells the owners what changed in the tables: each change becomes one
// event per owner it concerns, on the bus, in the owner's feed and, where the
// deployment wants that, delivered over HTTP.
type handler struct {
	audience   func() audience // a new one for each batch
	bus        publisher
	feeds      feeds
	deliveries deliveries // nil: none
}

// Handle is the Lambda entry point. It answers with the first record that was
// not told everywhere; the stream brings it and all after it again, so that the
// changes of a key keep their order. The bus comes first: it is what turns
// events away when there are many, and what it did not take is not told
// elsewhere, to be told again soon.
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
	if kept := h.keep(ctx, all[:done]); kept < done {
		failed = min(failed, from[kept])
	}
	if err := h.deliver(ctx, all[:done]); err != nil {
		slog.ErrorContext(ctx, "not every event was queued for its delivery", "events", done, "error", err)
		failed = min(failed, from[0])
	}
	if failed < len(batch.Records) {
		response.BatchItemFailures = append(response.BatchItemFailures, events.DynamoDBBatchItemFailure{ItemIdentifier: batch.Records[failed].Change.SequenceNumber})
	}
	return response, nil
}

// parallel is how many feeds of a batch are written to at once.
const parallel = 8

// keep adds the events to their owners' feeds, and answers with the index of the
// first that was not added, len(all) when there is none.
func (h *handler) keep(ctx context.Context, all []bus.Event) int {
	of := map[string][]int{} // owner → its events
	for i, event := range all {
		of[event.Owner] = append(of[event.Owner], i)
	}
	var mu sync.Mutex
	first := len(all)
	var group errgroup.Group
	group.SetLimit(parallel)
	for owner, indexes := range of {
		group.Go(func() error {
			done, err := h.append(ctx, owner, all, indexes)
			if err != nil {
				slog.ErrorContext(ctx, "a feed did not take every event", "events", len(indexes), "done", done, "error", err)
				mu.Lock()
				defer mu.Unlock()
				first = min(first, indexes[done])
			}
			return nil
		})
	}
	_ = group.Wait() // no function of the group fails
	return first
}

// append adds those of all that the indexes name to the owner's feed.
func (h *handler) append(ctx context.Context, owner string, all []bus.Event, indexes []int) (done int, err error) {
	encoded := make([]json.RawMessage, 0, len(indexes))
	for _, i := range indexes {
		event, err := json.Marshal(all[i])
		if err != nil {
			return 0, fmt.Errorf("the event %s: %w", all[i].ID, err)
		}
		encoded = append(encoded, event)
	}
	return h.feeds.Append(ctx, owner, encoded)
}

// deliver queues the events for their delivery.
func (h *handler) deliver(ctx context.Context, all []bus.Event) error {
	if h.deliveries == nil || len(all) == 0 {
		return nil
	}
	// The two characters that JSON leaves as they are and SQS does not take.
	escaped := strings.NewReplacer("\uFFFE", `\ufffe`, "\uFFFF", `\uffff`)
	messages := make([]any, 0, len(all))
	for _, event := range all {
		encoded, err := json.Marshal(event)
		if err != nil {
			return fmt.Errorf("the event %s: %w", event.ID, err)
		}
		messages = append(messages, json.RawMessage(escaped.Replace(string(encoded))))
	}
	return h.deliveries.SendBatch(ctx, messages)
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
