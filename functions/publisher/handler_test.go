package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/eventschema"
	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/bus"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/feed"
)

// sample is the event of events/publisher.json.
func sample(t *testing.T) events.DynamoDBEvent {
	t.Helper()
	raw, err := os.ReadFile("../../events/publisher.json")
	require.NoError(t, err)
	var batch events.DynamoDBEvent
	require.NoError(t, json.Unmarshal(raw, &batch))
	return batch
}

// content is a record of new content, the n-th of the batch.
func content(t *testing.T, n int, scene string) events.DynamoDBEventRecord {
	t.Helper()
	record := sample(t).Records[1]
	record.Change.SequenceNumber = fmt.Sprint(n)
	record.Change.NewImage["sk"] = events.NewStringAttribute(fmt.Sprintf("p#%d", n))
	record.Change.NewImage["scene"] = events.NewStringAttribute(scene)
	return record
}

// two owners may know of everything.
type two struct{ err error }

func (a two) Of(_ context.Context, c dynamo.Change) ([]string, error) {
	if c.Owner != "" {
		return []string{c.Owner}, a.err
	}
	return []string{"owner-a", "owner-b"}, a.err
}

// taking is a bus that takes so many events and then no more.
type taking struct {
	most   int
	events []bus.Event
}

func (b *taking) Publish(_ context.Context, events []bus.Event) (int, error) {
	if len(events) > b.most {
		b.events = append(b.events, events[:b.most]...)
		return b.most, errors.New("no more")
	}
	b.events = append(b.events, events...)
	return len(events), nil
}

// feedsOf are feeds that take so many events of an owner and then no more;
// without a number they take all.
type feedsOf struct {
	most  map[string]int
	mu    sync.Mutex
	taken map[string][]string
}

func (f *feedsOf) Append(_ context.Context, owner string, events []json.RawMessage) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.taken == nil {
		f.taken = map[string][]string{}
	}
	for i, event := range events {
		if most, bounded := f.most[owner]; bounded && i == most {
			return i, errors.New("no more")
		}
		f.taken[owner] = append(f.taken[owner], string(event))
	}
	return len(events), nil
}

// mailbag takes messages, or fails.
type mailbag struct {
	fail  error
	taken []string
}

func (m *mailbag) SendBatch(_ context.Context, messages []any) error {
	for _, message := range messages {
		encoded, err := json.Marshal(message)
		if err != nil {
			return err
		}
		m.taken = append(m.taken, string(encoded))
	}
	return m.fail
}

func TestEventsAreQueuedForDelivery(t *testing.T) {
	t.Parallel()
	taken, bag := &taking{most: 3}, &mailbag{}
	h := &handler{audience: func() audience { return two{} }, bus: taken, feeds: &feedsOf{}, deliveries: bag}
	require.Equal(t, []string{"2"}, handle(t, h, content(t, 1, "VIDEO \uFFFF <b>"), content(t, 2, "VIDEO")))
	require.Len(t, bag.taken, 3, "what the bus did not take is not delivered either")
	for i, body := range bag.taken {
		assert.NotContains(t, body, "\uFFFF", "SQS does not take the character")
		detail, err := json.Marshal(taken.events[i])
		require.NoError(t, err)
		assert.JSONEq(t, string(detail), body)
	}
	taken.most, bag.fail = 100, errors.New("down")
	assert.Equal(t, []string{"1"}, handle(t, h, content(t, 1, "VIDEO"), content(t, 2, "VIDEO")))
}

func handle(t *testing.T, h *handler, records ...events.DynamoDBEventRecord) []string {
	t.Helper()
	response, err := h.Handle(t.Context(), events.DynamoDBEvent{Records: records})
	require.NoError(t, err)
	require.NotNil(t, response.BatchItemFailures)
	failed := []string{}
	for _, f := range response.BatchItemFailures {
		failed = append(failed, f.ItemIdentifier)
	}
	return failed
}

func TestEveryOwnerIsTold(t *testing.T) {
	t.Parallel()
	taken := &taking{most: 100}
	feeds := &feedsOf{}
	h := &handler{audience: func() audience { return two{} }, bus: taken, feeds: feeds}
	require.Empty(t, handle(t, h, sample(t).Records...))
	var got []string
	ids := map[string]bool{}
	for _, e := range taken.events {
		got = append(got, e.Owner+" "+e.Type)
		ids[e.ID] = true
		assert.Len(t, e.ID, 32)
		assert.False(t, e.Time.IsZero())
	}
	assert.Equal(t, []string{
		"owner-a connection.created",
		"owner-a content.posted", "owner-b content.posted",
		"owner-a asset.deauthorized", "owner-b asset.deauthorized",
		"owner-a connection.needs_reconnect", "owner-b connection.needs_reconnect",
	}, got)
	assert.Len(t, ids, len(got), "each event has an id of its own")
	assert.JSONEq(t, `{"product_id":"1729592969712207008","content_id":"7412345678901234567","scene":"VIDEO","action":"add","source":"webhook"}`, string(taken.events[1].Data))

	schemas, err := eventschema.Load()
	require.NoError(t, err)
	onBus := map[string][]string{}
	for _, e := range taken.events {
		detail, err := json.Marshal(e)
		require.NoError(t, err)
		require.NoError(t, schemas.Check(detail))
		onBus[e.Owner] = append(onBus[e.Owner], string(detail))
	}
	assert.Equal(t, onBus, feeds.taken, "an owner's feed has what the bus has, in its order")

	again := &taking{most: 100}
	h.bus = again
	require.Empty(t, handle(t, h, sample(t).Records...))
	assert.Equal(t, taken.events, again.events, "published again, an event is the same")
}

