// Package runtimeapi runs the binary of a function without Lambda: it starts the
// process, is the Lambda Runtime API to it, hands it one event after another and
// can take it away at any moment, as Lambda does.
// Source: docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
package runtimeapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Function is a binary and what Lambda would give it.
type Function struct {
	Path    string        // of the binary
	Name    string        // it knows itself by
	Env     []string      // all of its environment, as NAME=value; what names the Runtime API is added
	Timeout time.Duration // for one event
	Log     io.Writer     // gets what it writes, while it runs
}

// startTime is how long a function may take until it asks for its first event,
// as on Lambda.
const startTime = 10 * time.Second

// The ways an event goes without an answer, besides a *FunctionError.
var (
	// ErrTimeout: the answer took too long; the process was killed.
	ErrTimeout = errors.New("the function timed out")
	// ErrEnded: the process is gone. Whether it was at the event is not known.
	ErrEnded = errors.New("the function's process ended")
)

// FunctionError is what a function reports instead of an answer. Its process
// goes on.
type FunctionError struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// Answer is what a function made of an event.
type Answer struct {
	Body []byte        // as the function wrote it
	Took time.Duration // from handing the event over to the answer
}

// Process is a running function. It takes one event at a time.
type Process struct {
	function Function
	command  *exec.Cmd
	started  time.Time

	calls chan *call    // to the process
	asked chan struct{} // closed when it has asked for its first event
	ended chan struct{} // closed when it is gone
	cause error         // of the end; set before ended is closed

	turn sync.Mutex // held while an event is out

	mu      sync.Mutex
	current *call // what the process works on
	startup time.Duration
	count   int
}

// Start starts the function. Kill or the end of ctx ends it.
func Start(ctx context.Context, f Function) (*Process, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Process{
		function: f, command: exec.CommandContext(ctx, f.Path), started: time.Now(),
		calls: make(chan *call), asked: make(chan struct{}), ended: make(chan struct{}),
	}
	p.command.Env = append(slices.Clone(f.Env), "AWS_LAMBDA_RUNTIME_API="+listener.Addr().String(), "AWS_LAMBDA_FUNCTION_NAME="+f.Name)
	p.command.Stdout, p.command.Stderr, p.command.WaitDelay = f.Log, f.Log, time.Second
	if err := p.command.Start(); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: p.routes(), ReadHeaderTimeout: startTime}
	go func() { _ = server.Serve(listener) }()
	go func() {
		p.cause = p.command.Wait()
		close(p.ended)
		_ = server.Close()
	}()
	return p, nil
}

// Invoke hands an event over and waits for the answer. The error is a
// *FunctionError, or wraps ErrTimeout, ErrEnded or the context's error.
func (p *Process) Invoke(ctx context.Context, event []byte) (Answer, error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	c := p.call(event)
	if err := p.hand(ctx, c); err != nil {
		return Answer{}, err
	}
	begin := time.Now()
	timeout := time.NewTimer(p.function.Timeout)
	defer timeout.Stop()
	select {
	case result := <-c.result:
		return Answer{Body: result.body, Took: time.Since(begin)}, result.err
	case <-p.ended:
		select {
		case result := <-c.result: // it answered and ended
			return Answer{Body: result.body, Took: time.Since(begin)}, result.err
		default:
			return Answer{}, p.end()
		}
	case <-timeout.C:
		p.Kill()
		return Answer{}, fmt.Errorf("%w after %s", ErrTimeout, p.function.Timeout)
	case <-ctx.Done():
		p.Kill() // it is still at the event
		return Answer{}, ctx.Err()
	}
}

// hand waits until the process takes the event.
func (p *Process) hand(ctx context.Context, c *call) error {
	if err := p.ready(ctx); err != nil {
		return err
	}
	select {
	case p.calls <- c:
		return nil
	case <-p.ended:
		return p.end()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ready waits until the process has asked for its first event.
func (p *Process) ready(ctx context.Context) error {
	select {
	case <-p.asked: // whatever the time is by now
		return nil
	default:
	}
	start := time.NewTimer(startTime - time.Since(p.started))
	defer start.Stop()
	select {
	case <-p.asked:
		return nil
	case <-p.ended:
		return p.end()
	case <-start.C:
		p.Kill()
		return fmt.Errorf("%w: it did not start within %s", ErrTimeout, startTime)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Startup is the time from the start of the process to its first question for
// an event; zero until then.
func (p *Process) Startup() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.startup
}

// Kill ends the process at once, whatever it is at, and waits until it is gone.
func (p *Process) Kill() {
	_ = p.command.Process.Kill() // it fails when the process is gone already
	<-p.ended
}

func (p *Process) end() error {
	if p.cause == nil {
		return fmt.Errorf("%w: exit status 0", ErrEnded)
	}
	return fmt.Errorf("%w: %w", ErrEnded, p.cause)
}

// call is an event on its way.
type call struct {
	id     string
	event  []byte
	result chan result // holds one
}

type result struct {
	body []byte
	err  error
}

func (p *Process) call(event []byte) *call {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count++
	return &call{id: p.function.Name + "-" + strconv.Itoa(p.count), event: event, result: make(chan result, 1)}
}
