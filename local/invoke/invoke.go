// Package invoke tries one function: its real binary, built from the sources as
// they are, is given one event beside the running local stack, with the
// environment that the deployed function has.
package invoke

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"tiktok-shop-affiliate/local/runtimeapi"
	"tiktok-shop-affiliate/local/up"
)

// Options say what to try.
type Options struct {
	Function string // folder under functions/
	Event    string // file
	Owner    string // whose API client the request comes from
	Out      io.Writer
}

// Run gives the function its event and prints what came of it. The error says
// that it could not be tried, that the function failed or timed out, or that it
// gave messages back.
func Run(ctx context.Context, p up.Profile, o Options) error {
	source, err := Open(p.Root)
	if err != nil {
		return err
	}
	id, err := source.function(o.Function)
	if err != nil {
		return err
	}
	event, err := source.event(o.Function, o.Event)
	if err != nil {
		return err
	}
	stack, err := p.Open(ctx)
	if err != nil {
		return err
	}
	made, err := prepare(ctx, event, stackFacts{stack: stack, owner: o.Owner})
	if err != nil {
		return fmt.Errorf("%s: %w", o.Event, err)
	}
	defer made.close()
	function, err := deployed(ctx, stack, o.Function, id)
	if err != nil {
		return err
	}
	if function.Path, err = build(ctx, p, o.Function); err != nil {
		return err
	}
	return try(ctx, function, made, o)
}

// try runs the function once.
func try(ctx context.Context, function runtimeapi.Function, made prepared, o Options) error {
	var log bytes.Buffer // read after the process is gone
	function.Log = &log
	process, err := runtimeapi.Start(ctx, function)
	if err != nil {
		return err
	}
	answer, failure := process.Invoke(ctx, made.event)
	startup := process.Startup()
	process.Kill()

	fmt.Fprintf(o.Out, "%s  %s%s\n", o.Function, o.Event, made.note)
	var reported *runtimeapi.FunctionError
	switch {
	case errors.As(failure, &reported):
		fmt.Fprintf(o.Out, "error    %s\n         %s\n", reported.Type, reported.Message)
	case failure != nil:
		fmt.Fprintf(o.Out, "error    %v\n", failure)
	default:
		fmt.Fprintf(o.Out, "time     %s to start, %s for the event\n", startup.Round(time.Millisecond), answer.Took.Round(time.Millisecond))
		failure = show(o.Out, made.kind, answer.Body)
	}
	if made.sent != nil {
		failure = errors.Join(failure, made.sent(o.Out))
	}
	fmt.Fprintln(o.Out, "log")
	if log.Len() == 0 {
		fmt.Fprintln(o.Out, "         (nothing)")
	}
	for line := range bytes.Lines(log.Bytes()) {
		fmt.Fprintf(o.Out, "         %s\n", bytes.TrimRight(line, "\n"))
	}
	if failure != nil {
		return fmt.Errorf("%s: %w", o.Function, failure)
	}
	return nil
}

// deployed is what the stack knows of the function.
func deployed(ctx context.Context, stack *up.Stack, folder, id string) (runtimeapi.Function, error) {
	name := stack.Resource(id)
	if name == "" {
		return runtimeapi.Function{}, fmt.Errorf("the running stack does not have %s yet; `make local` deploys it", folder)
	}
	is, err := lambda.NewFromConfig(stack.AWS()).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if err != nil {
		return runtimeapi.Function{}, fmt.Errorf("reading the deployed %s: %w", folder, err)
	}
	cfg := stack.AWS()
	f := runtimeapi.Function{Name: name, Timeout: time.Duration(aws.ToInt32(is.Timeout)) * time.Second, Env: []string{
		"AWS_REGION=" + cfg.Region, "AWS_DEFAULT_REGION=" + cfg.Region, "AWS_ENDPOINT_URL=" + stack.Endpoint(),
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "TZ=:UTC",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(int(aws.ToInt32(is.MemorySize))),
	}}
	if is.LoggingConfig != nil { // as text, since a person reads it here
		f.Env = append(f.Env, "AWS_LAMBDA_LOG_LEVEL="+string(is.LoggingConfig.ApplicationLogLevel))
	}
	if is.Environment != nil {
		for name, value := range is.Environment.Variables {
			f.Env = append(f.Env, name+"="+value)
		}
	}
	return f, nil
}

// build compiles the function as the SAM CLI does.
func build(ctx context.Context, p up.Profile, folder string) (string, error) {
	path := filepath.Join(p.Root, ".local", p.Name, "invoke", folder)
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "./functions/"+folder)
	cmd.Dir, cmd.Env = p.Root, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS="+up.BuildFlags)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", folder, err, bytes.TrimSpace(out))
	}
	return path, nil
}
