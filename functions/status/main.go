// Command status is the part of the API that shows what TikTok Shop's webhooks
// came to, and processes one again.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/compose"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/queue"
)

type config struct {
	compose.API
	WebhookQueue string `env:"WEBHOOK_QUEUE_URL,required"`
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tables := dynamodb.NewFromConfig(cfg)
		h := &handler{
			connections: dynamo.NewConnections(tables, settings.Accounts, ""),
			deliveries:  dynamo.NewDeliveries(tables, settings.Accounts, "", settings.Records, bootstrap.Now),
			webhooks:    queue.NewSender(sqs.NewFromConfig(cfg), settings.WebhookQueue),
		}
		routes := h.routes(settings.Router(cfg, tables))
		return func() { lambdahttp.Start(routes) }, nil
	})
}
