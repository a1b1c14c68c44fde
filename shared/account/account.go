// Package account is about who granted access: accounts hold tokens, assets are
// what calls are about, and Grants hands out tokens that work.
package account

import (
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// ID names an account: "<app>:<kind>:<open id>". An open id is per app.
type ID string

// NewID makes the id of the account that open id has at the app.
func NewID(app string, kind tiktokshop.AccountKind, openID string) ID {
	return ID(app + ":" + string(kind) + ":" + openID)
}

// App is the name of the app.
func (id ID) App() string { return id.part(0) }

// Kind is the kind of the account.
func (id ID) Kind() tiktokshop.AccountKind { return tiktokshop.AccountKind(id.part(1)) }

// OpenID is the user within the app.
func (id ID) OpenID() string { return id.part(2) }

func (id ID) part(n int) string {
	parts := strings.SplitN(string(id), ":", 3)
	if len(parts) != 3 {
		return ""
	}
	return parts[n]
}

// AssetID names what calls are about: "shop:<shop id>", "creator:<app>:<open id>"
// or "tap:<account id>:<category id>:<market>". Ciphers are attributes, because
// they can change.
type AssetID string

// ShopAsset is a seller's shop. Shop ids are TikTok Shop's own, not per app.
func ShopAsset(shopID string) AssetID { return AssetID("shop:" + shopID) }

// CreatorAsset is a creator, whose open id is per app.
func CreatorAsset(app, openID string) AssetID { return AssetID("creator:" + app + ":" + openID) }

// CategoryAsset is an affiliate partner's category in one market.
func CategoryAsset(id ID, categoryID, market string) AssetID {
	return AssetID("tap:" + string(id) + ":" + categoryID + ":" + market)
}

// Perspective is whose view of an order the asset gives: seller, creator or tap.
func (a AssetID) Perspective() string {
	switch kind, _, _ := strings.Cut(string(a), ":"); kind {
	case "shop":
		return "seller"
	case "creator", "tap":
		return kind
	}
	return ""
}

// State is the health of an account.
type State string

// The states. A suspect account's refresh was refused once; it becomes revoked
// only when a second refusal confirms it.
const (
	Active  State = "active"
	Suspect State = "suspect"
	Revoked State = "revoked" // the user must consent again

	Unclaimed     State = "unclaimed"     // waits for an owner; no refresh changes that
	Disconnecting State = "disconnecting" // its last owner has left; TikTok Shop is still to be told, and no refresh changes that
	Disconnected  State = "disconnected"  // over: only the account's generation is remembered for a while
)

// ownerless states are those in which an account has tokens and no owner.
func (s State) ownerless() bool { return s == Unclaimed || s == Disconnecting }

// Reason says why an account is revoked.
type Reason string

// The reasons.
const (
	Deauthorized   Reason = "deauthorized"          // the user took access away
	RefreshRefused Reason = "refresh_refused"       // TikTok Shop no longer takes the refresh token
	Expired        Reason = "authorization_expired" // the time the user granted is over
)

// Account is who consented: app, kind and open id. It holds the tokens, once,
// however many owners are connected to it.
type Account struct {
	ID     ID
	Name   string // the seller's or partner's name; a creator's user name
	Region string // ISO 3166 alpha-2
	Scopes []string
	State  State
	Reason Reason // set when State is Revoked

	AuthorizedAt     time.Time // of the newest consent; what happened before it cannot end it
	AccessExpiresAt  time.Time
	RefreshExpiresAt time.Time // end of the authorization; a creator's is decades away
	ExpiryWarned     time.Time // end of the authorization that TikTok Shop warned of; zero: none
	RefreshedAt      time.Time // when the tokens were received
	SuspectSince     time.Time // when a refresh was first refused; zero otherwise
	RetryAt          time.Time // no refresh is tried before; zero otherwise
	HeldSince        time.Time // since when it is unclaimed or disconnecting; zero otherwise

	Generation int64  // +1 whenever tokens are stored
	Sealed     []byte // the tokens, encrypted with the account's id as associated data
}

// over reports that nothing can be done with the account's tokens any more.
func (a Account) over() bool { return a.State == Revoked || a.State == Disconnected }

// expired reports that the time the user granted is over.
func (a Account) expired(now time.Time) bool {
	return !a.RefreshExpiresAt.IsZero() && !now.Before(a.RefreshExpiresAt)
}

// AssetState is the health of an asset.
type AssetState string

// The states of an asset.
const (
	AssetActive       AssetState = "active"
	AssetInactive     AssetState = "inactive"     // TikTok Shop has paused the shop
	AssetDeauthorized AssetState = "deauthorized" // access to it was taken away
)

// Asset is a shop, a creator or a category asset as held by one account. Several
// accounts can hold the same shop.
type Asset struct {
	ID           AssetID
	Account      ID
	Cipher       string // shop_cipher or category_asset_cipher; empty for creators
	Name         string
	Region       string // market, ISO 3166 alpha-2
	State        AssetState
	AuthorizedAt time.Time
}

// RefreshRequest is the message that asks for an early refresh.
type RefreshRequest struct {
	Account ID `json:"account"`
}

// Tokens is what an account's Sealed holds.
type Tokens struct{ Access, Refresh redact.Secret }

// Due is an account whose scheduled refresh is due.
type Due struct {
	Account ID
	At      time.Time
}

// AccessEnd is when an access token ends. Where TikTok Shop does not say, a day
// is assumed, the shortest life ever reported.
func AccessEnd(set tiktokshop.TokenSet, received time.Time) time.Time {
	if set.AccessExpiresAt.IsZero() {
		return received.Add(24 * time.Hour)
	}
	return set.AccessExpiresAt
}

// DefaultRefreshAhead is how long before the end of an access token it is
// refreshed on schedule. TikTok Shop's tokens live 7 days.
const DefaultRefreshAhead = 24 * time.Hour

// NextRefresh is when tokens received at the given time are refreshed on
// schedule: ahead of their end, but not in the first half of their life.
func NextRefresh(received, accessExpires time.Time, ahead time.Duration) time.Time {
	return accessExpires.Add(-min(ahead, accessExpires.Sub(received)/2))
}
