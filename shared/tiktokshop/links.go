package tiktokshop

import "fmt"

// Batches of links succeed also when some links, or all, could not be made. So
// these methods must be asked; a part that failed is no reason to lose the rest.

// Err tells of products without a link.
func (r *CreatorGeneralLinksResponse) Err() error {
	return materialErr("Creator.GeneralLinks", r.FailedMaterials)
}

// Err tells of products without a link.
func (r *CreatorPublisherLinksResponse) Err() error {
	return materialErr("Creator.PublisherLinks", r.FailedMaterials)
}

// Err tells of tags without a link.
func (r *CreatorSharingLinksResponse) Err() error {
	if len(r.Errors) == 0 {
		return nil
	}
	first := r.Errors[0]
	return partly("Creator.SharingLinks", int(first.Code), fmt.Sprintf("%d tags have no link, first: %s %s", len(r.Errors), first.Message, first.Detail.FailReason))
}

// Err tells of products without a link; TikTok Shop gives no reason.
func (r *PartnerPromotionLinksResponse) Err() error {
	if len(r.FailedProductIDs) == 0 {
		return nil
	}
	return partly("Partner.PromotionLinks", 0, fmt.Sprintf("%d products have no link, first %s", len(r.FailedProductIDs), r.FailedProductIDs[0]))
}

func materialErr(op string, failed []FailedMaterial) error {
	if len(failed) == 0 {
		return nil
	}
	return partly(op, 0, fmt.Sprintf("%d products have no link, first %s: %s", len(failed), failed[0].MaterialID, failed[0].FailReason))
}
