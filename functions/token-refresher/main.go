// Command token-refresher looks on a schedule for grants whose tokens will end
// soon and queues them.
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
	Accounts string `env:"ACCOUNTS_TABLE,required"`
	Queue    string `env:"REFRESH_QUEUE_URL,required"`
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		h := &handler{
			accounts: dynamo.NewAccounts(dynamodb.NewFromConfig(cfg), settings.Accounts),
			queue:    queue.NewSender(sqs.NewFromConfig(cfg), settings.Queue),
			now:      bootstrap.Now,
		}
		return func() { lambda.Start(h.Handle) }, nil
	})
}
