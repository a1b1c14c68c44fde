package secret_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/secret"
)

func TestSource(t *testing.T) {
	t.Parallel()
	manager := secretsmanager.NewFromConfig(awstest.Config(t))
	id := awstest.Secret(t, "test-first")
	now := time.Unix(1793491200, 0)
	source := secret.NewSource(manager, id, func() time.Time { return now })
	value := func() string {
		got, err := source.Value(t.Context())
		require.NoError(t, err)
		return got.Reveal()
	}
	put := func(text string) {
		_, err := manager.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: aws.String(id), SecretString: aws.String(text)})
		require.NoError(t, err)
	}
	reload := func() bool {
		changed, err := source.Reload(t.Context())
		require.NoError(t, err)
		return changed
	}

	assert.Equal(t, "test-first", value())
	put("test-second")
	assert.Equal(t, "test-first", value(), "kept for its lifetime")
	assert.True(t, reload())
	assert.Equal(t, "test-second", value())

	put("test-third")
	assert.False(t, reload(), "not again within the gap")
	assert.Equal(t, "test-second", value())
	now = now.Add(secret.ReloadGap)
	assert.True(t, reload())
	assert.Equal(t, "test-third", value())

	put("test-fourth")
	now = now.Add(secret.Lifetime)
	assert.Equal(t, "test-fourth", value(), "read again when its lifetime is over")
}

func TestSecretThatIsNotThere(t *testing.T) {
	t.Parallel()
	manager := secretsmanager.NewFromConfig(awstest.Config(t))
	_, err := secret.NewSource(manager, "no-such-secret", time.Now).Value(t.Context())
	assert.Equal(t, fault.Unavailable, fault.KindOf(err))
}
