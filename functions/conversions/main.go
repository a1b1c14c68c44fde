// Command conversions is the part of the API that shows what was sold and
// earned, added up.
package main

import (
	_ "time/tzdata" // any time zone, wherever this runs

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/serve"
)

type config struct {
	serve.ReadAPI
	Orders string `env:"ORDERS_TABLE,required"`
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tables := dynamodb.NewFromConfig(cfg)
		sums := dynamo.NewRollups(tables, settings.Orders)
		h := &handler{
			connections: connection.NewDirectory(dynamo.NewConnections(tables, settings.Accounts, settings.Orders)),
			sums:        sums,
			windows:     sums,
			now:         bootstrap.Now,
		}
		routes := h.routes(settings.Router(cfg, tables))
		return func() { lambdahttp.Start(routes) }, nil
	})
}
