package account

import (
	"context"
	"encoding/json"
	"fmt"

	"tiktok-shop-affiliate/shared/redact"
)

// Sealer encrypts with associated data; *seal.Sealer is one.
type Sealer interface {
	Seal(ctx context.Context, plain []byte, associated string) ([]byte, error)
	Open(ctx context.Context, sealed []byte, associated string) ([]byte, error)
}

// Vault turns tokens into what is stored. Tokens sealed for one account do not
// open as another's.
type Vault struct{ sealer Sealer }

// NewVault seals with sealer.
func NewVault(sealer Sealer) *Vault { return &Vault{sealer: sealer} }

type sealedTokens struct {
	Access  string `json:"access"`
	Refresh string `json:"refresh"`
}

// Seal encrypts both tokens as one.
func (v *Vault) Seal(ctx context.Context, id ID, t Tokens) ([]byte, error) {
	plain, err := json.Marshal(sealedTokens{Access: t.Access.Reveal(), Refresh: t.Refresh.Reveal()})
	if err != nil {
		return nil, fmt.Errorf("encoding tokens: %w", err)
	}
	sealed, err := v.sealer.Seal(ctx, plain, string(id))
	if err != nil {
		return nil, fmt.Errorf("sealing the tokens of %s: %w", id, err)
	}
	return sealed, nil
}

// Open decrypts them.
func (v *Vault) Open(ctx context.Context, id ID, sealed []byte) (Tokens, error) {
	plain, err := v.sealer.Open(ctx, sealed, string(id))
	if err != nil {
		return Tokens{}, fmt.Errorf("opening the tokens of %s: %w", id, err)
	}
	var t sealedTokens
	if err := json.Unmarshal(plain, &t); err != nil {
		return Tokens{}, fmt.Errorf("the tokens of %s are not in the expected form", id)
	}
	return Tokens{Access: redact.New(t.Access), Refresh: redact.New(t.Refresh)}, nil
}
