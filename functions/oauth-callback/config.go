package main

import (
	"errors"
	"fmt"
	"time"

	"tiktok-shop-affiliate/shared/compose"
	"tiktok-shop-affiliate/shared/connection"
)

type config struct {
	compose.TikTok
	Orders string `env:"ORDERS_TABLE,required"`

	SellerUS  string `env:"CONSENT_SELLER_US_URL,required"`
	Seller    string `env:"CONSENT_SELLER_URL,required"`
	Creator   string `env:"CONSENT_CREATOR_URL,required"`
	PartnerUS string `env:"CONSENT_PARTNER_US_URL,required"`
	Partner   string `env:"CONSENT_PARTNER_URL,required"`

	ClaimURL     string        `env:"CLAIM_URL"`    // the partner's page that claims what came without an owner; may be empty
	PartnerName  string        `env:"PARTNER_NAME"` // who asks for access, as users know them
	PartnerURL   string        `env:"PARTNER_URL"`  // where users find help; may be empty
	RefreshAhead time.Duration `env:"REFRESH_AHEAD" envDefault:"24h"`
}

func (c config) consent() connection.ConsentPages {
	return connection.ConsentPages{SellerUS: c.SellerUS, Seller: c.Seller, Creator: c.Creator, PartnerUS: c.PartnerUS, Partner: c.Partner}
}

// Validate checks every address a user is sent to.
func (c config) Validate() error {
	var faults []error
	for name, address := range map[string]string{
		"CONSENT_SELLER_US_URL": c.SellerUS, "CONSENT_SELLER_URL": c.Seller, "CONSENT_CREATOR_URL": c.Creator,
		"CONSENT_PARTNER_US_URL": c.PartnerUS, "CONSENT_PARTNER_URL": c.Partner, "PARTNER_URL": c.PartnerURL, "CLAIM_URL": c.ClaimURL,
	} {
		if address != "" && !connection.SafeURL(address) {
			faults = append(faults, fmt.Errorf("%s must be an https address: %q", name, address))
		}
	}
	return errors.Join(faults...)
}
