// Command publisher reads the streams of the tables and tells what changed on
// the event bus and in the owners' feeds, and queues it for its delivery over
// HTTP where that is wanted. No other function publishes: a change that is
// stored is a change that is told.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/bus"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/feed"
	"tiktok-shop-affiliate/shared/queue"
)

type config struct {
	Accounts string `env:"ACCOUNTS_TABLE,required"`
	Feed     string `env:"FEED_TABLE,required"`
	Bus      string `env:"EVENT_BUS_NAME,required"`
	Delivery string `env:"DELIVERY_QUEUE_URL"` // empty: nothing is delivered
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tables := dynamodb.NewFromConfig(cfg)
		connections := dynamo.NewConnections(tables, settings.Accounts, "")
		h := &handler{
			audience: func() audience { return dynamo.NewAudience(connections) },
			bus:      bus.NewPublisher(eventbridge.NewFromConfig(cfg), settings.Bus),
			feeds:    feed.NewWriter(dynamo.NewFeed(tables, settings.Feed), bootstrap.Now),
		}
		if settings.Delivery != "" {
			h.deliveries = queue.NewSender(sqs.NewFromConfig(cfg), settings.Delivery)
		}
		return func() { lambda.StartHandlerFunc(h.Handle) }, nil
	})
}
