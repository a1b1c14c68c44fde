package dynamo

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Clients says which owner an OAuth client acts for. It implements api.Clients.
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
		UpdateExpression:          aws.String("SET entity = :entity, #owner = :owner ADD rev :one"),
		ExpressionAttributeNames:  names("owner"),
		ExpressionAttributeValues: Item{":entity": str(entityClient), ":owner": str(owner), ":one": num(1)},
	})
	if err != nil {
		return unavailable("dynamo.SetOwner", err)
	}
	return nil
}

// List calls each for every client. It reads the whole table, so it is for
// operators.
func (c *Clients) List(ctx context.Context, each func(clientID, owner string)) error {
	scan := &dynamodb.ScanInput{
		TableName: &c.table, FilterExpression: aws.String("entity = :entity"), ExpressionAttributeValues: Item{":entity": str(entityClient)},
	}
	for pages := dynamodb.NewScanPaginator(c.client, scan); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return unavailable("dynamo.ListOwners", err)
		}
		for _, item := range page.Items {
			each(strings.TrimPrefix(text(item, attrPK), clientPK("")), text(item, "owner"))
		}
	}
	return nil
}
