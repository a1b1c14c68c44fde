package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/order"
)

// Remove ends an owner's connection in one transaction: the connection is gone,
// it is remembered that it was, and the account loses the owner. Which owner is
// the last is decided by the account's own list, since indexes lag. The reads of
// orders that nobody is left for end when they are next due, which is now.
func (c *Connections) Remove(ctx context.Context, owner, id string, now time.Time) (connection.Removal, error) {
	for attempt := 1; ; attempt++ {
		removal, err := c.remove(ctx, owner, id, now)
		if err == nil && removal.Last {
			return removal, c.wakeOrders(ctx, removal.Account, now)
		}
		if err == nil || attempt == enrolAttempts || !conditionFailed(err) && !contended(err) {
			return removal, err
		}
		if err := pause(ctx, attempt); err != nil {
			return connection.Removal{}, err
		}
	}
}

func (c *Connections) remove(ctx context.Context, owner, id string, now time.Time) (connection.Removal, error) {
	item, err := c.get(ctx, "dynamo.Remove", ownerPK(owner), connectionSK(id))
	if err != nil {
		return connection.Removal{}, err
	}
	removal := connection.Removal{ID: id, Account: readConnection(item).Account, At: now}
	accountKey := itemKey(accountPK(string(removal.Account)), accountSK())
	out, err := c.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &c.table, ConsistentRead: aws.Bool(true), Key: accountKey})
	if err != nil {
		return connection.Removal{}, unavailable("dynamo.Remove", err)
	}
	leave := &types.Update{
		TableName: &c.table, Key: accountKey,
		UpdateExpression: aws.String("ADD rev :one DELETE owners :owners"), ConditionExpression: aws.String("contains(owners, :owner) AND size(owners) > :one"),
		ExpressionAttributeValues: Item{":one": num(1), ":owners": set(owner), ":owner": str(owner)},
	}
	if owners, _ := out.Item["owners"].(*types.AttributeValueMemberSS); owners == nil || len(owners.Value) == 1 && owners.Value[0] == owner {
		removal.Last = true
		leave.UpdateExpression = aws.String("SET #state = :state, fixed_state = :state, fixed_due = :now, held_since = :now, due_shard = :shard, due_at = :now REMOVE owners ADD rev :one")
		leave.ConditionExpression = aws.String("attribute_exists(pk) AND (attribute_not_exists(owners) OR contains(owners, :owner) AND size(owners) = :one)")
		leave.ExpressionAttributeNames = names("state")
		leave.ExpressionAttributeValues = Item{
			":state": str(string(account.Disconnecting)), ":now": unix(now), ":shard": str(refreshShard(removal.Account)), ":one": num(1), ":owner": str(owner),
		}
	}
	remembered := itemKey(ownerPK(owner), removedSK(id))
	remembered[attrEntity], remembered[attrRev], remembered[attrTTL] = str(entityRemoved), num(now.Unix()), unix(now.Add(connection.RemovedMemory))
	remembered["connection_id"], remembered["account"], remembered["removed_at"] = str(id), str(string(removal.Account)), unix(now)
	remembered["last"] = &types.AttributeValueMemberBOOL{Value: removal.Last}
	_, err = c.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Delete: &types.Delete{TableName: &c.table, Key: itemKey(ownerPK(owner), connectionSK(id)), ConditionExpression: aws.String("attribute_exists(pk)")}},
		{Put: &types.Put{TableName: &c.table, Item: remembered}},
		{Update: leave},
	}})
	if err != nil {
		return connection.Removal{}, unavailable("dynamo.Remove", err)
	}
	return removal, nil
}

// wakeOrders has the readers of the account's assets look who is left.
func (c *Connections) wakeOrders(ctx context.Context, id account.ID, now time.Time) error {
	held, err := c.Assets(ctx, id)
	if err != nil {
		return err
	}
	orders := NewOrders(c.client, c.orders)
	for _, asset := range held {
		if err := orders.Ask(ctx, asset.ID, now); err != nil && !errors.Is(err, order.ErrUnscheduled) {
			return err
		}
	}
	return nil
}

