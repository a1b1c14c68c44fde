package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
)

// Park stores a consent that waits to be claimed in one transaction: the state
// knows whose tokens are stored, the claim token leads to them, and the account
// has them as its next generation. An account that has owners goes on with them;
// one that has none waits and is due when its time is over.
func (c *Connections) Park(ctx context.Context, p connection.Parking) error {
	for attempt := 1; ; attempt++ {
		items, err := c.parking(ctx, p)
		if err != nil {
			return err
		}
		_, err = c.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: items})
		switch {
		case err == nil:
			return nil
		case failedItem(err) == 0:
			return connection.ErrUsed
		case attempt == enrolAttempts || !contended(err): // a failed condition of the account: its owners have changed
			return unavailable("dynamo.Park", err)
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

func (c *Connections) parking(ctx context.Context, p connection.Parking) ([]types.TransactWriteItem, error) {
	claim := c.ask(claimPK(p.Token), claimSK(), p.Claim.Ask, p.Claim.ExpiresAt)
	claim["account"], claim["state"] = str(string(p.Claim.Account)), str(p.Claim.State)
	items := []types.TransactWriteItem{
		{Update: &types.Update{
			TableName: &c.table, Key: itemKey(connectStatePK(p.State), connectStateSK()),
			UpdateExpression:          aws.String("SET account = :account, code = :code REMOVE parked, claimed_until ADD rev :one"),
			ConditionExpression:       aws.String("attribute_exists(pk) AND attribute_not_exists(used_at)"),
			ExpressionAttributeValues: Item{":account": str(string(p.Claim.Account)), ":code": str(p.Code), ":one": num(1)},
		}},
		{Put: &types.Put{TableName: &c.table, Item: claim, ConditionExpression: aws.String("attribute_not_exists(pk)")}},
	}
	if p.Account == nil {
		return items, nil
	}
	out, err := c.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &c.table, ConsistentRead: aws.Bool(true), Key: itemKey(accountPK(string(p.Account.ID)), accountSK()), ProjectionExpression: aws.String("owners"),
	})
	if err != nil {
		return nil, unavailable("dynamo.Park", err)
	}
	return append(items, c.parkedItem(*p.Account, out.Item["owners"] != nil, p.Claim.ExpiresAt)), nil
}

// parkedItem gives an account new tokens, with and without owners.
func (c *Connections) parkedItem(a account.Account, owned bool, until time.Time) types.TransactWriteItem {
	assign := "SET entity = :entity, account = :account, scopes = :scopes, #state = :state, authorized_at = :authorized, refreshed_at = :authorized," +
		" access_expires_at = :access, refresh_expires_at = :refresh, sealed = :sealed, due_shard = :shard, due_at = :due"
	remove := " REMOVE reason, suspect_since, retry_at, lease_until, revoked_at, expiry_warned"
	values := Item{
		":entity": str(entityAccount), ":account": str(string(a.ID)), ":scopes": strs(a.Scopes), ":authorized": unix(a.AuthorizedAt),
		":access": unix(a.AccessExpiresAt), ":refresh": unix(a.RefreshExpiresAt), ":sealed": &types.AttributeValueMemberB{Value: a.Sealed},
		":shard": str(refreshShard(a.ID)), ":one": num(1),
	}
	placeholders, condition := names("state"), "attribute_exists(owners)"
	if owned {
		values[":state"], values[":due"] = str(string(account.Active)), unix(account.NextRefresh(a.RefreshedAt, a.AccessExpiresAt, account.DefaultRefreshAhead))
	} else {
		placeholders, condition = names("state", "name", "region", attrTTL), "attribute_not_exists(owners)"
		assign += ", fixed_state = :state, fixed_due = :due, held_since = :authorized, #name = :name, #region = :region, #ttl = :ttl"
		values[":state"], values[":due"] = str(string(account.Unclaimed)), unix(until)
		values[":name"], values[":region"], values[":ttl"] = str(a.Name), str(a.Region), unix(until.Add(forgetAfter))
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &c.table, Key: itemKey(accountPK(string(a.ID)), accountSK()), UpdateExpression: aws.String(assign + remove + " ADD generation :one, rev :one"),
		ConditionExpression: &condition, ExpressionAttributeNames: placeholders, ExpressionAttributeValues: values,
	}}
}

// claimedItem gives an account whose tokens are stored an owner.
func (c *Connections) claimedItem(a account.Account, owner string, refreshAt time.Time) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &c.table, Key: itemKey(accountPK(string(a.ID)), accountSK()),
		UpdateExpression: aws.String("SET #name = :name, #region = :region, #state = :state, due_shard = :shard, due_at = :due" +
			" REMOVE fixed_state, fixed_due, held_since, suspect_since, retry_at, #ttl ADD rev :one, owners :owner"),
		ConditionExpression:      aws.String("generation = :generation AND #state IN (:state, :unclaimed, :suspect)"),
		ExpressionAttributeNames: names("state", "name", "region", attrTTL),
		ExpressionAttributeValues: Item{
			":name": str(a.Name), ":region": str(a.Region), ":state": str(string(account.Active)), ":unclaimed": str(string(account.Unclaimed)),
			":suspect": str(string(account.Suspect)), ":shard": str(refreshShard(a.ID)), ":due": unix(refreshAt), ":one": num(1),
			":owner": set(owner), ":generation": num(a.Generation),
		},
	}}
}

// Claim reads what waits under a claim token.
func (c *Connections) Claim(ctx context.Context, hash string) (connection.Claim, error) {
	item, err := c.get(ctx, "dynamo.Claim", claimPK(hash), claimSK())
	return connection.Claim{
		Ask: readAsk(item), Account: account.ID(text(item, "account")), State: text(item, "state"),
		ExpiresAt: moment(item, "expires_at"), UsedBy: text(item, "used_by"),
	}, err
}
