package up

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"tiktok-shop-affiliate/local/sandbox"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Stack is the running product as its users see it.
type Stack struct {
	Profile
	TokenURL string // client credentials → token
	Callers  []Caller
	Events   string            // URL of an SQS queue into which a rule puts every event of the bus
	Outputs  map[string]string // of the CloudFormation stack

	deployed *deployed
}

// owners are the partner's customers on this machine; their API clients have the
// same names.
func owners() []string { return []string{"atelier", "brightside"} }

// Caller is one API client, as a customer of the partner would have it.
type Caller struct{ Owner, ClientID, ClientSecret string }

// Up starts everything from nothing and leaves it running.
func (p Profile) Up(ctx context.Context, steps *Steps) (*Stack, error) {
	s := &Stack{Profile: p}
	for _, step := range []struct {
		name string
		do   func(context.Context) (string, error)
	}{
		{"start the emulated AWS (MiniStack)", func(ctx context.Context) (string, error) {
			return p.Endpoint(), p.start(ctx, p.emulator())
		}},
		{"start TikTok Shop (the sandbox)", func(ctx context.Context) (string, error) {
			return p.SandboxURL(), p.start(ctx, p.sandbox())
		}},
		{"build the functions (sam build)", p.build},
		{"deploy template.yaml (sam deploy)", p.deploy},
		{"read the deployed stack", func(ctx context.Context) (string, error) {
			if err := s.read(ctx); err != nil {
				return "", err
			}
			if got := s.Outputs["ApiId"]; got != apiID {
				return "", fmt.Errorf("the API got the id %q, not %q", got, apiID)
			}
			return p.APIURL(), nil
		}},
		{"make API clients of two owners", s.makeCallers},
		{"make the API's routes and authorizer", func(ctx context.Context) (string, error) {
			var ids []string
			for _, caller := range s.Callers {
				ids = append(ids, caller.ClientID)
			}
			return p.routes(ctx, s.deployed, ids)
		}},
		{"enter the app, its secret and its URLs", s.enterApp},
		{"listen on the event bus", s.listen},
	} {
		if err := steps.Do(ctx, step.name, step.do); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Down ends everything of the profile that runs.
func (p Profile) Down() error {
	for _, d := range []daemon{p.emulator(), p.sandbox()} {
		if err := p.stop(d); err != nil {
			return err
		}
	}
	return nil
}

// StartEmulator starts only the emulated AWS, for tests.
func (p Profile) StartEmulator(ctx context.Context) error { return p.start(ctx, p.emulator()) }

// read looks at what is deployed.
func (s *Stack) read(ctx context.Context) (err error) {
	if s.deployed, err = s.Profile.deployed(ctx); err != nil {
		return err
	}
	s.Outputs, s.TokenURL = s.deployed.outputs, s.Endpoint()+"/oauth2/token"
	return nil
}

// makeCallers adds a machine client per owner to the user pool and says, with
// the operator's own tool, which owner it calls for.
func (s *Stack) makeCallers(ctx context.Context) (string, error) {
	client := cognitoidentityprovider.NewFromConfig(s.AWS())
	for _, owner := range owners() {
		out, err := client.CreateUserPoolClient(ctx, &cognitoidentityprovider.CreateUserPoolClientInput{
			UserPoolId: aws.String(s.Outputs["UserPoolId"]), ClientName: aws.String(owner), GenerateSecret: true,
			AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []cognito.OAuthFlowType{cognito.OAuthFlowTypeClientCredentials},
			AllowedOAuthScopes: []string{"affiliate/read", "affiliate/write", "affiliate/admin"},
		})
		if err != nil {
			return "", err
		}
		caller := Caller{Owner: owner, ClientID: aws.ToString(out.UserPoolClient.ClientId), ClientSecret: aws.ToString(out.UserPoolClient.ClientSecret)}
		if err := s.affiliatectl(ctx, "owners", "set", caller.ClientID, owner); err != nil {
			return "", err
		}
		s.Callers = append(s.Callers, caller)
	}
	return strings.Join(owners(), ", "), nil
}

func (s *Stack) affiliatectl(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(s.Root, ".local", "bin", "affiliatectl"), args...)
	cmd.Env = []string{
		"HOME=" + os.Getenv("HOME"), "AWS_ENDPOINT_URL=" + s.Endpoint(), "AWS_REGION=" + region,
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("affiliatectl %s: %w: %s", args[0], err, bytes.TrimSpace(out))
	}
	return nil
}

// enterApp does what a partner does in Partner Center and in Secrets Manager:
// gives TikTok Shop the app's two URLs, and the back end the app's secret.
func (s *Stack) enterApp(ctx context.Context) (string, error) {
	app := sandbox.DefaultApp()
	urls, err := json.Marshal(map[string]string{"redirect_url": s.APIURL() + "/oauth/callback", "webhook_url": s.APIURL() + "/webhook/" + app.Name})
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, s.ControlURL()+"/control/apps/"+app.Name, bytes.NewReader(urls))
	if err != nil {
		return "", err
	}
	resp, err := s.HTTP().Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return "", fmt.Errorf("the sandbox answered %s: %s", resp.Status, text)
	}
	secret, err := json.Marshal(map[string]any{"apps": []map[string]any{{
		"name": app.Name, "key": app.Key, "secret": app.Secret, "portal": "us",
		"seller_service_id": app.SellerServiceID, "partner_service_id": app.PartnerServiceID,
		"accounts": []sandbox.Kind{sandbox.Seller, sandbox.Creator, sandbox.Partner},
	}}})
	if err != nil {
		return "", err
	}
	_, err = secretsmanager.NewFromConfig(s.AWS()).PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: aws.String(s.Outputs["AppsSecretArn"]), SecretString: aws.String(string(secret)),
	})
	return app.Name, err
}

// DeliverySecret is what signs the events that are delivered over HTTP.
func (s *Stack) DeliverySecret(ctx context.Context) (string, error) {
	out, err := secretsmanager.NewFromConfig(s.AWS()).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(s.Outputs["DeliverySecretArn"])})
	if err != nil {
		return "", err
	}
	var stored struct {
		Secret string `json:"secret"`
	}
	err = json.Unmarshal([]byte(aws.ToString(out.SecretString)), &stored)
	return stored.Secret, err
}

// listen puts a rule of the partner's own on the bus: every event into a queue.
func (s *Stack) listen(ctx context.Context) (string, error) {
	queues := sqs.NewFromConfig(s.AWS())
	queue, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("partner-events")})
	if err != nil {
		return "", err
	}
	s.Events = aws.ToString(queue.QueueUrl)
	attributes, err := queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: queue.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn}})
	if err != nil {
		return "", err
	}
	bus := eventbridge.NewFromConfig(s.AWS())
	name, rule := aws.String(s.Outputs["EventBusName"]), aws.String("partner-events")
	if _, err := bus.PutRule(ctx, &eventbridge.PutRuleInput{Name: rule, EventBusName: name, EventPattern: aws.String(`{"source":[{"prefix":""}]}`)}); err != nil {
		return "", err
	}
	_, err = bus.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: rule, EventBusName: name, Targets: []types.Target{{Id: aws.String("queue"), Arn: aws.String(attributes.Attributes["QueueArn"])}}})
	return "", err
}
