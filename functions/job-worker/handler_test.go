package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/job"
)

type worked struct {
	wakes []job.Wake
}

func (w *worked) Work(_ context.Context, wake job.Wake) error {
	w.wakes = append(w.wakes, wake)
	if wake.Lane == "owner#down" {
		return errors.New("the store is down")
	}
	return nil
}

func TestOnlyWhatTheStoreDidNotTakeComesAgain(t *testing.T) {
	t.Parallel()
	event := events.SQSEvent{Records: []events.SQSMessage{
		{MessageId: "m1", Body: `{"lane":"account#main:seller:1"}`}, {MessageId: "m2", Body: `{"lane":"owner#down"}`}, {MessageId: "m3", Body: `not JSON`},
	}}
	w := &worked{}
	response, err := (&handler{jobs: w}).Handle(t.Context(), event)
	require.NoError(t, err)
	assert.Equal(t, []events.SQSBatchItemFailure{{ItemIdentifier: "m2"}, {ItemIdentifier: "m3"}}, response.BatchItemFailures)
	assert.Equal(t, []job.Wake{{Lane: job.AccountLane("main:seller:1")}, {Lane: job.OwnerLane("down")}}, w.wakes)
}

func TestSampleEvent(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../events/job-worker.json")
	require.NoError(t, err)
	var event events.SQSEvent
	require.NoError(t, json.Unmarshal(raw, &event))
	w := &worked{}
	response, err := (&handler{jobs: w}).Handle(t.Context(), event)
	require.NoError(t, err)
	assert.NotNil(t, response.BatchItemFailures)
	assert.Empty(t, response.BatchItemFailures)
	assert.Equal(t, []job.Wake{{Lane: job.AccountLane("main:partner:sample-open-id")}}, w.wakes)
}
