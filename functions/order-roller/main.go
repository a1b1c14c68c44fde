// Command order-roller reads the stream of order rows and adds up the days of
// those that changed.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/dynamo"
)

type config struct {
	Orders string `env:"ORDERS_TABLE,required"`
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		sums := dynamo.NewRollups(dynamodb.NewFromConfig(cfg), settings.Orders)
		h := &handler{days: conversion.NewRoller(conversion.RollerOptions{Store: sums, Now: bootstrap.Now})}
		return func() { lambda.StartHandlerFunc(h.Handle) }, nil
	})
}
