package firstday

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
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
