package dynamo

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tiktok-shop-affiliate/shared/idempotency"
)

// Sizes of an outcome's body, in bytes. An item is charged per KiB, so what fits
// into the first beside its other attributes is kept as it is.
const (
	plainOutcome = 700
	maxOutcome   = 380 << 10 // compressed; an item holds 400 KiB
	maxUnpacked  = 6 << 20   // no answer of a function is larger
)

// Outcomes keeps what came of requests with an idempotency key. It implements
// idempotency.Store.
type Outcomes struct {
	client *dynamodb.Client
	table  string
}

// NewOutcomes keeps outcomes in the records table.
func NewOutcomes(client *dynamodb.Client, table string) *Outcomes {
	return &Outcomes{client: client, table: table}
}

// Claim writes a record unless another stands in the way, which it returns.
func (o *Outcomes) Claim(ctx context.Context, r idempotency.Record, now time.Time) (*idempotency.Record, error) {
	_, err := o.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &o.table, Item: outcomeItem(r, 1),
		ConditionExpression:                 aws.String("attribute_not_exists(pk) OR #ttl <= :now OR (attribute_not_exists(#status) AND lease_until <= :millis AND fingerprint = :fingerprint)"),
		ExpressionAttributeNames:            names(attrTTL, "status"),
		ExpressionAttributeValues:           Item{":now": unix(now), ":millis": num(now.UnixMilli()), ":fingerprint": binary(r.Fingerprint)},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var refused *types.ConditionalCheckFailedException
	switch {
	case err == nil:
		return nil, nil
	case !errors.As(err, &refused):
		return nil, unavailable("dynamo.Claim", err)
	}
	held, err := readOutcome(refused.Item)
	return &held, err
}

// Finish keeps the outcome of a request that still holds its claim.
func (o *Outcomes) Finish(ctx context.Context, r idempotency.Record) error {
	_, err := o.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &o.table, Item: outcomeItem(r, 2), ConditionExpression: aws.String("claim = :claim"), ExpressionAttributeValues: Item{":claim": str(r.Claim)},
	})
	return stale("dynamo.Finish", err)
}

// Release frees the key of a request that still holds its claim.
func (o *Outcomes) Release(ctx context.Context, r idempotency.Record) error {
	_, err := o.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &o.table, Key: itemKey(outcomePK(r.Owner, r.KeyHash), outcomeSK()),
		ConditionExpression: aws.String("claim = :claim"), ExpressionAttributeValues: Item{":claim": str(r.Claim)},
	})
	return stale("dynamo.Release", err)
}

func outcomeItem(r idempotency.Record, rev int64) Item {
	item := itemKey(outcomePK(r.Owner, r.KeyHash), outcomeSK())
	item[attrEntity], item[attrRev], item[attrTTL] = str(entityOutcome), num(rev), unix(r.ExpiresAt)
	item["fingerprint"], item["claim"], item["lease_until"] = binary(r.Fingerprint), str(r.Claim), num(r.LeaseUntil.UnixMilli())
	if done := r.Outcome; done != nil {
		item["status"], item["content_type"] = num(int64(done.Status)), str(done.ContentType)
		if done.Location != "" {
			item["location"] = str(done.Location)
		}
		switch packed := pack(done.Body); {
		case len(done.Body) == 0:
		case len(done.Body) <= plainOutcome:
			item["body"] = binary(done.Body)
		case len(packed) <= maxOutcome:
			item["packed"] = binary(packed)
		default:
			item["omitted"] = &types.AttributeValueMemberBOOL{Value: true}
		}
	}
	return item
}

func readOutcome(item Item) (idempotency.Record, error) {
	r := idempotency.Record{
		Fingerprint: octets(item, "fingerprint"), Claim: text(item, "claim"),
		LeaseUntil: time.UnixMilli(number(item, "lease_until")).UTC(), ExpiresAt: moment(item, attrTTL),
	}
	if number(item, "status") == 0 {
		return r, nil
	}
	_, omitted := item["omitted"]
	r.Outcome = &idempotency.Outcome{Status: int(number(item, "status")), ContentType: text(item, "content_type"), Location: text(item, "location"), Body: octets(item, "body"), Omitted: omitted}
	if packed := octets(item, "packed"); packed != nil {
		body, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxUnpacked))
		if err != nil {
			return r, fmt.Errorf("unpacking a kept answer: %w", err)
		}
		r.Outcome.Body = body
	}
	return r, nil
}

// pack compresses a body that is worth it.
func pack(body []byte) []byte {
	if len(body) <= plainOutcome {
		return nil
	}
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.DefaultCompression) // the level is valid, and a buffer takes everything
	_, _ = w.Write(body)
	_ = w.Close()
	return out.Bytes()
}
