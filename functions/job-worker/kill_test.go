package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/runtimeapi"
	"tiktok-shop-affiliate/local/runtimeapi/runtimeapitest"
	"tiktok-shop-affiliate/shared/blob"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/job"
	"tiktok-shop-affiliate/shared/queue"
)

// TestKilledWorkersRepeatAndDropNothing kills the function's real process
// (SIGKILL) in the middle of a job and lets the planner find the lane when the
// lease of the dead is over.
func TestKilledWorkersRepeatAndDropNothing(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it waits for leases to end")
	}
	cfg := awstest.Config(t)
	records, bucket, queueURL := awstest.Tables(t).Records, awstest.Bucket(t), awstest.Queue(t)
	store, objects := dynamo.NewJobs(dynamodb.NewFromConfig(cfg), records), blob.New(cfg, bucket)
	wakes := queue.NewSender(sqs.NewFromConfig(cfg), queueURL)
	quiet := slog.New(slog.DiscardHandler)
	manager := job.NewManager(job.ManagerOptions{Store: store, Objects: objects, Wakes: wakes, Now: time.Now, Log: quiet, Retention: time.Hour})
	planner := job.NewPlanner(job.PlannerOptions{Store: store, Wakes: wakes, Now: time.Now, Log: quiet, Shards: dynamo.DueShards})
	const items = 6_000
	j, err := manager.Create(t.Context(), job.SelfTestSpec(), job.Ask{Owner: "acme", Params: json.RawMessage(`{}`)}, items)
	require.NoError(t, err)

	function := runtimeapi.Function{
		Path: runtimeapitest.Build(t), Name: "job-worker", Timeout: 24 * time.Second, Log: io.Discard,
		Env: []string{
			"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_ENDPOINT_URL=" + os.Getenv(awstest.Endpoint),
			"ACCOUNTS_TABLE=none", "ORDERS_TABLE=none", "RECORDS_TABLE=" + records, "APPS_SECRET_ID=none", "KEYSET_SECRET_ID=none",
			"TIKTOK_API_URL=http://127.0.0.1:1", "TIKTOK_AUTH_URL=http://127.0.0.1:1", "JOB_QUEUE_URL=" + queueURL, "ORDER_QUEUE_URL=" + queueURL, "JOB_BUCKET=" + bucket,
		},
	}
	stored := func() job.Job {
		now, err := store.Job(t.Context(), "acme", j.ID)
		require.NoError(t, err)
		return now
	}
	kills := 0
	for stored().State != job.Done {
		woken := awstest.Receive(t, queueURL, 0)
		if len(woken) == 0 {
			require.Eventually(t, func() bool {
				n, err := planner.Run(t.Context())
				return err == nil && n == 1
			}, time.Minute, time.Second, "the lane is due when the lease is over")
			continue
		}
		process, err := runtimeapi.Start(t.Context(), function)
		require.NoError(t, err)
		event, err := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m", Body: woken[0]}}})
		require.NoError(t, err)
		if kills < 2 {
			before := stored().Step
			go func() {
				for now := range watch(t.Context(), store, j) {
					if now.Step >= before+3 {
						process.Kill()
						return
					}
				}
			}()
			_, err = process.Invoke(t.Context(), event)
			require.ErrorIs(t, err, runtimeapi.ErrEnded)
			assert.Equal(t, job.Running, stored().State)
			kills++
			continue
		}
		answer, err := process.Invoke(t.Context(), event)
		require.NoError(t, err)
		assert.JSONEq(t, `{"batchItemFailures":[]}`, string(answer.Body))
		process.Kill()
	}
	require.Equal(t, 2, kills, "it was done before it could be killed")
	done := stored()
	assert.Equal(t, items, done.Done)
	next := 0
	for at, more := (job.Position{}), true; more; {
		var page []job.Result
		page, at, more, err = manager.Results(t.Context(), done, at, 5000)
		require.NoError(t, err)
		for _, result := range page {
			require.Equal(t, next, result.Index)
			next++
		}
	}
	assert.Equal(t, items, next)
}

// watch yields the job again and again until ctx is done.
func watch(ctx context.Context, store *dynamo.Jobs, j job.Job) func(func(job.Job) bool) {
	return func(yield func(job.Job) bool) {
		for ctx.Err() == nil {
			if now, err := store.Job(ctx, j.Owner, j.ID); err == nil && !yield(now) {
				return
			}
		}
	}
}
