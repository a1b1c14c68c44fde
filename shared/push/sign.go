// Package push hands events to a back end over HTTP, signed so that it knows
// who they are from. docs/events/signature.md describes it to the receiver.
package push

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/redact"
)

// The headers of a signed delivery, as Standard Webhooks names them.
const (
	HeaderID        = "webhook-id"        // of the event: the same whenever it is sent
	HeaderTimestamp = "webhook-timestamp" // Unix seconds of this attempt
	HeaderSignature = "webhook-signature" // one or more signatures, separated by blanks
)

// secretPrefix may stand before a secret, as Standard Webhooks writes it.
const secretPrefix = "whsec_"

// minSecret is the fewest bytes of a secret that Standard Webhooks allows.
const minSecret = 24

// source gives the stored secret; a *secret.Source does.
type source interface {
	Value(ctx context.Context) (redact.Secret, error)
}

// Signer signs with the secrets of {"secret": "…", "previous_secret": "…"}, each
// in base64. While there is a previous one each delivery carries a signature by
// either, so that the receiver can change over when it likes.
type Signer struct{ stored source }

// NewSigner signs with the secrets that stored gives.
func NewSigner(stored source) *Signer { return &Signer{stored: stored} }

// Sign is the value of HeaderSignature for a body.
func (s *Signer) Sign(ctx context.Context, id string, at time.Time, body []byte) (string, error) {
	stored, err := s.stored.Value(ctx)
	if err != nil {
		return "", err
	}
	var secrets struct {
		Secret   string `json:"secret"`
		Previous string `json:"previous_secret"`
	}
	if json.Unmarshal([]byte(stored.Reveal()), &secrets) != nil {
		return "", fault.New("push.Sign", fault.Internal, `the secret of deliveries is not {"secret": "…", "previous_secret": "…"}`)
	}
	signatures := make([]string, 0, 2)
	for i, secret := range []string{secrets.Secret, secrets.Previous} {
		if i > 0 && secret == "" {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
		if err != nil || len(key) < minSecret {
			return "", fault.New("push.Sign", fault.Internal, fmt.Sprintf("a secret of deliveries is not base64 of at least %d bytes", minSecret))
		}
		mac := hmac.New(sha256.New, key)
		_, _ = fmt.Fprintf(mac, "%s.%s.", id, timestamp(at))
		_, _ = mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(signatures, " "), nil
}

func timestamp(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
