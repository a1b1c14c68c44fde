package dynamo

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tiktok-shop-affiliate/shared/delivery"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop/webhook"
)

// maxLooks is how many pages of up to 1 MB are searched for one answer when a
// filter leaves little of them.
const maxLooks = 4

// Deliveries implements delivery.Reader. The bodies are left out.
func (d *Deliveries) Deliveries(ctx context.Context, from delivery.Source, filter delivery.Filter) (found []delivery.Stored, reached string, err error) {
	query := &dynamodb.QueryInput{
		TableName: &d.records, ScanIndexForward: aws.Bool(false), Limit: aws.Int32(int32(max(filter.Limit, 100))), //nolint:gosec // a page
		KeyConditionExpression: aws.String("pk = :pk"), ExpressionAttributeValues: Item{":pk": str(deliveryPK(from.App, from.Subject)), ":since": unix(from.Since)},
		ProjectionExpression:     aws.String("sk, app, notification, #type, subject, #timestamp, received_at, processed_at, outcome, duplicates, replays, replayed_at, replay_outcome"),
		ExpressionAttributeNames: names("type", "timestamp"),
	}
	if filter.Before != "" {
		query.KeyConditionExpression = aws.String("pk = :pk AND sk < :before")
		query.ExpressionAttributeValues[":before"] = str(filter.Before)
	}
	conditions := []string{"received_at >= :since"}
	if filter.Type != 0 {
		conditions, query.ExpressionAttributeValues[":type"] = append(conditions, "#type = :type"), num(int64(filter.Type))
	}
	if filter.Outcome != "" {
		conditions, query.ExpressionAttributeValues[":outcome"] = append(conditions, "outcome = :outcome"), str(string(filter.Outcome))
	}
	query.FilterExpression = aws.String(strings.Join(conditions, " AND "))
	for range maxLooks {
		page, err := d.client.Query(ctx, query)
		if err != nil {
			return nil, "", unavailable("dynamo.Deliveries", err)
		}
		for _, item := range page.Items {
			found = append(found, readDelivery(item))
		}
		if page.LastEvaluatedKey == nil {
			reached = ""
			break
		}
		query.ExclusiveStartKey, reached = page.LastEvaluatedKey, text(page.LastEvaluatedKey, attrSK)
		if len(found) >= filter.Limit {
			break
		}
	}
	if len(found) > filter.Limit {
		found = found[:filter.Limit]
		reached = found[filter.Limit-1].Place
	}
	return found, reached, nil
}

// Delivery implements delivery.Reader.
func (d *Deliveries) Delivery(ctx context.Context, ref delivery.Ref) (delivery.Stored, error) {
	const op = "dynamo.Delivery"
	out, err := d.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &d.records, Key: itemKey(deliveryPK(ref.App, ref.Subject), deliverySK(ref.ID)), ConsistentRead: aws.Bool(true),
	})
	switch {
	case err != nil:
		return delivery.Stored{}, unavailable(op, err)
	case out.Item == nil:
		return delivery.Stored{}, fault.New(op, fault.NotFound, "there is no such delivery, or its 14 days are over")
	}
	stored := readDelivery(out.Item)
	stored.Body = []byte(text(out.Item, "body"))
	if packed, ok := out.Item["body_gzip"].(*types.AttributeValueMemberB); ok {
		if stored.Body, err = delivery.Unpack(packed.Value); err != nil {
			return delivery.Stored{}, err
		}
	}
	return stored, nil
}

func readDelivery(item Item) delivery.Stored {
	return delivery.Stored{
		Record: delivery.Record{
			App: text(item, "app"), ID: text(item, "notification"), Type: webhook.Type(number(item, "type")), Subject: text(item, "subject"),
			Timestamp: moment(item, "timestamp"), ReceivedAt: moment(item, "received_at"),
		},
		Place: text(item, attrSK), Outcome: delivery.Outcome(text(item, "outcome")), ProcessedAt: moment(item, "processed_at"),
		Duplicates: int(number(item, "duplicates")),
		Replays:    int(number(item, "replays")), ReplayedAt: moment(item, "replayed_at"), ReplayOutcome: delivery.Outcome(text(item, "replay_outcome")),
	}
}
