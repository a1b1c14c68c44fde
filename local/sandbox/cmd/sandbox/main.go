// Command sandbox serves a TikTok Shop for one machine until it is interrupted.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"tiktok-shop-affiliate/local/loopback"
	"tiktok-shop-affiliate/local/sandbox"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	app := sandbox.DefaultApp()
	var options sandbox.Options
	api := flags.String("api", "127.0.0.1:4570", "address of the operations, token endpoints and consent pages")
	control := flags.String("control", "127.0.0.1:4571", "address of the control API")
	flags.Float64Var(&options.Settings.SecondsPerDay, "scale", 86400, "seconds that one day still ahead of an order takes")
	flags.Float64Var(&options.Settings.RetryScale, "retry-scale", 1, "factor on the waits between webhook attempts")
	flags.IntVar(&options.Orders, "orders", 0, "affiliate orders to begin with")
	flags.StringVar(&app.Name, "app", app.Name, "name of the app")
	flags.StringVar(&app.Key, "app-key", app.Key, "app key")
	flags.StringVar(&app.Secret, "app-secret", app.Secret, "app secret")
	flags.StringVar(&app.SellerServiceID, "seller-service-id", app.SellerServiceID, "service id of the seller consent link")
	flags.StringVar(&app.PartnerServiceID, "partner-service-id", app.PartnerServiceID, "service id of the partner consent link")
	flags.StringVar(&app.RedirectURL, "redirect-url", "", "where consent pages return to")
	flags.StringVar(&app.WebhookURL, "webhook-url", "", "where notifications go")
	if err := flags.Parse(args); err != nil {
		return err
	}
	options.Apps = []sandbox.App{app}
	options.HTTP = loopback.Client(0) // each attempt brings its own time-out
	s := sandbox.New(options)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	failed := make(chan error, 2)
	for address, handler := range map[string]http.Handler{*api: s.API(), *control: s.Control()} {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			return err
		}
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		defer server.Close()
		go func() { failed <- server.Serve(listener) }()
	}
	fmt.Printf("TikTok Shop sandbox: API http://%s, control http://%s\n", *api, *control)
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}