// Removed reads what is remembered of a connection that was.
func (c *Connections) Removed(ctx context.Context, owner, id string) (connection.Removal, error) {
	item, err := c.get(ctx, "dynamo.Removed", ownerPK(owner), removedSK(id))
	if err != nil {
		return connection.Removal{}, err
	}
	last, _ := item["last"].(*types.AttributeValueMemberBOOL)
	return connection.Removal{ID: id, Account: account.ID(text(item, "account")), At: moment(item, "removed_at"), Last: last != nil && last.Value}, nil
}

// ownerless is the condition under which an account without an owner is settled.
const ownerless = "generation = :generation AND fixed_state = :was AND attribute_not_exists(owners)"

// Postpone makes an account without an owner due again.
func (c *Connections) Postpone(ctx context.Context, a account.Account, due time.Time) error {
	_, err := c.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &c.table, Key: itemKey(accountPK(string(a.ID)), accountSK()),
		UpdateExpression: aws.String("SET due_shard = :shard, due_at = :due ADD rev :one"), ConditionExpression: aws.String(ownerless),
		ExpressionAttributeValues: Item{
			":shard": str(refreshShard(a.ID)), ":due": unix(due), ":one": num(1), ":generation": num(a.Generation), ":was": str(string(a.State)),
		},
	})
	return stale("dynamo.Postpone", err)
}

// Shred removes an account's tokens, its name and its assets in one
// transaction. What stays for a while, without meaning to anybody, is the
// next generation, so that nothing of the earlier life that comes late, neither
// tokens nor a refusal, can be taken for one of a later. The order rows of the
// assets stay: they are read only through a connection to the asset, so nobody
// sees them until somebody connects it again, who then finds them there.
// Deleting them, when Holdings shows that nobody is left, is work for a job.
func (c *Connections) Shred(ctx context.Context, a account.Account, now time.Time) error {
	for attempt := 1; ; attempt++ {
		held, err := c.Assets(ctx, a.ID)
		if err != nil {
			return err
		}
		_, err = c.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: c.shredding(a, held, now)})
		switch {
		case err == nil:
			return nil
		case conditionFailed(err):
			return fmt.Errorf("dynamo.Shred: %w", account.ErrStale)
		case attempt == enrolAttempts || !contended(err):
			return unavailable("dynamo.Shred", err)
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

func (c *Connections) shredding(a account.Account, held []account.Asset, now time.Time) []types.TransactWriteItem {
	forget := unix(now.Add(connection.RemovedMemory))
	items := []types.TransactWriteItem{{Update: &types.Update{
		TableName: &c.table, Key: itemKey(accountPK(string(a.ID)), accountSK()),
		UpdateExpression: aws.String("SET #state = :state, fixed_state = :state, #ttl = :forget REMOVE sealed, #name, #region, scopes, reason, suspect_since, retry_at, lease_until," +
			" due_shard, due_at, fixed_due, held_since, expiry_warned, access_expires_at, refresh_expires_at ADD generation :one, rev :one"),
		ConditionExpression: aws.String(ownerless), ExpressionAttributeNames: names("state", "name", "region", attrTTL),
		ExpressionAttributeValues: Item{
			":state": str(string(account.Disconnected)), ":forget": forget, ":one": num(1), ":generation": num(a.Generation), ":was": str(string(a.State)),
		},
	}}}
	for _, asset := range held {
		items = append(items, types.TransactWriteItem{Update: &types.Update{
			TableName: &c.table, Key: itemKey(accountPK(string(a.ID)), assetSK(string(asset.ID))),
			UpdateExpression:         aws.String("SET #state = :state, deauthorized_at = :now, #ttl = :forget REMOVE rpk, rsk, cipher, #name ADD rev :one"),
			ExpressionAttributeNames: names("state", "name", attrTTL),
			ExpressionAttributeValues: Item{
				":state": str(string(account.AssetDeauthorized)), ":now": unix(now), ":forget": forget, ":one": num(1),
			},
		}})
	}
	return items
}
