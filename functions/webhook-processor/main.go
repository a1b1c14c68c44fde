// Command webhook-processor takes the webhooks of TikTok Shop from their queue
// and gives each its effect, once.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/compose"
	"tiktok-shop-affiliate/shared/delivery"
	"tiktok-shop-affiliate/shared/dynamo"
)

type config struct {
	compose.TikTok
	Orders  string `env:"ORDERS_TABLE,required"`
	Records string `env:"RECORDS_TABLE,required"`
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tiktok, err := settings.TikTok.Build(cfg, 0)
		if err != nil {
			return nil, err
		}
		accounts := dynamo.NewAccounts(tiktok.Tables, settings.Accounts)
		store := dynamo.NewDeliveries(tiktok.Tables, settings.Accounts, settings.Orders, settings.Records, bootstrap.Now)
		h := &handler{processor: delivery.NewProcessor(accounts, shops{grants: tiktok.Grants, tiktok: tiktok.Client}, store)}
		return func() { lambda.StartHandlerFunc(h.Handle) }, nil
	})
}
