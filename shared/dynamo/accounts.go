package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
)

// Accounts keeps accounts and their assets. It implements account.Store.
//
// Times are Unix seconds; only the lease needs milliseconds.
type Accounts struct {
	client *dynamodb.Client
	table  string
}

// NewAccounts keeps accounts in the accounts table.
func NewAccounts(client *dynamodb.Client, table string) *Accounts {
	return &Accounts{client: client, table: table}
}

// Account reads one account, strongly consistent.
func (a *Accounts) Account(ctx context.Context, id account.ID) (account.Account, error) {
	out, err := a.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &a.table, ConsistentRead: aws.Bool(true), Key: itemKey(accountPK(string(id)), accountSK()),
	})
	if err != nil {
		return account.Account{}, unavailable("dynamo.Account", err)
	}
	if out.Item == nil {
		return account.Account{}, fault.New("dynamo.Account", fault.NotFound, "there is no such account")
	}
	return readAccount(out.Item), nil
}

// load reads an account and what it holds at once, strongly consistent.
func (a *Accounts) load(ctx context.Context, id account.ID) (found account.Account, held []account.Asset, err error) {
	query := &dynamodb.QueryInput{
		TableName: &a.table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :pk"),
		ExpressionAttributeValues: Item{":pk": str(accountPK(string(id)))},
	}
	for pages := dynamodb.NewQueryPaginator(a.client, query); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return found, nil, unavailable("dynamo.Account", err)
		}
		for _, item := range page.Items {
			switch {
			case item[attrTTL] != nil && text(item, attrEntity) == entityAsset: // let go before, and soon forgotten
			case text(item, attrEntity) == entityAsset:
				held = append(held, readAsset(item))
			default:
				found = readAccount(item)
			}
		}
	}
	return found, held, nil
}

// Assets lists what an account holds, in the order of their ids.
func (a *Accounts) Assets(ctx context.Context, id account.ID) ([]account.Asset, error) {
	return a.assets(ctx, &dynamodb.QueryInput{
		TableName: &a.table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :pk AND begins_with(sk, :asset)"),
		ExpressionAttributeValues: Item{":pk": str(accountPK(string(id))), ":asset": str(assetSK(""))},
	})
}

// Holdings lists the asset as each account holds it, in the order of the
// accounts. It reads an index and so may lag behind writes for a moment.
func (a *Accounts) Holdings(ctx context.Context, asset account.AssetID) ([]account.Asset, error) {
	return a.assets(ctx, &dynamodb.QueryInput{
		TableName: &a.table, IndexName: aws.String(indexReverse),
		KeyConditionExpression:    aws.String("rpk = :asset"),
		ExpressionAttributeValues: Item{":asset": str(assetReversePK(string(asset)))},
	})
}

func (a *Accounts) assets(ctx context.Context, query *dynamodb.QueryInput) ([]account.Asset, error) {
	var found []account.Asset
	for pages := dynamodb.NewQueryPaginator(a.client, query); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, unavailable("dynamo.Assets", err)
		}
		for _, item := range page.Items {
			if item[attrTTL] == nil {
				found = append(found, readAsset(item))
			}
		}
	}
	return found, nil
}

// Lease reserves the refresh of a generation.
func (a *Accounts) Lease(ctx context.Context, id account.ID, generation int64, now, until time.Time) (account.Account, error) {
	out, err := a.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &a.table, Key: itemKey(accountPK(string(id)), accountSK()),
		UpdateExpression: aws.String("SET lease_until = :until ADD rev :one"),
		ConditionExpression: aws.String("generation = :generation AND NOT #state IN (:revoked, :disconnected)" +
			" AND (attribute_not_exists(lease_until) OR lease_until <= :now) AND (attribute_not_exists(retry_at) OR retry_at <= :seconds)"),
		ExpressionAttributeNames: names("state"),
		ExpressionAttributeValues: Item{
			":until": num(until.UnixMilli()), ":now": num(now.UnixMilli()), ":seconds": unix(now), ":one": num(1),
			":generation": num(generation), ":revoked": str(string(account.Revoked)), ":disconnected": str(string(account.Disconnected)),
		},
		ReturnValues: types.ReturnValueAllNew,
	})
	if err != nil {
		return account.Account{}, stale("dynamo.Lease", err)
	}
	return readAccount(out.Attributes), nil
}

