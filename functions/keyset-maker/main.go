// Command keyset-maker is a CloudFormation custom resource: when a stack is made
// it puts the keyset that seals tokens into its secret, once.
package main

import (
	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"tiktok-shop-affiliate/shared/bootstrap"
)

func main() {
	bootstrap.Main(func(cfg aws.Config, _ struct{}) (func(), error) {
		h := &handler{secrets: secrets{client: secretsmanager.NewFromConfig(cfg)}}
		return func() { lambda.Start(cfn.LambdaWrap(h.Handle)) }, nil
	})
}
