// Package up runs the whole product on one machine: the emulated AWS, the
// TikTok Shop sandbox, and the same template and binaries that go to AWS, built
// and deployed by the SAM CLI.
//
// The emulator keeps everything in memory and every run starts a new one, so a
// run finds the same ground whatever the last one left behind.
package up

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"tiktok-shop-affiliate/local/loopback"
	"tiktok-shop-affiliate/shared/bootstrap"
)

// StackName is the name of the CloudFormation stack, as samconfig.toml has it.
const StackName = "tiktok-shop-affiliate"

// SecondsPerDay is how long a day lasts that still lies ahead of an order.
const SecondsPerDay = 1.0

const region = "us-east-1"

// Profile is one local copy of the product. Two profiles with different names
// and ports do not meet.
type Profile struct {
	Name     string // its folder under .local
	Root     string // the repository
	Emulator int    // ports, all on 127.0.0.1
	Sandbox  int
	Control  int
}

// Endpoint is the URL of the emulated AWS.
func (p Profile) Endpoint() string { return onLoopback(p.Emulator) }

// SandboxURL is TikTok Shop: API, token endpoints and consent pages.
func (p Profile) SandboxURL() string { return onLoopback(p.Sandbox) }

// ControlURL is the sandbox's control API.
func (p Profile) ControlURL() string { return onLoopback(p.Control) }

// AWS reaches the emulated AWS.
func (p Profile) AWS() aws.Config {
	return aws.Config{
		Region:       region,
		BaseEndpoint: aws.String(p.Endpoint()),
		HTTPClient:   bootstrap.InMemory(awshttp.NewBuildableClient()),
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
}

// HTTP is a client that finds the stack's own host names.
func (p Profile) HTTP() *http.Client { return loopback.Client(30 * time.Second) }

// Lock keeps a second run of the same profile out until the process ends.
func (p Profile) Lock() error {
	if err := os.MkdirAll(p.path(), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(p.path("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("another run of the %q stack is at work; wait for it or interrupt it", p.Name)
	}
	return nil // the descriptor stays open, and with it the lock
}

func (p Profile) path(elem ...string) string {
	return filepath.Join(append([]string{p.Root, ".local", p.Name}, elem...)...)
}

// tool is a command of one of the virtual environments.
func (p Profile) tool(environment, name string) string {
	return filepath.Join(p.Root, ".local", "venv", environment, "bin", name)
}

func onLoopback(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }
