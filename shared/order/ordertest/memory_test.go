package ordertest_test

import (
	"testing"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order/ordertest"
)

func TestMemoryConforms(t *testing.T) {
	t.Parallel()
	ordertest.Suite(t, func(*testing.T) ordertest.Harness {
		m := ordertest.NewMemory()
		return ordertest.Harness{Store: m, Enrol: func(_ *testing.T, asset account.AssetID, now time.Time) { m.Enrol(asset, now) }}
	})
}
