package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order"
)

// Reading tells how an asset's orders are being read at now.
func (o *Orders) Reading(ctx context.Context, asset account.AssetID, now time.Time) (order.Reading, error) {
	out, err := o.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &o.table, Key: scheduleKey(asset), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return order.Reading{}, unavailable("dynamo.Reading", err)
	}
	item := out.Item
	r := order.Reading{
		Scheduled: text(item, attrDueShard) != "", Busy: msTime(item, attrUntil).After(now),
		Failures: int(number(item, attrFailures)), Reads: number(item, attrFence), Calls: number(item, attrCalls),
		CAP: order.Capability(text(item, attrCAP)), PastAt: msTime(item, attrSinceAt),
	}
	if r.Scheduled {
		r.WantedAt = moment(item, attrDueAt)
	}
	return r, nil
}
