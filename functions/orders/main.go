// Command orders is the part of the API that shows affiliate orders and asks
// for them to be read.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/queue"
	"tiktok-shop-affiliate/shared/serve"
)

type config struct {
	serve.API
	Orders string `env:"ORDERS_TABLE,required"`
	Queue  string `env:"ORDER_QUEUE_URL,required"`
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tables := dynamodb.NewFromConfig(cfg)
		connections := dynamo.NewConnections(tables, settings.Accounts, settings.Orders)
		h := &handler{
			connections: connection.NewDirectory(connections),
			holders:     connections,
			orders:      dynamo.NewOrders(tables, settings.Orders),
			wakes:       queue.NewSender(sqs.NewFromConfig(cfg), settings.Queue),
			now:         bootstrap.Now,
		}
		routes := h.routes(settings.Router(cfg, tables, settings.WithConnections(tables)))
		return func() { lambdahttp.Start(routes) }, nil
	})
}
