package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/bus"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
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
	h := &handler{audience: func() audience { return two{} }, bus: taken}
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
		records  []events.DynamoDBEventRecord
		want     []string
		taken    int
	}{
		{"all taken", two{}, 100, []events.DynamoDBEventRecord{content(t, 1, "VIDEO"), content(t, 2, "VIDEO")}, []string{}, 4},
		{"nothing in the batch", two{}, 0, nil, []string{}, 0},
		{"the bus stops between records", two{}, 2, []events.DynamoDBEventRecord{content(t, 1, "VIDEO"), content(t, 2, "VIDEO")}, []string{"2"}, 2},
		{"the bus stops between owners", two{}, 3, []events.DynamoDBEventRecord{content(t, 1, "VIDEO"), content(t, 2, "VIDEO")}, []string{"2"}, 3},
		{"the owners cannot be read", two{err: errors.New("down")}, 100, []events.DynamoDBEventRecord{content(t, 1, "VIDEO")}, []string{"1"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			taken := &taking{most: c.most}
			h := &handler{audience: func() audience { return c.audience }, bus: taken}
			assert.Equal(t, c.want, handle(t, h, c.records...))
			assert.Len(t, taken.events, c.taken)
		})
	}
}

func TestLargeDataIsPublishedByReference(t *testing.T) {
	t.Parallel()
	taken := &taking{most: 100}
	h := &handler{audience: func() audience { return two{} }, bus: taken}
	require.Empty(t, handle(t, h, content(t, 1, strings.Repeat("x", bus.MaxData))))
	require.Len(t, taken.events, 2)
	assert.Empty(t, taken.events[0].Data)
	assert.Equal(t, &bus.Reference{Table: "records", PK: "content#creator:main:c1", SK: "p#1"}, taken.events[0].Reference)
}

func TestConnectedOwnersAreToldOnTheRealBus(t *testing.T) {
	t.Parallel()
	names := awstest.Tables(t)
	busName, queue := awstest.Bus(t)
	cfg := awstest.Config(t)
	connections := dynamo.NewConnections(dynamodb.NewFromConfig(cfg), names.Accounts, names.Orders)
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
	}
	require.Empty(t, handle(t, h, sample(t).Records...))
	var got []string
	for _, body := range awstest.Receive(t, queue, 5) {
		var envelope struct {
			DetailType string    `json:"detail-type"`
			Detail     bus.Event `json:"detail"`
		}
		require.NoError(t, json.Unmarshal([]byte(body), &envelope))
		assert.Equal(t, envelope.DetailType, envelope.Detail.Type)
		got = append(got, envelope.Detail.Owner+" "+envelope.Detail.Type)
	}
	assert.ElementsMatch(t, []string{
		"owner-a connection.created", "owner-a content.posted", "owner-b content.posted",
		"owner-d asset.deauthorized", "owner-d connection.needs_reconnect",
	}, got)
}
