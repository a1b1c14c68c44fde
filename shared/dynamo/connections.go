package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// forgetAfter is how long expired links and states are remembered, so that
// their users get the page that says so.
const forgetAfter = 7 * 24 * time.Hour

// enrolAttempts bounds how often an enrolment is tried while other writes to the
// same account are in its way.
const enrolAttempts = 5

// Connections keeps connect links, states and connections. It implements
// connection.Reader, connection.LinkStore and connection.ConnectorStore.
type Connections struct {
	*Accounts
	orders string // table
}

// NewConnections keeps connections in the accounts table and makes the assets of
// new ones due in the orders table, which only Enrol needs.
func NewConnections(client *dynamodb.Client, accounts, orders string) *Connections {
	return &Connections{Accounts: NewAccounts(client, accounts), orders: orders}
}

// PutLink stores a connect link.
func (c *Connections) PutLink(ctx context.Context, hash string, link connection.Link) error {
	item := c.ask(connectLinkPK(hash), connectLinkSK(), link.Ask, link.ExpiresAt)
	return c.create(ctx, "dynamo.PutLink", item)
}

// Link reads a connect link.
func (c *Connections) Link(ctx context.Context, hash string) (connection.Link, error) {
	item, err := c.get(ctx, "dynamo.Link", connectLinkPK(hash), connectLinkSK())
	return connection.Link{Ask: readAsk(item), ExpiresAt: moment(item, "expires_at")}, err
}

// PutState stores a consent that begins.
func (c *Connections) PutState(ctx context.Context, hash string, pending connection.Pending) error {
	item := c.ask(connectStatePK(hash), connectStateSK(), pending.Ask, pending.ExpiresAt)
	item["browser"] = str(pending.Browser)
	return c.create(ctx, "dynamo.PutState", item)
}

// State reads a consent that has begun.
func (c *Connections) State(ctx context.Context, hash string) (connection.Pending, error) {
	item, err := c.get(ctx, "dynamo.State", connectStatePK(hash), connectStateSK())
	pending := connection.Pending{
		Ask: readAsk(item), Browser: text(item, "browser"), ExpiresAt: moment(item, "expires_at"), Used: number(item, "used_at") != 0,
		Code: text(item, "code"), Account: account.ID(text(item, "account")),
	}
	if parked, ok := item["parked"].(*types.AttributeValueMemberB); ok {
		pending.Parked = parked.Value
	}
	return pending, err
}

// ClaimState reserves a state for one callback.
func (c *Connections) ClaimState(ctx context.Context, hash string, now, until time.Time) error {
	_, err := c.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &c.table, Key: itemKey(connectStatePK(hash), connectStateSK()),
		UpdateExpression:                    aws.String("SET claimed_until = :until ADD rev :one"),
		ConditionExpression:                 aws.String("attribute_exists(pk) AND attribute_not_exists(used_at) AND (attribute_not_exists(claimed_until) OR claimed_until <= :now)"),
		ExpressionAttributeValues:           Item{":until": num(until.UnixMilli()), ":now": num(now.UnixMilli()), ":one": num(1)},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var refused *types.ConditionalCheckFailedException
	if errors.As(err, &refused) && number(refused.Item, "used_at") != 0 {
		return connection.ErrUsed
	}
	return stale("dynamo.ClaimState", err)
}

// ReleaseState gives a state back.
func (c *Connections) ReleaseState(ctx context.Context, hash, code string, parked []byte) error {
	in := &dynamodb.UpdateItemInput{
		TableName: &c.table, Key: itemKey(connectStatePK(hash), connectStateSK()),
		UpdateExpression: aws.String("REMOVE claimed_until ADD rev :one"), ConditionExpression: aws.String("attribute_exists(pk)"),
		ExpressionAttributeValues: Item{":one": num(1)},
	}
	if parked != nil {
		in.UpdateExpression = aws.String("SET parked = :parked, code = :code REMOVE claimed_until ADD rev :one")
		in.ExpressionAttributeValues[":code"] = str(code)
		in.ExpressionAttributeValues[":parked"] = &types.AttributeValueMemberB{Value: parked}
	}
	_, err := c.client.UpdateItem(ctx, in)
	return stale("dynamo.ReleaseState", err)
}

