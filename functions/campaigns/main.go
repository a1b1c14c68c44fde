// Command campaigns is the API for review rules and reviews.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/compose"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/queue"
	"tiktok-shop-affiliate/shared/secret"
)

type config struct {
	compose.TikTok
	Records      string `env:"RECORDS_TABLE,required"`
	Queue        string `env:"REVIEW_QUEUE_URL,required"`
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
			grants:      tiktok.Grants,
			client:      tiktok.Client,
			store:       dynamo.NewCampaigns(tiktok.Tables, settings.Records),
			queue:       queue.NewSender(sqs.NewFromConfig(cfg), settings.Queue),
			now:         bootstrap.Now,
		}
		owners := api.Owners{Claim: settings.OwnerClaim, Clients: dynamo.NewClients(tiktok.Tables, settings.Accounts), Default: settings.DefaultOwner}
		cursors := api.NewCursors(secret.NewSource(secretsmanager.NewFromConfig(cfg), settings.CursorSecret, bootstrap.Now))
		return func() { lambdahttp.Start(h.routes(api.New(owners, cursors))) }, nil
	})
}
