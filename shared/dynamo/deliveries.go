package dynamo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tiktok-shop-affiliate/shared/delivery"
)

// maxPlainBody is the longest webhook body that is stored as readable text.
const maxPlainBody = 4 << 10

// saveAttempts bounds how often a delivery is written again because another
// transaction is at one of its items. What is then not written comes again
// from the queue.
const saveAttempts = 5

// pullQuiet is the least time between two reads of a shop's orders that webhooks
// about orders bring forward. They come for every status of every order of the
// shop, affiliate or not.
const pullQuiet = 3 * time.Minute

// Deliveries keeps webhooks and gives them their effects. It implements
// delivery.Store and delivery.Reader.
type Deliveries struct {
	client            *dynamodb.Client
	accounts, records string // tables
	orders            *Orders
	now               func() time.Time
}

// NewDeliveries keeps deliveries in the records table; their effects are in all
// three.
func NewDeliveries(client *dynamodb.Client, accounts, orders, records string, now func() time.Time) *Deliveries {
	return &Deliveries{client: client, accounts: accounts, records: records, orders: NewOrders(client, orders), now: now}
}

// Save records a delivery and applies its effects.
func (d *Deliveries) Save(ctx context.Context, r delivery.Record, outcome delivery.Outcome, effects []delivery.Effect) error {
	for attempt := 1; ; attempt++ {
		duplicate, superseded, err := d.save(ctx, r, outcome, effects)
		switch {
		case duplicate && r.Replay > 0:
			return nil // it has been done, or the delivery's time is over
		case duplicate:
			return d.countDuplicate(ctx, r)
		case len(superseded) > 0:
			effects = without(effects, superseded)
			if len(effects) == 0 {
				outcome = delivery.Superseded
			}
			attempt = 0
			continue
		case err == nil || attempt == saveAttempts || !contended(err):
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// save tries once. superseded holds the indexes of the effects whose conditions
// failed.
func (d *Deliveries) save(ctx context.Context, r delivery.Record, outcome delivery.Outcome, effects []delivery.Effect) (duplicate bool, superseded map[int]bool, err error) {
	record := d.recordItem(r, outcome)
	items := []types.TransactWriteItem{record}
	effectOf := []int{-1} // of each item
	for i, effect := range effects {
		item, err := d.effectItem(ctx, effect)
		if err != nil {
			return false, nil, err
		}
		if item != nil {
			items, effectOf = append(items, *item), append(effectOf, i)
		}
	}
	if len(items) == 1 { // no transaction: half the price
		err := d.writeAlone(ctx, record)
		if conditionFailed(err) {
			return true, nil, nil
		}
		return false, nil, saveError(err)
	}
	_, err = d.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: items})
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return false, nil, saveError(err)
	}
	superseded = map[int]bool{}
	for i, reason := range cancelled.CancellationReasons {
		if aws.ToString(reason.Code) != "ConditionalCheckFailed" {
			continue
		}
		if i == 0 {
			return true, nil, nil
		}
		if _, pull := effects[effectOf[i]].(delivery.OrderMoved); !pull { // a pull only finds a schedule that has moved
			superseded[effectOf[i]] = true
		}
	}
	return false, superseded, saveError(err)
}

// effectItem is what the effect writes; nil when it is there already.
func (d *Deliveries) effectItem(ctx context.Context, effect delivery.Effect) (*types.TransactWriteItem, error) {
	var item types.TransactWriteItem
	switch e := effect.(type) {
	case delivery.OrderMoved:
		pull, _, err := d.orders.pullOrder(ctx, e.Asset, e.OrderID, d.now(), pullQuiet)
		return pull, err
	case delivery.Posted:
		item = postedItem(d.records, e)
	case delivery.Revoked:
		item = revokedItem(d.accounts, e.Account, e.At)
	case delivery.Deauthorized:
		item = deauthorizedItem(d.accounts, e.Account, e.Asset, e.At)
	case delivery.Expiring:
		item = expiringItem(d.accounts, e.Account, e.At)
	default:
		return nil, fmt.Errorf("dynamo.Deliveries: unknown effect %T", effect)
	}
	return &item, nil
}

