package link

import (
	"fmt"
	"regexp"
	"slices"

	"tiktok-shop-affiliate/shared/account"
)

// Limits of an ask's rate, in basis points. Source: OAS, "creator_commission_rate".
const (
	minRate = 100
	maxRate = 8000
)

var idForm = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

// Check names every fault of an ask with the field it is in.
func (a Ask) Check(fault func(field, format string, args ...any)) {
	needed := map[Purpose][]string{
		CampaignProduct:     {"campaign_id", "product_id"},
		CreatorGeneral:      {"product_id"},
		TargetCollaboration: {"collaboration_id"},
	}
	allowed := map[Purpose][]string{
		CampaignProduct:     {"campaign_id", "product_id", "creator_commission_rate_bp"},
		CreatorGeneral:      {"campaign_id", "product_id"},
		TargetCollaboration: {"collaboration_id"},
	}[a.Purpose]
	if allowed == nil {
		fault("purpose", "must be one of %v", Purposes())
		return
	}
	for _, field := range []struct {
		name, id string
	}{{"campaign_id", a.CampaignID}, {"product_id", a.ProductID}, {"collaboration_id", a.CollaborationID}} {
		switch {
		case field.id == "" && slices.Contains(needed[a.Purpose], field.name):
			fault(field.name, "is required for %s", a.Purpose)
		case field.id != "" && !slices.Contains(allowed, field.name):
			fault(field.name, "does not belong to %s", a.Purpose)
		case field.id != "" && !idForm.MatchString(field.id):
			fault(field.name, "is not an id of TikTok Shop")
		}
	}
	switch {
	case a.CreatorRate == 0:
	case !slices.Contains(allowed, "creator_commission_rate_bp"):
		fault("creator_commission_rate_bp", "does not belong to %s", a.Purpose)
	case a.CreatorRate < minRate || a.CreatorRate > maxRate:
		fault("creator_commission_rate_bp", "must be %d to %d basis points", minRate, maxRate)
	}
}

// Misfit says why this kind of account cannot make such a link; empty when it can.
func (a Ask) Misfit(asset account.AssetID) string {
	kinds := map[string]string{"tap": "partner", "creator": "creator", "seller": "seller"}
	need := a.Purpose.Perspective()
	if need == asset.Perspective() {
		return ""
	}
	return fmt.Sprintf("%s links need the connection of a %s; this is one of a %s", a.Purpose, kinds[need], kinds[asset.Perspective()])
}