// Enrol stores a consent in one transaction: the state is used up, and so is the
// claim; the account gets its tokens as the next generation, whatever was there,
// or is still of the generation whose tokens are stored; its assets are
// active and those it no longer holds are not; the owner is connected; and the
// orders of each asset are due.
func (c *Connections) Enrol(ctx context.Context, e connection.Enrolment) error {
	for attempt := 1; ; attempt++ {
		held, err := c.Assets(ctx, e.Account.ID)
		if err != nil {
			return err
		}
		_, err = c.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: c.enrolment(e, held)})
		switch {
		case err == nil:
			return nil
		case conditionFailed(err) && failedItem(err) < used(e):
			return connection.ErrUsed
		case conditionFailed(err):
			return fmt.Errorf("dynamo.Enrol: %w", account.ErrStale)
		case attempt == enrolAttempts || !contended(err):
			return unavailable("dynamo.Enrol", err)
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

func (c *Connections) enrolment(e connection.Enrolment, held []account.Asset) []types.TransactWriteItem {
	now := e.Connection.ConnectedAt
	items := []types.TransactWriteItem{c.useItem(connectStatePK(e.State), connectStateSK(), e.Connection.Owner, now)}
	if e.Claim != "" {
		items = append(items, c.useItem(claimPK(e.Claim), claimSK(), e.Connection.Owner, now))
	}
	if e.Generation != 0 {
		items = append(items, c.claimedItem(e.Account, e.Connection.Owner, e.RefreshAt))
	} else {
		items = append(items, c.accountItem(e.Account, e.Connection.Owner, e.RefreshAt))
	}
	items = append(items, c.connectionItem(e.Connection))
	for _, asset := range e.Assets {
		items = append(items, c.assetItem(asset, joins(asset, held)), enrolOrders(c.orders, asset.ID, now))
	}
	for _, asset := range held {
		gone := !slices.ContainsFunc(e.Assets, func(a account.Asset) bool { return a.ID == asset.ID })
		if gone && asset.State != account.AssetDeauthorized {
			items = append(items, deauthorizedItem(c.table, asset.Account, asset.ID, now))
		}
	}
	return items
}

// joins reports whether the asset comes to others that the account has already.
func joins(asset account.Asset, held []account.Asset) bool {
	others := false
	for _, a := range held {
		if a.State == account.AssetDeauthorized {
			continue
		}
		if a.ID == asset.ID {
			return false
		}
		others = true
	}
	return others
}

// used is how many items of an enrolment are used up by it; they come first.
func used(e connection.Enrolment) int {
	if e.Claim != "" {
		return 2
	}
	return 1
}

// useItem uses a state or a claim up, once.
func (c *Connections) useItem(pk, sk, owner string, now time.Time) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &c.table, Key: itemKey(pk, sk),
		UpdateExpression: aws.String("SET used_at = :now, used_by = :owner REMOVE parked ADD rev :one"), ConditionExpression: aws.String("attribute_exists(pk) AND attribute_not_exists(used_at)"),
		ExpressionAttributeValues: Item{":now": unix(now), ":owner": str(owner), ":one": num(1)},
	}}
}

