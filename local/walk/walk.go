// Package walk goes over every /v1 route of a running deployment as a stranger
// would: with another owner's ids, without a token, with the wrong one, and with
// every kind of bad input. Everything must be refused in the documented way,
// nothing be called at TikTok Shop and nothing stored.
package walk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tiktok-shop-affiliate/local/loopback"
)

// Client is an API client and the owner it acts for.
type Client struct{ Owner, ID, Secret string }

// Config says where everything is.
type Config struct {
	Root     string // of the repository, with template.yaml
	API      string // base URL
	TokenURL string
	Host     Client // has connections, orders and webhooks
	Stranger Client // has none of the host's
	Control  string // base URL of the sandbox's control API
	DynamoDB *dynamodb.Client
	Tables   []string // to watch
	Out      io.Writer
}

// walk is one run.
type walk struct {
	Config
	http                        *http.Client
	host, stranger              token
	reader, writer              token // of the stranger, with one scope only
	samples                     map[string]sample
	ids                         ids
	requests, refused, answered int
	faults                      []error
}

// Run walks. The error names every route and request that was not treated as it
// should be.
func Run(ctx context.Context, cfg Config) error {
	began := time.Now()
	w := &walk{Config: cfg, http: loopback.Client(40 * time.Second), samples: samples()}
	routes, err := routesOf(cfg.Root)
	if err != nil {
		return err
	}
	if err := w.prepare(ctx, routes); err != nil {
		return err
	}
	before, err := w.look(ctx)
	if err != nil {
		return err
	}
	for _, r := range routes {
		w.asStranger(ctx, r)
		w.asNobody(ctx, r)
		w.withBadInput(ctx, r)
	}
	after, err := w.look(ctx)
	if err != nil {
		return err
	}
	w.faults = append(w.faults, before.changes(after)...)
	for _, r := range routes {
		w.asHost(ctx, r)
	}
	w.conventions(ctx)
	if len(w.faults) > 0 {
		return fmt.Errorf("%d of %d requests went wrong:\n%w", len(w.faults), w.requests, errors.Join(w.faults...))
	}
	fmt.Fprintf(cfg.Out, "  every route is walked as a stranger: %d routes, %d requests, %d refused, nothing called or stored (%.1fs)\n",
		len(routes), w.requests, w.refused, time.Since(began).Seconds())
	return nil
}

// Complete says which routes of template.yaml the walk has no sample for.
func Complete(root string) error {
	routes, err := routesOf(root)
	if err != nil {
		return err
	}
	return complete(routes, samples())
}

// complete says which routes have no sample, and which samples no route.
func complete(routes []route, samples map[string]sample) error {
	var missing []error
	for _, r := range routes {
		if _, found := samples[r.String()]; !found {
			missing = append(missing, fmt.Errorf("%s has no sample request: add one to local/walk/samples.go", r))
		}
	}
	for name := range samples {
		if !slices.ContainsFunc(routes, func(r route) bool { return r.String() == name }) {
			missing = append(missing, fmt.Errorf("the sample of %s belongs to no route of template.yaml", name))
		}
	}
	return errors.Join(missing...)
}

func (w *walk) prepare(ctx context.Context, routes []route) (err error) {
	if err := complete(routes, w.samples); err != nil {
		return err
	}
	for _, t := range []struct {
		into  *token
		owner Client
		scope string
	}{
		{&w.host, w.Host, "affiliate/read affiliate/write affiliate/admin"}, {&w.stranger, w.Stranger, "affiliate/read affiliate/write affiliate/admin"},
		{&w.reader, w.Stranger, "affiliate/read"}, {&w.writer, w.Stranger, "affiliate/write"},
	} {
		if *t.into, err = w.signIn(ctx, t.owner, t.scope); err != nil {
			return err
		}
	}
	w.ids, err = w.hostsIDs(ctx)
	return err
}
