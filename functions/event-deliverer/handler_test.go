package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/obs"
)

// receiver answers by event id.
type receiver struct {
	mu      sync.Mutex
	answers map[string]error
	bodies  map[string]string
}

func (r *receiver) Push(_ context.Context, id string, body []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bodies[id] = string(body)
	return r.answers[id]
}

// waits are what was postponed, by message.
type waits struct {
	mu   sync.Mutex
	of   map[string]time.Duration
	fail error
}

func (w *waits) Postpone(_ context.Context, message events.SQSMessage, wait time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.of[message.MessageId] = wait
	return w.fail
}

// counter counts values put.
type counter struct {
	mu     sync.Mutex
	counts map[string]float64
}

func (c *counter) Put(name string, value float64, _ obs.Unit, _ map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[name] += value
}

func message(id, body, received string) events.SQSMessage {
	return events.SQSMessage{MessageId: id, Body: body, Attributes: map[string]string{"ApproximateReceiveCount": received}}
}

func TestOnlyWhatFailedComesAgain(t *testing.T) {
	t.Parallel()
	to := &receiver{bodies: map[string]string{}, answers: map[string]error{
		"b": fault.New("test", fault.Unavailable, "answered 500"),
		"c": fault.New("test", fault.Gone, "answered 410"),
		"d": &fault.Error{Kind: fault.Unavailable, RetryAfter: time.Hour},
	}}
	postponed := &waits{of: map[string]time.Duration{}, fail: errors.New("down")}
	count := &counter{counts: map[string]float64{}}
	h := &handler{pusher: to, queue: postponed, meter: count, random: func() float64 { return 0.5 }}
	event := events.SQSEvent{Records: []events.SQSMessage{
		message("1", `{"id":"a", "type":"x"}`, "1"), message("2", `{"id":"b"}`, "3"), message("3", `{"id":"c"}`, "1"),
		message("4", `{"id":"d"}`, "1"), message("5", `{"type":"x"}`, "1"), message("6", `nothing`, "1"),
	}}
	response, err := h.Handle(t.Context(), event)
	require.NoError(t, err)
	var again []string
	for _, failed := range response.BatchItemFailures {
		again = append(again, failed.ItemIdentifier)
	}
	assert.Equal(t, []string{"2", "4", "5", "6"}, again)
	assert.Equal(t, map[string]time.Duration{"2": 40 * time.Second, "4": time.Hour}, postponed.of)
	assert.Equal(t, event.Records[0].Body, to.bodies["a"], "the body is sent as it is")
	assert.Equal(t, map[string]float64{"EventRefused": 1, "EventDeliveryFailure": 2}, count.counts)
}

func TestWaits(t *testing.T) {
	t.Parallel()
	failed := fault.New("test", fault.Unavailable, "down")
	for name, c := range map[string]struct {
		received string
		err      error
		random   float64
		want     time.Duration
	}{
		"first":                         {"1", failed, 0.5, 10 * time.Second},
		"second":                        {"2", failed, 0.5, 20 * time.Second},
		"a fifth less":                  {"2", failed, 0, 16 * time.Second},
		"a fifth more":                  {"2", failed, 1, 24 * time.Second},
		"eleventh":                      {"11", failed, 0.5, 10240 * time.Second},
		"hours at most":                 {"12", failed, 0.5, 4 * time.Hour},
		"the last":                      {"24", failed, 1, 288 * time.Minute},
		"no count":                      {"", failed, 0.5, 10 * time.Second},
		"asked for":                     {"1", &fault.Error{RetryAfter: time.Minute}, 0.5, time.Minute},
		"asked for less":                {"3", &fault.Error{RetryAfter: time.Second}, 0.5, 40 * time.Second},
		"asked for more than SQS takes": {"1", &fault.Error{RetryAfter: 48 * time.Hour}, 0.5, 11 * time.Hour},
		"another error":                 {"1", errors.New("a bug"), 0.5, 10 * time.Second},
	} {
		h := &handler{random: func() float64 { return c.random }}
		assert.InDelta(t, c.want, h.wait(message("1", "", c.received), c.err), float64(time.Millisecond), name)
	}
}

func TestDeliveryThatIsOff(t *testing.T) {
	t.Parallel()
	response, err := (&handler{}).Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{message("1", `{"id":"a"}`, "1")}})
	require.NoError(t, err)
	assert.Empty(t, response.BatchItemFailures)
}

func TestSampleEvent(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../events/event-deliverer.json")
	require.NoError(t, err)
	var event events.SQSEvent
	require.NoError(t, json.Unmarshal(raw, &event))
	to := &receiver{bodies: map[string]string{}}
	response, err := (&handler{pusher: to}).Handle(t.Context(), event)
	require.NoError(t, err)
	assert.Empty(t, response.BatchItemFailures)
	assert.Contains(t, to.bodies, "5f0c1d0e8a7b4c3d9e2f1a0b6c5d4e3f")
}
