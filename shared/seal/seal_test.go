package seal_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/seal"
)

// source is a secret with a value that is known here and one that a reload finds.
type source struct {
	value, stored redact.Secret
	reloads       int
	err           error
}

func (s *source) Value(context.Context) (redact.Secret, error) { return s.value, s.err }

func (s *source) Reload(context.Context) (bool, error) {
	s.reloads++
	changed := s.value != s.stored
	s.value = s.stored
	return changed, s.err
}

func keyset(t *testing.T) redact.Secret {
	t.Helper()
	k, err := seal.NewKeyset()
	require.NoError(t, err)
	return k
}

// rotated is the keyset of old with the key of added as its primary.
func rotated(t *testing.T, old, added redact.Secret) redact.Secret {
	t.Helper()
	type set struct {
		Primary json.Number       `json:"primaryKeyId"`
		Keys    []json.RawMessage `json:"key"`
	}
	var a, b set
	require.NoError(t, json.Unmarshal([]byte(old.Reveal()), &a))
	require.NoError(t, json.Unmarshal([]byte(added.Reveal()), &b))
	both, err := json.Marshal(set{Primary: b.Primary, Keys: append(a.Keys, b.Keys...)})
	require.NoError(t, err)
	return redact.New(string(both))
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	s := seal.New(&source{value: keyset(t)})
	sealed, err := s.Seal(t.Context(), []byte("test-token"), "account-a")
	require.NoError(t, err)
	assert.NotContains(t, string(sealed), "test-token")
	plain, err := s.Open(t.Context(), sealed, "account-a")
	require.NoError(t, err)
	assert.Equal(t, "test-token", string(plain))

	_, err = s.Open(t.Context(), sealed, "account-b")
	require.Error(t, err, "what is sealed for one account does not open as another's")
	sealed[len(sealed)-1] ^= 1
	_, err = s.Open(t.Context(), sealed, "account-a")
	assert.Equal(t, fault.Internal, fault.KindOf(err))
}

func TestUnknownKeyReloadsOnce(t *testing.T) {
	t.Parallel()
	old := keyset(t)
	newer := rotated(t, old, keyset(t))
	bySomeoneElse, err := seal.New(&source{value: newer}).Seal(t.Context(), []byte("test-token"), "a")
	require.NoError(t, err)

	known := &source{value: old, stored: newer}
	s := seal.New(known)
	before, err := s.Seal(t.Context(), []byte("test-older"), "a")
	require.NoError(t, err)
	plain, err := s.Open(t.Context(), bySomeoneElse, "a")
	require.NoError(t, err)
	assert.Equal(t, "test-token", string(plain))
	plain, err = s.Open(t.Context(), before, "a")
	require.NoError(t, err, "the older key still opens")
	assert.Equal(t, "test-older", string(plain))
	assert.Equal(t, 1, known.reloads)

	lost := &source{value: old, stored: old}
	_, err = seal.New(lost).Open(t.Context(), bySomeoneElse, "a")
	require.Error(t, err)
	assert.Equal(t, 1, lost.reloads)
}

func TestKeysetMadeMeanwhile(t *testing.T) {
	t.Parallel()
	s := seal.New(&source{value: redact.New("{}"), stored: keyset(t)})
	_, err := s.Seal(t.Context(), []byte("test-token"), "a")
	require.NoError(t, err)
}

func TestNoKeyset(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"placeholder": "{}", "empty": "", "garbage": "test-garbage", "no keys": `{"primaryKeyId":1,"key":[]}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.False(t, seal.Usable(redact.New(text)))
			_, err := seal.New(&source{value: redact.New(text)}).Seal(t.Context(), nil, "a")
			require.Equal(t, fault.Internal, fault.KindOf(err))
			assert.NotContains(t, err.Error(), "test-garbage")
		})
	}
	assert.True(t, seal.Usable(keyset(t)))
	_, err := seal.New(&source{err: errors.New("down")}).Seal(t.Context(), nil, "a")
	require.Error(t, err)
}
