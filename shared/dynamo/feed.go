package dynamo

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tiktok-shop-affiliate/shared/feed"
)

// Feed keeps the logs of what happened in the feed table, which has no stream:
// what is told there is not told of again. A chunk is one item, so it costs one
// write unit per KB of its compressed events, and a look at a log without news
// one read unit. It implements the stores of feed.
type Feed struct {
	client *dynamodb.Client
	table  string
}

// NewFeed keeps logs in table.
func NewFeed(client *dynamodb.Client, table string) *Feed { return &Feed{client: client, table: table} }

// Chunks implements feed.ReadStore.
func (f *Feed) Chunks(ctx context.Context, owner string, from int64, limit int) ([]feed.Chunk, bool, error) {
	out, err := f.client.Query(ctx, &dynamodb.QueryInput{
		TableName: &f.table, ConsistentRead: aws.Bool(true), Limit: aws.Int32(int32(limit)), //nolint:gosec // a page
		KeyConditionExpression:    aws.String("pk = :pk AND sk >= :from"),
		ExpressionAttributeValues: Item{":pk": str(feedPK(owner)), ":from": str(feedSK(from))},
	})
	if err != nil {
		return nil, false, unavailable("dynamo.Feed", err)
	}
	chunks := make([]feed.Chunk, 0, len(out.Items))
	for _, item := range out.Items {
		chunk, err := readChunk(item)
		if err != nil {
			return nil, false, err
		}
		chunks = append(chunks, chunk)
	}
	return chunks, len(out.LastEvaluatedKey) > 0, nil
}

// Last implements feed.ReadStore and feed.WriteStore.
func (f *Feed) Last(ctx context.Context, owner string) (feed.Chunk, bool, error) {
	out, err := f.client.Query(ctx, &dynamodb.QueryInput{
		TableName: &f.table, ConsistentRead: aws.Bool(true), Limit: aws.Int32(1), ScanIndexForward: aws.Bool(false),
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: Item{":pk": str(feedPK(owner))},
	})
	if err != nil {
		return feed.Chunk{}, false, unavailable("dynamo.Feed", err)
	}
	if len(out.Items) == 0 {
		return feed.Chunk{}, false, nil
	}
	chunk, err := readChunk(out.Items[0])
	return chunk, err == nil, err
}

// Put implements feed.WriteStore.
func (f *Feed) Put(ctx context.Context, owner string, c feed.Chunk) (bool, error) {
	item := itemKey(feedPK(owner), feedSK(c.Seq))
	item[attrEntity], item[attrRev], item[attrTTL] = str(entityFeed), num(1), unix(c.At.Add(feed.Kept+feed.Spare))
	item["at"] = num(c.At.UnixMilli())
	if c.First {
		item["first"] = &types.AttributeValueMemberBOOL{Value: true}
	}
	if c.Sealed {
		item["sealed"] = &types.AttributeValueMemberBOOL{Value: true}
	}
	if len(c.Events) > 0 {
		packed, err := packEvents(c.Events)
		if err != nil {
			return false, err
		}
		item["events"] = &types.AttributeValueMemberB{Value: packed}
	}
	_, err := f.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &f.table, Item: item, ConditionExpression: aws.String("attribute_not_exists(pk)")})
	switch {
	case conditionFailed(err):
		return false, nil
	case err != nil:
		return false, unavailable("dynamo.Feed", err)
	}
	return true, nil
}

// Agree implements feed.WriteStore.
func (f *Feed) Agree(ctx context.Context, owner string, next, oldest int64) (int64, error) {
	out, err := f.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &f.table, Key: itemKey(feedRunPK(owner), feedRunSK()),
		UpdateExpression:                    aws.String("SET entity = :entity, begins = :next ADD rev :one"),
		ConditionExpression:                 aws.String("attribute_not_exists(pk) OR begins < :oldest"),
		ExpressionAttributeValues:           Item{":entity": str(entityFeed), ":next": num(next), ":oldest": num(oldest), ":one": num(1)},
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var refused *types.ConditionalCheckFailedException
	switch {
	case errors.As(err, &refused):
		return number(refused.Item, "begins"), nil
	case err != nil:
		return 0, unavailable("dynamo.Feed", err)
	}
	return number(out.Attributes, "begins"), nil
}

func readChunk(item Item) (feed.Chunk, error) {
	first, _ := item["first"].(*types.AttributeValueMemberBOOL)
	sealed, _ := item["sealed"].(*types.AttributeValueMemberBOOL)
	seq, err := strconv.ParseInt(text(item, attrSK), 10, 64)
	if err != nil {
		return feed.Chunk{}, fmt.Errorf("dynamo.Feed: %w", err)
	}
	c := feed.Chunk{Seq: seq, At: time.UnixMilli(number(item, "at")).UTC(), First: first != nil && first.Value, Sealed: sealed != nil && sealed.Value}
	packed, ok := item["events"].(*types.AttributeValueMemberB)
	if !ok {
		return c, nil
	}
	raw, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed.Value)))
	if err == nil {
		err = json.Unmarshal(raw, &c.Events)
	}
	if err != nil {
		return c, fmt.Errorf("dynamo.Feed: unpacking chunk %d: %w", c.Seq, err)
	}
	return c, nil
}

// packEvents compresses events as a JSON array. A batch of events repeats
// itself: it becomes about a tenth.
func packEvents(events []json.RawMessage) ([]byte, error) {
	raw, err := json.Marshal(events)
	if err != nil {
		return nil, fmt.Errorf("dynamo.Feed: packing events: %w", err)
	}
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.DefaultCompression)
	if err == nil {
		_, err = w.Write(raw)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("dynamo.Feed: packing events: %w", err)
	}
	return out.Bytes(), nil
}
