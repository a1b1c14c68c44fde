package connection

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// parkedTokens is a token set on its way through the store, sealed.
type parkedTokens struct {
	Access, Refresh                   string
	AccessExpiresAt, RefreshExpiresAt time.Time
	OpenID, Name, Region              string
	Kind                              tiktokshop.AccountKind
	Scopes                            []string
}

func (c *Connector) keep(ctx context.Context, state string, set tiktokshop.TokenSet) ([]byte, error) {
	return sealJSON(ctx, c.o.Sealer, "state:"+state, parkedTokens{
		Access: set.AccessToken.Reveal(), Refresh: set.RefreshToken.Reveal(), AccessExpiresAt: set.AccessExpiresAt, RefreshExpiresAt: set.RefreshExpiresAt,
		OpenID: set.OpenID, Name: set.SellerName, Region: set.SellerRegion, Kind: set.Kind, Scopes: set.Scopes,
	})
}

func (c *Connector) unkeep(ctx context.Context, state string, sealed []byte) (tiktokshop.TokenSet, error) {
	var p parkedTokens
	if err := openJSON(ctx, c.o.Sealer, "state:"+state, sealed, &p); err != nil {
		return tiktokshop.TokenSet{}, err
	}
	return tiktokshop.TokenSet{
		AccessToken: redact.New(p.Access), RefreshToken: redact.New(p.Refresh), AccessExpiresAt: p.AccessExpiresAt, RefreshExpiresAt: p.RefreshExpiresAt,
		OpenID: p.OpenID, SellerName: p.Name, SellerRegion: p.Region, Kind: p.Kind, Scopes: p.Scopes,
	}, nil
}

func sealJSON(ctx context.Context, sealer account.Sealer, associated string, v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding parked tokens: %w", err)
	}
	return sealer.Seal(ctx, plain, associated)
}

func openJSON(ctx context.Context, sealer account.Sealer, associated string, sealed []byte, v any) error {
	plain, err := sealer.Open(ctx, sealed, associated)
	if err != nil {
		return fmt.Errorf("opening parked tokens: %w", err)
	}
	if json.Unmarshal(plain, v) != nil {
		return errors.New("parked tokens are not in the expected form")
	}
	return nil
}
