package account

import (
	"context"

	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Held returns the grant of the account that holds the asset: for what an owner
// does through its own connection, where no other account's grant may step in.
// It is fault.Reconnect when access to the asset was taken away.
func (g *Grants) Held(ctx context.Context, asset Asset) (tiktokshop.Grant, error) {
	if asset.State == AssetDeauthorized {
		return nil, reconnect("account.Held")
	}
	return g.grant(ctx, asset.Account, asset.ID)
}