// SaveTokens stores the tokens of a refresh. Its only condition is the
// generation: new tokens beat whatever else was written meanwhile. Only that an
// account has no owner stays, and when something is due about that.
func (a *Accounts) SaveTokens(ctx context.Context, renewed account.Account, due time.Time) error {
	_, err := a.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &a.table, Key: itemKey(accountPK(string(renewed.ID)), accountSK()),
		UpdateExpression: aws.String("SET sealed = :sealed, scopes = :scopes, #state = if_not_exists(fixed_state, :active), access_expires_at = :access, refresh_expires_at = :refresh," +
			" refreshed_at = :refreshed, due_shard = :shard, due_at = if_not_exists(fixed_due, :due) REMOVE reason, suspect_since, retry_at, lease_until, revoked_at ADD generation :one, rev :one"),
		ConditionExpression:      aws.String("generation = :generation"),
		ExpressionAttributeNames: names("state"),
		ExpressionAttributeValues: Item{
			":sealed": &types.AttributeValueMemberB{Value: renewed.Sealed}, ":scopes": strs(renewed.Scopes), ":active": str(string(account.Active)),
			":access": unix(renewed.AccessExpiresAt), ":refresh": unix(renewed.RefreshExpiresAt), ":refreshed": unix(renewed.RefreshedAt),
			":shard": str(refreshShard(renewed.ID)), ":due": unix(due), ":one": num(1), ":generation": num(renewed.Generation),
		},
	})
	return stale("dynamo.SaveTokens", err)
}

// SaveFailure stores that a refresh failed and when it may be tried again.
func (a *Accounts) SaveFailure(ctx context.Context, failed account.Account) error {
	_, err := a.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &a.table, Key: itemKey(accountPK(string(failed.ID)), accountSK()),
		UpdateExpression:         aws.String("SET #state = if_not_exists(fixed_state, :state), suspect_since = :suspect, retry_at = :retry, due_shard = :shard, due_at = if_not_exists(fixed_due, :retry) REMOVE lease_until ADD rev :one"),
		ConditionExpression:      aws.String("generation = :generation AND NOT #state IN (:revoked, :disconnected)"),
		ExpressionAttributeNames: names("state"),
		ExpressionAttributeValues: Item{
			":state": str(string(failed.State)), ":suspect": unix(failed.SuspectSince), ":retry": unix(failed.RetryAt),
			":shard": str(refreshShard(failed.ID)), ":one": num(1), ":generation": num(failed.Generation),
			":revoked": str(string(account.Revoked)), ":disconnected": str(string(account.Disconnected)),
		},
	})
	return stale("dynamo.SaveFailure", err)
}

const revokeExpression = "SET #state = :revoked, reason = :reason, revoked_at = :now REMOVE suspect_since, retry_at, lease_until, due_shard, due_at ADD rev :one"

// Revoke ends the generation of an account, unless it has no owner who could
// reconnect it.
func (a *Accounts) Revoke(ctx context.Context, id account.ID, generation int64, reason account.Reason, now time.Time) error {
	_, err := a.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &a.table, Key: itemKey(accountPK(string(id)), accountSK()),
		UpdateExpression: aws.String(revokeExpression), ConditionExpression: aws.String("generation = :generation AND attribute_not_exists(fixed_state)"),
		ExpressionAttributeNames: names("state"),
		ExpressionAttributeValues: Item{
			":revoked": str(string(account.Revoked)), ":reason": str(string(reason)), ":now": unix(now), ":one": num(1), ":generation": num(generation),
		},
	})
	return stale("dynamo.Revoke", err)
}

