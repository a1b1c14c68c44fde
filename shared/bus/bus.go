// Package bus is what happened, told to the world: events on the deployment's
// own EventBridge bus. Delivery is at least once; an event's id says whether it
// was seen before.
package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"tiktok-shop-affiliate/shared/fault"
)

// Source is the source of all events; a rule's pattern can name it.
const Source = "tiktok-shop-affiliate"

// What one PutEvents call takes.
const (
	maxEntries = 10
	maxBytes   = 256_000 // documented as 256 KB over all entries
)

// MaxData is the most bytes of data that an event carries itself. Larger data
// is published as a reference.
const MaxData = 200_000

// Event is the detail of an EventBridge event; its type is the detail-type.
type Event struct {
	ID         string          `json:"id"` // the same whenever the same change is published again
	Type       string          `json:"type"`
	Time       time.Time       `json:"time"`
	Owner      string          `json:"owner"`
	Connection string          `json:"connection_id,omitempty"` // the owner's, with events about an account
	Account    string          `json:"account,omitempty"`
	Asset      string          `json:"asset,omitempty"`
	Data       json.RawMessage `json:"data,omitempty"`
	Reference  *Reference      `json:"reference,omitempty"` // instead of data over MaxData

	// Key is what the order of events is kept for: an event is sent only after
	// the one before it with the same key and owner was taken.
	Key string `json:"-"`
}

// Reference names the stored item that an event is about.
type Reference struct {
	Table string `json:"table"`
	PK    string `json:"pk"`
	SK    string `json:"sk"`
}

// Client is the part of the EventBridge client that a Publisher uses.
type Client interface {
	PutEvents(ctx context.Context, in *eventbridge.PutEventsInput, opts ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// Publisher publishes to one bus. It is safe for concurrent use.
type Publisher struct {
	client Client
	bus    string
}

// NewPublisher publishes to the bus with the name.
func NewPublisher(client Client, bus string) *Publisher { return &Publisher{client: client, bus: bus} }

// Publish publishes the events in their order, in as few calls as EventBridge
// allows, and stops after the first call that did not take all of its events.
// It answers with the index of the first event that was not taken: those
// before it are on the bus, those after it may be. Without an error it is
// len(events).
func (p *Publisher) Publish(ctx context.Context, events []Event) (int, error) {
	for done := 0; done < len(events); {
		entries, err := p.entries(events[done:])
		if err != nil {
			return done, err
		}
		out, err := p.client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
		if err != nil {
			return done, fault.Wrap("bus.Publish", fault.Unavailable, "the event bus did not answer", err)
		}
		for i, result := range out.Entries {
			if code := aws.ToString(result.ErrorCode); code != "" {
				return done + i, fault.New("bus.Publish", fault.Unavailable, "the event bus did not take an event: "+code)
			}
		}
		done += len(entries)
	}
	return len(events), nil
}

// entries is the next call: as many of the first events as fit, with no key
// twice, because entries of one call can fail one by one.
func (p *Publisher) entries(events []Event) ([]types.PutEventsRequestEntry, error) {
	var entries []types.PutEventsRequestEntry
	type stream struct{ key, owner string }
	seen := map[stream]bool{}
	size := 0
	for _, event := range events {
		detail, err := json.Marshal(event)
		if err != nil {
			return nil, fmt.Errorf("bus.Publish: %s %s: %w", event.Type, event.ID, err)
		}
		// An entry counts 14 bytes for its time and the length of its texts.
		size += 14 + len(Source) + len(event.Type) + len(detail)
		key := stream{event.Key, event.Owner}
		if len(entries) == maxEntries || len(entries) > 0 && size > maxBytes || seen[key] {
			break
		}
		seen[key] = true
		entries = append(entries, types.PutEventsRequestEntry{
			EventBusName: &p.bus,
			Source:       aws.String(Source),
			DetailType:   aws.String(event.Type),
			Detail:       aws.String(string(detail)),
			Time:         aws.Time(event.Time),
		})
	}
	return entries, nil
}
