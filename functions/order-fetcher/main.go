// Command order-fetcher reads the orders of the assets it is woken for.
package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/obs"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/quota"
	"tiktok-shop-affiliate/shared/seal"
	"tiktok-shop-affiliate/shared/secret"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// The default cadence: the open window every 5 minutes, 3 days hourly, 35 days
// daily (a commission settles 15 to 31 days after delivery), 100 days weekly.
// Source of the 15 and 31 days: doc:cap-tap-finance-guide-us-only.
type config struct {
	Accounts string        `env:"ACCOUNTS_TABLE,required"`
	Orders   string        `env:"ORDERS_TABLE,required"`
	Apps     string        `env:"APPS_SECRET_ID,required"`
	Keyset   string        `env:"KEYSET_SECRET_ID,required"`
	APIURL   string        `env:"TIKTOK_API_URL,required"`
	AuthURL  string        `env:"TIKTOK_AUTH_URL,required"`
	Cadence  order.Cadence `env:"ORDER_CADENCE" envDefault:"0=5m,72h=1h,840h=24h,2400h=168h"` // see order.Cadence
	Horizon  time.Duration `env:"ORDER_HORIZON" envDefault:"720h"`                            // how far back the first read of an asset goes
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
		secrets, tables := secretsmanager.NewFromConfig(cfg), dynamodb.NewFromConfig(cfg)
		tiktok, err := tiktokshop.New(tiktokshop.Options{
			BaseURL: settings.APIURL, AuthURL: settings.AuthURL, Now: bootstrap.Now, Log: slog.Default(),
			Ledger: quota.NewLedger(dynamo.NewQuotas(tables, settings.Accounts), bootstrap.Now, slog.Default()),
		})
		if err != nil {
			return nil, err
		}
		grants := account.NewGrants(account.GrantsOptions{
			Store: dynamo.NewAccounts(tables, settings.Accounts), TikTok: tiktok, Now: bootstrap.Now, Log: slog.Default(),
			Apps:  app.NewRegistry(secret.NewSource(secrets, settings.Apps, bootstrap.Now)),
			Vault: account.NewVault(seal.New(secret.NewSource(secrets, settings.Keyset, bootstrap.Now))),
		})
		h := &handler{orders: order.NewFetcher(order.FetcherOptions{
			Store: dynamo.NewOrders(tables, settings.Orders), Searches: order.NewTikTok(tiktok, grants), Oddities: oddities{obs.NewMeter(bootstrap.Now)},
			Now: bootstrap.Now, Log: slog.Default(), Cadence: settings.Cadence, Horizon: settings.Horizon,
		})}
		return func() { lambda.StartHandlerFunc(h.Handle) }, nil
	})
}
