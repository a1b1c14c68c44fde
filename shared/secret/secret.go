// Package secret reads secrets from AWS Secrets Manager, keeps them for a
// while, and reads them again when a caller finds that they no longer fit.
package secret

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/redact"
)

// Manager is the part of the Secrets Manager client that is used here.
type Manager interface {
	GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, opts ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// Lifetime is how long a value is kept before it is read again unasked.
const Lifetime = 5 * time.Minute

// ReloadGap is the least time between two reloads that callers ask for, so
// that a flood of bad signatures cannot become a flood of Secrets Manager calls.
const ReloadGap = 30 * time.Second

// Source is one secret. It is safe for concurrent use.
type Source struct {
	manager Manager
	id      string
	now     func() time.Time

	mu       sync.Mutex
	value    redact.Secret
	readAt   time.Time
	reloadAt time.Time
}

// NewSource reads the secret with the given name or ARN on first use.
func NewSource(manager Manager, id string, now func() time.Time) *Source {
	return &Source{manager: manager, id: id, now: now}
}

// Value returns the secret, read at most Lifetime ago. While Secrets Manager
// does not answer, a value read earlier is used on.
func (s *Source) Value(ctx context.Context) (redact.Secret, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.readAt.IsZero() && s.now().Sub(s.readAt) < Lifetime {
		return s.value, nil
	}
	if err := s.read(ctx); err != nil {
		if s.readAt.IsZero() {
			return redact.Secret{}, err
		}
		return s.value, nil
	}
	return s.value, nil
}

// Reload reads the secret again, at most once per ReloadGap, and reports
// whether the value changed.
func (s *Source) Reload(ctx context.Context) (changed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if !s.reloadAt.IsZero() && now.Sub(s.reloadAt) < ReloadGap {
		return false, nil
	}
	s.reloadAt = now
	before := s.value
	if err := s.read(ctx); err != nil {
		return false, err
	}
	return s.value != before, nil
}

func (s *Source) read(ctx context.Context) error {
	out, err := s.manager.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(s.id)})
	if err != nil {
		return fault.Wrap("secret.Read", fault.Unavailable, "a secret could not be read", fmt.Errorf("%s: %w", s.id, err))
	}
	s.value = redact.New(aws.ToString(out.SecretString))
	s.readAt = s.now()
	return nil
}
