package order_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order"
)

// mailbox is a queue of wakes that can be full.
type mailbox struct {
	mu    sync.Mutex
	err   error
	woken map[account.AssetID]int
}

func (m *mailbox) SendBatch(_ context.Context, messages []any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	for _, message := range messages {
		wake, _ := message.(order.Wake)
		m.woken[wake.Asset]++
	}
	return nil
}

func newMailbox() *mailbox { return &mailbox{woken: map[account.AssetID]int{}} }

func TestPlannersWakeEachDueAssetOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	assets := []account.AssetID{asset}
	for i := range 30 {
		assets = append(assets, account.AssetID(fmt.Sprintf("shop:%d", i)))
	}
	w.connect(assets...)
	mail := newMailbox()
	var planners errgroup.Group
	for range 3 {
		planners.Go(func() error {
			_, err := w.planner(mail).Run(t.Context())
			return err
		})
	}
	require.NoError(t, planners.Wait())
	require.Len(t, mail.woken, 31)
	for id, times := range mail.woken {
		assert.Equal(t, 1, times, id)
	}
	woken, err := w.planner(mail).Run(t.Context())
	require.NoError(t, err)
	assert.Zero(t, woken, "claimed")
}

func TestAClaimWhoseWakeIsLostHeals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mail := newMailbox()
	mail.err = errors.New("the queue is full")
	_, err := w.planner(mail).Run(t.Context())
	require.ErrorIs(t, err, mail.err)
	mail.err = nil
	w.clock.pass(5 * time.Minute)
	woken, err := w.planner(mail).Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, woken)
	assert.Equal(t, map[order.Perspective]time.Duration{order.TAP: 5 * time.Minute, order.Seller: 0, order.Creator: 0}, w.gauge.overdue,
		"the age counts from when the read was first wanted")

	require.NoError(t, w.read())
	w.clock.pass(5 * time.Minute)
	_, err = w.planner(mail).Run(t.Context())
	require.NoError(t, err)
	assert.Less(t, w.gauge.overdue[order.TAP], 30*time.Second, "the jitter of the read")
}
