// Command token-refresher looks on a schedule for grants whose tokens will end
// soon and queues them.
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
	Accounts string `env:"ACCOUNTS_TABLE,required"`
	Queue    string `env:"REFRESH_QUEUE_URL,required"`
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
			accounts: dynamo.NewAccounts(dynamodb.NewFromConfig(cfg), settings.Accounts),
			queue:    queue.NewSender(sqs.NewFromConfig(cfg), settings.Queue),
			now:      bootstrap.Now,
		}
		return func() { lambda.Start(h.Handle) }, nil
	})
}
