// Command link-generator makes promotion links on demand.
package main

import (
	"context"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/link"
	"tiktok-shop-affiliate/shared/quota"
	"tiktok-shop-affiliate/shared/seal"
	"tiktok-shop-affiliate/shared/secret"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

type config struct {
	Accounts     string `env:"ACCOUNTS_TABLE,required"`
	Records      string `env:"RECORDS_TABLE,required"`
	AppsSecret   string `env:"APPS_SECRET_ID,required"`
	KeysetSecret string `env:"KEYSET_SECRET_ID,required"`
	CursorSecret string `env:"CURSOR_SECRET_ID,required"`
	TikTokAPI    string `env:"TIKTOK_API_URL,required"`
	TikTokAuth   string `env:"TIKTOK_AUTH_URL,required"`
	OwnerClaim   string `env:"OWNER_CLAIM"`
	DefaultOwner string `env:"DEFAULT_OWNER"`
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
		db, secrets := dynamodb.NewFromConfig(cfg), secretsmanager.NewFromConfig(cfg)
		tiktok, err := tiktokshop.New(tiktokshop.Options{
			BaseURL: settings.TikTokAPI, AuthURL: settings.TikTokAuth, Log: slog.Default(),
			Ledger: quota.NewLedger(dynamo.NewQuotas(db, settings.Accounts), bootstrap.Now, slog.Default()),
		})
		if err != nil {
			return nil, err
		}
		connections := dynamo.NewConnections(db, settings.Accounts, "")
		grants := account.NewGrants(account.GrantsOptions{
			Store: connections.Accounts, TikTok: tiktok, Now: bootstrap.Now, Log: slog.Default(),
			Apps:  app.NewRegistry(secret.NewSource(secrets, settings.AppsSecret, bootstrap.Now)),
			Vault: account.NewVault(seal.New(secret.NewSource(secrets, settings.KeysetSecret, bootstrap.Now))),
		})
		h := &handler{
			connections: connection.NewDirectory(connections),
			links:       link.NewMaker(tiktok, grants, dynamo.NewLinks(db, settings.Records), bootstrap.Now),
		}
		owners := api.Owners{Claim: settings.OwnerClaim, Clients: dynamo.NewClients(db, settings.Accounts), Default: settings.DefaultOwner}
		cursors := api.NewCursors(secret.NewSource(secrets, settings.CursorSecret, bootstrap.Now))
		return func() { lambdahttp.Start(h.routes(api.New(owners, cursors))) }, nil
	})
}
