package runtimeapi_test

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/runtimeapi"
)

// record keeps what a function writes.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// tiny is a real function, built from testdata.
func tiny(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tiny")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "lambda.norpc", "-o", path, "./testdata/tiny").CombinedOutput()
	require.NoError(t, err, string(out))
	return path
}

func start(t *testing.T, path, given string, timeout time.Duration) (*runtimeapi.Process, *record) {
	t.Helper()
	log := &record{}
	p, err := runtimeapi.Start(t.Context(), runtimeapi.Function{Path: path, Name: "tiny", Env: []string{"GIVEN=" + given}, Timeout: timeout, Log: log})
	require.NoError(t, err)
	t.Cleanup(p.Kill)
	return p, log
}

func do(what string) []byte { return fmt.Appendf(nil, `{"do":%q}`, what) }

func TestProcess(t *testing.T) {
	t.Parallel()
	path := tiny(t)

	t.Run("events are answered one after another", func(t *testing.T) {
		t.Parallel()
		p, log := start(t, path, "something", time.Minute)
		for n := range 3 {
			answer, err := p.Invoke(t.Context(), do("echo"))
			require.NoError(t, err)
			assert.JSONEq(t, fmt.Sprintf(`{"done":"echo","function":"tiny","given":"something","deadline":true,"request":"tiny-%d"}`, n+1), string(answer.Body))
			assert.Positive(t, answer.Took)
		}
		assert.Positive(t, p.Startup())
		p.Kill()
		assert.Equal(t, "was told to echo\nwas told to echo\nwas told to echo\n", log.String())
	})
	t.Run("callers wait for their turn", func(t *testing.T) {
		t.Parallel()
		p, _ := start(t, path, "", time.Minute)
		var callers sync.WaitGroup
		for range 10 {
			callers.Go(func() {
				_, err := p.Invoke(t.Context(), do("echo"))
				assert.NoError(t, err)
			})
		}
		callers.Wait()
	})
	t.Run("an error does not end it", func(t *testing.T) {
		t.Parallel()
		p, _ := start(t, path, "", time.Minute)
		_, err := p.Invoke(t.Context(), do("fail"))
		var reported *runtimeapi.FunctionError
		require.ErrorAs(t, err, &reported)
		assert.Equal(t, runtimeapi.FunctionError{Type: "errorString", Message: "as it was told"}, *reported)
		_, err = p.Invoke(t.Context(), []byte(`{"do":7}`))
		require.ErrorAs(t, err, &reported, "an event it cannot read")
		_, err = p.Invoke(t.Context(), do("echo"))
		require.NoError(t, err)
	})
	t.Run("a panic is reported and ends it", func(t *testing.T) {
		t.Parallel()
		p, _ := start(t, path, "", time.Minute)
		_, err := p.Invoke(t.Context(), do("panic"))
		var reported *runtimeapi.FunctionError
		require.ErrorAs(t, err, &reported)
		assert.Equal(t, "as it was told", reported.Message)
		_, err = p.Invoke(t.Context(), do("echo"))
		require.ErrorIs(t, err, runtimeapi.ErrEnded)
	})
	t.Run("it ends in the middle of an event", func(t *testing.T) {
		t.Parallel()
		p, _ := start(t, path, "", time.Minute)
		_, err := p.Invoke(t.Context(), do("exit"))
		require.ErrorIs(t, err, runtimeapi.ErrEnded)
		assert.ErrorContains(t, err, "exit status 3")
	})
	t.Run("it cannot start", func(t *testing.T) {
		t.Parallel()
		p, log := start(t, path, "a bad start", time.Minute)
		_, err := p.Invoke(t.Context(), do("echo"))
		require.ErrorIs(t, err, runtimeapi.ErrEnded)
		assert.Equal(t, "cannot start\n", log.String())
		assert.Zero(t, p.Startup())
	})
	t.Run("too slow", func(t *testing.T) {
		t.Parallel()
		p, _ := start(t, path, "", 200*time.Millisecond)
		_, err := p.Invoke(t.Context(), do("hang"))
		require.ErrorIs(t, err, runtimeapi.ErrTimeout)
		_, err = p.Invoke(t.Context(), do("echo"))
		require.ErrorIs(t, err, runtimeapi.ErrEnded)
	})
	t.Run("killed at work", func(t *testing.T) {
		t.Parallel()
		p, log := start(t, path, "", time.Minute)
		go func() {
			assert.Eventually(t, func() bool { return log.String() != "" }, 20*time.Second, time.Millisecond)
			p.Kill()
		}()
		_, err := p.Invoke(t.Context(), do("hang"))
		require.ErrorIs(t, err, runtimeapi.ErrEnded)
		p.Kill() // once more does no harm
	})
	t.Run("given up by its caller", func(t *testing.T) {
		t.Parallel()
		p, _ := start(t, path, "", time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err := p.Invoke(ctx, do("hang"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
	t.Run("an answer that Lambda would not take", func(t *testing.T) {
		t.Parallel()
		p, _ := start(t, path, "", time.Minute)
		_, err := p.Invoke(t.Context(), do("flood"))
		assert.ErrorContains(t, err, "ResponseSizeTooLarge")
	})
	t.Run("no such binary", func(t *testing.T) {
		t.Parallel()
		_, err := runtimeapi.Start(t.Context(), runtimeapi.Function{Path: path + "x"})
		require.Error(t, err)
	})
}
