package connection

import (
	"fmt"
	"net/url"
	"slices"

	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// ConsentPages are the addresses of TikTok Shop's consent pages. Sellers and
// partners have one per portal, creators one for all markets.
// Sources: doc:authorization-guide-202309, doc:creator-authorization-guide,
// doc:partner-authorization-guide.
type ConsentPages struct {
	SellerUS  string
	Seller    string
	Creator   string
	PartnerUS string
	Partner   string
}

// URL is the consent page for a kind of account at an app. Creators are sent
// with the app key, the others with a service id.
func (p ConsentPages) URL(a app.App, kind tiktokshop.AccountKind, state string) (string, error) {
	page, identifier := p.page(a.Portal, kind), "service_id"
	value := a.ServiceID(kind)
	if kind == tiktokshop.CreatorAccount {
		identifier, value = "app_key", a.Key
	}
	target, err := url.Parse(page)
	if err != nil || target.Host == "" {
		return "", fmt.Errorf("the consent page of %s accounts is not a URL: %q", kind, page)
	}
	query := target.Query()
	query.Set(identifier, value)
	query.Set("state", state)
	target.RawQuery = query.Encode()
	return target.String(), nil
}

func (p ConsentPages) page(portal app.Portal, kind tiktokshop.AccountKind) string {
	switch {
	case kind == tiktokshop.CreatorAccount:
		return p.Creator
	case kind == tiktokshop.PartnerAccount && portal == app.US:
		return p.PartnerUS
	case kind == tiktokshop.PartnerAccount:
		return p.Partner
	case portal == app.US:
		return p.SellerUS
	}
	return p.Seller
}

// essential is the scope without which an account cannot even be looked up.
func essential(kind tiktokshop.AccountKind) string {
	switch kind {
	case tiktokshop.SellerAccount:
		return "seller.authorization.info"
	case tiktokshop.PartnerAccount:
		return "partner.authorization.info"
	}
	return "creator.affiliate.info"
}

// wanted are all scopes this back end uses. A user can leave some out; that
// shows as missing scopes, not as a failure.
func wanted(kind tiktokshop.AccountKind) []string {
	switch kind {
	case tiktokshop.SellerAccount:
		return []string{essential(kind), "seller.affiliate_collaboration.read", "seller.affiliate_collaboration.write"}
	case tiktokshop.PartnerAccount:
		return []string{essential(kind), "partner.tap_campaign.read", "partner.tap_campaign.product.write", "partner.tap_campaign.link.write"}
	}
	return []string{essential(kind), "creator.affiliate_collaboration.read", "creator.affiliate.share_link.read"}
}

func missing(kind tiktokshop.AccountKind, granted []string) []string {
	return slices.DeleteFunc(wanted(kind), func(scope string) bool { return slices.Contains(granted, scope) })
}
