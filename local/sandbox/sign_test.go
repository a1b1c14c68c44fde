package sandbox_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"

	"tiktok-shop-affiliate/local/sandbox"
)

// The official worked example comes first, then a public library's own test, then
// values on which four public implementations agreed.
func TestRequestSignature(t *testing.T) {
	t.Parallel()
	const (
		key    = "6f2k9c1x7q0ab"
		secret = "3f1c9a7d5e8b4a2690c7d1e5f8a3b6c9d2e4f701"
		shop   = "ROW_xkMbgAAAeVAQra0eZWebFQq5aIK"
		asset  = "ROW_RHkDDABBAAB8tKAVoAqsMTjsQZFLyNfY"
		at     = "1793491200"
		window = `{"create_time_ge":1790812800,"create_time_lt":1793491200}`
	)
	for _, v := range []struct{ name, secret, path, query, contentType, body, sign string }{
		{"official example", "e59af819cc", "/authorization/202309/shops", "app_key=29a39d&timestamp=1623812664", "", "", "b596b73e0cc6de07ac26f036364178ab16b0a907af13d43f0a0cd2345f582dc8"},
		{"one parameter", "app_secret", "/test-api", "foo=bar", "", "", "d3cb7fe11ecae942802ceeca67e7cf10120cc12f1517d45fbc1c8cfe5413c80f"},
		{"PUT with a body", "e59af819cc", "/event/202309/webhooks", "app_key=68xu9ks5p4i8&shop_cipher=" + shop + "&timestamp=1696909648", "", `{"address":"https://partner.tiktokshop.com","event_type":"PACKAGE_UPDATE"}`, "cd0d6268252f4ba293bf7ea4c0a2873bf9beec600d22530638564ab301435f7a"},
		{"page size and body", secret, "/affiliate_creator/202410/orders/search", "app_key=" + key + "&page_size=50&timestamp=" + at, "", window, "2e7a49b996ff8b836e5daad723012cc703764ce223b3033c0ce103c05035bffe"},
		{"page token and cipher", secret, "/affiliate_seller/202410/orders/search", "app_key=" + key + "&page_size=100&page_token=b2Zmc2V0PTEwMAo%3D&shop_cipher=" + shop + "&timestamp=" + at, "", window, "55c9e29c095b5b43f6bab39f582193b4994b4cd0c3a641a7f53e7d87119c7f8f"},
		{"GET with filters", secret, "/affiliate_partner/202405/campaigns", "app_key=" + key + "&category_asset_cipher=" + asset + "&page_size=10&status=ONGOING&timestamp=" + at + "&type=MY_CAMPAIGNS", "", "", "681c88a5d761d30e6c3f57c1c3adf7e10f59aa9dd1c7ce1cb8a7b6f828b7c1bb"},
		{"sign and access_token are left out", secret, "/affiliate_creator/202508/profiles", "access_token=TTP_should_not_matter&app_key=" + key + "&sign=deadbeef&timestamp=" + at, "", "", "24f4f6fe46700c73650a5bb21435208c367b99a0744a418445886f12f153c120"},
		{"POST without a body", secret, "/affiliate_seller/202509/target_collaboration/7300000000000000001/link", "app_key=" + key + "&shop_cipher=" + shop + "&timestamp=" + at, "", "", "556346e6c8cdb8ebcd412ce6ba2b5c2aa7b15eacb24f5ed12cf6c5cf7d1e68e4"},
		{"multipart body is not signed", secret, "/affiliate_seller/202511/images/upload", "app_key=" + key + "&timestamp=" + at, "multipart/form-data; boundary=XBOUND", "anything", "7fc4a4b93ae06b80a59c2f8815d3bdac69a3a0e3e60cd51df224c76283e76799"},
		{"DELETE with a body", secret, "/affiliate_creator/202409/showcases/products", "app_key=" + key + "&timestamp=" + at, "", `{"product_ids":["1729592969712207008","1729592969712207009"]}`, "518f1f88b4abb30f71d69777b219ad6e9d7225fcae57e2319c094828c8e6413c"},
		{"list in one parameter", secret, "/affiliate_creator/202509/open_collaborations/products", "app_key=" + key + "&product_ids=1729592969712207008%2C1729592969712207009&timestamp=" + at, "", "", "d2268f3311b1f8b3e9cf040f17afbb36adf3d02131dcfd80b4e9ea87834de03b"},
		{"body beyond ASCII", secret, "/affiliate_seller/202508/target_collaborations", "app_key=" + key + "&shop_cipher=" + shop + "&timestamp=" + at, "", `{"name":"Été 2026","end_time":"1796083200","products":[{"id":"1729592969712207008","target_commission_rate":1550}],"creator_user_open_ids":["a","b"]}`, "fff15a25cfa73b97b6425cb6e5f2b54f3b695c1603b1706e660492d5516e4c77"},
		{"decoded query values", secret, "/affiliate_partner/202405/campaigns/7300000000000000002/products", "app_key=" + key + "&category_asset_cipher=" + asset + "&page_size=20&product_name=lip+oil+%26+gloss+2%2B1&timestamp=" + at, "", "", "4d246776c4e8255a8ca02ea5271f6973e596b491721ac6b76b0710191a3268b9"},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			query, err := url.ParseQuery(v.query)
			assert.NoError(t, err)
			contentType := v.contentType
			if contentType == "" {
				contentType = "application/json"
			}
			assert.Equal(t, v.sign, sandbox.RequestSignature(v.secret, v.path, query, contentType, []byte(v.body)))
		})
	}
}

func TestWebhookSignature(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "5dec0f11ec2f6783b8deee53c9ffbf8d024302f7c7e7fa55a35d17629031ac05", sandbox.WebhookSignature("abcdef", "123",
		[]byte(`{"type":1,"tts_notification_id":"7380066284010030890","shop_id":"7495540735365777507","timestamp":1718305585,"data":{"is_on_hold_order":true,"order_id":"576653688135258178","order_status":"UNPAID","update_time":1718305585}}`)))
	assert.Equal(t, "b839692373a74ca245f56544c05582a61645e0b56db389c0cf475ceb3579a3a6", sandbox.WebhookSignature("6f2k9c1x7q0ab", "3f1c9a7d5e8b4a2690c7d1e5f8a3b6c9d2e4f701",
		[]byte(`{"type":17,"creator_open_id":"VIyStQAAAAAc0ffee","tts_notification_id":"7327112393057371910","timestamp":1793491200,"data":{"product_id":"1729592969712207008","event":{"type":"ADD","scene":"VIDEO","content_id":"7412345678901234567"}}}`)))
}
