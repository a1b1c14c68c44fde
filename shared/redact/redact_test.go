package redact_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/redact"
)

func TestSecretNeverPrints(t *testing.T) {
	t.Parallel()
	const plain = "test-plain-value"
	secret := redact.New(plain)
	nested := struct{ Token redact.Secret }{secret}

	texts := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		texts["value "+verb] = fmt.Sprintf(verb, secret)
		texts["nested "+verb] = fmt.Sprintf(verb, nested)
	}
	encoded, err := json.Marshal(nested)
	require.NoError(t, err)
	texts["json"] = string(encoded)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", secret, "nested", nested)
	texts["slog"] = log.String()

	for name, text := range texts {
		assert.NotContains(t, text, plain, name)
		assert.NotContains(t, text, fmt.Sprintf("%x", plain), name)
	}
	assert.Equal(t, plain, secret.Reveal())
	assert.True(t, redact.Secret{}.Empty())
}
