package awstest_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/dynamo/awstest"
)

func TestTablesHaveTheTemplatesKeysIndexesAndStreams(t *testing.T) {
	t.Parallel()
	client := dynamodb.NewFromConfig(awstest.Config(t))
	names := awstest.Tables(t)
	for table, indexes := range map[string][]string{
		names.Accounts: {"due", "reverse"},
		names.Orders:   {"by_order", "due"},
		names.Records:  {"due"},
	} {
		out, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &table})
		require.NoError(t, err)
		assert.Equal(t, "pk", aws.ToString(out.Table.KeySchema[0].AttributeName))
		assert.True(t, aws.ToBool(out.Table.StreamSpecification.StreamEnabled))
		var got []string
		for _, index := range out.Table.GlobalSecondaryIndexes {
			got = append(got, aws.ToString(index.IndexName))
		}
		assert.ElementsMatch(t, indexes, got)
	}
}

func TestBusDeliversToItsQueue(t *testing.T) {
	t.Parallel()
	bus, queue := awstest.Bus(t)
	_, err := eventbridge.NewFromConfig(awstest.Config(t)).PutEvents(t.Context(), &eventbridge.PutEventsInput{
		Entries: []ebtypes.PutEventsRequestEntry{{EventBusName: &bus, Source: aws.String("any"), DetailType: aws.String("order.created"), Detail: aws.String(`{"id":"1"}`)}},
	})
	require.NoError(t, err)
	got := awstest.Receive(t, queue, 1)
	assert.Contains(t, got[0], `"detail-type":`)
	assert.Empty(t, awstest.Receive(t, queue, 0))
}

func TestSecretHoldsItsValue(t *testing.T) {
	t.Parallel()
	id := awstest.Secret(t, "value")
	out, err := secretsmanager.NewFromConfig(awstest.Config(t)).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id})
	require.NoError(t, err)
	assert.Equal(t, "value", aws.ToString(out.SecretString))
}
