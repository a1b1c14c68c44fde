package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/obs"
)

// outcomes answers by account.
type outcomes map[account.ID]error

func (o outcomes) RefreshEarly(_ context.Context, id account.ID) (bool, error) { return true, o[id] }

// counter counts values put.
type counter struct {
	mu     sync.Mutex
	counts map[string]float64
}

func (c *counter) Put(name string, value float64, _ obs.Unit, _ map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[name] += value
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    error
		again  bool
		failed float64
	}{
		"refreshed":     {nil, false, 0},
		"gone":          {fault.New("test", fault.NotFound, ""), false, 0},
		"dead":          {fault.New("test", fault.Reconnect, ""), false, 1},
		"TikTok down":   {fault.New("test", fault.Unavailable, ""), false, 1},
		"our own fault": {errors.New("a bug"), true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			count := &counter{counts: map[string]float64{}}
			h := &handler{grants: outcomes{"main:creator:test-a": c.err}, meter: count}
			response, err := h.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{
				{MessageId: "1", Body: `{"account":"main:creator:test-a"}`}, {MessageId: "2", Body: `{"account":"main:creator:test-b"}`},
			}})
			require.NoError(t, err)
			want := []events.SQSBatchItemFailure{}
			if c.again {
				want = append(want, events.SQSBatchItemFailure{ItemIdentifier: "1"})
			}
			assert.Equal(t, want, response.BatchItemFailures)
			assert.InDelta(t, c.failed, count.counts["RefreshFailure"], 0)
		})
	}
}

// settled notes what was settled.
type settled struct {
	err error
	ids []account.ID
}

func (s *settled) Settle(_ context.Context, id account.ID) error {
	s.ids = append(s.ids, id)
	return s.err
}

func TestAccountsWithoutAnOwnerAreSettled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err   error
		again int
	}{
		"settled":       {nil, 0},
		"TikTok down":   {fault.New("test", fault.Unavailable, ""), 0},
		"our own fault": {errors.New("a bug"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			count, settling := &counter{counts: map[string]float64{}}, &settled{err: c.err}
			h := &handler{grants: outcomes{"main:seller:test-a": account.ErrOwnerless}, settling: settling, meter: count}
			response, err := h.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{{MessageId: "1", Body: `{"account":"main:seller:test-a"}`}}})
			require.NoError(t, err)
			assert.Len(t, response.BatchItemFailures, c.again)
			assert.Equal(t, []account.ID{"main:seller:test-a"}, settling.ids)
			assert.Empty(t, count.counts, "no refresh has failed")
		})
	}
}

func TestSampleEvent(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../events/token-refresh-worker.json")
	require.NoError(t, err)
	var event events.SQSEvent
	require.NoError(t, json.Unmarshal(raw, &event))
	h := &handler{grants: outcomes{}, meter: &counter{}}
	response, err := h.Handle(t.Context(), event)
	require.NoError(t, err)
	assert.Empty(t, response.BatchItemFailures)
}
