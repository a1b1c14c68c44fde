package main

import (
	"encoding/json"
	"os"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/seal"
)

func event(kind cfn.RequestType, secretID string) cfn.Event {
	return cfn.Event{RequestType: kind, PhysicalResourceID: "keyset", ResourceProperties: map[string]any{"SecretId": secretID}}
}

func TestKeysetIsMadeOnce(t *testing.T) {
	t.Parallel()
	id := awstest.Secret(t, "{}")
	h := &handler{secrets: secrets{client: secretsmanager.NewFromConfig(awstest.Config(t))}}
	read := func() redact.Secret {
		value, _, err := h.secrets.Read(t.Context(), id)
		require.NoError(t, err)
		return value
	}
	physical, _, err := h.Handle(t.Context(), event(cfn.RequestCreate, id))
	require.NoError(t, err)
	assert.Equal(t, "keyset", physical)
	made := read()
	assert.True(t, seal.Usable(made))

	for _, kind := range []cfn.RequestType{cfn.RequestCreate, cfn.RequestUpdate, cfn.RequestDelete} {
		physical, _, err := h.Handle(t.Context(), event(kind, id))
		require.NoError(t, err)
		assert.Equal(t, "keyset", physical)
		assert.Equal(t, made.Reveal(), read().Reveal(), "%s keeps the keyset", kind)
	}
}

func TestOtherContentIsKept(t *testing.T) {
	t.Parallel()
	id := awstest.Secret(t, `{"not":"ours"}`)
	h := &handler{secrets: secrets{client: secretsmanager.NewFromConfig(awstest.Config(t))}}
	_, _, err := h.Handle(t.Context(), event(cfn.RequestCreate, id))
	require.Error(t, err)
	value, _, err := h.secrets.Read(t.Context(), id)
	require.NoError(t, err)
	assert.JSONEq(t, `{"not":"ours"}`, value.Reveal())
}

func TestRaceHasOneWinner(t *testing.T) {
	t.Parallel()
	id := awstest.Secret(t, "{}")
	h := &handler{secrets: secrets{client: secretsmanager.NewFromConfig(awstest.Config(t))}}
	_, version, err := h.secrets.Read(t.Context(), id)
	require.NoError(t, err)
	var mu sync.Mutex
	var won []string
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			keyset, err := seal.NewKeyset()
			assert.NoError(t, err)
			if err = h.secrets.Replace(t.Context(), id, version, keyset); err == nil {
				mu.Lock()
				defer mu.Unlock()
				won = append(won, keyset.Reveal())
				return
			}
			assert.ErrorIs(t, err, errReplaced)
		})
	}
	group.Wait()
	value, _, err := h.secrets.Read(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, []string{value.Reveal()}, won)
	require.NoError(t, h.ensure(t.Context(), id))
}

func TestSampleEvent(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../events/keyset-maker.json")
	require.NoError(t, err)
	var sample cfn.Event
	require.NoError(t, json.Unmarshal(raw, &sample))
	assert.Equal(t, cfn.RequestCreate, sample.RequestType)
	assert.NotEmpty(t, sample.ResourceProperties["SecretId"])
}

func TestMissingProperty(t *testing.T) {
	t.Parallel()
	_, _, err := (&handler{}).Handle(t.Context(), cfn.Event{RequestType: cfn.RequestCreate})
	require.ErrorContains(t, err, "SecretId")
}
