package dynamo

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order"
)

// Attributes of an asset's schedule, beside due_shard and due_at. Times are Unix
// milliseconds, except due_at: when the next read is wanted, or since when. It
// changes only when a read ends or a sooner one is asked for, as that costs an
// index write beside the item's: two more units.
const (
	attrAsks     = "asks"      // +1 whenever a read is asked for
	attrAsked    = "asked_at"  // windows not read since then are due
	attrPulls    = "pulls"     // set of create times (seconds): windows around them are due
	attrPulled   = "pulled_at" // when the last pull was let through
	attrSince    = "since"     // how far back in create time the asset is read
	attrSinceAt  = "since_at"  // when anything of the past was last asked for
	attrFence    = "fence"     // token of the newest lease
	attrOwner    = "lease_owner"
	attrUntil    = "lease_until"
	attrFailures = "failures" // reads that failed in a row
	attrCalls    = "calls"    // order searches, ever
	attrClean    = "clean"    // fence of the last lease that was released
	attrDoubt    = "doubt_at" // see order.Lease
	attrCAP      = "cap"      // order.Capability; absent: not tried since the consent
)

// Orders keeps schedules, windows and rows in the orders table. It implements
// order.Store and order.DueStore.
type Orders struct {
	client *dynamodb.Client
	table  string
}

// NewOrders keeps them in table.
func NewOrders(client *dynamodb.Client, table string) *Orders {
	return &Orders{client: client, table: table}
}

func scheduleKey(asset account.AssetID) Item {
	return itemKey(schedulePK(string(asset)), scheduleSK())
}

// enrolOrders puts an asset's orders on the schedule, due now. It is part of
// the transaction that connects the asset, and what the schedule of an earlier
// connection holds, above all its fence, stays.
func enrolOrders(table string, asset account.AssetID, now time.Time) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &table, Key: scheduleKey(asset),
		UpdateExpression: aws.String("SET entity = :entity, asset = :asset, due_shard = :shard, due_at = :due, asked_at = :now REMOVE failures, cap ADD asks :one, rev :one"),
		ExpressionAttributeValues: Item{
			":entity": str(entitySchedule), ":asset": str(string(asset)), ":shard": str(dueShard(dueOrders, string(asset))),
			":due": unix(now), ":now": ms(now), ":one": num(1),
		},
	}}
}

// attrPlanned is the planner's mark: due times up to it, in Unix milliseconds,
// have been handed out.
const attrPlanned = "planned_to"

// Advance implements order.DueStore.
func (o *Orders) Advance(ctx context.Context, now, wrong time.Time) (from time.Time, err error) {
	out, err := o.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &o.table, Key: itemKey(plannerPK(dueOrders), plannerSK()),
		UpdateExpression:          aws.String("SET entity = :entity, planned_to = :now ADD rev :one"),
		ConditionExpression:       aws.String("attribute_not_exists(planned_to) OR planned_to < :now OR planned_to > :wrong"),
		ExpressionAttributeValues: Item{":entity": str(entityPlanner), ":now": ms(now), ":wrong": ms(wrong), ":one": num(1)},
		ReturnValues:              types.ReturnValueUpdatedOld,
	})
	if conditionFailed(err) {
		return time.Time{}, order.ErrPlanned
	}
	if err != nil {
		return time.Time{}, unavailable("dynamo.Advance", err)
	}
	if from = msTime(out.Attributes, attrPlanned); from.After(now) {
		return time.Time{}, nil
	}
	return from, nil
}

