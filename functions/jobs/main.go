// Command jobs serves the routes of jobs: make, watch, pause and resume them,
// and read what came of them.
package main

import (
	"log/slog"
	"time"
	_ "time/tzdata" // conversions are asked for in any time zone

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tiktok-shop-affiliate/shared/blob"
	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/job"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/link"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/queue"
	"tiktok-shop-affiliate/shared/serve"
)

type config struct {
	serve.API
	Queue  string `env:"JOB_QUEUE_URL,required"`
	Bucket string `env:"JOB_BUCKET,required"`
	Days   int    `env:"JOB_RETENTION_DAYS,required"` // how long jobs and their results are kept
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tables, bucket := dynamodb.NewFromConfig(cfg), blob.New(cfg, settings.Bucket)
		h := &handler{
			jobs: job.NewManager(job.ManagerOptions{
				Store: dynamo.NewJobs(tables, settings.Records), Objects: bucket, Wakes: queue.NewSender(sqs.NewFromConfig(cfg), settings.Queue),
				Now: bootstrap.Now, Log: slog.Default(), Retention: time.Duration(settings.Days) * 24 * time.Hour,
			}),
			files: bucket,
			specs: job.Specs{link.BulkSpec(), order.ExportSpec(), conversion.ExportSpec(), order.BackfillSpec(), conversion.RebuildSpec()},
			now:   bootstrap.Now,
		}
		routes := h.routes(settings.Router(cfg, tables, settings.WithConnections(tables)))
		return func() { lambdahttp.Start(routes) }, nil
	})
}
