// Command campaigns is the API for review rules and reviews.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/compose"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/queue"
)

type config struct {
	compose.TikTok
	compose.API
	Queue string `env:"REVIEW_QUEUE_URL,required"`
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tiktok, err := settings.TikTok.Build(cfg, 0)
		if err != nil {
			return nil, err
		}
		h := &handler{
			grants: tiktok.Grants,
			client: tiktok.Client,
			store:  dynamo.NewCampaigns(tiktok.Tables, settings.Records),
			queue:  queue.NewSender(sqs.NewFromConfig(cfg), settings.Queue),
			now:    bootstrap.Now,
		}
		routes := h.routes(settings.Router(cfg, tiktok.Tables, settings.WithConnections(tiktok.Tables)))
		return func() { lambdahttp.Start(routes) }, nil
	})
}
