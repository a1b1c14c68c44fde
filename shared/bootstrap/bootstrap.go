// Package bootstrap is the plumbing a function starts with. It is the only
// reader of the environment.
package bootstrap

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
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

// AWS is the SDK configuration of a function, from the variables that Lambda
// sets. The SDK's own loader knows many more places to look, none of which a
// function has, and doubles the time a function takes to start.
func AWS() (aws.Config, error) {
	given, err := Settings[struct {
		Region       string `env:"AWS_REGION,required"`
		AccessKey    string `env:"AWS_ACCESS_KEY_ID,required"`
		SecretKey    string `env:"AWS_SECRET_ACCESS_KEY,required"`
		SessionToken string `env:"AWS_SESSION_TOKEN"`
		Endpoint     string `env:"AWS_ENDPOINT_URL"` // of an emulated AWS
	}]()
	if err != nil {
		return aws.Config{}, err
	}
	cfg := aws.Config{
		Region:           given.Region,
		Credentials:      aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider(given.AccessKey, given.SecretKey, given.SessionToken)),
		HTTPClient:       InMemory(awshttp.NewBuildableClient()),
		RetryMaxAttempts: 3,
	}
	if given.Endpoint != "" {
		cfg.BaseEndpoint = aws.String(given.Endpoint)
	}
	return cfg, nil
}

// Main reads a function's settings, composes it and starts it. A fault on the
// way is logged once and ends the process, which Lambda records as a failed
// start.
func Main[T any](compose func(cfg aws.Config, settings T) (start func(), err error)) {
	slog.SetDefault(obs.Logger())
	start, err := composed(compose)
	if err != nil {
		slog.Error("the function could not start", "error", err)
		os.Exit(1)
	}
	start()
}

func composed[T any](compose func(aws.Config, T) (func(), error)) (func(), error) {
	settings, err := Settings[T]()
	if err != nil {
		return nil, err
	}
	cfg, err := AWS()
	if err != nil {
		return nil, err
	}
	return compose(cfg, settings)
}

// Now is the wall clock in UTC, handed to whatever stores times.
func Now() time.Time { return time.Now().UTC() }
