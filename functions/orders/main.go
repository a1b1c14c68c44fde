// Command orders is the part of the API that shows affiliate orders and asks
// for them to be read.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/queue"
	"tiktok-shop-affiliate/shared/secret"
)

type config struct {
	Accounts     string `env:"ACCOUNTS_TABLE,required"`
	Orders       string `env:"ORDERS_TABLE,required"`
	CursorSecret string `env:"CURSOR_SECRET_ID,required"`
	Queue        string `env:"ORDER_QUEUE_URL,required"`
	OwnerClaim   string `env:"OWNER_CLAIM"`
	DefaultOwner string `env:"DEFAULT_OWNER"`
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tables := dynamodb.NewFromConfig(cfg)
		h := &handler{
			connections: connection.NewDirectory(dynamo.NewConnections(tables, settings.Accounts, settings.Orders)),
			orders:      dynamo.NewOrders(tables, settings.Orders),
			wakes:       queue.NewSender(sqs.NewFromConfig(cfg), settings.Queue),
			now:         bootstrap.Now,
		}
		owners := api.Owners{Claim: settings.OwnerClaim, Clients: dynamo.NewClients(tables, settings.Accounts), Default: settings.DefaultOwner}
		cursors := api.NewCursors(secret.NewSource(secretsmanager.NewFromConfig(cfg), settings.CursorSecret, bootstrap.Now))
		return func() { lambdahttp.Start(h.routes(api.New(owners, cursors))) }, nil
	})
}
