// Command order-fetcher reads the orders of the assets it is woken for.
package main

import (
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/compose"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/obs"
	"tiktok-shop-affiliate/shared/order"
)

// The default cadence is that of order.DefaultRules: the open window every 5
// minutes, 3 days hourly, 35 days daily (a commission settles 15 to 31 days
// after delivery), 100 days weekly, then monthly while rows are open.
type config struct {
	compose.TikTok
	Orders  string        `env:"ORDERS_TABLE,required"`
	Cadence order.Cadence `env:"ORDER_CADENCE" envDefault:"0=5m,72h=1h,840h=24h,2400h=168h"` // see order.Cadence
	Horizon time.Duration `env:"ORDER_HORIZON" envDefault:"720h"`                            // how far back the first read of an asset goes
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tiktok, err := settings.TikTok.Build(cfg, 0)
		if err != nil {
			return nil, err
		}
		rules := order.DefaultRules()
		rules.Cadence = settings.Cadence
		h := &handler{orders: order.NewFetcher(order.FetcherOptions{
			Store: dynamo.NewOrders(tiktok.Tables, settings.Orders), Searches: order.NewTikTok(tiktok.Client, tiktok.Grants), Oddities: oddities{obs.NewMeter(bootstrap.Now)},
			Now: bootstrap.Now, Log: slog.Default(), Rules: rules, Horizon: settings.Horizon,
		})}
		return func() { lambda.StartHandlerFunc(h.Handle) }, nil
	})
}
