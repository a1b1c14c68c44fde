// Command campaign-reviewer reviews the products that sellers submitted, one
// campaign a message.
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
	"tiktok-shop-affiliate/shared/campaign"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
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
	TikTokAPI    string `env:"TIKTOK_API_URL,required"`
	TikTokAuth   string `env:"TIKTOK_AUTH_URL,required"`
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
		h := &handler{reviewer: campaign.NewReviewer(campaign.ReviewerOptions{
			Client: tiktok, Assets: connection.NewDirectory(connections), Grants: grants, Now: bootstrap.Now,
			Links: link.NewMaker(tiktok, grants, dynamo.NewLinks(db, settings.Records), bootstrap.Now),
			Store: dynamo.NewCampaigns(db, settings.Records),
		})}
		return func() { lambda.StartHandlerFunc(h.Handle) }, nil
	})
}
