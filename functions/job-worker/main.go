// Command job-worker runs the jobs of the lanes it is woken for, step by step.
package main

import (
	"log/slog"
	_ "time/tzdata" // conversions are asked for in any time zone

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tiktok-shop-affiliate/shared/blob"
	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/compose"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/job"
	"tiktok-shop-affiliate/shared/link"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/queue"
)

type config struct {
	compose.TikTok
	Records string `env:"RECORDS_TABLE,required"`
	Orders  string `env:"ORDERS_TABLE,required"`
	Queue   string `env:"JOB_QUEUE_URL,required"`
	Reads   string `env:"ORDER_QUEUE_URL,required"`
	Bucket  string `env:"JOB_BUCKET,required"`
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tiktok, err := settings.TikTok.Build(cfg, 0)
		if err != nil {
			return nil, err
		}
		directory := connection.NewDirectory(dynamo.NewConnections(tiktok.Tables, settings.Accounts, ""))
		links := link.NewMaker(tiktok.Client, tiktok.Grants, dynamo.NewLinks(tiktok.Tables, settings.Records), bootstrap.Now)
		rows, sums := dynamo.NewOrders(tiktok.Tables, settings.Orders), dynamo.NewRollups(tiktok.Tables, settings.Orders)
		bucket, queues := blob.New(cfg, settings.Bucket), sqs.NewFromConfig(cfg)
		h := &handler{jobs: job.NewWorker(job.WorkerOptions{
			Store: dynamo.NewJobs(tiktok.Tables, settings.Records), Objects: bucket, Files: bucket,
			Wakes: queue.NewSender(queues, settings.Queue),
			Kinds: []job.Kind{
				link.NewBulk(links), order.NewExport(rows), conversion.NewExport(sums),
				conversion.NewRebuild(conversion.NewRoller(conversion.RollerOptions{Store: sums, Now: bootstrap.Now})),
				order.NewBackfill(rows, queue.NewSender(queues, settings.Reads), bootstrap.Now), job.SelfTest{},
			},
			Assets: directory, Now: bootstrap.Now, Log: slog.Default(),
		})}
		return func() { lambda.StartHandlerFunc(h.Handle) }, nil
	})
}
