package account

import (
	"context"

	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Ownerless returns the grant of an account for what no owner sends: looking an
// unclaimed account up and ending one that is disconnecting. Owners get no
// token of such an account.
func (g *Grants) Ownerless(ctx context.Context, id ID) (tiktokshop.Grant, error) {
	made, err := g.grantOf(ctx, id, "")
	if err != nil {
		return nil, err
	}
	made.ownerless = true
	return made, nil
}

// Held returns the grant of the account that holds the asset: for what an owner
// does through its own connection, where no other account's grant may step in.
// It is fault.Reconnect when access to the asset was taken away.
func (g *Grants) Held(ctx context.Context, asset Asset) (tiktokshop.Grant, error) {
	if asset.State == AssetDeauthorized {
		return nil, reconnect("account.Held")
	}
	return g.grant(ctx, asset.Account, asset.ID)
}
