// Package redact keeps secrets out of text. A Secret prints as REDACTED
// whichever way it is formatted, logged or encoded.
package redact

import (
	"fmt"
	"io"
	"log/slog"
)

const mask = "REDACTED"

// Secret is a string that must never reach a log, an error or an answer:
// an app secret, a token, an authorization code. The zero value is empty.
type Secret struct{ value string }

// New wraps s.
func New(s string) Secret { return Secret{value: s} }

// Reveal returns the secret itself. Call it only where the secret is used.
func (s Secret) Reveal() string { return s.value }

// Empty reports whether there is no secret.
func (s Secret) Empty() bool { return s.value == "" }

// String, GoString, Format, LogValue and MarshalJSON all hide the value.
func (s Secret) String() string { return mask }

// GoString implements fmt.GoStringer.
func (s Secret) GoString() string { return mask }

// Format implements fmt.Formatter for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalJSON implements json.Marshaler.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + mask + `"`), nil }
