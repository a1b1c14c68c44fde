// Package compose builds what the functions that call TikTok Shop have in
// common, so that each main.go composes only what is its own.
package compose

import (
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/quota"
	"tiktok-shop-affiliate/shared/seal"
	"tiktok-shop-affiliate/shared/secret"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// TikTok is the part of a function's settings that says how TikTok Shop is
// called. Embed it.
type TikTok struct {
	Accounts string `env:"ACCOUNTS_TABLE,required"`
	Apps     string `env:"APPS_SECRET_ID,required"`
	Keyset   string `env:"KEYSET_SECRET_ID,required"`
	APIURL   string `env:"TIKTOK_API_URL,required"`
	AuthURL  string `env:"TIKTOK_AUTH_URL,required"`
}

// Parts is what calling TikTok Shop takes.
type Parts struct {
	Tables *dynamodb.Client
	Client *tiktokshop.Client
	Apps   *app.Registry
	Sealer *seal.Sealer
	Grants *account.Grants
}

// Build makes the parts. Grants are refreshed on schedule that long ahead of
// their end; 0 leaves it to the default.
func (t TikTok) Build(cfg aws.Config, ahead time.Duration) (Parts, error) {
	tables, secrets := dynamodb.NewFromConfig(cfg), secretsmanager.NewFromConfig(cfg)
	client, err := tiktokshop.New(tiktokshop.Options{
		BaseURL: t.APIURL, AuthURL: t.AuthURL, Now: bootstrap.Now, Log: slog.Default(),
		Ledger: quota.NewLedger(dynamo.NewQuotas(tables, t.Accounts), bootstrap.Now, slog.Default()),
	})
	if err != nil {
		return Parts{}, err
	}
	p := Parts{
		Tables: tables,
		Client: client,
		Apps:   app.NewRegistry(secret.NewSource(secrets, t.Apps, bootstrap.Now)),
		Sealer: seal.New(secret.NewSource(secrets, t.Keyset, bootstrap.Now)),
	}
	p.Grants = account.NewGrants(account.GrantsOptions{
		Store: dynamo.NewAccounts(tables, t.Accounts), TikTok: client, Apps: p.Apps, Vault: account.NewVault(p.Sealer),
		Now: bootstrap.Now, Ahead: ahead, Log: slog.Default(),
	})
	return p, nil
}
