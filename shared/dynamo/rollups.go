package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/order"
)

// Attributes of a day's item and of its parts.
const (
	attrSums       = "sums"  // packed figures; the first byte is the form
	attrParts      = "parts" // dimension → hashes of its parts, 8 bytes each
	attrOpen       = "open"  // parts are being written
	attrRolledRows = "rows"
	attrRolledRevs = "row_revs" // of all rows, added up
	attrRolled     = "rolled_at"
)

// Rollups keeps sums of order rows beside the rows, in the orders table. It
// implements conversion.Store and conversion.Reader.
type Rollups struct{ *Orders }

// NewRollups keeps them in table.
func NewRollups(client *dynamodb.Client, table string) *Rollups {
	return &Rollups{NewOrders(client, table)}
}

func readKept(item Item) conversion.Kept {
	kept := conversion.Kept{Rev: number(item, attrRev), Rows: number(item, attrRolledRows), Revs: number(item, attrRolledRevs), Sums: bytesOf(item, attrSums)}
	_, kept.Open = item[attrOpen]
	if parts, ok := item[attrParts].(*types.AttributeValueMemberM); ok {
		kept.Parts = make(map[conversion.Dimension][]byte, len(parts.Value))
		for dimension := range parts.Value {
			kept.Parts[conversion.Dimension(dimension)] = bytesOf(parts.Value, dimension)
		}
	}
	return kept
}

func dayKey(key conversion.Key) Item {
	return itemKey(rollupPK(string(key.Asset), string(key.Perspective), key.Day), rollupDaySK(key.Day))
}

// Kept implements conversion.Store.
func (r *Rollups) Kept(ctx context.Context, key conversion.Key) (conversion.Kept, error) {
	out, err := r.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &r.table, Key: dayKey(key), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return conversion.Kept{}, unavailable("dynamo.Rollup", err)
	}
	return readKept(out.Item), nil
}

// DayRows implements conversion.Store.
func (r *Rollups) DayRows(ctx context.Context, key conversion.Key, each func(order.Row)) error {
	return r.Between(ctx, key.Asset, key.Perspective, key.Day, key.Day.AddDate(0, 0, 1), func(rows []order.Row) error {
		for _, row := range rows {
			each(row)
		}
		return nil
	})
}

// revIs holds for an item of that revision; 0 is none.
const revIs = "rev = :rev OR (attribute_not_exists(rev) AND :rev = :none)"

// Open implements conversion.Store.
func (r *Rollups) Open(ctx context.Context, key conversion.Key, rev int64) error {
	_, err := r.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &r.table, Key: dayKey(key), UpdateExpression: aws.String("SET entity = :entity, #open = :yes, rev = :next"),
		ConditionExpression: aws.String(revIs), ExpressionAttributeNames: names(attrOpen),
		ExpressionAttributeValues: Item{":entity": str(entityRollup), ":yes": &types.AttributeValueMemberBOOL{Value: true}, ":next": num(rev + 1), ":rev": num(rev), ":none": num(0)},
	})
	return rollupStale(err)
}

// PutPart implements conversion.Store.
func (r *Rollups) PutPart(ctx context.Context, key conversion.Key, part conversion.Part, rev int64) error {
	_, err := r.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &r.table, Item: partItem(key, part, rev), ConditionExpression: aws.String("attribute_not_exists(rev) OR rev < :rev"), ExpressionAttributeValues: Item{":rev": num(rev)},
	})
	return rollupStale(err)
}

func partItem(key conversion.Key, part conversion.Part, rev int64) Item {
	item := itemKey(rollupPartPK(string(key.Asset), string(key.Perspective), string(part.Dimension), key.Day), rollupPartSK(key.Day, part.Number))
	item[attrEntity], item[attrRev], item[attrSums] = str(entityRollup), num(rev), &types.AttributeValueMemberB{Value: part.Sums}
	return item
}

// PutDay implements conversion.Store.
func (r *Rollups) PutDay(ctx context.Context, key conversion.Key, kept conversion.Kept, now time.Time) error {
	_, err := r.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &r.table, Item: dayItem(key, kept, now), ConditionExpression: aws.String(revIs), ExpressionAttributeValues: Item{":rev": num(kept.Rev - 1), ":none": num(0)},
	})
	return rollupStale(err)
}

func dayItem(key conversion.Key, kept conversion.Kept, now time.Time) Item {
	item := dayKey(key)
	item[attrEntity], item[attrRev], item[attrRolledRows], item[attrRolledRevs], item[attrRolled] = str(entityRollup), num(kept.Rev), num(kept.Rows), num(kept.Revs), ms(now)
	if kept.Parts == nil {
		item[attrSums] = &types.AttributeValueMemberB{Value: kept.Sums}
		return item
	}
	parts := Item{}
	for dimension, hashes := range kept.Parts {
		parts[string(dimension)] = &types.AttributeValueMemberB{Value: hashes}
	}
	item[attrParts] = &types.AttributeValueMemberM{Value: parts}
	return item
}

func rollupStale(err error) error {
	switch {
	case err == nil:
		return nil
	case conditionFailed(err):
		return conversion.ErrStale
	}
	return unavailable("dynamo.Rollup", err)
}

// RowDay is the day that the row of a stream record counts in, if it is a row's.
func RowDay(record events.DynamoDBEventRecord) (conversion.Key, bool) {
	keys, err := streamItem(record.Change.Keys)
	if err != nil {
		return conversion.Key{}, false
	}
	asset, perspective, ok := rowStream(text(keys, attrPK))
	created, err := afterTime(text(keys, attrSK))
	if !ok || err != nil {
		return conversion.Key{}, false
	}
	return conversion.Key{Asset: account.AssetID(asset), Perspective: order.Perspective(perspective), Day: conversion.DayOf(created)}, true
}