func (c *Connections) accountItem(a account.Account, owner string, refreshAt time.Time) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &c.table, Key: itemKey(accountPK(string(a.ID)), accountSK()),
		UpdateExpression: aws.String("SET entity = :entity, account = :account, #name = :name, #region = :region, scopes = :scopes, #state = :state," +
			" authorized_at = :authorized, refreshed_at = :authorized, access_expires_at = :access, refresh_expires_at = :refresh, sealed = :sealed," +
			" due_shard = :shard, due_at = :due REMOVE reason, suspect_since, retry_at, lease_until, revoked_at, expiry_warned, fixed_state, fixed_due, held_since, #ttl ADD generation :one, rev :one, owners :owner"),
		ExpressionAttributeNames: names("state", "name", "region", attrTTL),
		ExpressionAttributeValues: Item{
			":owner": set(owner), ":entity": str(entityAccount), ":account": str(string(a.ID)), ":name": str(a.Name), ":region": str(a.Region), ":scopes": strs(a.Scopes),
			":state": str(string(a.State)), ":authorized": unix(a.AuthorizedAt), ":access": unix(a.AccessExpiresAt), ":refresh": unix(a.RefreshExpiresAt),
			":sealed": &types.AttributeValueMemberB{Value: a.Sealed}, ":shard": str(refreshShard(a.ID)), ":due": unix(refreshAt), ":one": num(1),
		},
	}}
}

func (c *Connections) assetItem(a account.Asset, joins bool) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &c.table, Key: itemKey(accountPK(string(a.Account)), assetSK(string(a.ID))),
		UpdateExpression: aws.String("SET entity = :entity, account = :account, asset = :asset, rpk = :rpk, rsk = :account, cipher = :cipher, #name = :name," +
			" #region = :region, #state = :state, authorized_at = :authorized, joined = :joined REMOVE deauthorized_at, #ttl ADD rev :one"),
		ExpressionAttributeNames: names("state", "name", "region", attrTTL),
		ExpressionAttributeValues: Item{
			":joined": &types.AttributeValueMemberBOOL{Value: joins},
			":entity": str(entityAsset), ":account": str(string(a.Account)), ":asset": str(string(a.ID)), ":rpk": str(assetReversePK(string(a.ID))),
			":cipher": str(a.Cipher), ":name": str(a.Name), ":region": str(a.Region), ":state": str(string(a.State)), ":authorized": unix(a.AuthorizedAt), ":one": num(1),
		},
	}}
}

// connectionItem starts its revisions at the time, so that a connection made once
// more after it was removed does not tell of its changes under old names.
func (c *Connections) connectionItem(made connection.Connection) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &c.table, Key: itemKey(ownerPK(made.Owner), connectionSK(made.ID)),
		UpdateExpression: aws.String("SET entity = :entity, connection_id = :id, #owner = :owner, account = :account, market = :market, connected_at = :now," +
			" created_at = if_not_exists(created_at, :now), rpk = :rpk, rsk = :owner, rev = if_not_exists(rev, :now) + :one"),
		ExpressionAttributeNames: names("owner"),
		ExpressionAttributeValues: Item{
			":entity": str(entityConnection), ":id": str(made.ID), ":owner": str(made.Owner), ":account": str(string(made.Account)),
			":market": str(made.Market), ":now": unix(made.ConnectedAt), ":rpk": str(connectionReversePK(string(made.Account))), ":one": num(1),
		},
	}}
}

// Connection reads one connection of an owner, with its account and assets.
func (c *Connections) Connection(ctx context.Context, owner, id string) (connection.Connection, error) {
	item, err := c.get(ctx, "dynamo.Connection", ownerPK(owner), connectionSK(id))
	if err != nil {
		return connection.Connection{}, err
	}
	return c.complete(ctx, readConnection(item))
}

