package tiktokshop

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestClasses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, path string
		repeatable   bool
		want         Class
	}{
		{"POST", "/affiliate_seller/202410/orders/search", true, Orders},
		{"POST", "/affiliate_creator/202410/orders/search", true, Orders},
		{"POST", "/affiliate_partner/202603/cap_order/search", true, Orders},
		{"POST", "/affiliate_seller/202608/marketplace_creators/search", true, Marketplace},
		{"GET", "/affiliate_seller/202608/marketplace_creators/{creator_user_id}", true, Marketplace},
		{"POST", "/affiliate_seller/202508/target_collaborations", false, Invitations},
		{"PUT", "/affiliate_seller/202508/target_collaborations/{target_collaboration_id}", false, Invitations},
		{"PUT", "/affiliate_seller/202508/target_collaborations/{target_collaboration_id}", true, Invitations},
		{"DELETE", "/affiliate_seller/202409/target_collaborations/{target_collaboration_id}", false, Writes},
		{"POST", "/affiliate_seller/202508/target_collaborations/search", true, Reads},
		{"POST", "/affiliate_seller/202605/target_collaborations/conflicts/resolve", false, Writes},
		{"POST", "/affiliate_seller/202412/conversations/{conversation_id}/messages", false, Messages},
		{"GET", "/affiliate_seller/202412/conversation/{conversation_id}/messages", true, Reads},
		{"POST", "/affiliate_seller/202508/conversations", false, Messages},
		{"POST", "/affiliate_seller/202412/conversatons/read", true, Reads},
		{"GET", "/affiliate_partner/202501/campaigns/{campaign_id}/products/performance", true, Analytics},
		{"GET", "/affiliate_seller/202603/compass/offline_tasks", true, Analytics},
		{"GET", "/affiliate_partner/202405/campaigns", true, Reads},
		{"POST", "/affiliate_partner/202405/campaigns", false, Writes},
	} {
		assert.Equal(t, c.want, operation{Method: c.method, Path: c.path, Repeatable: c.repeatable}.class(), "%s %s", c.method, c.path)
	}
}
