// Command link-generator makes promotion links on demand.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/compose"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/link"
	"tiktok-shop-affiliate/shared/secret"
)

type config struct {
	compose.TikTok
	Records      string `env:"RECORDS_TABLE,required"`
	CursorSecret string `env:"CURSOR_SECRET_ID,required"`
	OwnerClaim   string `env:"OWNER_CLAIM"`
	DefaultOwner string `env:"DEFAULT_OWNER"`
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tiktok, err := settings.TikTok.Build(cfg, 0)
		if err != nil {
			return nil, err
		}
		connections := dynamo.NewConnections(tiktok.Tables, settings.Accounts, "")
		h := &handler{
			connections: connection.NewDirectory(connections),
			links:       link.NewMaker(tiktok.Client, tiktok.Grants, dynamo.NewLinks(tiktok.Tables, settings.Records), bootstrap.Now),
		}
		owners := api.Owners{Claim: settings.OwnerClaim, Clients: dynamo.NewClients(tiktok.Tables, settings.Accounts), Default: settings.DefaultOwner}
		cursors := api.NewCursors(secret.NewSource(secretsmanager.NewFromConfig(cfg), settings.CursorSecret, bootstrap.Now))
		return func() { lambdahttp.Start(h.routes(api.New(owners, cursors))) }, nil
	})
}
