package dynamo

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/order"
)

// Reach implements order.Past.
func (o *Orders) Reach(ctx context.Context, asset account.AssetID, wish order.Reach, now time.Time) (news bool, err error) {
	for range collisions {
		out, err := o.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &o.table, Key: scheduleKey(asset), ConsistentRead: aws.Bool(true)})
		if err != nil {
			return false, unavailable("dynamo.Reach", err)
		}
		if text(out.Item, attrDueShard) == "" {
			return false, order.ErrUnscheduled
		}
		update := o.reachUpdate(out.Item, wish, now)
		if update == nil {
			return false, nil
		}
		update.TableName, update.Key = &o.table, scheduleKey(asset)
		_, err = o.client.UpdateItem(ctx, update)
		if err == nil {
			return true, nil
		}
		if !conditionFailed(err) {
			return false, unavailable("dynamo.Reach", err)
		}
	}
	return false, fault.New("dynamo.Reach", fault.Unavailable, "The asset's schedule kept changing: try again.")
}

// reachUpdate is what has not been asked for before, nil when there is nothing. A
// failing asset keeps its time of trying again.
func (o *Orders) reachUpdate(schedule Item, wish order.Reach, now time.Time) *dynamodb.UpdateItemInput {
	set, add := "SET since_at = :now", " ADD asks :one, rev :one"
	values := Item{":one": num(1), ":rev": num(number(schedule, attrRev)), ":now": ms(now)}
	if number(schedule, attrFailures) == 0 && moment(schedule, attrDueAt).After(now) {
		set += ", due_at = :due"
		values[":due"] = unix(now)
	}
	known, knownAt := moment(schedule, attrSince), msTime(schedule, attrSinceAt)
	further := !wish.Since.IsZero() && (known.IsZero() || wish.Since.Before(known) || knownAt.Before(wish.Asked))
	if further {
		if known.IsZero() || wish.Since.Before(known) {
			known = wish.Since
		}
		set += ", since = :since"
		values[":since"] = unix(known)
	}
	asked := numbers(schedule, attrPulls)
	var pulls []string
	for _, t := range wish.Again {
		if !slices.Contains(asked, t.Unix()) {
			pulls = append(pulls, strconv.FormatInt(t.Unix(), 10))
		}
	}
	if len(pulls) > 0 {
		add += ", pulls :pulls"
		values[":pulls"] = &types.AttributeValueMemberNS{Value: pulls}
	}
	if !further && len(pulls) == 0 {
		return nil
	}
	return &dynamodb.UpdateItemInput{UpdateExpression: aws.String(set + add), ConditionExpression: aws.String("rev = :rev"), ExpressionAttributeValues: values}
}
