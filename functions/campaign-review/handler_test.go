package main

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/campaign"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/queue"
)

// broken is a queue that takes nothing.
type broken struct{}

func (broken) SendBatch(context.Context, []any) error { return errors.New("no") }

func TestDueCampaignsAreQueuedOnce(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	cfg := awstest.Config(t)
	store, url := dynamo.NewCampaigns(dynamodb.NewFromConfig(cfg), awstest.Tables(t).Records), awstest.Queue(t)
	h := &handler{campaigns: store, queue: queue.NewSender(sqs.NewFromConfig(cfg), url), now: func() time.Time { return now }}
	require.NoError(t, h.Handle(t.Context()), "nothing is due")

	for _, owner := range []string{"acme", "globex"} {
		_, err := store.SetRules(t.Context(), campaign.RuleSet{
			Key: campaign.Key{Owner: owner, CampaignID: "7403"}, ConnectionID: "conn_" + owner, Asset: "tap:main:partner:p1:7:US",
			Rules: campaign.Rules{RequireAvailable: true}, EveryMinutes: 5, UpdatedAt: now,
		})
		require.NoError(t, err)
	}
	lost := &handler{campaigns: store, queue: broken{}, now: h.now}
	require.Error(t, lost.Handle(t.Context()))
	require.NoError(t, h.Handle(t.Context()))
	assert.Empty(t, awstest.Receive(t, url, 0), "claimed by the run whose messages were lost")

	now = now.Add(campaign.LeaseTime)
	require.NoError(t, h.Handle(t.Context()))
	require.NoError(t, h.Handle(t.Context()))
	got := map[string]campaign.Request{}
	bodies := awstest.Receive(t, url, 2)
	assert.Len(t, bodies, 2)
	for _, body := range bodies {
		var request campaign.Request
		require.NoError(t, json.Unmarshal([]byte(body), &request))
		got[request.Owner] = request
	}
	assert.Equal(t, "conn_acme", got["acme"].ConnectionID)
	assert.Equal(t, "conn_globex", got["globex"].ConnectionID)
	assert.NotEqual(t, got["acme"].RunID, got["globex"].RunID)
	assert.False(t, got["acme"].DryRun)
}