func TestTheFirstRecordThatWasNotPublishedIsAnswered(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		audience two
		most     int
		feeds    map[string]int
		records  int
		want     []string
		taken    int // by the bus
		kept     int // in the feeds
	}{
		{"all taken", two{}, 100, nil, 2, []string{}, 4, 4},
		{"nothing in the batch", two{}, 0, nil, 0, []string{}, 0, 0},
		{"the bus stops between records", two{}, 2, nil, 2, []string{"2"}, 2, 2},
		{"the bus stops between owners", two{}, 3, nil, 2, []string{"2"}, 3, 3},
		{"the owners cannot be read", two{err: errors.New("down")}, 100, nil, 1, []string{"1"}, 0, 0},
		{"a feed stops between records", two{}, 100, map[string]int{"owner-b": 1}, 2, []string{"2"}, 4, 3},
		{"a feed takes nothing", two{}, 100, map[string]int{"owner-a": 0}, 2, []string{"1"}, 4, 2},
		{"the feed stops before the bus", two{}, 3, map[string]int{"owner-a": 0}, 2, []string{"1"}, 3, 1},
		{"the bus stops before the feed", two{}, 2, map[string]int{"owner-b": 1}, 2, []string{"2"}, 2, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			taken := &taking{most: c.most}
			feeds := &feedsOf{most: c.feeds}
			h := &handler{audience: func() audience { return c.audience }, bus: taken, feeds: feeds}
			var records []events.DynamoDBEventRecord
			for n := range c.records {
				records = append(records, content(t, n+1, "VIDEO"))
			}
			assert.Equal(t, c.want, handle(t, h, records...))
			assert.Len(t, taken.events, c.taken)
			assert.Len(t, slices.Concat(slices.Collect(maps.Values(feeds.taken))...), c.kept)
		})
	}
}

func TestLargeDataIsPublishedByReference(t *testing.T) {
	t.Parallel()
	taken := &taking{most: 100}
	h := &handler{audience: func() audience { return two{} }, bus: taken, feeds: &feedsOf{}}
	require.Empty(t, handle(t, h, content(t, 1, strings.Repeat("x", bus.MaxData))))
	require.Len(t, taken.events, 2)
	assert.Empty(t, taken.events[0].Data)
	assert.Equal(t, &bus.Reference{Table: "records", PK: "content#creator:main:c1", SK: "p#1"}, taken.events[0].Reference)
	schemas, err := eventschema.Load()
	require.NoError(t, err)
	detail, err := json.Marshal(taken.events[0])
	require.NoError(t, err)
	require.NoError(t, schemas.Check(detail))
}

func TestConnectedOwnersAreToldOnTheRealBus(t *testing.T) {
	t.Parallel()
	names := awstest.Tables(t)
	busName, queue := awstest.Bus(t)
	cfg := awstest.Config(t)
	tables := dynamodb.NewFromConfig(cfg)
	store := dynamo.NewFeed(tables, awstest.Table(t, "FeedTable"))
	connections := dynamo.NewConnections(tables, names.Accounts, names.Orders)
	at := time.Unix(1_793_000_000, 0).UTC()
	enrol := func(owner string, id account.ID, state string, asset account.AssetID) {
		require.NoError(t, connections.PutState(t.Context(), state, connection.Pending{ExpiresAt: at}))
		require.NoError(t, connections.Enrol(t.Context(), connection.Enrolment{
			State:      state,
			Account:    account.Account{ID: id, State: account.Active, AuthorizedAt: at},
			Assets:     []account.Asset{{ID: asset, Account: id, State: account.AssetActive, AuthorizedAt: at}},
			Connection: connection.Connection{ID: "conn_" + owner, Owner: owner, Account: id, ConnectedAt: at},
		}))
	}
	const shop = "shop:7495540735365777507"
	enrol("owner-a", "main:creator:c1", "1", "creator:main:c1")
	enrol("owner-b", "main:creator:c1", "2", "creator:main:c1")
	enrol("owner-c", "main:creator:c2", "3", "creator:main:c2")
	enrol("owner-d", "main:seller:s1", "4", shop)

	h := &handler{
		audience: func() audience { return dynamo.NewAudience(connections) },
		bus:      bus.NewPublisher(eventbridge.NewFromConfig(cfg), busName),
		feeds:    feed.NewWriter(store, time.Now),
	}
	require.Empty(t, handle(t, h, sample(t).Records...))
	var got []string
	ids := map[string][]string{}
	for _, body := range awstest.Receive(t, queue, 5) {
		var envelope struct {
			DetailType string    `json:"detail-type"`
			Detail     bus.Event `json:"detail"`
		}
		require.NoError(t, json.Unmarshal([]byte(body), &envelope))
		assert.Equal(t, envelope.DetailType, envelope.Detail.Type)
		got = append(got, envelope.Detail.Owner+" "+envelope.Detail.Type)
		ids[envelope.Detail.Owner] = append(ids[envelope.Detail.Owner], envelope.Detail.ID)
	}
	assert.ElementsMatch(t, []string{
		"owner-a connection.created", "owner-a content.posted", "owner-b content.posted",
		"owner-d asset.deauthorized", "owner-d connection.needs_reconnect",
	}, got)
	for _, owner := range []string{"owner-a", "owner-b", "owner-c", "owner-d"} {
		page, err := feed.NewReader(store, time.Now).After(t.Context(), owner, feed.Position{}, 100)
		require.NoError(t, err)
		var inFeed []string
		for _, event := range page.Events {
			var e bus.Event
			require.NoError(t, json.Unmarshal(event, &e))
			assert.Equal(t, owner, e.Owner)
			inFeed = append(inFeed, e.ID)
		}
		assert.ElementsMatch(t, ids[owner], inFeed, owner)
	}
}
