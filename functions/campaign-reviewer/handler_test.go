package main

import (
	"context"
	"encoding/json"
	"os"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/campaign"
	"tiktok-shop-affiliate/shared/fault"
)

// reviewed notes what it was asked, and fails for one campaign.
type reviewed struct{ requests []campaign.Request }

func (r *reviewed) Review(_ context.Context, request campaign.Request) error {
	r.requests = append(r.requests, request)
	if request.CampaignID == "busy" {
		return fault.New("test", fault.Conflict, "the campaign is being reviewed at this moment")
	}
	return nil
}

func TestOnlyFailedMessagesComeAgain(t *testing.T) {
	t.Parallel()
	message := func(id, body string) events.SQSMessage { return events.SQSMessage{MessageId: id, Body: body} }
	event := events.SQSEvent{Records: []events.SQSMessage{
		message("m1", `{"owner":"acme","campaign_id":"7403","connection_id":"conn_1","asset":"tap:main:partner:p1:7:US","dry_run":true,"run_id":"run_1"}`),
		message("m2", `{"owner":"acme","campaign_id":"busy","run_id":"run_2"}`),
		message("m3", `not JSON`),
	}}
	r := &reviewed{}
	response, err := (&handler{reviewer: r}).Handle(t.Context(), event)
	require.NoError(t, err)
	assert.Equal(t, []events.SQSBatchItemFailure{{ItemIdentifier: "m2"}, {ItemIdentifier: "m3"}}, response.BatchItemFailures)
	require.Len(t, r.requests, 2)
	assert.Equal(t, campaign.Request{
		Key: campaign.Key{Owner: "acme", CampaignID: "7403"}, ConnectionID: "conn_1", Asset: "tap:main:partner:p1:7:US", DryRun: true, RunID: "run_1",
	}, r.requests[0])
}

func TestSampleEvent(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../events/campaign-reviewer.json")
	require.NoError(t, err)
	var event events.SQSEvent
	require.NoError(t, json.Unmarshal(raw, &event))
	r := &reviewed{}
	response, err := (&handler{reviewer: r}).Handle(t.Context(), event)
	require.NoError(t, err)
	assert.Empty(t, response.BatchItemFailures)
	assert.NotNil(t, response.BatchItemFailures)
	require.Len(t, r.requests, 1)
	assert.NotEmpty(t, r.requests[0].RunID)
}
