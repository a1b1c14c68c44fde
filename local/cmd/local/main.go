// Command local runs the product on one machine. The Makefile calls it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"tiktok-shop-affiliate/local/explore"
	"tiktok-shop-affiliate/local/firstday"
	"tiktok-shop-affiliate/local/invoke"
	"tiktok-shop-affiliate/local/up"
	"tiktok-shop-affiliate/local/walk"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

const usage = `local [flags] up|rehearse|walk|explore|logs|invoke|signed-event|emulator|down

  up            start, build, deploy and live through the first day; all stays running
  rehearse      the same, then explore, and stop it all again
  walk          go over every route of what runs as a stranger
  explore       send made-up requests to what runs and check the answers
  logs          follow the logs of the functions, from now on
  invoke        give one function one event, beside what runs
  signed-event  print an event as invoke would give it
  emulator      start only the emulated AWS
  down          stop what runs`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "\nlocal:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	p := up.Profile{Root: root}
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.StringVar(&p.Name, "profile", "run", "folder of the state, under .local")
	flags.IntVar(&p.Emulator, "emulator", 4566, "port of the emulated AWS")
	flags.IntVar(&p.Sandbox, "sandbox", 4570, "port of TikTok Shop")
	flags.IntVar(&p.Control, "control", 4571, "port of the sandbox's control API")
	try := invoke.Options{Out: os.Stdout}
	flags.StringVar(&try.Function, "function", "", "of invoke: folder under functions/")
	flags.StringVar(&try.Event, "event", "", "of invoke and signed-event: file with the event")
	flags.StringVar(&try.Owner, "owner", "atelier", "of invoke and signed-event: whose API client a request comes from")
	var tries explore.Options
	flags.IntVar(&tries.Examples, "examples", 10, "of rehearse and explore: requests made up per route")
	flags.BoolVar(&tries.Thorough, "thorough", false, "of rehearse and explore: try every boundary, too")
	apps := flags.String("apps", "", "of signed-event: file in the form of the apps secret; default the running stack's")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch flags.Arg(0) {
	case "logs":
		return p.Logs(ctx, os.Stdout)
	case "walk", "explore":
		stack, err := p.Open(ctx)
		if err != nil {
			return err
		}
		if flags.Arg(0) == "walk" {
			return stranger(ctx, stack)
		}
		return tryOut(ctx, stack, tries)
	case "invoke":
		return invoke.Run(ctx, p, try)
	case "signed-event":
		return invoke.Signed(ctx, p, try.Event, *apps, try.Owner, os.Stdout)
	}
	if err := p.Lock(); err != nil {
		return err
	}
	switch flags.Arg(0) {
	case "up":
		return start(ctx, p)
	case "rehearse":
		return rehearse(ctx, p, tries)
	case "emulator":
		return p.StartEmulator(ctx)
	case "down":
		return p.Down()
	}
	return errors.New(usage)
}

// start brings everything up, lives through the first day and says where to go
// from there. An interrupted run leaves nothing running.
func start(ctx context.Context, p up.Profile) error {
	steps := &up.Steps{Out: os.Stdout}
	stack, err := p.Up(ctx, steps)
	if err != nil && ctx.Err() == nil {
		return errors.Join(err, p.Down())
	}
	var report firstday.Report
	if err == nil {
		report, err = day(ctx, stack)
	}
	if ctx.Err() != nil {
		return errors.Join(errors.New("interrupted; all is stopped, and the next run starts afresh"), p.Down())
	}
	if err != nil {
		return err
	}
	fmt.Printf(places, report.ConnectLink, stack.ControlURL(), stack.APIURL(), stack.APIURL(), report.Token, report.Connection)
	fmt.Printf("\nAll of it took %.0f s, and everything keeps running.\n", steps.Elapsed().Seconds())
	return nil
}

// rehearse is the same for a test: nothing is left running. After the day its
// state is free to be played with.
func rehearse(ctx context.Context, p up.Profile, tries explore.Options) error {
	stack, err := p.Up(ctx, &up.Steps{Out: os.Stdout})
	if err == nil {
		_, err = day(ctx, stack)
	}
	if err == nil { // one function by itself, too
		fmt.Println()
		err = invoke.Run(ctx, p, invoke.Options{Function: "webhook", Event: "events/webhook-17.json", Owner: "atelier", Out: os.Stdout})
	}
	if err == nil {
		err = tryOut(ctx, stack, tries)
	}
	return errors.Join(err, p.Down())
}

// tryOut sends made-up requests and says what came of them.
func tryOut(ctx context.Context, stack *up.Stack, tries explore.Options) error {
	fmt.Printf("\nMade-up requests, up to %d per route and kind … ", tries.Examples)
	began := time.Now()
	told, err := explore.Run(ctx, stack, tries)
	if err != nil {
		fmt.Println("failed")
		return err
	}
	fmt.Printf("%s (%.0f s)\n", told, time.Since(began).Seconds())
	return nil
}

// day lives through the first day and says what came of it.
func day(ctx context.Context, stack *up.Stack) (firstday.Report, error) {
	signing, err := stack.DeliverySecret(ctx)
	if err != nil {
		return firstday.Report{}, fmt.Errorf("reading the secret that signs deliveries: %w", err)
	}
	cfg := firstday.Config{
		API: stack.APIURL(), TokenURL: stack.TokenURL, Control: stack.ControlURL(),
		DynamoDB: dynamodb.NewFromConfig(stack.AWS()), SQS: sqs.NewFromConfig(stack.AWS()),
		RecordsTable: stack.Outputs["RecordsTableName"], AccountsTable: stack.Outputs["AccountsTableName"], BusQueueURL: stack.Events, Signing: signing,
		Out: os.Stdout,
	}
	for i, caller := range stack.Callers {
		cfg.Owners[i] = firstday.Owner{Name: caller.Owner, ClientID: caller.ClientID, ClientSecret: caller.ClientSecret}
	}
	fmt.Println("\nThe first day:")
	report, err := firstday.Run(ctx, cfg)
	if err != nil {
		return report, fmt.Errorf("the first day went wrong: %w\n  what to do: look at `make logs`, the sandbox at %s, and .local/%s/*.log", err, stack.ControlURL(), stack.Name)
	}
	report.Write(os.Stdout)
	if !report.OK() {
		return report, errors.New("the counts above differ from what TikTok Shop knows")
	}
	fmt.Println()
	return report, stranger(ctx, stack)
}

// stranger walks over every route as one who may see nothing of what the day left.
func stranger(ctx context.Context, stack *up.Stack) error {
	client := func(c up.Caller) walk.Client {
		return walk.Client{Owner: c.Owner, ID: c.ClientID, Secret: c.ClientSecret}
	}
	return walk.Run(ctx, walk.Config{
		Root: stack.Root, API: stack.APIURL(), TokenURL: stack.TokenURL, Control: stack.ControlURL(),
		Host: client(stack.Callers[0]), Stranger: client(stack.Callers[1]),
		DynamoDB: dynamodb.NewFromConfig(stack.AWS()), Tables: []string{stack.Outputs["AccountsTableName"], stack.Outputs["RecordsTableName"]},
		Out: os.Stdout,
	})
}

const places = `
Where to click
  a new connect link  %s
  TikTok Shop         %s   (what it knows and can be told; campaign and product ids)
  the API reference   %s/reference

What to call
  export API=%s TOKEN=%s
  curl -s "$API/v1/connections" -H "Authorization: Bearer $TOKEN"
  curl -s "$API/v1/orders?connection_id=%s&status=settled&limit=2" -H "Authorization: Bearer $TOKEN"

  make logs   follows the functions        make stop   ends it all
`
