package main

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-lambda-go/cfn"

	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/seal"
)

// store keeps secrets in versions.
type store interface {
	Read(ctx context.Context, id string) (value redact.Secret, version string, err error)
	// Replace writes a value in place of the version. Of two that replace the same version only one succeeds.
	Replace(ctx context.Context, id, version string, value redact.Secret) error
}

// errReplaced is what a store answers when another has replaced the version.
var errReplaced = errors.New("the secret has been replaced meanwhile")

// handler makes the keyset. It never replaces one: what a lost key has sealed
// cannot be read again.
type handler struct{ secrets store }

// resourceID never changes, so that CloudFormation never replaces the resource.
const resourceID = "keyset"

// Handle is called when the stack is created, changed or deleted. The keyset
// outlives the stack, like the tables whose tokens it seals.
func (h *handler) Handle(ctx context.Context, event cfn.Event) (physicalResourceID string, data map[string]any, err error) {
	if event.RequestType == cfn.RequestDelete {
		return event.PhysicalResourceID, nil, nil
	}
	id, _ := event.ResourceProperties["SecretId"].(string)
	if id == "" {
		return resourceID, nil, errors.New("the property SecretId is missing")
	}
	return resourceID, nil, h.ensure(ctx, id)
}

func (h *handler) ensure(ctx context.Context, id string) error {
	value, version, err := h.secrets.Read(ctx, id)
	switch {
	case err != nil:
		return err
	case seal.Usable(value):
		return nil
	case !placeholder(value):
		return errors.New("the keyset secret holds something that is not a keyset; it is left as it is")
	}
	keyset, err := seal.NewKeyset()
	if err != nil {
		return err
	}
	if err := h.secrets.Replace(ctx, id, version, keyset); !errors.Is(err, errReplaced) {
		return err
	}
	if value, _, err = h.secrets.Read(ctx, id); err == nil && !seal.Usable(value) {
		err = errReplaced
	}
	return err
}

// placeholder is what the template fills a new secret with.
func placeholder(value redact.Secret) bool {
	text := strings.TrimSpace(value.Reveal())
	return text == "" || text == "{}"
}