// Connections lists the connections of an owner after the given id, in the order
// of their ids, with accounts and assets. next is empty on the last page.
func (c *Connections) Connections(ctx context.Context, owner, after string, limit int32) (found []connection.Connection, next string, err error) {
	query := &dynamodb.QueryInput{
		TableName: &c.table, ConsistentRead: aws.Bool(true), Limit: &limit, KeyConditionExpression: aws.String("pk = :owner AND begins_with(sk, :connection)"),
		ExpressionAttributeValues: Item{":owner": str(ownerPK(owner)), ":connection": str(connectionSK(""))},
	}
	if after != "" {
		query.ExclusiveStartKey = itemKey(ownerPK(owner), connectionSK(after))
	}
	out, err := c.client.Query(ctx, query)
	if err != nil {
		return nil, "", unavailable("dynamo.Connections", err)
	}
	for _, item := range out.Items {
		one, err := c.complete(ctx, readConnection(item))
		if err != nil {
			return nil, "", err
		}
		found = append(found, one)
	}
	if out.LastEvaluatedKey != nil && len(found) > 0 {
		next = found[len(found)-1].ID
	}
	return found, next, nil
}

func (c *Connections) complete(ctx context.Context, one connection.Connection) (connection.Connection, error) {
	a, held, err := c.load(ctx, one.Account)
	return one.Of(a, held), err
}

// Owners lists the owners connected to an account. It reads an index and so may
// lag behind writes for a moment.
func (c *Connections) Owners(ctx context.Context, id account.ID) ([]string, error) {
	var owners []string
	query := &dynamodb.QueryInput{
		TableName: &c.table, IndexName: aws.String(indexReverse), KeyConditionExpression: aws.String("rpk = :account"),
		ExpressionAttributeValues: Item{":account": str(connectionReversePK(string(id)))},
	}
	for pages := dynamodb.NewQueryPaginator(c.client, query); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, unavailable("dynamo.Owners", err)
		}
		for _, item := range page.Items {
			owners = append(owners, text(item, "owner"))
		}
	}
	return owners, nil
}

// connectionChange tells of connections made and removed. What happens to them
// in between happens to their account.
func connectionChange(old, current Item) []Change {
	kind, item := "connection.created", current
	switch {
	case old != nil && current != nil, old == nil && current == nil:
		return nil
	case current == nil:
		kind, item = "connection.removed", old
	}
	one := readConnection(item)
	return []Change{{Type: kind, Owner: one.Owner, Account: one.Account, Data: map[string]any{
		"connection_id": one.ID, "account": one.Kind(), "market": one.Market,
	}}}
}

func (c *Connections) ask(pk, sk string, ask connection.Ask, expires time.Time) Item {
	item := itemKey(pk, sk)
	item[attrEntity], item[attrRev], item[attrTTL] = str(entityConnect), num(1), unix(expires.Add(forgetAfter))
	item["owner"], item["app"], item["kind"] = str(ask.Owner), str(ask.App), str(string(ask.Kind))
	item["market"], item["return_to"], item["expires_at"] = str(ask.Market), str(ask.ReturnTo), unix(expires)
	return item
}

func readAsk(item Item) connection.Ask {
	return connection.Ask{
		Owner: text(item, "owner"), App: text(item, "app"), Kind: tiktokshop.AccountKind(text(item, "kind")),
		Market: text(item, "market"), ReturnTo: text(item, "return_to"),
	}
}

func readConnection(item Item) connection.Connection {
	return connection.Connection{
		ID: text(item, "connection_id"), Owner: text(item, "owner"), Account: account.ID(text(item, "account")), Market: text(item, "market"),
		CreatedAt: moment(item, "created_at"), ConnectedAt: moment(item, "connected_at"),
	}
}

func (c *Connections) create(ctx context.Context, op string, item Item) error {
	_, err := c.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &c.table, Item: item, ConditionExpression: aws.String("attribute_not_exists(pk)")})
	return stale(op, err)
}

func (c *Connections) get(ctx context.Context, op, pk, sk string) (Item, error) {
	out, err := c.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &c.table, ConsistentRead: aws.Bool(true), Key: itemKey(pk, sk)})
	switch {
	case err != nil:
		return nil, unavailable(op, err)
	case out.Item == nil:
		return nil, fault.New(op, fault.NotFound, "there is no such connection or link")
	}
	return out.Item, nil
}
