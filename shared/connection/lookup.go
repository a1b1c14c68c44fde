package connection

import (
	"context"
	"errors"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// lookedUp is what TikTok Shop says of a new grant.
type lookedUp struct {
	name, region string
	assets       []account.Asset // without account, state and times
}

// lookUp fetches the account's name and what it holds.
func (c *Connector) lookUp(ctx context.Context, a account.Account, grant tiktokshop.Grant) (lookedUp, error) {
	found := lookedUp{name: a.Name, region: a.Region}
	switch a.ID.Kind() {
	case tiktokshop.SellerAccount:
		shops, err := c.o.TikTok.Seller(grant, "").AuthorizedShops(ctx)
		if err != nil {
			return lookedUp{}, refusedLookUp(err)
		}
		for _, shop := range shops.Shops {
			found.assets = append(found.assets, account.Asset{ID: account.ShopAsset(string(shop.ID)), Cipher: shop.Cipher, Name: shop.Name, Region: shop.Region})
		}
	case tiktokshop.PartnerAccount:
		categories, err := c.o.TikTok.Partner(grant, "").CategoryAssets(ctx)
		if err != nil {
			return lookedUp{}, refusedLookUp(err)
		}
		for _, asset := range categories.CategoryAssets {
			found.assets = append(found.assets, account.Asset{
				ID:     account.CategoryAsset(a.ID, string(asset.Category.ID), asset.TargetMarket),
				Cipher: asset.Cipher, Name: asset.Category.Name, Region: asset.TargetMarket,
			})
		}
	case tiktokshop.CreatorAccount:
		profile, err := c.o.TikTok.Creator(grant).Profile(ctx)
		if err != nil {
			return lookedUp{}, refusedLookUp(err)
		}
		found.name, found.region = profile.Username, profile.SelectionRegion
		found.assets = []account.Asset{{ID: account.CreatorAsset(a.ID.App(), a.ID.OpenID()), Name: profile.Username, Region: profile.SelectionRegion}}
	}
	if len(found.assets) == 0 {
		return lookedUp{}, &ProblemError{Problem: Nothing}
	}
	return found, nil
}

// refusedLookUp tells a scope that is missing after all from everything that
// may pass when it is tried again.
func refusedLookUp(err error) error {
	var answer *tiktokshop.Error
	if errors.As(err, &answer) && answer.Kind == tiktokshop.MissingScope {
		return &ProblemError{Problem: MissingScope, Err: err}
	}
	return err
}

// fresh is a grant that is not stored yet. It implements tiktokshop.Grant.
type fresh struct {
	app    tiktokshop.App
	kind   tiktokshop.AccountKind
	access redact.Secret
}

func (f fresh) App() tiktokshop.App                                { return f.app }
func (f fresh) Kind() tiktokshop.AccountKind                       { return f.kind }
func (f fresh) AccessToken(context.Context) (redact.Secret, error) { return f.access, nil }
func (f fresh) Revoked(context.Context, error)                     {}
func (f fresh) RenewToken(context.Context, redact.Secret) (redact.Secret, error) {
	return redact.Secret{}, errors.New("TikTok Shop called a token expired that it has just issued")
}
