// Package seal encrypts what must not be readable at rest, with Tink and a
// keyset that lies in a secret. Rotation is: add a key, wait until every cache
// has it, make it primary, seal again, disable the old one.
package seal

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/redact"
)

// Source gives the keyset and re-reads it; *secret.Source is one.
type Source interface {
	Value(ctx context.Context) (redact.Secret, error)
	Reload(ctx context.Context) (changed bool, err error)
}

// Sealer encrypts with the primary key of the keyset and decrypts with any. It
// is safe for concurrent use.
type Sealer struct {
	source Source

	mu   sync.Mutex
	text redact.Secret
	keys keys
}

// New reads the keyset from source on first use.
func New(source Source) *Sealer { return &Sealer{source: source} }

// keys is a keyset ready for use.
type keys struct {
	aead tink.AEAD
	ids  map[uint32]bool
}

// Seal encrypts. Only who names the same associated data can open it.
func (s *Sealer) Seal(ctx context.Context, plain []byte, associated string) ([]byte, error) {
	k, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	sealed, err := k.aead.Encrypt(plain, []byte(associated))
	if err != nil {
		return nil, fault.Wrap("seal.Seal", fault.Internal, "encryption failed", err)
	}
	return sealed, nil
}

// Open decrypts. A key it does not know makes it read the keyset again, once.
func (s *Sealer) Open(ctx context.Context, sealed []byte, associated string) ([]byte, error) {
	k, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	if id, ok := keyID(sealed); ok && !k.ids[id] {
		if _, err := s.source.Reload(ctx); err != nil {
			return nil, err
		}
		if k, err = s.current(ctx); err != nil {
			return nil, err
		}
	}
	plain, err := k.aead.Decrypt(sealed, []byte(associated))
	if err != nil {
		return nil, fault.Wrap("seal.Open", fault.Internal, "decryption failed: the key is missing or the data was altered or belongs elsewhere", err)
	}
	return plain, nil
}

// current is the keyset as it is known here. One that is not usable, as before
// the keyset is made, is read again.
func (s *Sealer) current(ctx context.Context) (keys, error) {
	k, err := s.known(ctx)
	if err == nil {
		return k, nil
	}
	if changed, reloadErr := s.source.Reload(ctx); reloadErr != nil || !changed {
		return keys{}, err
	}
	return s.known(ctx)
}

func (s *Sealer) known(ctx context.Context) (keys, error) {
	text, err := s.source.Value(ctx)
	if err != nil {
		return keys{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys.aead == nil || s.text != text {
		k, err := parse(text)
		if err != nil {
			return keys{}, err
		}
		s.text, s.keys = text, k
	}
	return s.keys, nil
}

func parse(text redact.Secret) (keys, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(strings.NewReader(text.Reveal())))
	if err != nil { // Tink's words could quote the keyset
		return keys{}, fault.New("seal", fault.Internal, "the keyset secret holds no keyset")
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return keys{}, fault.New("seal", fault.Internal, "the keyset secret is not for sealing")
	}
	ids := map[uint32]bool{}
	for _, key := range handle.KeysetInfo().GetKeyInfo() {
		ids[key.GetKeyId()] = true
	}
	return keys{aead: primitive, ids: ids}, nil
}

// keyID reads the id of the key that sealed: Tink puts 1 and four bytes first.
func keyID(sealed []byte) (uint32, bool) {
	if len(sealed) < 5 || sealed[0] != 1 {
		return 0, false
	}
	return binary.BigEndian.Uint32(sealed[1:5]), true
}

// NewKeyset makes a keyset with one AES-256-GCM key.
func NewKeyset() (redact.Secret, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return redact.Secret{}, fmt.Errorf("making a keyset: %w", err)
	}
	var text bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&text)); err != nil {
		return redact.Secret{}, errors.New("a new keyset could not be written down")
	}
	return redact.New(text.String()), nil
}

// Usable reports whether the text is a keyset for sealing.
func Usable(text redact.Secret) bool {
	_, err := parse(text)
	return err == nil
}
