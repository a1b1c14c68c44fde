package bus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/bus"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/fault"
)

var at = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func event(n int) bus.Event {
	return bus.Event{ID: fmt.Sprintf("e%02d", n), Type: "order.changed", Time: at, Owner: "o", Asset: "shop:1", Data: json.RawMessage(`{"n":1}`), Key: fmt.Sprintf("k%02d", n)}
}

func TestPublishOverTheWire(t *testing.T) {
	t.Parallel()
	name, queue := awstest.Bus(t)
	publisher := bus.NewPublisher(eventbridge.NewFromConfig(awstest.Config(t)), name)
	var events []bus.Event
	for n := range 23 {
		events = append(events, event(n))
	}
	done, err := publisher.Publish(t.Context(), events)
	require.NoError(t, err)
	assert.Equal(t, 23, done)
	bodies := awstest.Receive(t, queue, 23)
	require.Len(t, bodies, 23)
	var got struct {
		Source     string    `json:"source"`
		DetailType string    `json:"detail-type"`
		Detail     bus.Event `json:"detail"`
	}
	require.NoError(t, json.Unmarshal([]byte(bodies[0]), &got))
	assert.Equal(t, bus.Source, got.Source)
	assert.Equal(t, "order.changed", got.DetailType)
	assert.Equal(t, "shop:1", got.Detail.Asset)
	assert.JSONEq(t, `{"n":1}`, string(got.Detail.Data))
}

// partial fails the entries whose detail names one of the ids, which the
// emulator cannot.
type partial struct {
	fail  string
	calls [][]string
}

func (p *partial) PutEvents(_ context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	if p.fail == "all" {
		return nil, errors.New("down")
	}
	out := &eventbridge.PutEventsOutput{}
	var ids []string
	for _, entry := range in.Entries {
		var e bus.Event
		if err := json.Unmarshal([]byte(aws.ToString(entry.Detail)), &e); err != nil {
			return nil, err
		}
		ids = append(ids, e.ID)
		result := types.PutEventsResultEntry{EventId: aws.String("x")}
		if e.ID == p.fail {
			result = types.PutEventsResultEntry{ErrorCode: aws.String("ThrottlingException")}
		}
		out.Entries = append(out.Entries, result)
	}
	p.calls = append(p.calls, ids)
	return out, nil
}

func TestPublishChunksAndFailures(t *testing.T) {
	t.Parallel()
	many := make([]bus.Event, 0, 25)
	for n := range 25 {
		many = append(many, event(n))
	}
	big := func(n int) bus.Event {
		e := event(n)
		e.Data = json.RawMessage(`"` + strings.Repeat("x", 100_000) + `"`)
		return e
	}
	same := func(n int, owner string) bus.Event {
		e := event(n)
		e.Key, e.Owner = "one", owner
		return e
	}
	for _, c := range []struct {
		name   string
		events []bus.Event
		fail   string
		done   int
		sizes  []int // events of each call
	}{
		{"nothing", nil, "", 0, nil},
		{"ten a call", many, "", 25, []int{10, 10, 5}},
		{"the first failure stops", many, "e12", 12, []int{10, 10}},
		{"a bus that is down", many, "all", 0, nil},
		{"256 KB a call", []bus.Event{big(1), big(2), big(3)}, "", 3, []int{2, 1}},
		{"a key waits for itself", []bus.Event{same(1, "a"), same(2, "b"), same(3, "a"), event(4)}, "", 4, []int{2, 2}},
		{"a key never overtakes itself", []bus.Event{same(1, "a"), same(2, "a")}, "e01", 0, []int{1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			client := &partial{fail: c.fail}
			done, err := bus.NewPublisher(client, "b").Publish(t.Context(), c.events)
			assert.Equal(t, c.done, done)
			if c.fail == "" {
				require.NoError(t, err)
			} else {
				assert.Equal(t, fault.Unavailable, fault.KindOf(err))
			}
			var sizes []int
			for _, call := range client.calls {
				sizes = append(sizes, len(call))
			}
			assert.Equal(t, c.sizes, sizes)
		})
	}
}
