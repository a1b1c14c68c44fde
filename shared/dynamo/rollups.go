package dynamo

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/order"
)

// A day's sums are one item while they are small, which a day of some hundred
// rows is. The sums of a larger day are dealt out by dimension and value to
// parts of about a write unit each, so that a changed row rewrites the few parts
// that hold its values and no item ever grows large. The day's item then keeps a
// hash of each part: equal ones are not written again.
//
// The day's item is written under its revision. Whoever is to write parts first
// marks the item as open under the next revision, and writes parts only over
// those of an older one. An item that was left open makes the next writer write
// every part.

const (
	inlineMost  = 6 << 10  // packed bytes of a day in one item
	partTarget  = 12 << 10 // unpacked bytes of a part, about: 1 to 2 KB packed
	mostParts   = 512
	partsAtOnce = 8
)

// Attributes of a day's item and of its parts.
const (
	attrSums   = "sums"  // packed figures: of a day, by dimension; of a part, its values
	attrParts  = "parts" // dimension → hashes of its parts, 8 bytes each
	attrOpen   = "open"  // parts are being written
	attrRolled = "rolled_at"
)

// Rollups keeps sums of order rows beside the rows, in the orders table. It
// implements conversion.Store and conversion.Reader.
type Rollups struct{ *Orders }

// NewRollups keeps them in table.
func NewRollups(client *dynamodb.Client, table string) *Rollups {
	return &Rollups{NewOrders(client, table)}
}

// keptDay is what a day's item says.
type keptDay struct {
	rev   int64
	open  bool
	sums  []byte
	parts map[conversion.Dimension][]byte
}

