package invoke

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"tiktok-shop-affiliate/local/up"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/redact"
)

// stackFacts come from the running stack.
type stackFacts struct {
	stack *up.Stack
	owner string
}

func (f stackFacts) app(ctx context.Context, name string) (app.App, error) {
	secret, err := secretsmanager.NewFromConfig(f.stack.AWS()).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(f.stack.Outputs["AppsSecretArn"])})
	if err != nil {
		return app.App{}, fmt.Errorf("reading the apps secret: %w", err)
	}
	return app.NewRegistry(held(aws.ToString(secret.SecretString))).Find(ctx, name)
}

func (f stackFacts) client() (string, error) {
	var owners []string
	for _, caller := range f.stack.Callers {
		if caller.Owner == f.owner {
			return caller.ClientID, nil
		}
		owners = append(owners, caller.Owner)
	}
	return "", fmt.Errorf("there is no owner %q; there are %s", f.owner, strings.Join(owners, ", "))
}

func (f stackFacts) properties(logicalID string) map[string]any { return f.stack.Properties(logicalID) }

// fileFacts come from a file in the form of the apps secret, of whatever
// deployment.
type fileFacts string

func (f fileFacts) app(ctx context.Context, name string) (app.App, error) {
	raw, err := os.ReadFile(string(f))
	if err != nil {
		return app.App{}, err
	}
	return app.NewRegistry(held(raw)).Find(ctx, name)
}

func (fileFacts) client() (string, error)          { return "", nil }
func (fileFacts) properties(string) map[string]any { return nil }

// held is a secret that is there already.
type held string

func (h held) Value(context.Context) (redact.Secret, error) { return redact.New(string(h)), nil }
func (held) Reload(context.Context) (bool, error)           { return false, nil }
