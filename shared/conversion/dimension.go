package conversion

import (
	"slices"

	"tiktok-shop-affiliate/shared/order"
)

// Dimension is what sales are told apart by.
type Dimension string

// The dimensions. Every row has one value in each, which may be "": nobody named.
const (
	ByCreator       Dimension = "creator"       // user name; sellers are not told it for campaign sales
	ByProduct       Dimension = "product"       // id
	ByContent       Dimension = "content"       // id
	ByCollaboration Dimension = "collaboration" // "open:<id>" or "target:<id>"
	ByCampaign      Dimension = "campaign"      // id
	ByShop          Dimension = "shop"          // a seller's asset id; in the other views the shop's name, where TikTok Shop tells it
)

// Dimensions lists them all.
func Dimensions() []Dimension {
	return []Dimension{ByCreator, ByProduct, ByContent, ByCollaboration, ByCampaign, ByShop}
}

// Known reports whether d is one of the dimensions.
func (d Dimension) Known() bool { return slices.Contains(Dimensions(), d) }

// Of is the row's value.
func (d Dimension) Of(r order.Row) string {
	switch d {
	case ByCreator:
		return r.CreatorUsername
	case ByProduct:
		return r.ProductID
	case ByContent:
		return r.ContentID
	case ByCollaboration:
		switch {
		case r.OpenCollaborationID != "":
			return "open:" + r.OpenCollaborationID
		case r.TargetCollaborationID != "":
			return "target:" + r.TargetCollaborationID
		}
	case ByCampaign:
		return r.CampaignID
	case ByShop:
		if r.Perspective == order.Seller {
			return string(r.Asset)
		}
		return r.ShopName
	}
	return ""
}
