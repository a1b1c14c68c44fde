// Package link makes promotion links. One request names product and purpose;
// the package picks TikTok Shop's living operation for it, makes as few calls
// as that allows and remembers what it made.
package link

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/money"
)

// Purpose is what a link is for. It decides who must be connected and which
// operation makes the link.
type Purpose string

// The purposes.
const (
	CampaignProduct     Purpose = "campaign_product"     // an affiliate partner's link to a product of a campaign
	CreatorGeneral      Purpose = "creator_general"      // a creator's sharing link to a product
	TargetCollaboration Purpose = "target_collaboration" // a seller's invitation into a target collaboration
)

// Purposes are all purposes there are.
func Purposes() []Purpose { return []Purpose{CampaignProduct, CreatorGeneral, TargetCollaboration} }

// Perspective is the perspective of the asset that can make such links; see
// account.AssetID.
func (p Purpose) Perspective() string {
	switch p {
	case CampaignProduct:
		return "tap"
	case CreatorGeneral:
		return "creator"
	case TargetCollaboration:
		return "seller"
	}
	return ""
}

// Ask is one link that is asked for.
type Ask struct {
	Purpose Purpose `json:"purpose"`
	// CampaignID is the campaign of the product. A creator's general link needs
	// it only when the product was added from a campaign.
	CampaignID string `json:"campaign_id,omitempty"`
	ProductID  string `json:"product_id,omitempty"`
	// CreatorRate is the creator's commission in basis points, 100 up to the
	// product's total rate; 0 means TikTok Shop's default split.
	CreatorRate     money.BasisPoints `json:"creator_commission_rate_bp,omitempty"`
	CollaborationID string            `json:"collaboration_id,omitempty"`
}

// key tells an owner's asks of an asset apart.
func (a Ask) key(owner string, asset account.AssetID) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", []string{
		owner, string(asset), string(a.Purpose), a.CampaignID, a.ProductID, fmt.Sprint(int64(a.CreatorRate)), a.CollaborationID,
	}))
	return hex.EncodeToString(sum[:16])
}

// Link is a link that was made, and for what.
type Link struct {
	Ask
	Key          string          `json:"key"` // the same for the same ask of the same owner and asset
	Owner        string          `json:"owner"`
	ConnectionID string          `json:"connection_id"`
	Asset        account.AssetID `json:"asset"`
	// URL is what to share. For a creator's general link append event_id,
	// unique per click, and publisher_id to have them in the orders.
	URL string `json:"url"`
	// DeepLink and OneLink come with a creator's general link. Replace their
	// o_event_id placeholder per click and never encode them again.
	DeepLink string    `json:"deep_link,omitempty"`
	OneLink  string    `json:"one_link,omitempty"`
	MadeAt   time.Time `json:"made_at"`
	Rev      int64     `json:"rev"` // of the stored link; 0 before it is stored
}

// ID names the link to callers.
func (l Link) ID() string { return "link_" + l.Key }

// fresh is how long a link is given again without asking TikTok Shop. How long
// links live is not documented; campaigns end.
const fresh = 30 * 24 * time.Hour
