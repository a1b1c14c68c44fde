// Command oauth-callback serves the pages on which sellers, creators and
// affiliate partners connect their accounts, and TikTok Shop's callback.
package main

import (
	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/lambdahttp"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tiktok, err := settings.TikTok.Build(cfg, settings.RefreshAhead)
		if err != nil {
			return nil, err
		}
		h := &handler{claimURL: settings.ClaimURL, pages: newPages(settings.PartnerName, settings.PartnerURL, settings.consent()), connector: connection.NewConnector(connection.ConnectorOptions{
			Store: dynamo.NewConnections(tiktok.Tables, settings.Accounts, settings.Orders),
			Apps:  tiktok.Apps, TikTok: tiktok.Client, Grants: tiktok.Grants, Sealer: tiktok.Sealer,
			Pages: settings.consent(), Now: bootstrap.Now, Ahead: settings.RefreshAhead,
		})}
		return func() { lambdahttp.Start(h.routes()) }, nil
	})
}
