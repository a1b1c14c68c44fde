package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/dynamo/awstest"
)

func TestRedriveMovesMessagesWithTheirAttributes(t *testing.T) {
	t.Parallel()
	cfg := awstest.Config(t)
	client := sqs.NewFromConfig(cfg)
	dead, source := awstest.Queue(t), awstest.Queue(t)
	for n := range 13 {
		_, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{
			QueueUrl: &dead, MessageBody: aws.String(fmt.Sprintf("body %02d", n)),
			MessageAttributes: map[string]types.MessageAttributeValue{"app": {DataType: aws.String("String"), StringValue: aws.String("main")}},
		})
		require.NoError(t, err)
	}

	var out bytes.Buffer
	require.NoError(t, redrive(t.Context(), cfg, []string{"-list", "-dlq", dead, "-to", source}, &out))
	assert.Contains(t, out.String(), "13 dead")
	assert.Contains(t, out.String(), "body 0")
	assert.Empty(t, awstest.Receive(t, source, 0), "listing moves nothing")

	out.Reset()
	require.NoError(t, redrive(t.Context(), cfg, []string{"-dlq", dead, "-to", source}, &out))
	assert.Equal(t, "messages: 13 of 13 moved back\n", out.String())
	assert.Empty(t, awstest.Receive(t, dead, 0))
	moved, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &source, MessageAttributeNames: []string{"All"}})
	require.NoError(t, err)
	require.NotEmpty(t, moved.Messages)
	assert.Equal(t, "main", aws.ToString(moved.Messages[0].MessageAttributes["app"].StringValue))
	assert.Len(t, awstest.Receive(t, source, 12), 12)
}

func TestRedriveFindsTheQueuesOfAStack(t *testing.T) {
	t.Parallel()
	cfg := awstest.Config(t)
	stacks := cloudformation.NewFromConfig(cfg)
	name := "test-redrive-" + strings.ToLower(rand.Text())
	_, err := stacks.CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: &name, TemplateBody: aws.String(`
Resources:
  DeadQueue: {Type: AWS::SQS::Queue}
  PlainQueue: {Type: AWS::SQS::Queue}
  WorkQueue:
    Type: AWS::SQS::Queue
    Properties: {RedrivePolicy: {deadLetterTargetArn: !GetAtt DeadQueue.Arn, maxReceiveCount: 3}}
`)})
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := stacks.DeleteStack(context.Background(), &cloudformation.DeleteStackInput{StackName: &name})
		assert.NoError(t, err)
	})
	require.NoError(t, cloudformation.NewStackCreateCompleteWaiter(stacks).Wait(t.Context(), &cloudformation.DescribeStacksInput{StackName: &name}, time.Minute))

	var out bytes.Buffer
	require.NoError(t, redrive(t.Context(), cfg, []string{"-stack", name, "-list"}, &out))
	assert.Equal(t, "WorkQueue: 0 dead\n", out.String())

	err = redrive(t.Context(), cfg, []string{"-stack", name, "-queue", "PlainQueue"}, &out)
	assert.ErrorContains(t, err, "it has WorkQueue")
}

func TestRedriveRefusesHalfAPair(t *testing.T) {
	t.Parallel()
	assert.ErrorContains(t, redrive(t.Context(), aws.Config{}, []string{"-dlq", "x"}, &bytes.Buffer{}), "belong together")
}
