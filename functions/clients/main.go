// Command clients is the part of the API by which the operator says which owner
// each API client acts for.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/serve"
)

type config struct{ serve.API }

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tables := dynamodb.NewFromConfig(cfg)
		h := &handler{clients: dynamo.NewClients(tables, settings.Accounts)}
		routes := h.routes(settings.Router(cfg, tables))
		return func() { lambdahttp.Start(routes) }, nil
	})
}
