// Package foreign_test lets a TikTok Shop client that nobody here wrote walk
// through the sandbox, so that the sandbox and our own client cannot agree on a
// mistake: the PyPI package tiktok-shop-api, locked in local/tools/foreign.txt,
// with nothing but its base URLs changed.
package foreign_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
)

const redirect = "https://product.example/oauth/callback"

// steps are the authorization, its look-ups, and the operations of the
// product's mission, by the foreign client's names of them.
var steps = []string{
	"authorize seller", "authorize creator", "authorize partner", "get_authorized_shops", "get_authorized_category_assets",

	"create_open_collaboration", "create_target_collaboration", "edit_open_collaboration_settings",
	"remove_creator_from_open_collaboration_product", "seller_search_open_collaboration_products", "search_seller_affiliate_orders",
	"search_creators_in_creator_marketplace", "get_marketplace_creator_performance", "generate_affiliate_product_promotion_link",

	"get_creator_profile", "get_showcase_products", "add_showcase_products", "search_creator_affiliate_orders",
	"search_creator_target_collaborations", "search_open_collaboration_products",

	"create_affiliate_partner_campaign", "publish_affiliate_partner_campaign", "edit_affiliate_partner_campaign",
	"get_affiliate_partner_campaign_list", "get_affiliate_partner_campaign_detail", "get_affiliate_partner_campaign_product_list",
	"review_affiliate_partner_campaign_product", "generate_affiliate_partner_campaign_product_link",
	"generate_campaign_product_promotion_links_in_batch",
}

// deviations are the steps that do not succeed: how TikTok Shop refuses them, and why.
var deviations = map[string]struct{ code, reason string }{
	"generate_affiliate_product_promotion_link": {"36009014", "switched off on 12 October 2026: the sandbox refuses it as TikTok Shop refuses retired versions"},
}

func TestForeignClient(t *testing.T) {
	t.Parallel()
	python, err := filepath.Abs("../../.local/venv/foreign/bin/python")
	require.NoError(t, err)
	if _, err := os.Stat(python); err != nil {
		t.Skip("the foreign client is not installed; `make setup` installs it")
	}

	app := sandbox.DefaultApp()
	app.RedirectURL = redirect
	tts := sandboxtest.Start(t, func(o *sandbox.Options) { o.Apps, o.Orders = []sandbox.App{app}, 40 })
	input, err := json.Marshal(map[string]any{
		"api": tts.BaseURL, "auth": tts.BaseURL, "redirect_url": redirect, "app_key": app.Key, "app_secret": app.Secret,
		"consent":     map[string]string{"seller": tts.BaseURL + "/consent/seller", "creator": tts.BaseURL + "/consent/creator", "partner": tts.BaseURL + "/consent/partner"},
		"service_id":  map[string]string{"seller": app.SellerServiceID, "partner": app.PartnerServiceID},
		"accounts":    map[string]string{"seller": sandboxtest.AuroraHome, "creator": sandboxtest.MiaLane, "partner": sandboxtest.Northwind},
		"new_product": product(t, tts, "Bamboo Cutting Board"), "open_product": product(t, tts, "Gooseneck Kettle"),
		"campaign_start": time.Now().Add(24 * time.Hour).Unix(),
	})
	require.NoError(t, err)

	walk := exec.CommandContext(t.Context(), python, "-I", "walk.py")
	walk.Stdin, walk.Env = bytes.NewReader(input), []string{"NO_PROXY=*"}
	var complaints bytes.Buffer
	walk.Stderr = &complaints
	output, err := walk.Output()
	require.NoError(t, err, complaints.String())

	lines := map[string]string{}
	for line := range strings.Lines(string(output)) {
		for _, step := range steps {
			if _, after, _ := strings.Cut(line, " "); after == step+"\n" || strings.HasPrefix(after, step+" ") {
				lines[step] = line
			}
		}
	}
	assert.Equal(t, len(steps), strings.Count(string(output), "\n"), "every line is a step's:\n%s", output)
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			want := "ok " + step
			if deviation, ok := deviations[step]; ok {
				want = "refused " + step + " " + deviation.code
				t.Log(deviation.reason)
			}
			assert.Truef(t, strings.HasPrefix(lines[step], want), "want %q, got %q", want, lines[step])
		})
	}
}

func product(t *testing.T, tts *sandboxtest.Server, title string) string {
	t.Helper()
	for _, p := range tts.State().Products {
		if p.Title == title {
			return p.ID
		}
	}
	require.FailNow(t, "the sandbox has no such product", title)
	return ""
}
