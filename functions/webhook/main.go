// Command webhook is what TikTok Shop calls: it checks who signed a webhook,
// puts it into a queue and says thanks, within the 3 s that TikTok Shop waits.
package main

import (
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/queue"
	"tiktok-shop-affiliate/shared/secret"
)

type config struct {
	AppsSecret  string `env:"APPS_SECRET_ID,required"`
	Queue       string `env:"WEBHOOK_QUEUE_URL,required"`
	Mismatch503 bool   `env:"WEBHOOK_MISMATCH_503"` // while an app secret is being changed
}

// mismatchStatus answers a bad signature.
func (c config) mismatchStatus() int {
	if c.Mismatch503 {
		return http.StatusServiceUnavailable
	}
	return http.StatusUnauthorized
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		cfg.HTTPClient = bootstrap.InMemory(awshttp.NewBuildableClient().WithTimeout(time.Second))
		cfg.Retryer = func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = 2, 100*time.Millisecond })
		}
		h := &handler{
			apps:     app.NewRegistry(secret.NewSource(secretsmanager.NewFromConfig(cfg), settings.AppsSecret, bootstrap.Now)),
			queue:    queue.NewSender(sqs.NewFromConfig(cfg), settings.Queue),
			now:      bootstrap.Now,
			mismatch: settings.mismatchStatus(),
		}
		return func() { lambdahttp.Start(h.routes()) }, nil
	})
}
