// Command connections is the part of the API that mints connect links and looks
// after connections.
package main

import (
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/compose"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/lambdahttp"
)

type config struct {
	compose.TikTok
	compose.API
	Orders       string        `env:"ORDERS_TABLE,required"`
	Creator      string        `env:"CONSENT_CREATOR_URL,required"` // where creators remove access
	RefreshAhead time.Duration `env:"REFRESH_AHEAD" envDefault:"24h"`
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tiktok, err := settings.TikTok.Build(cfg, settings.RefreshAhead)
		if err != nil {
			return nil, err
		}
		store := dynamo.NewConnections(tiktok.Tables, settings.Accounts, settings.Orders)
		h := &handler{
			links:     connection.NewLinks(store, tiktok.Apps, bootstrap.Now),
			directory: connection.NewDirectory(store),
			remover: connection.NewRemover(connection.RemoverOptions{
				Store: store, Grants: tiktok.Grants, TikTok: tiktok.Client, Apps: tiktok.Apps,
				Pages: connection.ConsentPages{Creator: settings.Creator}, Now: bootstrap.Now, Log: slog.Default(),
			}),
			claims: connection.NewConnector(connection.ConnectorOptions{
				Store: store, Apps: tiktok.Apps, TikTok: tiktok.Client, Grants: tiktok.Grants, Sealer: tiktok.Sealer, Now: bootstrap.Now, Ahead: settings.RefreshAhead,
			}),
			grants: tiktok.Grants, now: bootstrap.Now,
		}
		routes := h.routes(settings.Router(cfg, tiktok.Tables))
		return func() { lambdahttp.Start(routes) }, nil
	})
}
