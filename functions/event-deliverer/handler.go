package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/obs"
	"tiktok-shop-affiliate/shared/queue"
)

type pusher interface {
	Push(ctx context.Context, id string, body []byte) error
}

type postponer interface {
	Postpone(ctx context.Context, message events.SQSMessage, wait time.Duration) error
}

type meter interface {
	Put(name string, value float64, unit obs.Unit, dimensions map[string]string)
}

// parallel is how many deliveries of a batch run at once; each is mostly waiting.
const parallel = 10

// Waits between attempts: they double, and end in about two days when the queue
// gives a message up after its 24th.
const (
	firstWait   = 10 * time.Second
	longestWait = 4 * time.Hour
	mostAsked   = 11 * time.Hour // SQS hides a message for at most 12
)

// handler delivers each event it is given.
type handler struct {
	pusher pusher // nil: delivery is off
	queue  postponer
	meter  meter
	random func() float64 // from 0 up to 1
}

// Handle is the Lambda entry point.
func (h *handler) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	return queue.Consume(ctx, event, parallel, h.deliver), nil
}

func (h *handler) deliver(ctx context.Context, message events.SQSMessage) error {
	var event struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	}
	if err := json.Unmarshal([]byte(message.Body), &event); err != nil || event.ID == "" {
		return fault.Wrap("deliver", fault.Invalid, "the message is not an event", err)
	}
	if h.pusher == nil {
		slog.InfoContext(ctx, "delivery is off: an event that was still queued is left to bus and feed", "event_id", event.ID, "type", event.Type)
		return nil
	}
	err := h.pusher.Push(ctx, event.ID, []byte(message.Body))
	switch {
	case err == nil:
		return nil
	case fault.Is(err, fault.Gone):
		h.meter.Put("EventRefused", 1, obs.Count, nil)
		slog.WarnContext(ctx, "the receiver does not want an event", "event_id", event.ID, "type", event.Type)
		return nil
	}
	h.meter.Put("EventDeliveryFailure", 1, obs.Count, nil)
	if postponed := h.queue.Postpone(ctx, message, h.wait(message, err)); postponed != nil {
		// It comes again when the queue's own time is over.
		slog.WarnContext(ctx, "an event could not be postponed", "event_id", event.ID, "error", postponed)
	}
	return err
}

// wait is how long to leave the receiver alone after a failed attempt: what it
// asked for, else twice as long as the last time, give or take a fifth.
func (h *handler) wait(message events.SQSMessage, err error) time.Duration {
	received, _ := strconv.Atoi(message.Attributes["ApproximateReceiveCount"])
	wait := firstWait
	for range received - 1 {
		if wait *= 2; wait >= longestWait {
			wait = longestWait
			break
		}
	}
	wait = time.Duration(float64(wait) * (0.8 + 0.4*h.random()))
	var failed *fault.Error
	if errors.As(err, &failed) {
		wait = max(wait, min(failed.RetryAfter, mostAsked))
	}
	return wait
}