// Deauthorize ends an account's right to one asset, and then the account itself
// if that was its last: whoever ends the last of several sees so.
func (a *Accounts) Deauthorize(ctx context.Context, id account.ID, generation int64, asset account.AssetID, now time.Time) error {
	_, err := a.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Update: &types.Update{
			TableName: &a.table, Key: itemKey(accountPK(string(id)), assetSK(string(asset))),
			UpdateExpression: aws.String(deauthorizeExpression), ConditionExpression: aws.String("attribute_exists(pk)"),
			ExpressionAttributeNames: names("state"), ExpressionAttributeValues: Item{":ended": str(string(account.AssetDeauthorized)), ":now": unix(now), ":one": num(1)},
		}},
		{ConditionCheck: &types.ConditionCheck{
			TableName: &a.table, Key: itemKey(accountPK(string(id)), accountSK()),
			ConditionExpression: aws.String("generation = :generation"), ExpressionAttributeValues: Item{":generation": num(generation)},
		}},
	}})
	if err != nil {
		return stale("dynamo.Deauthorize", err)
	}
	held, err := a.Assets(ctx, id)
	if err != nil || slices.ContainsFunc(held, func(a account.Asset) bool { return a.State != account.AssetDeauthorized }) {
		return err
	}
	return a.Revoke(ctx, id, generation, account.Deauthorized, now)
}

const deauthorizeExpression = "SET #state = :ended, deauthorized_at = :now ADD rev :one"

// DueRefreshes lists accounts whose scheduled refresh is due, at most limit per
// shard of the index, the longest overdue first.
func (a *Accounts) DueRefreshes(ctx context.Context, now time.Time, limit int32) ([]account.Due, error) {
	var found []account.Due
	for shard := range DueShards {
		out, err := a.client.Query(ctx, &dynamodb.QueryInput{
			TableName: &a.table, IndexName: aws.String(indexDue), Limit: aws.Int32(limit),
			KeyConditionExpression:    aws.String("due_shard = :shard AND due_at <= :now"),
			ExpressionAttributeValues: Item{":shard": str(dueShardName(dueRefresh, shard)), ":now": unix(now)},
		})
		if err != nil {
			return nil, unavailable("dynamo.DueRefreshes", err)
		}
		for _, item := range out.Items {
			found = append(found, account.Due{Account: account.ID(strings.TrimPrefix(text(item, attrPK), accountPK(""))), At: moment(item, attrDueAt)})
		}
	}
	return found, nil
}

// ClaimRefresh puts a due refresh off until the given time and reports whether
// this caller was the one to do so. If the work is then lost, it is due again.
func (a *Accounts) ClaimRefresh(ctx context.Context, due account.Due, until time.Time) (bool, error) {
	_, err := a.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &a.table, Key: itemKey(accountPK(string(due.Account)), accountSK()),
		UpdateExpression: aws.String("SET due_at = :until ADD rev :one"), ConditionExpression: aws.String("due_at = :due"),
		ExpressionAttributeValues: Item{":until": unix(until), ":due": unix(due.At), ":one": num(1)},
	})
	if err := stale("dynamo.ClaimRefresh", err); err != nil {
		if errors.Is(err, account.ErrStale) {
			return false, nil
		}
		return false, err
	}
	return true, nil
}

// Effects of webhooks, for one transaction with the record of the delivery. A
// consent newer than the notification makes the condition fail. Both are in
// whole seconds; of the same second the consent wins, because a lost
// notification is found out by the next call and a wrong one by nobody.

func revokedItem(table string, id account.ID, at time.Time) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &table, Key: itemKey(accountPK(string(id)), accountSK()),
		UpdateExpression: aws.String(revokeExpression), ConditionExpression: aws.String("attribute_exists(pk) AND authorized_at < :now AND attribute_not_exists(fixed_state)"),
		ExpressionAttributeNames: names("state"),
		ExpressionAttributeValues: Item{
			":revoked": str(string(account.Revoked)), ":reason": str(string(account.Deauthorized)), ":now": unix(at), ":one": num(1),
		},
	}}
}

func deauthorizedItem(table string, id account.ID, asset account.AssetID, at time.Time) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &table, Key: itemKey(accountPK(string(id)), assetSK(string(asset))),
		UpdateExpression: aws.String(deauthorizeExpression), ConditionExpression: aws.String("attribute_exists(pk) AND authorized_at < :now"),
		ExpressionAttributeNames: names("state"), ExpressionAttributeValues: Item{":ended": str(string(account.AssetDeauthorized)), ":now": unix(at), ":one": num(1)},
	}}
}

