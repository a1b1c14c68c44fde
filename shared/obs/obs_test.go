package obs_test

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"tiktok-shop-affiliate/shared/obs"
)

func TestMeterWritesEmbeddedMetrics(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	meter := obs.NewMeterTo(&out, func() time.Time { return time.Unix(1793491200, 0) })

	meter.Put("OrderFreshness", 42, obs.Seconds, map[string]string{"Kind": "seller"})
	assert.JSONEq(t, `{"_aws":{"Timestamp":1793491200000,"CloudWatchMetrics":[{"Namespace":"TikTokShopAffiliate","Dimensions":[["Kind"]],"Metrics":[{"Name":"OrderFreshness","Unit":"Seconds"}]}]},"OrderFreshness":42,"Kind":"seller"}`, out.String())

	out.Reset()
	meter.Put("RefreshFailure", 1, obs.Count, nil)
	assert.Contains(t, out.String(), `"Dimensions":[[]]`)

	out.Reset()
	meter.Put("Broken", math.NaN(), obs.Count, nil)
	assert.Empty(t, out.String())
}
