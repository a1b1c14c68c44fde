// Command campaign-reviewer reviews the products that sellers submitted, one
// campaign a message.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/campaign"
	"tiktok-shop-affiliate/shared/compose"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/link"
)

type config struct {
	compose.TikTok
	Records string `env:"RECORDS_TABLE,required"`
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tiktok, err := settings.TikTok.Build(cfg, 0)
		if err != nil {
			return nil, err
		}
		connections := dynamo.NewConnections(tiktok.Tables, settings.Accounts, "")
		h := &handler{reviewer: campaign.NewReviewer(campaign.ReviewerOptions{
			Client: tiktok.Client, Assets: connection.NewDirectory(connections), Grants: tiktok.Grants, Now: bootstrap.Now,
			Links: link.NewMaker(tiktok.Client, tiktok.Grants, dynamo.NewLinks(tiktok.Tables, settings.Records), bootstrap.Now),
			Store: dynamo.NewCampaigns(tiktok.Tables, settings.Records),
		})}
		return func() { lambda.StartHandlerFunc(h.Handle) }, nil
	})
}
