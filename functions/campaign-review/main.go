// Command campaign-review finds, on a schedule, the campaigns that are due for
// review and queues them for the reviewer.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
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
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		h := &handler{
			campaigns: dynamo.NewCampaigns(dynamodb.NewFromConfig(cfg), settings.Records),
			queue:     queue.NewSender(sqs.NewFromConfig(cfg), settings.Queue),
			now:       bootstrap.Now,
		}
		return func() { lambda.Start(h.Handle) }, nil
	})
}
