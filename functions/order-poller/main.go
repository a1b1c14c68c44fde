// Command order-poller finds, on a schedule, the assets whose orders are due to
// be read and wakes the fetcher.
package main

import (
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/obs"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/queue"
)

type config struct {
	Orders string        `env:"ORDERS_TABLE,required"`
	Queue  string        `env:"ORDER_QUEUE_URL,required"`
	Again  time.Duration `env:"ORDER_WAKE_AGAIN" envDefault:"5m"` // how often an asset is woken that stays due
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		h := &handler{planner: order.NewPlanner(order.PlannerOptions{
			Store:     dynamo.NewOrders(dynamodb.NewFromConfig(cfg), settings.Orders),
			Wakes:     queue.NewSender(sqs.NewFromConfig(cfg), settings.Queue),
			Freshness: freshness{obs.NewMeter(bootstrap.Now)},
			Now:       bootstrap.Now,
			Log:       slog.Default(),
			Shards:    dynamo.DueShards,
			Again:     settings.Again,
		})}
		return func() { lambda.StartHandlerFunc(h.Handle) }, nil
	})
}
