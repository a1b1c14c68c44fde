// Command connections is the part of the API that mints connect links and lists
// connections.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/secret"
)

type config struct {
	Accounts      string `env:"ACCOUNTS_TABLE,required"`
	AppsSecret    string `env:"APPS_SECRET_ID,required"`
	CursorSecret  string `env:"CURSOR_SECRET_ID,required"`
	OwnerClaim    string `env:"OWNER_CLAIM"`
	DefaultOwner  string `env:"DEFAULT_OWNER"`
	PublicBaseURL string `env:"PUBLIC_BASE_URL"`
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		db, secrets := dynamodb.NewFromConfig(cfg), secretsmanager.NewFromConfig(cfg)
		store := dynamo.NewConnections(db, settings.Accounts, "")
		h := &handler{
			links:     connection.NewLinks(store, app.NewRegistry(secret.NewSource(secrets, settings.AppsSecret, bootstrap.Now)), bootstrap.Now),
			directory: connection.NewDirectory(store),
			baseURL:   settings.PublicBaseURL,
		}
		owners := api.Owners{Claim: settings.OwnerClaim, Clients: dynamo.NewClients(db, settings.Accounts), Default: settings.DefaultOwner}
		cursors := api.NewCursors(secret.NewSource(secrets, settings.CursorSecret, bootstrap.Now))
		return func() { lambdahttp.Start(h.routes(api.New(owners, cursors))) }, nil
	})
}
