package account_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

func TestIDs(t *testing.T) {
	t.Parallel()
	id := account.NewID("main", tiktokshop.PartnerAccount, "open:id")
	assert.Equal(t, account.ID("main:partner:open:id"), id)
	assert.Equal(t, "main", id.App())
	assert.Equal(t, tiktokshop.PartnerAccount, id.Kind())
	assert.Equal(t, "open:id", id.OpenID())
	assert.Empty(t, account.ID("nonsense").App())

	for asset, perspective := range map[account.AssetID]string{
		account.ShopAsset("7495"):            "seller",
		account.CreatorAsset("main", "c1"):   "creator",
		account.CategoryAsset(id, "7", "US"): "tap",
		"something":                          "",
	} {
		assert.Equal(t, perspective, asset.Perspective(), asset)
	}
}

func TestNextRefresh(t *testing.T) {
	t.Parallel()
	received := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct{ life, ahead, want time.Duration }{
		"a week, a day ahead":          {week, 24 * time.Hour, week - 24*time.Hour},
		"a day's life, a day ahead":    {24 * time.Hour, 24 * time.Hour, 12 * time.Hour},
		"a minute's life, a day ahead": {time.Minute, 24 * time.Hour, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, received.Add(c.want), account.NextRefresh(received, received.Add(c.life), c.ahead))
		})
	}
}
