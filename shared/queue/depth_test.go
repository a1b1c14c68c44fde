package queue_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/queue"
)

func TestDepth(t *testing.T) {
	t.Parallel()
	client, url := sqs.NewFromConfig(awstest.Config(t)), awstest.Queue(t)
	require.NoError(t, queue.NewSender(client, url).SendBatch(t.Context(), []any{1, 2, 3}))
	_, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 1})
	require.NoError(t, err)
	depth, err := queue.DepthOf(t.Context(), client, url)
	require.NoError(t, err)
	assert.Equal(t, queue.Depth{Waiting: 2, InFlight: 1}, depth)

	_, err = queue.DepthOf(t.Context(), client, url+"-of-nobody")
	assert.True(t, fault.Is(err, fault.Unavailable))
}
