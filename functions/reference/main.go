// Command reference serves the reference of the API for people, and the pages
// that the types of our problems name.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"tiktok-shop-affiliate/docs"
	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/reference"
)

type config struct {
	Serve bool `env:"SERVE_REFERENCE"` // the page about the routes, too
}

func (c config) options() reference.Options {
	if !c.Serve {
		return reference.Options{}
	}
	return reference.Options{Description: docs.OpenAPI}
}

func main() {
	bootstrap.Main(func(_ aws.Config, settings config) (func(), error) {
		site, err := reference.New(settings.options())
		if err != nil {
			return nil, err
		}
		return func() { lambdahttp.Start(routes(site)) }, nil
	})
}
