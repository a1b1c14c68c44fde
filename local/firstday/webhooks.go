package firstday

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func (d *day) webhooks(ctx context.Context) (string, error) {
	shop := strings.TrimPrefix(d.accounts.usShop, "shop:")
	sends := []map[string]any{
		{"type": 1, "shop": shop, "order": "576653688135258178"},
		{"type": 7, "shop": shop},
		{"type": 17, "creator": creator},
		{"type": 17, "creator": creator, "copies": 5},
		{"type": 999, "shop": shop, "data": map[string]any{"news": true}},
		{"type": 17, "creator": creator, "signature": "forged"},
		{"type": 20, "creator": creator, "signature": "missing"},
	}
	for _, send := range sends {
		if err := d.sandbox.post(ctx, "/control/webhooks", send, nil); err != nil {
			return "", err
		}
	}
	if err := d.webhooksSettled(ctx); err != nil {
		return "", err
	}
	return "acknowledged and applied once each", nil
}

// webhooksSettled waits until every notification was answered and every one
// that was accepted has been applied.
func (d *day) webhooksSettled(ctx context.Context) error {
	return until(ctx, "the webhooks to be applied", time.Minute, func(ctx context.Context) (bool, error) {
		t, err := d.truth(ctx)
		if err != nil {
			return false, err
		}
		accepted, repeated, err := d.deliveries(ctx)
		if err != nil {
			return false, err
		}
		if t.Webhooks.Pending > 0 || accepted != t.Webhooks.Distinct || accepted+repeated != t.Webhooks.Answers["200"] {
			return false, fmt.Errorf("%d pending; %d applied of %d; %d repeated; answers %v", t.Webhooks.Pending, accepted, t.Webhooks.Distinct, repeated, t.Webhooks.Answers)
		}
		return true, nil
	})
}

// deliveries counts the stored notifications, and how many came again.
func (d *day) deliveries(ctx context.Context) (accepted, repeated int, err error) {
	pages := dynamodb.NewScanPaginator(d.DynamoDB, &dynamodb.ScanInput{
		TableName: aws.String(d.RecordsTable), ConsistentRead: aws.Bool(true),
		FilterExpression:          aws.String("entity = :delivery"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":delivery": &types.AttributeValueMemberS{Value: "delivery"}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, 0, err
		}
		for _, item := range page.Items {
			var delivery struct {
				Duplicates int `dynamodbav:"duplicates"`
			}
			if err := attributevalue.UnmarshalMap(item, &delivery); err != nil {
				return 0, 0, err
			}
			accepted++
			repeated += delivery.Duplicates
		}
	}
	return accepted, repeated, nil
}

// busReader empties the queue behind the event bus and remembers every event by
// its id, since delivery is at least once.
type busReader struct {
	sqs   *sqs.Client
	queue string
	types map[string]string // event id → type

}

func (b *busReader) read(ctx context.Context) error {
	for {
		out, err := b.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String(b.queue), MaxNumberOfMessages: 10})
		if err != nil {
			return err
		}
		if len(out.Messages) == 0 {
			return nil
		}
		for _, m := range out.Messages {
			var event struct {
				Detail struct {
					ID   string `json:"id"`
					Type string `json:"type"`
				} `json:"detail"`
			}
			if err := json.Unmarshal([]byte(aws.ToString(m.Body)), &event); err != nil {
				return fmt.Errorf("reading an event from the bus: %w", err)
			}
			b.types[event.Detail.ID] = event.Detail.Type
			if _, err := b.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: aws.String(b.queue), ReceiptHandle: m.ReceiptHandle}); err != nil {
				return err
			}
		}
	}
}

func (b *busReader) counts() map[string]int {
	counts := map[string]int{}
	for _, kind := range b.types {
		counts[kind]++
	}
	return counts
}
