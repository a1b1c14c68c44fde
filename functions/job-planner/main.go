// Command job-planner finds, on a schedule, the lanes of jobs that are due and
// wakes the worker.
package main

import (
	"log/slog"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/job"
	"tiktok-shop-affiliate/shared/queue"
)

type config struct {
	Records string `env:"RECORDS_TABLE,required"`
	Queue   string `env:"JOB_QUEUE_URL,required"`
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		h := &handler{planner: job.NewPlanner(job.PlannerOptions{
			Store: dynamo.NewJobs(dynamodb.NewFromConfig(cfg), settings.Records), Wakes: queue.NewSender(sqs.NewFromConfig(cfg), settings.Queue),
			Now: bootstrap.Now, Log: slog.Default(), Shards: dynamo.DueShards,
		})}
		return func() { lambda.StartHandlerFunc(h.Handle) }, nil
	})
}
