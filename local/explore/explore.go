// Package explore lets schemathesis make up requests from docs/openapi.yaml,
// valid and invalid ones, send them to the deployed API and hold every answer
// against the description: no status, header, field or type that is not
// described, and no 5xx.
package explore

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"tiktok-shop-affiliate/local/firstday"
	"tiktok-shop-affiliate/local/loopback"
	"tiktok-shop-affiliate/local/up"
)

// Options say how much is tried.
type Options struct {
	Examples int  // requests made up per route
	Thorough bool // also every boundary of every parameter and field, one by one
}

// seed makes every run ask the same.
const seed = "20261127"

// Run explores the running stack and returns what came of it in a few words.
// What was asked and answered is in the log.
func Run(ctx context.Context, stack *up.Stack, o Options) (told string, err error) {
	caller := stack.Callers[0]
	token, err := firstday.Token(ctx, loopback.Client(time.Minute), stack.TokenURL,
		firstday.Owner{Name: caller.Owner, ClientID: caller.ClientID, ClientSecret: caller.ClientSecret}, "affiliate/read affiliate/write affiliate/admin")
	if err != nil {
		return "", err
	}
	api, err := url.Parse(stack.APIURL())
	if err != nil {
		return "", err
	}
	log := filepath.Join(stack.Root, ".local", stack.Name, "explore.log")
	phases := "examples,fuzzing"
	if o.Thorough {
		phases = "examples,coverage,fuzzing"
	}
	cmd := exec.CommandContext(ctx, filepath.Join(stack.Root, ".local", "venv", "schemathesis", "bin", "schemathesis"), //nolint:gosec // our own tool
		"--config-file", filepath.Join(stack.Root, "local", "tools", "schemathesis.toml"), "run", filepath.Join(stack.Root, "docs", "openapi.yaml"),
		"--exclude-operation-id", "removeConnection", "--exclude-operation-id", "setClient", "--exclude-operation-id", "removeClient", // they would end what the others are about
		"--url", "http://127.0.0.1:"+api.Port(), "--seed", seed, "--phases", phases, "--max-examples", strconv.Itoa(o.Examples), "--no-color")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Dir = filepath.Dir(log) // where it leaves its cache
	cmd.Env = append(os.Environ(), "EXPLORE_HOST="+api.Host, "EXPLORE_TOKEN="+token, "SCHEMATHESIS_HOOKS=")
	out, err := cmd.CombinedOutput()
	if writeErr := os.WriteFile(log, out, 0o600); writeErr != nil {
		return "", errors.Join(err, writeErr)
	}
	if err != nil {
		return "", fmt.Errorf("schemathesis: %w\n%s\n  what to do: .local/%s/explore.log has each request as a curl command; `make local` and `make explore` repeat them", err, failures(out), stack.Name)
	}
	return summary(out), nil
}

var cases = regexp.MustCompile(`(\d+) generated`)

// summary is the number of requests.
func summary(out []byte) string {
	found := cases.FindSubmatch(out)
	if found == nil {
		return "done"
	}
	return string(found[1]) + " requests, all answered as described"
}

// failures are the last lines, where schemathesis counts what it found.
func failures(out []byte) string {
	var lines []string
	for scanner := bufio.NewScanner(bytes.NewReader(out)); scanner.Scan(); {
		if line := strings.TrimSpace(scanner.Text()); line != "" {
			lines = append(lines, "    "+line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-25):], "\n")
}
