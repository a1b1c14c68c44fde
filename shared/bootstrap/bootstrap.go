// Package bootstrap is the plumbing a function starts with. It is the only
// reader of the environment.
package bootstrap

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/caarlos0/env/v11"

	"tiktok-shop-affiliate/shared/obs"
)

// Settings reads the environment into T, whose fields carry `env:"NAME"` tags.
// All faults are reported at once.
func Settings[T any]() (T, error) {
	settings, err := env.ParseAsWithOptions[T](env.Options{})
	if err != nil {
		return settings, fmt.Errorf("reading the environment: %w", err)
	}
	if checked, ok := any(settings).(interface{ Validate() error }); ok {
		if err := checked.Validate(); err != nil {
			return settings, fmt.Errorf("checking the environment: %w", err)
		}
	}
	return settings, nil
}

// AWS loads the SDK configuration of the function. The endpoint, like
// everything else of it, comes from the SDK's own variables.
func AWS(ctx context.Context) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRetryMaxAttempts(3), config.WithHTTPClient(awshttp.NewBuildableClient()))
	if err != nil {
		return aws.Config{}, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	cfg.HTTPClient = InMemory(cfg.HTTPClient)
	return cfg, nil
}

// Main composes and starts a function. A fault while composing is logged once
// and ends the process, which Lambda records as a failed start.
func Main(compose func(ctx context.Context) (start func(), err error)) {
	slog.SetDefault(obs.Logger())
	start, err := compose(context.Background())
	if err != nil {
		slog.Error("the function could not start", "error", err)
		os.Exit(1)
	}
	start()
}

// Now is the wall clock in UTC, handed to whatever stores times.
func Now() time.Time { return time.Now().UTC() }
