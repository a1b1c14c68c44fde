// Command event-deliverer hands each queued event to the back end that the
// deployment names, over HTTP and signed.
package main

import (
	"math/rand/v2"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/obs"
	"tiktok-shop-affiliate/shared/push"
	"tiktok-shop-affiliate/shared/queue"
	"tiktok-shop-affiliate/shared/secret"
)

type config struct {
	URL    string `env:"EVENT_DELIVERY_URL"` // empty: off
	Secret string `env:"DELIVERY_SECRET_ID,required"`
	Queue  string `env:"DELIVERY_QUEUE_URL,required"`
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		h := &handler{queue: queue.NewPostponer(sqs.NewFromConfig(cfg), settings.Queue), meter: obs.NewMeter(bootstrap.Now), random: rand.Float64}
		if settings.URL != "" {
			signer := push.NewSigner(secret.NewSource(secretsmanager.NewFromConfig(cfg), settings.Secret, bootstrap.Now))
			pusher, err := push.New(settings.URL, signer, bootstrap.Now)
			if err != nil {
				return nil, err
			}
			h.pusher = pusher
		}
		return func() { lambda.StartHandlerFunc(h.Handle) }, nil
	})
}
