package main

import (
	"context"
	"errors"
	"fmt"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

type grants interface {
	Account(ctx context.Context, id account.ID) (tiktokshop.Grant, error)
}

// shops asks TikTok Shop which shops an account still has.
type shops struct {
	grants grants
	tiktok *tiktokshop.Client
}

// Authorized implements delivery.Shops.
func (s shops) Authorized(ctx context.Context, id account.ID) ([]account.AssetID, error) {
	grant, err := s.grants.Account(ctx, id)
	if err != nil {
		return nil, err
	}
	answer, err := s.tiktok.Seller(grant, "").AuthorizedShops(ctx)
	var refused *tiktokshop.Error
	if errors.As(err, &refused) && refused.Kind == tiktokshop.MissingScope {
		return nil, fault.Wrap("shops.Authorized", fault.Forbidden, "the grant lives on, but may not list its shops", err)
	}
	if err != nil {
		return nil, fmt.Errorf("the shops of %s: %w", id, err)
	}
	var left []account.AssetID
	for _, shop := range answer.Shops {
		left = append(left, account.ShopAsset(string(shop.ID)))
	}
	return left, nil
}