// Due implements order.DueStore.
func (o *Orders) Due(ctx context.Context, shard int, now time.Time, each func([]order.Due) error) error {
	pages := dynamodb.NewQueryPaginator(o.client, &dynamodb.QueryInput{
		TableName: &o.table, IndexName: aws.String(indexDue), Limit: aws.Int32(100),
		KeyConditionExpression:    aws.String("due_shard = :shard AND due_at <= :now"),
		ExpressionAttributeValues: Item{":shard": str(dueShardName(dueOrders, shard)), ":now": unix(now)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return unavailable("dynamo.Due", err)
		}
		due := make([]order.Due, 0, len(page.Items))
		for _, item := range page.Items {
			asset := strings.TrimPrefix(text(item, attrPK), schedulePK(""))
			due = append(due, order.Due{Asset: account.AssetID(asset), At: moment(item, attrDueAt)})
		}
		if err := each(due); err != nil {
			return err
		}
	}
	return nil
}

// Acquire implements order.Store.
func (o *Orders) Acquire(ctx context.Context, asset account.AssetID, owner string, now, until time.Time) (order.Lease, error) {
	out, err := o.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &o.table, Key: scheduleKey(asset),
		UpdateExpression:                    aws.String("SET lease_owner = :owner, lease_until = :until ADD fence :one, rev :one"),
		ConditionExpression:                 aws.String("attribute_exists(due_shard) AND due_at <= :soon AND (attribute_not_exists(lease_until) OR lease_until <= :now)"),
		ExpressionAttributeValues:           Item{":owner": str(owner), ":until": ms(until), ":now": ms(now), ":soon": unix(now.Add(order.Slack)), ":one": num(1)},
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var refused *types.ConditionalCheckFailedException
	if errors.As(err, &refused) {
		switch {
		case text(refused.Item, attrDueShard) == "":
			return order.Lease{}, order.ErrUnscheduled
		case msTime(refused.Item, attrUntil).After(now):
			return order.Lease{}, order.ErrHeld
		}
		return order.Lease{}, order.ErrIdle
	}
	if err != nil {
		return order.Lease{}, unavailable("dynamo.Acquire", err)
	}
	item := out.Attributes
	lease := order.Lease{
		Asset: asset, Owner: owner, Fence: number(item, attrFence), Until: until,
		Failures: int(number(item, attrFailures)), DoubtAt: msTime(item, attrDoubt), CAP: order.Capability(text(item, attrCAP)),
		Asks: number(item, attrAsks), AskedAt: msTime(item, attrAsked), Since: moment(item, attrSince), SinceAt: msTime(item, attrSinceAt),
	}
	if number(item, attrClean) != lease.Fence-1 {
		lease.DoubtAt = now
	}
	for _, n := range numbers(item, attrPulls) {
		lease.Pulls = append(lease.Pulls, time.Unix(n, 0).UTC())
	}
	return lease, nil
}

// Release implements order.Store.
func (o *Orders) Release(ctx context.Context, lease order.Lease, now, due time.Time, failures int) (again bool, err error) {
	err = o.release(ctx, lease, due, failures, false)
	var refused *types.ConditionalCheckFailedException
	if !errors.As(err, &refused) {
		return false, err
	}
	if number(refused.Item, attrFence) == lease.Fence { // somebody has asked for a read meanwhile, and said when
		asked := askedSince(refused.Item, lease)
		if due.IsZero() || asked.Before(due) {
			due = asked
		}
		err = o.release(ctx, lease, due, failures, true)
		again = err == nil && !due.After(now)
	}
	if conditionFailed(err) {
		return false, order.ErrFenced
	}
	return again, err
}

// askedSince is for when a read was asked for that the lease did not know of.
func askedSince(schedule Item, lease order.Lease) (asked time.Time) {
	for _, of := range []struct{ at, known time.Time }{{msTime(schedule, attrAsked), lease.AskedAt}, {msTime(schedule, attrSinceAt), lease.SinceAt}} {
		if of.at.After(of.known) && (asked.IsZero() || of.at.Before(asked)) {
			asked = of.at
		}
	}
	if asked.IsZero() {
		asked = msTime(schedule, attrPulled)
	}
	return asked
}

func (o *Orders) release(ctx context.Context, lease order.Lease, due time.Time, failures int, asked bool) error {
	values := Item{":fence": num(lease.Fence), ":failures": num(int64(failures)), ":doubt": ms(lease.DoubtAt), ":one": num(1), ":calls": num(lease.Calls)}
	set, remove, condition := "SET failures = :failures, clean = :fence, doubt_at = :doubt", " REMOVE lease_owner, lease_until", "fence = :fence AND attribute_exists(lease_owner)"
	if !asked {
		condition += " AND asks = :asks"
		values[":asks"] = num(lease.Asks)
		if lease.Asks == 0 {
			condition = strings.Replace(condition, "asks = :asks", "(attribute_not_exists(asks) OR asks = :asks)", 1)
		}
	}
	if lease.CAP != order.Untried && !asked { // else it may be a new consent that was asking
		set += ", cap = :cap"
		values[":cap"] = str(string(lease.CAP))
	}
	if due.IsZero() {
		remove += ", due_shard, due_at"
	} else {
		set += ", due_at = :due"
		values[":due"] = num((due.UnixMilli() + 999) / 1000)
	}
	expression := set + remove + " ADD rev :one, calls :calls"
	if len(lease.Pulls) > 0 && failures == 0 && !asked {
		pulls := make([]string, 0, len(lease.Pulls))
		for _, t := range lease.Pulls {
			pulls = append(pulls, strconv.FormatInt(t.Unix(), 10))
		}
		expression += " DELETE pulls :pulls"
		values[":pulls"] = &types.AttributeValueMemberNS{Value: pulls}
	}
	_, err := o.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &o.table, Key: scheduleKey(lease.Asset), UpdateExpression: &expression,
		ConditionExpression: &condition, ExpressionAttributeValues: values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if err != nil && !conditionFailed(err) {
		return unavailable("dynamo.Release", err)
	}
	return err
}

// Ask makes all windows of an asset due now. It answers order.ErrUnscheduled
// when the asset's orders are not read.
func (o *Orders) Ask(ctx context.Context, asset account.AssetID, now time.Time) error {
	for _, write := range []struct{ set, condition string }{
		{"SET asked_at = :now, due_at = :due", "due_at > :due"},
		{"SET asked_at = :now", "due_at <= :due"},                          // it is due, and stays so since then
		{"SET asked_at = :now, due_at = :due", "attribute_exists(due_at)"}, // it was, until this moment
	} {
		_, err := o.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &o.table, Key: scheduleKey(asset),
			UpdateExpression: aws.String(write.set + " ADD asks :one, rev :one"), ConditionExpression: &write.condition,
			ExpressionAttributeValues: Item{":now": ms(now), ":due": unix(now), ":one": num(1)},
		})
		if err == nil {
			return nil
		}
		if !conditionFailed(err) {
			return unavailable("dynamo.Ask", err)
		}
	}
	return order.ErrUnscheduled
}

