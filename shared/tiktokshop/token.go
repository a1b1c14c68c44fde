package tiktokshop

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"tiktok-shop-affiliate/shared/redact"
)

// TokenSet is what TikTok Shop gives for an authorization code or a refresh
// token.
type TokenSet struct {
	AccessToken redact.Secret
	// RefreshToken may be empty after a refresh: the old one then stays valid.
	RefreshToken redact.Secret
	// The expiries are zero when TikTok Shop does not state them.
	AccessExpiresAt, RefreshExpiresAt time.Time
	// OpenID names the account within this app.
	OpenID string
	// SellerName and SellerRegion are empty for creators.
	SellerName, SellerRegion string
	// Kind is empty for a user_type nobody has described.
	Kind   AccountKind
	Scopes []string
}

// ExchangeCode turns the code of a callback into tokens. A code works once and
// for 30 minutes, so this is never repeated.
func (c *Client) ExchangeCode(ctx context.Context, app App, code string) (TokenSet, error) {
	return c.tokens(ctx, "ExchangeCode", "/api/v2/token/get", app, redact.New(code), "auth_code", "authorized_code")
}

// RefreshToken renews an account's tokens. It is never repeated here: TikTok
// Shop may already have replaced the refresh token. Store the result before
// using it.
func (c *Client) RefreshToken(ctx context.Context, app App, refresh redact.Secret) (TokenSet, error) {
	return c.tokens(ctx, "RefreshToken", "/api/v2/token/refresh", app, refresh, "refresh_token", "refresh_token")
}

// tokens calls a token endpoint, which wants the secrets in the query
// (doc:authorization-overview-202407); hence the URL must never be shown.
func (c *Client) tokens(ctx context.Context, name, path string, app App, secret redact.Secret, field, grantType string) (TokenSet, error) {
	op := operation{Name: name, Method: http.MethodGet}
	if app.Key == "" || app.Secret.Empty() || secret.Empty() {
		return TokenSet{}, &Error{Op: name, Kind: Refused, Message: "app key, app secret and " + field + " are required"}
	}
	query := url.Values{"app_key": {app.Key}, "app_secret": {app.Secret.Reveal()}, field: {secret.Reveal()}, "grant_type": {grantType}}
	var data struct {
		AccessToken   string   `json:"access_token"`
		AccessExpiry  Int      `json:"access_token_expire_in"`
		RefreshToken  string   `json:"refresh_token"`
		RefreshExpiry Int      `json:"refresh_token_expire_in"`
		OpenID        ID       `json:"open_id"`
		SellerName    string   `json:"seller_name"`
		SellerRegion  string   `json:"seller_base_region"`
		UserType      Count    `json:"user_type"`
		Scopes        []string `json:"granted_scopes"`
	}
	if fault := c.send(ctx, c.once, op, c.auth+path+"?"+query.Encode(), http.Header{}, content{}, &data, app.Secret, secret); fault != nil {
		return TokenSet{}, fault
	}
	if data.AccessToken == "" {
		return TokenSet{}, &Error{Op: name, Kind: OutcomeUnknown, HTTPStatus: http.StatusOK, Message: "the answer has no access token"}
	}
	set := TokenSet{
		AccessToken: redact.New(data.AccessToken), RefreshToken: redact.New(data.RefreshToken),
		AccessExpiresAt: c.expiry(data.AccessExpiry), RefreshExpiresAt: c.expiry(data.RefreshExpiry),
		OpenID: string(data.OpenID), SellerName: data.SellerName, SellerRegion: data.SellerRegion, Scopes: data.Scopes,
	}
	if data.UserType.Known {
		set.Kind = map[int64]AccountKind{0: SellerAccount, 1: CreatorAccount, 3: PartnerAccount}[data.UserType.N]
	}
	return set, nil
}

// expiry reads the absolute Unix seconds of a field that is named like a
// duration. Values too small for that are taken as the duration they claim to be.
func (c *Client) expiry(seconds Int) time.Time {
	switch {
	case seconds <= 0:
		return time.Time{}
	case seconds <= 1e9:
		return c.now().Add(time.Duration(seconds) * time.Second).UTC()
	}
	return time.Unix(int64(seconds), 0).UTC()
}
