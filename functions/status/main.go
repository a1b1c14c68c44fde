// Command status is the part of the API that shows how everything works and what
// TikTok Shop's webhooks came to, and processes one again.
package main

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/queue"
	"tiktok-shop-affiliate/shared/secret"
	"tiktok-shop-affiliate/shared/serve"
)

type config struct {
	serve.API
	Orders       string            `env:"ORDERS_TABLE,required"`
	AppsSecret   string            `env:"APPS_SECRET_ID,required"`
	WebhookQueue string            `env:"WEBHOOK_QUEUE_URL,required"`
	Queues       map[string]string `env:"QUEUE_URLS,required" envKeyValSeparator:"|"`       // by name
	DeadLetters  map[string]string `env:"DEAD_LETTER_URLS,required" envKeyValSeparator:"|"` // by name, of more than the queues
	LateAfter    int               `env:"ORDER_FRESHNESS,required"`                         // seconds
}

func main() {
	bootstrap.Main(func(cfg aws.Config, settings config) (func(), error) {
		tables, queues := dynamodb.NewFromConfig(cfg), sqs.NewFromConfig(cfg)
		h := &handler{
			connections: dynamo.NewConnections(tables, settings.Accounts, settings.Orders),
			deliveries:  dynamo.NewDeliveries(tables, settings.Accounts, settings.Orders, settings.Records, bootstrap.Now),
			webhooks:    queue.NewSender(queues, settings.WebhookQueue),
			orders:      dynamo.NewOrders(tables, settings.Orders),
			ledger:      dynamo.NewQuotas(tables, settings.Accounts),
			apps:        app.NewRegistry(secret.NewSource(secretsmanager.NewFromConfig(cfg), settings.AppsSecret, bootstrap.Now)),
			queues:      watch(queues, settings.Queues, settings.DeadLetters),
			lateAfter:   time.Duration(settings.LateAfter) * time.Second,
			now:         bootstrap.Now,
		}
		routes := h.routes(settings.Router(cfg, tables))
		return func() { lambdahttp.Start(routes) }, nil
	})
}

// watch lists every queue that has dead letters, by name.
func watch(client *sqs.Client, queues, deadLetters map[string]string) []watched {
	depth := func(url string) func(context.Context) (queue.Depth, error) {
		return func(ctx context.Context) (queue.Depth, error) { return queue.DepthOf(ctx, client, url) }
	}
	var all []watched
	for _, name := range slices.Sorted(maps.Keys(deadLetters)) {
		one := watched{name: name, deadLetters: depth(deadLetters[name])}
		if url, ok := queues[name]; ok {
			one.depth = depth(url)
		}
		all = append(all, one)
	}
	return all
}
