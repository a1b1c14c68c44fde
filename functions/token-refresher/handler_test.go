package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/queue"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func enrol(t *testing.T, store *dynamo.Connections, n int, refreshAt time.Time) {
	t.Helper()
	id := account.ID(fmt.Sprintf("main:creator:test-%02d", n))
	require.NoError(t, store.PutState(t.Context(), string(id), connection.Pending{ExpiresAt: now}))
	require.NoError(t, store.Enrol(t.Context(), connection.Enrolment{
		State: string(id), Account: account.Account{ID: id, State: account.Active, AuthorizedAt: now, Sealed: []byte("test-sealed")}, RefreshAt: refreshAt,
		Connection: connection.Connection{ID: "conn_test", Owner: "test-owner", Account: id},
	}))
}

func TestDueAccountsAreQueuedOnce(t *testing.T) {
	t.Parallel()
	names, cfg, url := awstest.Tables(t), awstest.Config(t), awstest.Queue(t)
	store := dynamo.NewConnections(dynamodb.NewFromConfig(cfg), names.Accounts, names.Orders)
	const due = 23
	for n := range due {
		enrol(t, store, n, now.Add(-time.Minute))
	}
	enrol(t, store, due, now.Add(time.Second))
	h := &handler{accounts: store, queue: queue.NewSender(sqs.NewFromConfig(cfg), url), now: func() time.Time { return now }}
	tick, err := os.ReadFile("../../events/token-refresher.json")
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, h.Handle(t.Context(), tick))
	}
	asked := map[account.ID]int{}
	for _, body := range awstest.Receive(t, url, due) {
		var request account.RefreshRequest
		require.NoError(t, json.Unmarshal([]byte(body), &request))
		asked[request.Account]++
	}
	assert.Len(t, asked, due)
	assert.Empty(t, awstest.Receive(t, url, 0))
	assert.NotContains(t, asked, account.ID("main:creator:test-23"))

	h.now = func() time.Time { return now.Add(putOff) }
	require.NoError(t, h.Handle(t.Context(), tick))
	assert.Len(t, awstest.Receive(t, url, due+1), due+1, "a lost message comes again")
}

// broken is a queue that takes nothing.
type broken struct{}

func (broken) SendBatch(context.Context, []any) error { return errors.New("down") }

func TestQueueDown(t *testing.T) {
	t.Parallel()
	names := awstest.Tables(t)
	store := dynamo.NewConnections(dynamodb.NewFromConfig(awstest.Config(t)), names.Accounts, names.Orders)
	enrol(t, store, 1, now)
	h := &handler{accounts: store, queue: broken{}, now: func() time.Time { return now }}
	require.Error(t, h.Handle(t.Context(), nil))
	due, err := store.DueRefreshes(t.Context(), now.Add(putOff), 10)
	require.NoError(t, err)
	assert.Len(t, due, 1, "it is due again later")
}