func readKeptDay(item Item) keptDay {
	kept := keptDay{rev: number(item, attrRev), sums: bytesOf(item, attrSums)}
	_, kept.open = item[attrOpen]
	if parts, ok := item[attrParts].(*types.AttributeValueMemberM); ok {
		kept.parts = make(map[conversion.Dimension][]byte, len(parts.Value))
		for dimension := range parts.Value {
			kept.parts[conversion.Dimension(dimension)] = bytesOf(parts.Value, dimension)
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
		return nil, unavailable("dynamo.Rollup", err)
	}
	return readKeptDay(out.Item), nil
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

// Keep implements conversion.Store.
func (r *Rollups) Keep(ctx context.Context, key conversion.Key, known conversion.Kept, day *conversion.Day, now time.Time) (written int, err error) {
	kept, ok := known.(keptDay)
	if !ok {
		return 0, fmt.Errorf("dynamo.Rollup: %T is not what Kept gave", known)
	}
	byDimension := map[conversion.Dimension]json.RawMessage{}
	for _, dimension := range conversion.Dimensions() {
		encoded, err := json.Marshal(day.Values(dimension))
		if err != nil {
			return 0, fmt.Errorf("dynamo.Rollup: %w", err)
		}
		byDimension[dimension] = encoded
	}
	if kept.parts == nil {
		all, err := json.Marshal(byDimension)
		if err != nil {
			return 0, fmt.Errorf("dynamo.Rollup: %w", err)
		}
		sums, err := deflated(all)
		switch {
		case err != nil:
			return 0, err
		case len(sums) <= inlineMost && bytes.Equal(sums, kept.sums) && kept.rev > 0:
			return 0, nil
		case len(sums) <= inlineMost:
			item := Item{attrSums: &types.AttributeValueMemberB{Value: sums}}
			return 1, r.putDay(ctx, key, item, kept.rev, day.Rows, now)
		}
	}
	return r.keepParts(ctx, key, kept, day, byDimension, now)
}

// part is what one item of a large day holds.
type part struct {
	dimension conversion.Dimension
	number    int
	sums      []byte
}

// keepParts writes the parts that differ, in the order: open, parts, day.
func (r *Rollups) keepParts(ctx context.Context, key conversion.Key, kept keptDay, day *conversion.Day, encoded map[conversion.Dimension]json.RawMessage, now time.Time) (written int, err error) {
	hashes := Item{}
	var changed []part
	for _, dimension := range conversion.Dimensions() {
		before := kept.parts[dimension]
		n := max(1, len(before)/8)
		for n < mostParts && len(encoded[dimension])/n > partTarget {
			n *= 2
		}
		var after []byte
		for i, values := range day.Values(dimension).Split(n) {
			text, err := json.Marshal(values)
			if err != nil {
				return 0, fmt.Errorf("dynamo.Rollup: %w", err)
			}
			hash := fnv.New64a()
			_, _ = hash.Write(text)
			after = hash.Sum(after)
			if same := len(before) >= 8*(i+1) && bytes.Equal(before[8*i:8*i+8], after[8*i:]); same && !kept.open {
				continue
			}
			sums, err := deflated(text)
			if err != nil {
				return 0, err
			}
			changed = append(changed, part{dimension, i, sums})
		}
		hashes[string(dimension)] = &types.AttributeValueMemberB{Value: after}
	}
	if len(changed) == 0 {
		return 0, nil
	}
	if err := r.open(ctx, key, kept.rev); err != nil {
		return 0, err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(partsAtOnce)
	for _, p := range changed {
		group.Go(func() error { return r.putPart(groupCtx, key, p, kept.rev+1) })
	}
	if err := group.Wait(); err != nil {
		return 1, err
	}
	item := Item{attrParts: &types.AttributeValueMemberM{Value: hashes}}
	return 2 + len(changed), r.putDay(ctx, key, item, kept.rev+1, day.Rows, now)
}

// open marks a day whose parts are going to be written.
func (r *Rollups) open(ctx context.Context, key conversion.Key, rev int64) error {
	_, err := r.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &r.table, Key: dayKey(key), UpdateExpression: aws.String("SET entity = :entity, #open = :yes, rev = :next"),
		ConditionExpression: aws.String(revIs), ExpressionAttributeNames: names(attrOpen),
		ExpressionAttributeValues: Item{":entity": str(entityRollup), ":yes": &types.AttributeValueMemberBOOL{Value: true}, ":next": num(rev + 1), ":rev": num(rev), ":none": num(0)},
	})
	return rollupStale(err)
}

// revIs holds for an item of that revision; 0 is none.
const revIs = "rev = :rev OR (attribute_not_exists(rev) AND :rev = :none)"

func (r *Rollups) putDay(ctx context.Context, key conversion.Key, item Item, rev, rows int64, now time.Time) error {
	for name, value := range dayKey(key) {
		item[name] = value
	}
	item[attrEntity], item[attrRev], item["rows"], item[attrRolled] = str(entityRollup), num(rev+1), num(rows), ms(now)
	_, err := r.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &r.table, Item: item, ConditionExpression: aws.String(revIs), ExpressionAttributeValues: Item{":rev": num(rev), ":none": num(0)},
	})
	return rollupStale(err)
}

func (r *Rollups) putPart(ctx context.Context, key conversion.Key, p part, rev int64) error {
	item := itemKey(rollupPartPK(string(key.Asset), string(key.Perspective), string(p.dimension), key.Day), rollupPartSK(key.Day, p.number))
	item[attrEntity], item[attrRev], item[attrSums] = str(entityRollup), num(rev), &types.AttributeValueMemberB{Value: p.sums}
	_, err := r.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &r.table, Item: item, ConditionExpression: aws.String("attribute_not_exists(rev) OR rev < :rev"), ExpressionAttributeValues: Item{":rev": num(rev)},
	})
	return rollupStale(err)
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

// deflated packs JSON. The first byte is the form.
func deflated(text []byte) ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte(sumsForm)
	w, err := flate.NewWriter(&out, flate.DefaultCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

const sumsForm = 1

// inflated is the inverse of deflated.
func inflated(packed []byte) ([]byte, error) {
	if len(packed) == 0 || packed[0] != sumsForm {
		return nil, fmt.Errorf("dynamo.Rollup: sums of another form")
	}
	return io.ReadAll(flate.NewReader(bytes.NewReader(packed[1:])))
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
