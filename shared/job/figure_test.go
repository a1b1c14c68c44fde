package job_test

import (
	"context"
	"encoding/json"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/job"
)

// scale is the bucket, and looks at the heap at every tenth page.
type scale struct {
	job.Objects
	pages int
	heap  []uint64 // live bytes
}

func (s *scale) Create(ctx context.Context, key string, body []byte) error {
	if s.pages++; s.pages%10 == 0 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		s.heap = append(s.heap, m.HeapAlloc)
	}
	return s.Objects.Create(ctx, key, body)
}

// TestTenThousandItems holds the figures: under three minutes in the emulator,
// and no memory that grows with the items. It runs alone.
//
//nolint:paralleltest // it measures
func TestTenThousandItems(t *testing.T) {
	w := newWorld(t, job.SelfTest{})
	const items = 10_000
	j, err := w.manager().Create(t.Context(), job.SelfTestSpec(), job.Ask{Owner: "acme", Params: json.RawMessage(`{"items":10000}`)}, items)
	require.NoError(t, err)
	on := &scale{Objects: w.objects}
	worker := job.NewWorker(job.WorkerOptions{Store: w.store, Objects: on, Files: w.objects, Wakes: w.queue, Kinds: w.kinds, Assets: w, Now: w.Now, Log: quiet()})
	begin := time.Now()
	require.NoError(t, worker.Work(t.Context(), job.Wake{Lane: j.Lane}))
	took := time.Since(begin)
	j = w.job(t, j)
	require.Equal(t, job.Done, j.State)
	assert.Equal(t, items, j.Done)
	require.Len(t, on.heap, 10)
	first, last := on.heap[1], on.heap[len(on.heap)-1]
	t.Logf("10,000 items in %s; live heap %d KiB at item 2,000, %d KiB at the end", took.Round(time.Millisecond), first>>10, last>>10)
	assert.Less(t, took, 3*time.Minute)
	assert.Less(t, last, first+512<<10, "memory does not grow with the items")
}
