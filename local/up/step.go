package up

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Steps prints a line per step, with the time it took.
type Steps struct {
	Out   io.Writer
	start time.Time
	count int
}

// Do runs one step. A fault comes back as a *StepError.
func (s *Steps) Do(ctx context.Context, name string, step func(context.Context) (note string, err error)) error {
	if s.start.IsZero() {
		s.start = time.Now()
	}
	s.count++
	fmt.Fprintf(s.Out, "%2d  %s …", s.count, name)
	begin := time.Now()
	note, err := step(ctx)
	if err != nil {
		fmt.Fprintln(s.Out, " failed")
		return &StepError{Step: name, Err: err}
	}
	if note != "" {
		note = "  " + note
	}
	fmt.Fprintf(s.Out, " %.1f s%s\n", time.Since(begin).Seconds(), note)
	return nil
}

// Elapsed is the time since the first step began.
func (s *Steps) Elapsed() time.Duration { return time.Since(s.start) }

// StepError says which step failed, why, and what to do.
type StepError struct {
	Step string
	Err  error
}

func (e *StepError) Error() string {
	text := fmt.Sprintf("step %q failed: %v", e.Step, e.Err)
	if a := (*adviceError)(nil); errors.As(e.Err, &a) {
		text += "\n  what to do: " + a.advice
	}
	return text
}

func (e *StepError) Unwrap() error { return e.Err }

// adviceError is an error with its next step.
type adviceError struct {
	error
	advice string
}

func (e *adviceError) Unwrap() error { return e.error }

func advise(err error, advice string) error { return &adviceError{error: err, advice: advice} }

func inLog(err error, log string) error {
	return advise(err, "the log is "+log+"; the next run starts afresh")
}