// expiringItem notes that TikTok Shop warned of the authorization's end.
func expiringItem(table string, id account.ID, end time.Time) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &table, Key: itemKey(accountPK(string(id)), accountSK()),
		UpdateExpression: aws.String("SET expiry_warned = :end ADD rev :one"), ConditionExpression: aws.String("attribute_exists(pk)"),
		ExpressionAttributeValues: Item{":end": unix(end), ":one": num(1)},
	}}
}

// accountChange tells of accounts lost, warned of and won back.
func accountChange(old, current Item) []Change {
	if old == nil || current == nil {
		return nil
	}
	id := account.ID(text(current, "account"))
	data := map[string]any{"account": id.Kind(), "name": text(current, "name"), "state": text(current, "state")}
	change := func(kind string) []Change { return []Change{{Type: kind, Account: id, Data: data}} }
	was, is := account.State(text(old, "state")), account.State(text(current, "state"))
	if !owned(was) || !owned(is) {
		return nil // owners are told of their connection
	}
	consented := number(old, "authorized_at") != number(current, "authorized_at")
	switch {
	case is == account.Revoked && was != account.Revoked:
		data["reason"] = text(current, "reason")
		return change("connection.needs_reconnect")
	case was == account.Revoked && is != was, consented && !slices.Equal(texts(old, "scopes"), texts(current, "scopes")):
		return change("connection.reconnected")
	case is != account.Revoked && number(current, "expiry_warned") > 0 && number(old, "expiry_warned") != number(current, "expiry_warned"):
		data["authorization_expires_at"] = moment(current, "expiry_warned")
		return change("connection.expiring")
	}
	return nil
}

// owned reports whether an account in that state has owners.
func owned(state account.State) bool {
	return state != account.Unclaimed && state != account.Disconnecting && state != account.Disconnected
}

// assetChange tells of assets that came to others or were lost; of those that
// came with their account and of those let go, the connection's own event tells.
func assetChange(old, current Item) []Change {
	if current == nil || current[attrTTL] != nil {
		return nil
	}
	ended := string(account.AssetDeauthorized)
	was, is := text(old, "state"), text(current, "state")
	joined, _ := current["joined"].(*types.AttributeValueMemberBOOL)
	a := readAsset(current)
	change := func(kind string) []Change {
		return []Change{{Type: kind, Account: a.Account, Asset: a.ID, Data: map[string]any{"name": a.Name, "market": a.Region}}}
	}
	switch {
	case old != nil && is == ended && was != ended:
		return change("asset.deauthorized")
	case is != ended && (old == nil || was == ended) && joined != nil && joined.Value:
		return change("asset.authorized")
	}
	return nil
}

func readAccount(item Item) account.Account {
	sealed, _ := item["sealed"].(*types.AttributeValueMemberB)
	a := account.Account{
		ID: account.ID(text(item, "account")), Name: text(item, "name"), Region: text(item, "region"), Scopes: texts(item, "scopes"),
		State: account.State(text(item, "state")), Reason: account.Reason(text(item, "reason")),
		AuthorizedAt: moment(item, "authorized_at"), AccessExpiresAt: moment(item, "access_expires_at"), RefreshExpiresAt: moment(item, "refresh_expires_at"),
		ExpiryWarned: moment(item, "expiry_warned"), RefreshedAt: moment(item, "refreshed_at"), SuspectSince: moment(item, "suspect_since"), RetryAt: moment(item, "retry_at"),
		HeldSince:  moment(item, "held_since"),
		Generation: number(item, "generation"),
	}
	if sealed != nil {
		a.Sealed = sealed.Value
	}
	return a
}

func readAsset(item Item) account.Asset {
	return account.Asset{
		ID: account.AssetID(text(item, "asset")), Account: account.ID(text(item, "account")), Cipher: text(item, "cipher"), Name: text(item, "name"),
		Region: text(item, "region"), State: account.AssetState(text(item, "state")), AuthorizedAt: moment(item, "authorized_at"),
	}
}

func refreshShard(id account.ID) string { return dueShard(dueRefresh, string(id)) }

// stale turns a failed condition into account.ErrStale.
func stale(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case conditionFailed(err):
		return fmt.Errorf("%s: %w", op, account.ErrStale)
	}
	return unavailable(op, err)
}

func unavailable(op string, err error) error {
	return fault.Wrap(op, fault.Unavailable, "the store did not answer; repeat the request", err)
}
