package firstday

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tiktok-shop-affiliate/local/eventschema"
)

// told is an event as it was told, and to whom.
type told struct {
	ID    string `json:"id"`
	Type  string `json:"type"`
	Owner string `json:"owner"`
}

// busReader empties the queue behind the event bus and remembers every event by
// its id, since delivery is at least once.
type busReader struct {
	sqs    *sqs.Client
	queue  string
	events map[string]told // by id
	faults []error         // of events that are not as their schema says

	schemas *eventschema.Set
}

func newBusReader(client *sqs.Client, queue string) (*busReader, error) {
	schemas, err := eventschema.Load()
	return &busReader{sqs: client, queue: queue, events: map[string]told{}, schemas: schemas}, err
}

func (b *busReader) read(ctx context.Context) error {
	for {
		out, err := b.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String(b.queue), MaxNumberOfMessages: 10})
		if err != nil {
			return err
		}
		if len(out.Messages) == 0 {
			return nil
		}
		for _, m := range out.Messages {
			var event struct {
				Detail json.RawMessage `json:"detail"`
			}
			var detail told
			if err := errors.Join(json.Unmarshal([]byte(aws.ToString(m.Body)), &event), json.Unmarshal(event.Detail, &detail)); err != nil {
				return fmt.Errorf("reading an event from the bus: %w", err)
			}
			if _, again := b.events[detail.ID]; !again {
				if err := b.schemas.Check(event.Detail); err != nil {
					b.faults = append(b.faults, err)
				}
			}
			b.events[detail.ID] = detail
			if _, err := b.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: aws.String(b.queue), ReceiptHandle: m.ReceiptHandle}); err != nil {
				return err
			}
		}
	}
}

func (b *busReader) counts() map[string]int {
	counts := map[string]int{}
	for _, event := range b.events {
		counts[event.Type]++
	}
	return counts
}

// of are the ids of an owner's events.
func (b *busReader) of(owner string) map[string]bool {
	ids := map[string]bool{}
	for id, event := range b.events {
		if event.Owner == owner {
			ids[id] = true
		}
	}
	return ids
}

// feed reads an owner's whole feed, page by page.
func (b *backend) feed(ctx context.Context) (map[string]bool, error) {
	ids := map[string]bool{}
	for query := (url.Values{"limit": {"37"}}); ; {
		var page struct {
			Items []told `json:"items"`
			After string `json:"after"`
			More  bool   `json:"more"`
		}
		if err := b.get(ctx, "/v1/changes?"+query.Encode(), &page); err != nil {
			return nil, err
		}
		for _, event := range page.Items {
			if event.Owner != b.owner.Name {
				return nil, fmt.Errorf("the feed of %s has an event of %s", b.owner.Name, event.Owner)
			}
			ids[event.ID] = true
		}
		if !page.More {
			return ids, nil
		}
		query.Set("after", page.After)
	}
}

// countEvents compares the events on the bus with the rows, links, reviews and
// connections they must tell of, one for each owner concerned, and each owner's
// feed with the bus.
func (d *day) countEvents(ctx context.Context, posted int) (int, error) {
	want := map[string]int{"connection.created": 5, "link.created": d.linksMade, "asset.deauthorized": 1, "connection.needs_reconnect": 2, "content.posted": posted}
	for _, r := range d.readAssets() {
		rows, err := d.rows(ctx, r.b, r.connection, r.asset)
		if err != nil {
			return 0, err
		}
		want["order.created"] += len(rows)
	}
	for _, c := range d.report.Checks {
		switch c.Name {
		case "reviews: approved", "reviews: rejected", "reviews: left to a person":
			want["campaign.product_reviewed"] += c.Got
		case "links made for approved products":
			want["link.created"] += c.Got
		}
	}
	missing := func(got map[string]int) bool {
		for kind, n := range want {
			if got[kind] < n {
				return true
			}
		}
		return false
	}
	err := until(ctx, "the bus to carry every event", time.Minute, func(ctx context.Context) (bool, error) {
		if err := d.events.read(ctx); err != nil {
			return false, err
		}
		return !missing(d.events.counts()), nil
	})
	if err != nil && ctx.Err() != nil {
		return 0, err
	}
	got := d.events.counts()
	for _, kind := range slices.Sorted(maps.Keys(want)) {
		d.check("events: "+kind, want[kind], got[kind])
	}
	if err := d.countFeeds(ctx); err != nil {
		return 0, err
	}
	if err := d.countPushed(ctx); err != nil {
		return 0, err
	}
	d.check("events: as their schema says", len(d.events.events), len(d.events.events)-len(d.events.faults))
	return len(d.events.events), errors.Join(d.events.faults[:min(len(d.events.faults), 3)]...)
}

// countFeeds looks until bus and feed hold the same: orders live on while the
// two are read.
func (d *day) countFeeds(ctx context.Context) error {
	for _, b := range []*backend{d.atelier, d.bright} {
		var onBus, inFeed map[string]bool
		err := until(ctx, "the feed of "+b.owner.Name+" to be as the bus", time.Minute, func(ctx context.Context) (bool, error) {
			var err error
			if inFeed, err = b.feed(ctx); err != nil {
				return false, err
			}
			if err := d.events.read(ctx); err != nil {
				return false, err
			}
			onBus = d.events.of(b.owner.Name)
			return maps.Equal(onBus, inFeed), nil
		})
		if err != nil && (ctx.Err() != nil || inFeed == nil) {
			return err
		}
		both := 0
		for id := range onBus {
			if inFeed[id] {
				both++
			}
		}
		d.check("events: in the feed as on the bus, for "+b.owner.Name, len(onBus), both)
		d.check("events: in the feed alone, for "+b.owner.Name, 0, len(inFeed)-both)
	}
	return nil
}
