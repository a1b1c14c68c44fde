// Command backfill-starter starts a job for each asset of a new connection that
// has its past orders read.
package main

import (
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/job"
	"tiktok-shop-affiliate/shared/queue"
)

type config struct {
	Accounts string `env:"ACCOUNTS_TABLE,required"`
	Records  string `env:"RECORDS_TABLE,required"`
	Queue    string `env:"JOB_QUEUE_URL,required"`
	Days     int    `env:"JOB_RETENTION_DAYS,required"` // how long jobs and their results are kept
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tables := dynamodb.NewFromConfig(cfg)
		h := &handler{
			connections: connection.NewDirectory(dynamo.NewConnections(tables, settings.Accounts, "")),
			jobs: job.NewManager(job.ManagerOptions{
				Store: dynamo.NewJobs(tables, settings.Records), Wakes: queue.NewSender(sqs.NewFromConfig(cfg), settings.Queue),
				Now: bootstrap.Now, Log: slog.Default(), Retention: time.Duration(settings.Days) * 24 * time.Hour,
			}),
		}
		return func() { lambda.StartHandlerFunc(h.Handle) }, nil
	})
}
