// Command connections is the part of the API that mints connect links and lists
// connections.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/compose"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/secret"
)

type config struct {
	compose.API
	AppsSecret string `env:"APPS_SECRET_ID,required"`
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		db, secrets := dynamodb.NewFromConfig(cfg), secretsmanager.NewFromConfig(cfg)
		store := dynamo.NewConnections(db, settings.Accounts, "")
		h := &handler{
			links:     connection.NewLinks(store, app.NewRegistry(secret.NewSource(secrets, settings.AppsSecret, bootstrap.Now)), bootstrap.Now),
			directory: connection.NewDirectory(store),
			baseURL:   settings.BaseURL,
		}
		routes := h.routes(settings.Router(cfg, db))
		return func() { lambdahttp.Start(routes) }, nil
	})
}
