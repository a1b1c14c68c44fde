// Command link-generator makes promotion links on demand.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/compose"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/link"
)

type config struct {
	compose.TikTok
	compose.API
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tiktok, err := settings.TikTok.Build(cfg, 0)
		if err != nil {
			return nil, err
		}
		h := &handler{
			links: link.NewMaker(tiktok.Client, tiktok.Grants, dynamo.NewLinks(tiktok.Tables, settings.Records), bootstrap.Now),
		}
		routes := h.routes(settings.Router(cfg, tiktok.Tables, settings.WithConnections(tiktok.Tables)))
		return func() { lambdahttp.Start(routes) }, nil
	})
}
