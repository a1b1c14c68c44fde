package up

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// daemon is a program that goes on running when the command ends.
type daemon struct {
	name  string
	ports map[int]string // what it listens on, and the make variable that moves it
	args  []string
	env   []string // all of its environment
	ready string   // URL that answers 200 when it is ready
}

func (p Profile) emulator() daemon {
	return daemon{
		name:  "emulator",
		ports: map[int]string{p.Emulator: "EMULATOR_PORT"},
		args:  []string{p.tool("emulator", "ministack")},
		// Whatever stands in the emulator's environment reaches the functions.
		env: []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + p.path("tmp"),
			"BIND_HOST=127.0.0.1", "MINISTACK_HOST=localhost", "GATEWAY_PORT=" + strconv.Itoa(p.Emulator),
			"IOT_MTLS_ENABLED=0", "S3_DATA_DIR=" + p.path("s3"), "STATE_DIR=" + p.path("state"),
			"AWS_ENDPOINT_URL=" + p.Endpoint(), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		},
		ready: p.Endpoint() + "/_ministack/health",
	}
}

func (p Profile) sandbox() daemon {
	return daemon{
		name:  "sandbox",
		ports: map[int]string{p.Sandbox: "SANDBOX_PORT", p.Control: "CONTROL_PORT"},
		args: []string{
			filepath.Join(p.Root, ".local", "bin", "sandbox"),
			"-api", fmt.Sprintf("127.0.0.1:%d", p.Sandbox), "-control", fmt.Sprintf("127.0.0.1:%d", p.Control),
			"-scale", strconv.FormatFloat(SecondsPerDay, 'g', -1, 64), "-retry-scale", "0.01",
		},
		env:   []string{"HOME=" + os.Getenv("HOME"), "TMPDIR=" + p.path("tmp")},
		ready: p.ControlURL(),
	}
}

// start ends what an earlier run left of the daemon and starts it anew.
func (p Profile) start(ctx context.Context, d daemon) error {
	if err := p.stop(d); err != nil {
		return err
	}
	for port, variable := range d.ports {
		if err := free(port); err != nil {
			return advise(fmt.Errorf("port %d is taken by another program", port),
				fmt.Sprintf("find it with `lsof -i :%d` and stop it, or move ours: make … %s=%d", port, variable, port+1000))
		}
	}
	if err := os.MkdirAll(p.path("tmp"), 0o755); err != nil {
		return err
	}
	log, err := os.Create(p.path(d.name + ".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(d.args[0], d.args[1:]...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = d.env, p.Root, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C in this terminal is not meant for it
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := os.WriteFile(p.pidFile(d), []byte(strconv.Itoa(cmd.Process.Pid)), 0o600); err != nil {
		return errors.Join(err, syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL))
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for !answers(ctx, d.ready) {
		select {
		case err := <-ended:
			return inLog(fmt.Errorf("it ended at once (%w)", cmp.Or(err, errEnded)), log.Name())
		case <-ctx.Done():
			return inLog(fmt.Errorf("it did not answer at %s: %w", d.ready, ctx.Err()), log.Name())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// stop ends the daemon and all it started. A pid that now belongs to some other
// program is left alone.
func (p Profile) stop(d daemon) error {
	raw, err := os.ReadFile(p.pidFile(d))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err == nil && pid > 1 {
		if command, _ := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output(); strings.Contains(string(command), d.args[0]) {
			endGroup(pid)
		}
	}
	return os.Remove(p.pidFile(d))
}

// endGroup asks the process group to end, and makes it end after five seconds.
func endGroup(pid int) {
	gone := func() bool { return errors.Is(syscall.Kill(-pid, 0), syscall.ESRCH) }
	_ = syscall.Kill(-pid, syscall.SIGTERM)
	for range 100 {
		if gone() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL)
}

var errEnded = errors.New("exit status 0")

func (p Profile) pidFile(d daemon) string { return p.path(d.name + ".pid") }

func free(port int) error {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	return l.Close()
}

func answers(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}
