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

	"tiktok-shop-affiliate/local/up"
)

const usage = `usage: local [flags] up|emulator|down

  up        start, build, deploy and live through the first day; all stays running
  emulator  start only the emulated AWS
  down      stop what runs
`

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
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := p.Lock(); err != nil {
		return err
	}
	switch flags.Arg(0) {
	case "up":
		return start(ctx, p)
	case "emulator":
		return p.StartEmulator(ctx)
	case "down":
		return p.Down()
	}
	return errors.New(usage)
}

// start brings everything up and lives through the first day. An interrupted
// run leaves nothing running.
func start(ctx context.Context, p up.Profile) error {
	steps := &up.Steps{Out: os.Stdout}
	stack, err := p.Up(ctx, steps)
	if ctx.Err() != nil {
		return errors.Join(errors.New("interrupted; everything is stopped, and the next run starts afresh"), p.Down())
	}
	if err != nil {
		return err
	}
	fmt.Printf("\nUp in %.0f s: API %s, TikTok Shop %s, its control %s, AWS %s\n",
		steps.Elapsed().Seconds(), stack.APIURL, stack.SandboxURL(), stack.ControlURL(), stack.Endpoint())
	return nil
}
