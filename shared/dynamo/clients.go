package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/fault"
)

// Clients says which owner an OAuth client acts for. It implements api.Clients.
// Each is looked up by its own key; the index "reverse" lists them all.
type Clients struct {
	client *dynamodb.Client
	table  string
}

// NewClients keeps clients in the accounts table.
func NewClients(client *dynamodb.Client, table string) *Clients {
	return &Clients{client: client, table: table}
}

// Owner returns the owner a client was given to.
func (c *Clients) Owner(ctx context.Context, clientID string) (owner string, found bool, err error) {
	out, err := c.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &c.table, Key: itemKey(clientPK(clientID), clientSK())})
	if err != nil {
		return "", false, unavailable("dynamo.Owner", err)
	}
	return text(out.Item, "owner"), out.Item != nil, nil
}

// Set gives a client to an owner.
func (c *Clients) Set(ctx context.Context, clientID, owner string) error {
	_, err := c.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &c.table, Key: itemKey(clientPK(clientID), clientSK()),
		UpdateExpression:          aws.String("SET entity = :entity, #owner = :owner, rpk = :all, rsk = :client ADD rev :one"),
		ExpressionAttributeNames:  names("owner"),
		ExpressionAttributeValues: Item{":entity": str(entityClient), ":owner": str(owner), ":all": str(clientsPK()), ":client": str(clientID), ":one": num(1)},
	})
	if err != nil {
		return unavailable("dynamo.SetOwner", err)
	}
	return nil
}

// Remove takes a client from its owner; it is fault.NotFound when it has none.
func (c *Clients) Remove(ctx context.Context, clientID string) error {
	_, err := c.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &c.table, Key: itemKey(clientPK(clientID), clientSK()), ConditionExpression: aws.String("attribute_exists(pk)"),
	})
	switch {
	case conditionFailed(err):
		return fault.New("dynamo.RemoveOwner", fault.NotFound, "There is no such client.")
	case err != nil:
		return unavailable("dynamo.RemoveOwner", err)
	}
	return nil
}

// List lists clients after the given id by their ids, at most limit. next is
// empty on the last page. It reads an index and so may lag behind writes for a
// moment.
func (c *Clients) List(ctx context.Context, after string, limit int32) (found []connection.Client, next string, err error) {
	query := &dynamodb.QueryInput{
		TableName: &c.table, IndexName: aws.String(indexReverse), Limit: &limit,
		KeyConditionExpression: aws.String("rpk = :all"), ExpressionAttributeValues: Item{":all": str(clientsPK())},
	}
	if after != "" {
		query.ExclusiveStartKey = itemKey(clientPK(after), clientSK())
		query.ExclusiveStartKey[attrReversePK], query.ExclusiveStartKey[attrReverseSK] = str(clientsPK()), str(after)
	}
	out, err := c.client.Query(ctx, query)
	if err != nil {
		return nil, "", unavailable("dynamo.ListOwners", err)
	}
	for _, item := range out.Items {
		found = append(found, connection.Client{ID: text(item, attrReverseSK), Owner: text(item, "owner")})
	}
	if out.LastEvaluatedKey != nil && len(found) > 0 {
		next = found[len(found)-1].ID
	}
	return found, next, nil
}
