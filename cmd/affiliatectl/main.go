// Command affiliatectl is the operator's tool.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"

	"tiktok-shop-affiliate/shared/bootstrap"
)

const usage = `usage: affiliatectl <command> [flags]

  owners    say which owner an API client acts for
  redrive   list dead letters, or move them back into their queues`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "affiliatectl:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	commands := map[string]func(context.Context, aws.Config, []string, io.Writer) error{
		"owners":  owners,
		"redrive": redrive,
	}
	if len(args) == 0 || commands[args[0]] == nil {
		return errors.New(usage)
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(awshttp.NewBuildableClient()))
	if err != nil {
		return fmt.Errorf("loading the AWS configuration: %w", err)
	}
	cfg.HTTPClient = bootstrap.InMemory(cfg.HTTPClient) // after the loader, which gives the client the caller's own roots
	return commands[args[0]](ctx, cfg, args[1:], out)
}
