package up

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// BuildFlags are the compiler's options for the functions: small binaries that
// depend on nothing but the sources.
const BuildFlags = `-trimpath -buildvcs=false -tags=lambda.norpc '-ldflags=-s -w'`

// build is the SAM CLI's own build for this machine's processor.
func (p Profile) build(ctx context.Context) (string, error) {
	return "", p.sam(ctx, "build", []string{"CGO_ENABLED=0", "GOFLAGS=" + BuildFlags},
		"build", "--parallel", "--template-file", filepath.Join(p.Root, "template.yaml"),
		"--build-dir", p.path("build"), "--parameter-overrides", "Architecture="+architecture())
}

// deploy is the SAM CLI's own deploy, to the emulator. Resource types that the
// emulator does not know are taken out of the built template, and named.
func (p Profile) deploy(ctx context.Context) (string, error) {
	err := p.samDeploy(ctx)
	unknown := unknownTypes(err)
	if len(unknown) == 0 {
		return "", err
	}
	gone, err := prune(p.path("build", "template.yaml"), unknown)
	if err != nil {
		return "", err
	}
	return "without what the emulator does not know: " + strings.Join(gone, ", "), p.samDeploy(ctx)
}

func (p Profile) samDeploy(ctx context.Context) error {
	args := []string{
		"deploy", "--template-file", p.path("build", "template.yaml"),
		"--config-file", filepath.Join(p.Root, "samconfig.toml"), "--config-env", "local", "--parameter-overrides",
	}
	return p.sam(ctx, "deploy", nil, append(args, p.parameters()...)...)
}

// parameters are what differs from a deployment to AWS: where TikTok Shop is,
// and how fast time passes.
func (p Profile) parameters() []string {
	seller, creator, partner := "/consent/seller/open/authorize", "/consent/creator/alliance/creator/auth", "/consent/partner/open/authorize"
	var out []string
	for name, value := range map[string]string{
		"Architecture":       architecture(),
		"TikTokApiUrl":       p.SandboxURL(),
		"TikTokAuthUrl":      p.SandboxURL(),
		"ConsentSellerUsUrl": p.SandboxURL() + seller, "ConsentSellerUrl": p.SandboxURL() + seller,
		"ConsentCreatorUrl":   p.SandboxURL() + creator,
		"ConsentPartnerUsUrl": p.SandboxURL() + partner, "ConsentPartnerUrl": p.SandboxURL() + partner,
		"DefaultOwner":    "", // a client that belongs to no owner is refused
		"WorkerTimeout":   "20",
		"QueueVisibility": "30",
		"RefreshSchedule": "rate(1 minute)",
		"ReviewSchedule":  "rate(1 minute)",
	} {
		out = append(out, fmt.Sprintf("%s=%q", name, value))
	}
	return out
}

// sam runs the SAM CLI against the emulator. Nothing of the caller's own AWS
// settings reaches it.
func (p Profile) sam(ctx context.Context, name string, env []string, args ...string) error {
	log := p.path(name + ".log")
	f, err := os.Create(log)
	if err != nil {
		return err
	}
	defer f.Close()
	cmd := exec.CommandContext(ctx, p.tool("sam", "sam"), args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.Root, f, f
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") }),
		"SAM_CLI_TELEMETRY=0", "AWS_ENDPOINT_URL="+p.Endpoint(), "AWS_DEFAULT_REGION="+region,
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
	cmd.Env = append(cmd.Env, env...)
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return inLog(fmt.Errorf("sam %s: %w: %s", args[0], err, lastLines(log)), log)
	}
	return nil
}

var (
	unknownTypesText = regexp.MustCompile(`Unrecognized resource types: \[([^\]]*)\]`)
	colours          = regexp.MustCompile(`\x1b\[[0-9;]*m`)
)

func unknownTypes(err error) []string {
	if err == nil {
		return nil
	}
	found := unknownTypesText.FindStringSubmatch(err.Error())
	if found == nil {
		return nil
	}
	return strings.Split(found[1], ", ")
}

// prune takes the resources of these types out of a template and returns
// their names and types.
func prune(file string, types []string) (gone []string, err error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	resources := child(doc.Content[0], "Resources")
	if resources == nil {
		return nil, errors.New("the built template has no resources")
	}
	var kept []*yaml.Node
	for i := 0; i+1 < len(resources.Content); i += 2 {
		id, resource := resources.Content[i], resources.Content[i+1]
		if kind := child(resource, "Type"); kind != nil && slices.Contains(types, kind.Value) {
			gone = append(gone, id.Value+" ("+kind.Value+")")
			continue
		}
		kept = append(kept, id, resource)
	}
	resources.Content = kept
	var out bytes.Buffer
	if err := yaml.NewEncoder(&out).Encode(&doc); err != nil {
		return nil, err
	}
	return gone, os.WriteFile(file, out.Bytes(), 0o600)
}

func child(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// architecture is this machine's processor in AWS's words, so that the emulator
// can run the binaries.
func architecture() string {
	if runtime.GOARCH == "amd64" {
		return "x86_64"
	}
	return runtime.GOARCH
}

// lastLines is the end of a log, where the SAM CLI says what was wrong.
func lastLines(log string) string {
	raw, err := os.ReadFile(log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(colours.ReplaceAllString(string(raw), "")), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n    ")
}
