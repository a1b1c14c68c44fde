package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/obs"
	"tiktok-shop-affiliate/shared/order"
)

type planned struct{ err error }

func (p planned) Run(context.Context) (int, error) { return 3, p.err }

func TestHandle(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("..", "..", "events", "order-poller.json"))
	require.NoError(t, err)
	event := json.RawMessage(raw)
	require.True(t, json.Valid(event))
	answer, err := (&handler{planner: planned{}}).Handle(t.Context(), event)
	require.NoError(t, err)
	assert.Equal(t, Answer{Woken: 3}, answer)
	failed := errors.New("down")
	_, err = (&handler{planner: planned{failed}}).Handle(t.Context(), event)
	assert.ErrorIs(t, err, failed, "the run is counted as failed")
}

func TestFreshnessIsAMetricPerKind(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	freshness{obs.NewMeterTo(&out, func() time.Time { return time.UnixMilli(1795341600000) })}.Overdue(order.TAP, 90*time.Second)
	assert.JSONEq(t, `{"OrderFreshness":90,"Kind":"tap","_aws":{"Timestamp":1795341600000,"CloudWatchMetrics":[{"Namespace":"TikTokShopAffiliate","Dimensions":[["Kind"]],"Metrics":[{"Name":"OrderFreshness","Unit":"Seconds"}]}]}}`, out.String())
}
