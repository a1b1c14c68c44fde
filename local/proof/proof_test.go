package proof_test

import (
	"flag"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

var (
	schedules = flag.Int("schedules", 100, "how many random schedules TestProof lives through")
	seed      = flag.Uint64("seed", 0, "the seed of the first schedule")
)

// TestProof lives through random schedules of orders and faults on a simulated
// clock, with the real planner, fetcher and roller, and compares rows, events and
// sums with what was sold. One schedule again: -schedules 1 -seed <n>.
func TestProof(t *testing.T) {
	t.Parallel()
	t.Logf("%d schedules from seed %d", *schedules, *seed)
	var total counts
	var next atomic.Uint64
	var workers errgroup.Group
	results := make(chan error, *schedules)
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() error {
			for i := next.Add(1) - 1; i < uint64(*schedules); i = next.Add(1) - 1 { //nolint:gosec // small
				if err := newSchedule(*seed+i, &total).live(t.Context()); err != nil {
					results <- fmt.Errorf("seed %d: %w", *seed+i, err)
				}
			}
			return nil
		})
	}
	require.NoError(t, workers.Wait())
	close(results)
	failed := 0
	for err := range results {
		if failed++; failed <= 5 {
			t.Error(err)
		}
	}
	if failed > 0 {
		t.Errorf("%d schedules of %d differ", failed, *schedules)
	}
	t.Log(total.String())
	for name, n := range total.all() {
		if *schedules >= 100 && name != "rows taken for new ones" {
			require.Positive(t, n.Load(), name)
		}
	}
}

// counts say what the schedules were made of.
type counts struct {
	days, rows, late, twice, missing, renamed, doubled, events, calls, faults, crashes, reads, nested, lost, cut, merged, done atomic.Int64
	reached, refused, rolls, rollCrashes, rollsInside, parts, lines                                                            atomic.Int64
}

func (c *counts) all() map[string]*atomic.Int64 {
	return map[string]*atomic.Int64{
		"days": &c.days, "rows": &c.rows, "late rows": &c.late, "rows of one SKU through two creators": &c.twice, "rows missing": &c.missing,
		"creators renamed": &c.renamed, "rows taken for new ones": &c.doubled, "events": &c.events, "calls": &c.calls, "faults of TikTok Shop": &c.faults,
		"crashes of fetchers": &c.crashes, "reads": &c.reads, "reads inside others": &c.nested, "wakes lost": &c.lost, "windows cut": &c.cut, "windows merged": &c.merged, "windows done": &c.done,
		"wishes for the past": &c.reached, "searches of a past that is refused": &c.refused, "days added up": &c.rolls, "crashes of rollers": &c.rollCrashes, "days added up while they are": &c.rollsInside, "parts of days written": &c.parts, "lines of sums compared": &c.lines,
	}
}

func (c *counts) String() string {
	var parts []string
	all := c.all()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		parts = append(parts, fmt.Sprint(all[name].Load(), " ", name))
	}
	return strings.Join(parts, ", ")
}