// pullOrder makes the window of an order due, for a transaction: of a known
// order the window it is in, of an unknown one the newest, either at most once
// per quiet; what comes sooner waits until then. There is nothing to write when
// a pull that covers it is waiting or when the asset is not read. When the
// item's condition fails, the schedule has moved: ask again.
func (o *Orders) pullOrder(ctx context.Context, asset account.AssetID, orderID string, now time.Time, quiet time.Duration) (item *types.TransactWriteItem, known bool, err error) {
	out, err := o.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &o.table, Key: scheduleKey(asset), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, false, unavailable("dynamo.Pull", err)
	}
	schedule := out.Item
	if text(schedule, attrDueShard) == "" {
		return nil, false, nil
	}
	created, known, err := o.orderCreated(ctx, asset, orderID)
	if err != nil {
		return nil, false, err
	}
	if !known {
		created = now
	}
	pull := created.Truncate(order.PullSpan).Unix()
	if slices.Contains(numbers(schedule, attrPulls), pull) && !msTime(schedule, attrUntil).After(now) {
		return nil, known, nil // waiting already; a reader at work may have passed it
	}
	wanted := now
	switch last := msTime(schedule, attrPulled); {
	case last.After(now):
		wanted = last // the one that waits takes this one along
	case last.Add(quiet).After(now):
		wanted = last.Add(quiet)
	}
	due := moment(schedule, attrDueAt)
	if wanted.Before(due) {
		due = wanted
	}
	return &types.TransactWriteItem{Update: &types.Update{
		TableName: &o.table, Key: scheduleKey(asset),
		UpdateExpression:    aws.String("SET due_at = :due, pulled_at = :pulled ADD pulls :pull, asks :one, rev :one"),
		ConditionExpression: aws.String("due_at = :was"),
		ExpressionAttributeValues: Item{
			":due": unix(due), ":was": unix(moment(schedule, attrDueAt)), ":pulled": ms(wanted),
			":pull": &types.AttributeValueMemberNS{Value: []string{strconv.FormatInt(pull, 10)}}, ":one": num(1),
		},
	}}, known, nil
}

// ms is a time in Unix milliseconds; the zero time is 0.
func ms(t time.Time) types.AttributeValue {
	if t.IsZero() {
		return num(0)
	}
	return num(t.UnixMilli())
}

func msTime(item Item, name string) time.Time {
	if n := number(item, name); n != 0 {
		return time.UnixMilli(n).UTC()
	}
	return time.Time{}
}

func numbers(item Item, name string) []int64 {
	set, ok := item[name].(*types.AttributeValueMemberNS)
	if !ok {
		return nil
	}
	out := make([]int64, 0, len(set.Value))
	for _, v := range set.Value {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			out = append(out, n)
		}
	}
	return out
}
