// Package tiktokshop is the client of the TikTok Shop Affiliate APIs: it signs,
// sends and repeats requests, reads answers tolerantly and reports every
// failure as one error type. The operations stand in the *_gen.go files, which
// local/contract writes from two descriptions of the platform.
package tiktokshop

import (
	"context"

	"tiktok-shop-affiliate/shared/redact"
)

// AccountKind says who granted access. The platform calls it user_type.
type AccountKind string

// The account kinds: user_type 0, 1 and 3 (doc:authorization-overview-202407).
const (
	SellerAccount  AccountKind = "seller"
	CreatorAccount AccountKind = "creator"
	PartnerAccount AccountKind = "partner"
)

// App is one of our apps in Partner Center.
type App struct {
	Key    string
	Secret redact.Secret
}

// Grant is an account's permission to one app. Tokens belong to its source;
// the client asks for them per call and reports what TikTok Shop says of them.
type Grant interface {
	App() App
	Kind() AccountKind
	// AccessToken returns a token that is expected to be live.
	AccessToken(ctx context.Context) (redact.Secret, error)
	// RenewToken is called at most once a call, after rejected was refused as
	// expired (105002). It may return a token another process has just made.
	RenewToken(ctx context.Context, rejected redact.Secret) (redact.Secret, error)
	// Revoked is told that TikTok Shop says the access was taken away (105001).
	Revoked(ctx context.Context, cause error)
}

// Seller has the operations of a seller account, for one of its shops.
type Seller struct{ caller caller }

// Creator has the operations of a creator account.
type Creator struct{ caller caller }

// Partner has the operations of a partner account (TAP or CAP), for one of its
// business categories and markets.
type Partner struct{ caller caller }

// Seller returns the seller operations. shopCipher names the shop; without one
// only AuthorizedShops can be called.
func (c *Client) Seller(g Grant, shopCipher string) *Seller {
	return &Seller{caller{client: c, grant: g, kind: SellerAccount, cipher: shopCipher}}
}

// Creator returns the creator operations.
func (c *Client) Creator(g Grant) *Creator {
	return &Creator{caller{client: c, grant: g, kind: CreatorAccount}}
}

// Partner returns the partner operations. categoryAssetCipher names category
// and market; without one only CategoryAssets can be called.
func (c *Client) Partner(g Grant, categoryAssetCipher string) *Partner {
	return &Partner{caller{client: c, grant: g, kind: PartnerAccount, cipher: categoryAssetCipher}}
}

type caller struct {
	client *Client
	grant  Grant
	kind   AccountKind
	cipher string
}
