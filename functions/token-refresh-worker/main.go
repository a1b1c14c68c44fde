// Command token-refresh-worker refreshes the tokens of one account a message,
// before they end, and ends accounts that no owner is left for.
package main

import (
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/compose"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/obs"
)

type config struct {
	compose.TikTok
	RefreshAhead time.Duration `env:"REFRESH_AHEAD" envDefault:"24h"`
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tiktok, err := settings.TikTok.Build(cfg, settings.RefreshAhead)
		if err != nil {
			return nil, err
		}
		h := &handler{meter: obs.NewMeter(bootstrap.Now), grants: tiktok.Grants, settling: connection.NewRemover(connection.RemoverOptions{
			Store: dynamo.NewConnections(tiktok.Tables, settings.Accounts, ""), Grants: tiktok.Grants, TikTok: tiktok.Client,
			Now: bootstrap.Now, Log: slog.Default(),
		})}
		return func() { lambda.StartHandlerFunc(h.Handle) }, nil
	})
}
