package main

import (
	"context"
	"encoding/json"
	"os"
	"strconv"
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

// versioned is a store that keeps its promise about two who replace the same
// version, as Secrets Manager does and the emulator does not.
type versioned struct {
	mu      sync.Mutex
	value   redact.Secret
	version int
	read    *sync.WaitGroup // until everybody has read the placeholder
}

func (v *versioned) Read(context.Context, string) (redact.Secret, string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.value, strconv.Itoa(v.version), nil
}

func (v *versioned) Replace(_ context.Context, _, version string, value redact.Secret) error {
	v.read.Done()
	v.read.Wait()
	v.mu.Lock()
	defer v.mu.Unlock()
	if version != strconv.Itoa(v.version) {
		return errReplaced
	}
	v.value, v.version = value, v.version+1
	return nil
}

func TestRaceHasOneWinner(t *testing.T) {
	t.Parallel()
	const racers = 4
	kept := &versioned{value: redact.New("{}"), read: &sync.WaitGroup{}}
	kept.read.Add(racers)
	var group sync.WaitGroup
	for range racers {
		group.Go(func() { assert.NoError(t, (&handler{secrets: kept}).ensure(t.Context(), "test-secret")) })
	}
	group.Wait()
	assert.Equal(t, 1, kept.version)
	assert.True(t, seal.Usable(kept.value))
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
