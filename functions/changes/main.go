// Command changes is the part of the API that tells what happened, for readers
// that poll.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/feed"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/serve"
)

type config struct {
	serve.ReadAPI
	Feed string `env:"FEED_TABLE,required"`
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tables := dynamodb.NewFromConfig(cfg)
		h := &handler{feed: feed.NewReader(dynamo.NewFeed(tables, settings.Feed), bootstrap.Now)}
		routes := h.routes(settings.Router(cfg, tables))
		return func() { lambdahttp.Start(routes) }, nil
	})
}
