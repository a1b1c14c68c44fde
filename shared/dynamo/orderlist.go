package dynamo

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order"
)

const (
	filteredAtOnce = 500 // rows of a query whose filter DynamoDB or we apply
	queryWork      = 20  // what an empty query counts as, in rows
)

// Rows lists stored rows of a stream. Only the status is filtered by DynamoDB:
// the other facts are packed. Either way a call looks at no more rows than the
// selection allows.
func (o *Orders) Rows(ctx context.Context, s order.Selection) (found order.Selected, err error) {
	month := s.To.Add(-time.Second)
	var start Item
	if s.After != "" {
		created, err := afterTime(s.After)
		if err != nil {
			return found, err
		}
		month, start = created, itemKey(rowPK(string(s.Asset), string(s.Perspective), created), s.After)
	}
	for {
		if found.Work >= s.Work {
			found.Next = rowTimePrefix(endOf(month)) + "#~"
			if start != nil {
				found.Next = text(start, attrSK)
			}
			return found, nil
		}
		out, err := o.client.Query(ctx, o.rowsQuery(s, month, start, s.Limit-len(found.Rows), s.Work-found.Work))
		if err != nil {
			return found, unavailable("dynamo.Rows", err)
		}
		found.Work += max(queryWork, int(out.ScannedCount))
		for _, item := range out.Items {
			row, err := readRow(item)
			if err != nil {
				return found, err
			}
			if !s.Filter.Matches(row) {
				continue
			}
			found.Rows = append(found.Rows, row)
			if len(found.Rows) == s.Limit {
				found.Next = text(item, attrSK)
				return found, nil
			}
		}
		if start = out.LastEvaluatedKey; start != nil {
			continue
		}
		month = startOf(month).Add(-time.Second)
		if month.Before(startOf(s.From)) {
			return found, nil
		}
	}
}

func (o *Orders) rowsQuery(s order.Selection, month time.Time, start Item, wanted, work int) *dynamodb.QueryInput {
	query := &dynamodb.QueryInput{
		TableName: &o.table, ScanIndexForward: aws.Bool(false), Limit: aws.Int32(int32(min(wanted, work))), ExclusiveStartKey: start, //nolint:gosec // small
		KeyConditionExpression: aws.String("pk = :pk AND sk BETWEEN :from AND :to"),
		ExpressionAttributeValues: Item{
			":pk":   str(rowPK(string(s.Asset), string(s.Perspective), month)),
			":from": str(rowTimePrefix(s.From)), ":to": str(rowTimePrefix(s.To.Add(-time.Second)) + "~"),
		},
	}
	if s.Filter == (order.Filter{}) {
		return query
	}
	query.Limit = aws.Int32(int32(min(filteredAtOnce, work))) //nolint:gosec // small
	status := s.Filter.Status
	if status == "" && s.Filter.Settled() {
		status = order.Settled
	}
	if status != "" {
		query.FilterExpression, query.ExpressionAttributeNames = aws.String("#status = :status"), names("status")
		query.ExpressionAttributeValues[":status"] = str(string(status))
	}
	return query
}

// afterTime is the create time in a position that Rows gave.
func afterTime(after string) (time.Time, error) {
	seconds, _, _ := strings.Cut(after, "#")
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("dynamo.Rows: the position %.40q: %w", after, err)
	}
	return time.Unix(at, 0).UTC(), nil
}

func startOf(month time.Time) time.Time {
	return time.Date(month.UTC().Year(), month.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
}

func endOf(month time.Time) time.Time { return startOf(month).AddDate(0, 1, 0).Add(-time.Second) }

// OrderAssets lists the assets that see an order, whoever's they are. Rows
// written a moment ago may be missing.
func (o *Orders) OrderAssets(ctx context.Context, orderID string) ([]account.AssetID, error) {
	var assets []account.AssetID
	_, err := o.keysOf(ctx, orderID, func(asset account.AssetID, _ order.Perspective) bool {
		if !slices.Contains(assets, asset) {
			assets = append(assets, asset)
		}
		return false
	})
	return assets, err
}
