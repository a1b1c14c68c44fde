// Command webhook-processor takes the webhooks of TikTok Shop from their queue
// and gives each its effect, once.
package main

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/delivery"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/quota"
	"tiktok-shop-affiliate/shared/seal"
	"tiktok-shop-affiliate/shared/secret"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

type config struct {
	Accounts string `env:"ACCOUNTS_TABLE,required"`
	Orders   string `env:"ORDERS_TABLE,required"`
	Records  string `env:"RECORDS_TABLE,required"`
	Apps     string `env:"APPS_SECRET_ID,required"`
	Keyset   string `env:"KEYSET_SECRET_ID,required"`
	APIURL   string `env:"TIKTOK_API_URL,required"`
	AuthURL  string `env:"TIKTOK_AUTH_URL,required"`
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
		accounts := dynamo.NewAccounts(tables, settings.Accounts)
		grants := account.NewGrants(account.GrantsOptions{
			Store: accounts, TikTok: tiktok, Now: bootstrap.Now, Log: slog.Default(),
			Apps:  app.NewRegistry(secret.NewSource(secrets, settings.Apps, bootstrap.Now)),
			Vault: account.NewVault(seal.New(secret.NewSource(secrets, settings.Keyset, bootstrap.Now))),
		})
		store := dynamo.NewDeliveries(tables, settings.Accounts, settings.Orders, settings.Records, bootstrap.Now)
		h := &handler{processor: delivery.NewProcessor(accounts, shops{grants: grants, tiktok: tiktok}, store)}
		return func() { lambda.StartHandlerFunc(h.Handle) }, nil
	})
}
