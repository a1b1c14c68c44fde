// Command campaign-review finds, on a schedule, the campaigns that are due for
// review and queues them for the reviewer.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/queue"
)

type config struct {
	Records string `env:"RECORDS_TABLE,required"`
	Queue   string `env:"REVIEW_QUEUE_URL,required"`
}

func main() {
	bootstrap.Main(func(ctx context.Context) (func(), error) {
		settings, err := bootstrap.Settings[config]()
		if err != nil {
			return nil, err
		}
		cfg, err := bootstrap.AWS(ctx)
		if err != nil {
			return nil, err
		}
		h := &handler{
			campaigns: dynamo.NewCampaigns(dynamodb.NewFromConfig(cfg), settings.Records),
			queue:     queue.NewSender(sqs.NewFromConfig(cfg), settings.Queue),
			now:       bootstrap.Now,
		}
		return func() { lambda.Start(h.Handle) }, nil
	})
}
