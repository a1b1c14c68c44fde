package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/job"
	"tiktok-shop-affiliate/shared/queue"
)

// known are connections by owner and id.
type known map[string]connection.Connection

func (k known) Find(_ context.Context, owner, id string) (connection.Connection, error) {
	if owner == "down" {
		return connection.Connection{}, errors.New("the store is down")
	}
	c, ok := k[owner+"/"+id]
	if !ok {
		return c, fault.New("test", fault.NotFound, "not there")
	}
	return c, nil
}

func message(id, owner, connectionID string) events.SQSMessage {
	return events.SQSMessage{MessageId: id, Body: `{"detail-type":"connection.created","detail":{"id":"event ` + id + `","type":"connection.created","time":"2026-11-22T10:00:00.5Z","owner":"` + owner + `","connection_id":"` + connectionID + `"}}`}
}

func TestEachAssetOfANewConnectionGetsOneJob(t *testing.T) {
	t.Parallel()
	cfg := awstest.Config(t)
	store, queueURL := dynamo.NewJobs(dynamodb.NewFromConfig(cfg), awstest.Tables(t).Records), awstest.Queue(t)
	now := time.Date(2026, 11, 22, 10, 0, 3, 0, time.UTC)
	manager := job.NewManager(job.ManagerOptions{
		Store: store, Wakes: queue.NewSender(sqs.NewFromConfig(cfg), queueURL), Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler), Retention: 24 * time.Hour,
	})
	h := &handler{jobs: manager, connections: known{"acme/conn_1": {Assets: []account.Asset{
		{ID: "shop:1", Account: "main:seller:x"}, {ID: "shop:2", Account: "main:seller:x"}, {ID: "shop:3", Account: "main:seller:x", State: account.AssetDeauthorized},
	}}}}
	batch := events.SQSEvent{Records: []events.SQSMessage{
		message("m1", "acme", "conn_1"), message("m2", "acme", "conn_2"), message("m3", "down", "conn_1"), {MessageId: "m4", Body: `{}`}, {MessageId: "m5", Body: `not JSON`},
	}}
	for range 2 { // the queue brings it twice
		response, err := h.Handle(t.Context(), batch)
		require.NoError(t, err)
		assert.Equal(t, []events.SQSBatchItemFailure{{ItemIdentifier: "m3"}, {ItemIdentifier: "m4"}, {ItemIdentifier: "m5"}}, response.BatchItemFailures)
		now = now.Add(time.Minute)
	}
	made, _, err := store.Jobs(t.Context(), "acme", "", "", 10)
	require.NoError(t, err)
	require.Len(t, made, 2)
	assert.ElementsMatch(t, []account.AssetID{"shop:1", "shop:2"}, []account.AssetID{made[0].Asset, made[1].Asset})
	for _, j := range made {
		assert.Equal(t, "orders_backfill", j.Kind)
		assert.Equal(t, "conn_1", j.ConnectionID)
		assert.Equal(t, job.AccountLane("main:seller:x"), j.Lane)
		assert.Equal(t, job.Queued, j.State)
		assert.Regexp(t, "^job_1795341600500[0-9a-z]{10}$", j.ID, "by the time of the event")
	}

	_, err = h.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{message("m6", "acme", "conn_1")}})
	require.NoError(t, err)
	made, _, err = store.Jobs(t.Context(), "acme", "", "", 10)
	require.NoError(t, err)
	assert.Len(t, made, 4, "another event is another wish")

	one := message("m7", "acme", "conn_1")
	one.Body = strings.Replace(one.Body, `"owner"`, `"asset":"shop:2","owner"`, 1)
	_, err = h.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{one}})
	require.NoError(t, err)
	made, _, err = store.Jobs(t.Context(), "acme", "", "", 10)
	require.NoError(t, err)
	assert.Len(t, made, 5, "an asset that came to others")
}

func TestSampleEvent(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../events/backfill-starter.json")
	require.NoError(t, err)
	var batch events.SQSEvent
	require.NoError(t, json.Unmarshal(raw, &batch))
	var asked []string
	h := &handler{connections: known{"atelier/conn_aaaaaaaaaaaaaaaaaaaaaaaa": {Assets: []account.Asset{{ID: "shop:1"}}}}, jobs: once(func(key string) { asked = append(asked, key) })}
	response, err := h.Handle(t.Context(), batch)
	require.NoError(t, err)
	assert.NotNil(t, response.BatchItemFailures)
	assert.Empty(t, response.BatchItemFailures)
	assert.Equal(t, []string{"5f0c1d0e8a7b4c3d9e2f1a0b6c5d4e3f/shop:1"}, asked)
}

type once func(key string)

func (o once) CreateOnce(_ context.Context, key string, _ job.Spec, _ job.Ask, _ int) error {
	o(key)
	return nil
}
