package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"tiktok-shop-affiliate/shared/redact"
)

// secrets is Secrets Manager as a store.
type secrets struct{ client *secretsmanager.Client }

// Read returns the current value and its version.
func (s secrets) Read(ctx context.Context, id string) (redact.Secret, string, error) {
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
	if err != nil {
		return redact.Secret{}, "", fmt.Errorf("reading the keyset secret: %w", err)
	}
	return redact.New(aws.ToString(out.SecretString)), aws.ToString(out.VersionId), nil
}

// Replace names the new version after the old one. Secrets Manager refuses a
// second, different value under the same name.
func (s secrets) Replace(ctx context.Context, id, version string, value redact.Secret) error {
	token := sha256.Sum256([]byte("after " + version))
	_, err := s.client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &id, SecretString: aws.String(value.Reveal()), ClientRequestToken: aws.String(hex.EncodeToString(token[:])),
	})
	var exists *types.ResourceExistsException
	if errors.As(err, &exists) {
		return errReplaced
	}
	if err != nil {
		return fmt.Errorf("writing the keyset secret: %w", err)
	}
	return nil
}