// recordItem records the delivery unless it was recorded before, or its replay
// unless that one or a later one was.
func (d *Deliveries) recordItem(r delivery.Record, outcome delivery.Outcome) types.TransactWriteItem {
	if r.Replay == 0 {
		return types.TransactWriteItem{Put: &types.Put{TableName: &d.records, Item: d.item(r, outcome), ConditionExpression: aws.String("attribute_not_exists(pk)")}}
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &d.records, Key: itemKey(deliveryPK(r.App, r.Subject), deliverySK(r.ID)),
		UpdateExpression:    aws.String("SET replays = :n, replayed_at = :now, replay_outcome = :outcome ADD rev :one"),
		ConditionExpression: aws.String("attribute_exists(pk) AND (attribute_not_exists(replays) OR replays < :n)"),
		ExpressionAttributeValues: Item{
			":n": num(int64(r.Replay)), ":now": unix(d.now()), ":outcome": str(string(outcome)), ":one": num(1),
		},
	}}
}

// writeAlone writes one item of a transaction without one.
func (d *Deliveries) writeAlone(ctx context.Context, item types.TransactWriteItem) (err error) {
	if put := item.Put; put != nil {
		_, err = d.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: put.TableName, Item: put.Item, ConditionExpression: put.ConditionExpression})
		return err
	}
	_, err = d.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: item.Update.TableName, Key: item.Update.Key, UpdateExpression: item.Update.UpdateExpression,
		ConditionExpression: item.Update.ConditionExpression, ExpressionAttributeValues: item.Update.ExpressionAttributeValues,
	})
	return err
}

func (d *Deliveries) item(r delivery.Record, outcome delivery.Outcome) Item {
	now := d.now()
	item := itemKey(deliveryPK(r.App, r.Subject), deliverySK(r.ID))
	item[attrEntity] = str(entityDelivery)
	item[attrRev] = num(1)
	item[attrTTL] = unix(now.Add(delivery.Retention))
	item["app"] = str(r.App)
	item["notification"] = str(r.ID)
	item["type"] = num(int64(r.Type))
	item["subject"] = str(r.Subject)
	item["timestamp"] = unix(r.Timestamp)
	item["received_at"] = unix(r.ReceivedAt)
	item["processed_at"] = unix(now)
	item["outcome"] = str(string(outcome))
	if len(r.Body) <= maxPlainBody && utf8.Valid(r.Body) {
		item["body"] = str(string(r.Body))
	} else {
		item["body_gzip"] = &types.AttributeValueMemberB{Value: delivery.Pack(r.Body)}
	}
	return item
}

// countDuplicate notes that a delivery came once more. It changes nothing else.
func (d *Deliveries) countDuplicate(ctx context.Context, r delivery.Record) error {
	_, err := d.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &d.records, Key: itemKey(deliveryPK(r.App, r.Subject), deliverySK(r.ID)),
		UpdateExpression: aws.String("ADD duplicates :one, rev :one"), ConditionExpression: aws.String("attribute_exists(pk)"),
		ExpressionAttributeValues: Item{":one": num(1)},
	})
	if conditionFailed(err) {
		return nil // its time was over meanwhile
	}
	return saveError(err)
}

func saveError(err error) error {
	if err == nil {
		return nil
	}
	return unavailable("dynamo.Deliveries", err)
}

// contended reports whether another transaction was in the way.
func contended(err error) bool {
	var conflict *types.TransactionConflictException
	var cancelled *types.TransactionCanceledException
	return errors.As(err, &conflict) || errors.As(err, &cancelled)
}

// pause waits a few tens of milliseconds, longer each time.
func pause(ctx context.Context, attempt int) error {
	step := 20 * time.Millisecond << attempt
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(step/2 + rand.N(step/2)):
		return nil
	}
}

func without(effects []delivery.Effect, left map[int]bool) []delivery.Effect {
	var kept []delivery.Effect
	for i, effect := range effects {
		if !left[i] {
			kept = append(kept, effect)
		}
	}
	return kept
}
