// Command token-refresh-worker refreshes the tokens of one account a message,
// before they end.
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
	"tiktok-shop-affiliate/shared/seal"
	"tiktok-shop-affiliate/shared/secret"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

type config struct {
	Accounts     string        `env:"ACCOUNTS_TABLE,required"`
	AppsSecret   string        `env:"APPS_SECRET_ID,required"`
	KeysetSecret string        `env:"KEYSET_SECRET_ID,required"`
	TikTokAPI    string        `env:"TIKTOK_API_URL,required"`
	TikTokAuth   string        `env:"TIKTOK_AUTH_URL,required"`
	RefreshAhead time.Duration `env:"REFRESH_AHEAD" envDefault:"24h"`
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
		tiktok, err := tiktokshop.New(tiktokshop.Options{BaseURL: settings.TikTokAPI, AuthURL: settings.TikTokAuth, Log: slog.Default()})
		if err != nil {
			return nil, err
		}
		secrets := secretsmanager.NewFromConfig(cfg)
		h := &handler{meter: obs.NewMeter(bootstrap.Now), grants: account.NewGrants(account.GrantsOptions{
			Store:  dynamo.NewAccounts(dynamodb.NewFromConfig(cfg), settings.Accounts),
			TikTok: tiktok,
			Apps:   app.NewRegistry(secret.NewSource(secrets, settings.AppsSecret, bootstrap.Now)),
			Vault:  account.NewVault(seal.New(secret.NewSource(secrets, settings.KeysetSecret, bootstrap.Now))),
			Now:    bootstrap.Now, Ahead: settings.RefreshAhead, Log: slog.Default(),
		})}
		return func() { lambda.StartHandlerFunc(h.Handle) }, nil
	})
}
