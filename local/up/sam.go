package up

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
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

// deploy is the SAM CLI's own deploy, to the emulator. What the emulator cannot
// digest is taken out of the built template, and named.
func (p Profile) deploy(ctx context.Context) (string, error) {
	template := p.path("build", "template.yaml")
	gone, err := prune(template, nil)
	if err != nil {
		return "", err
	}
	err = p.samDeploy(ctx)
	if types := unknownTypes(err); len(types) > 0 {
		more, pruneErr := prune(template, types)
		if pruneErr != nil {
			return "", pruneErr
		}
		gone = append(gone, more...)
		err = p.samDeploy(ctx)
	}
	if err != nil {
		return "", p.whyStackFailed(ctx, err)
	}
	if len(gone) == 0 {
		return "", nil
	}
	return "without what the emulator cannot do: " + strings.Join(gone, ", "), nil
}

// whyStackFailed adds what CloudFormation said of the resources that failed.
func (p Profile) whyStackFailed(ctx context.Context, err error) error {
	events, lookupErr := cloudformation.NewFromConfig(p.AWS()).DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: aws.String(StackName)})
	if lookupErr != nil {
		return err // there is no stack; the SAM CLI has said why
	}
	for _, event := range events.StackEvents {
		if strings.HasSuffix(string(event.ResourceStatus), "_FAILED") && event.ResourceStatusReason != nil {
			err = fmt.Errorf("%w\n    %s: %s", err, aws.ToString(event.LogicalResourceId), aws.ToString(event.ResourceStatusReason))
		}
	}
	return err
}

func (p Profile) samDeploy(ctx context.Context) error {
	args := []string{
		"deploy", "--template-file", p.path("build", "template.yaml"),
		"--config-file", filepath.Join(p.Root, "samconfig.toml"), "--config-env", "local",
		"--tags", "ms-custom-id=" + apiID, "--parameter-overrides",
	}
	return p.sam(ctx, "deploy", nil, append(args, p.parameters()...)...)
}

// apiID is the id the emulator gives the API when the stack has the tag
// ms-custom-id, so that the address is known before the deploy.
const apiID = "aff10ca1" // it must have eight hexadecimal digits

// APIURL is the address of the API, the connect pages and the webhook.
func (p Profile) APIURL() string {
	return fmt.Sprintf("http://%s.execute-api.localhost:%d", apiID, p.Emulator)
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
		"DefaultOwner":     "", // a client that belongs to no owner is refused
		"PartnerName":      "Atelier Software",
		"PartnerUrl":       p.ControlURL(),
		"PublicBaseUrl":    p.APIURL(),
		"EventDeliveryUrl": p.ControlURL() + "/control/inbox",
		"OrderCadence":     "0=5s,2400h=20s",
		"OrderWakeAgain":   "65s",
		"RollupWindow":     "1",
		"WorkerTimeout":    "60",
		"QueueVisibility":  "90",
		"RefreshSchedule":  "rate(1 minute)",
		"ReviewSchedule":   "rate(1 minute)",
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

// prune takes out of a built template what the emulator cannot digest, and
// returns its names: resources of the given types, and the concurrency of
// queues, which reaches the emulator as a text and stops its poller (its default
// is 5, as is the template's).
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
	without(resources, func(id, resource *yaml.Node) bool {
		kind := child(resource, "Type")
		bad := kind != nil && slices.Contains(types, kind.Value)
		if bad {
			gone = append(gone, id.Value)
		}
		for _, source := range pairs(child(child(resource, "Properties"), "Events")) {
			without(child(source, "Properties"), func(key, _ *yaml.Node) bool {
				if key.Value != "ScalingConfig" {
					return false
				}
				gone = append(gone, id.Value+"'s ScalingConfig")
				return true
			})
		}
		return bad
	})
	var out bytes.Buffer
	if err := yaml.NewEncoder(&out).Encode(&doc); err != nil {
		return nil, err
	}
	return gone, os.WriteFile(file, out.Bytes(), 0o600)
}

// without removes the entries of a mapping that are bad.
func without(mapping *yaml.Node, bad func(key, value *yaml.Node) bool) {
	if mapping == nil {
		return
	}
	var kept []*yaml.Node
	for key, value := range pairs(mapping) {
		if !bad(key, value) {
			kept = append(kept, key, value)
		}
	}
	mapping.Content = kept
}

// pairs are the keys and values of a mapping; of none there are none.
func pairs(mapping *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		for i := 0; mapping != nil && i+1 < len(mapping.Content); i += 2 {
			if !yield(mapping.Content[i], mapping.Content[i+1]) {
				return
			}
		}
	}
}

func child(mapping *yaml.Node, name string) *yaml.Node {
	for key, value := range pairs(mapping) {
		if key.Value == name {
			return value
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
