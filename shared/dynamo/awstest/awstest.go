// Package awstest gives tests real AWS resources in the emulator: tables of the
// shapes template.yaml declares, queues, secrets and buses, each under a name of
// its own and gone when the test ends. It starts nothing: `make test` runs the
// emulator and sets TEST_AWS_ENDPOINT_URL.
package awstest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/bootstrap"
)

// Endpoint names the environment variable that holds the emulator's URL.
const Endpoint = "TEST_AWS_ENDPOINT_URL"

// Config reaches the emulator. The test is skipped when there is none.
func Config(t testing.TB) aws.Config {
	t.Helper()
	url := os.Getenv(Endpoint)
	if url == "" {
		t.Skipf("%s is not set: `make test` runs this test against its own emulator, or run `make emulator` and set the variable", Endpoint)
	}
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(url),
		HTTPClient:   bootstrap.InMemory(awshttp.NewBuildableClient()),
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
}

// Queue makes a standard SQS queue and returns its URL.
func Queue(t testing.TB) string {
	t.Helper()
	client := sqs.NewFromConfig(Config(t))
	out, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String(unique("queue"))})
	require.NoError(t, err)
	cleanup(t, func(ctx context.Context) error {
		_, err := client.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: out.QueueUrl})
		return err
	})
	return aws.ToString(out.QueueUrl)
}

// Receive takes messages off a queue until it has at least want bodies, and
// fails the test when they have not come within ten seconds. With want 0 it
// takes what is there now.
func Receive(t testing.TB, queueURL string, want int) []string {
	t.Helper()
	client := sqs.NewFromConfig(Config(t))
	deadline := time.Now().Add(10 * time.Second)
	var bodies []string
	for {
		wait := int32(1)
		if want == 0 {
			wait = 0
		}
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queueURL, MaxNumberOfMessages: 10, WaitTimeSeconds: wait})
		require.NoError(t, err)
		for _, m := range out.Messages {
			bodies = append(bodies, aws.ToString(m.Body))
			_, err := client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &queueURL, ReceiptHandle: m.ReceiptHandle})
			require.NoError(t, err)
		}
		if len(bodies) >= want && len(out.Messages) == 0 || want > 0 && len(bodies) >= want {
			return bodies
		}
		require.True(t, time.Now().Before(deadline), "%d messages within ten seconds, want %d", len(bodies), want)
	}
}

// Bucket makes an S3 bucket and returns its name. Its objects stay in the
// emulator, as a bucket with objects does.
func Bucket(t testing.TB) string {
	t.Helper()
	client := s3.NewFromConfig(Config(t), func(o *s3.Options) { o.UsePathStyle = true })
	name := unique("bucket")
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name})
	require.NoError(t, err)
	return name
}

// Secret makes a secret with this value and returns its id, which is its ARN.
func Secret(t testing.TB, value string) string {
	t.Helper()
	client := secretsmanager.NewFromConfig(Config(t))
	out, err := client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String(unique("secret")), SecretString: &value})
	require.NoError(t, err)
	cleanup(t, func(ctx context.Context) error {
		_, err := client.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: out.ARN, ForceDeleteWithoutRecovery: aws.Bool(true)})
		return err
	})
	return aws.ToString(out.ARN)
}

// Bus makes an event bus whose every event lands, in EventBridge's envelope, in
// the queue returned beside its name.
func Bus(t testing.TB) (name, queueURL string) {
	t.Helper()
	queueURL = Queue(t)
	queues := sqs.NewFromConfig(Config(t))
	attrs, err := queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &queueURL, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn}})
	require.NoError(t, err)

	client := eventbridge.NewFromConfig(Config(t))
	name = unique("bus")
	_, err = client.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: &name})
	require.NoError(t, err)
	everything, err := json.Marshal(map[string]any{"source": []any{map[string]string{"prefix": ""}}})
	require.NoError(t, err)
	_, err = client.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("all"), EventBusName: &name, EventPattern: aws.String(string(everything))})
	require.NoError(t, err)
	_, err = client.PutTargets(t.Context(), &eventbridge.PutTargetsInput{
		Rule: aws.String("all"), EventBusName: &name,
		Targets: []ebtypes.Target{{Id: aws.String("queue"), Arn: aws.String(attrs.Attributes["QueueArn"])}},
	})
	require.NoError(t, err)
	cleanup(t, func(ctx context.Context) error {
		if _, err := client.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: aws.String("all"), EventBusName: &name, Ids: []string{"queue"}}); err != nil {
			return err
		}
		if _, err := client.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: aws.String("all"), EventBusName: &name}); err != nil {
			return err
		}
		_, err := client.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: &name})
		return err
	})
	return name, queueURL
}

// cleanup runs free when the test is over, with a context that is still alive.
func cleanup(t testing.TB, free func(context.Context) error) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	t.Cleanup(func() {
		if err := free(ctx); err != nil {
			t.Logf("cleaning up: %v", err)
		}
	})
}

func unique(kind string) string { return "test-" + kind + "-" + strings.ToLower(rand.Text()) }
