// Command oauth-callback serves the pages on which sellers, creators and
// affiliate partners connect their accounts, and TikTok Shop's callback.
package main

import (
	"context"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/seal"
	"tiktok-shop-affiliate/shared/secret"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

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
		h := &handler{pages: newPages(settings.PartnerName, settings.PartnerURL, settings.consent()), connector: connection.NewConnector(connection.ConnectorOptions{
			Store:  dynamo.NewConnections(dynamodb.NewFromConfig(cfg), settings.Accounts, settings.Orders),
			Apps:   app.NewRegistry(secret.NewSource(secrets, settings.AppsSecret, bootstrap.Now)),
			TikTok: tiktok,
			Sealer: seal.New(secret.NewSource(secrets, settings.KeysetSecret, bootstrap.Now)),
			Pages:  settings.consent(), Now: bootstrap.Now, Ahead: settings.RefreshAhead,
		})}
		return func() { lambdahttp.Start(h.routes()) }, nil
	})
}
