package feed_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/feed"
)

// TestAReaderMissesNothing has many writers add to one log, each in an order of
// its own, while readers poll it: every reader gets everything once, and each
// writer's events in that writer's order.
func TestAReaderMissesNothing(t *testing.T) {
	t.Parallel()
	const writers, batches, each = 8, 40, 3
	store, clock := newShelf(), newClock()
	var writing, reading sync.WaitGroup
	ended := make(chan struct{})
	for n := range writers {
		writing.Go(func() {
			w := feed.NewWriter(store, clock.now)
			for b := range batches {
				_, err := w.Append(t.Context(), owner, texts(fmt.Sprintf("%d %d", n, b), each))
				assert.NoError(t, err)
				clock.add(time.Millisecond)
			}
		})
	}
	for limit := 1; limit <= 9; limit += 4 {
		reading.Go(func() {
			r := feed.NewReader(store, clock.now)
			var got []json.RawMessage
			var at feed.Position
			for over := false; ; {
				page, err := r.After(t.Context(), owner, at, limit)
				if !assert.NoError(t, err) {
					return
				}
				got, at = append(got, page.Events...), page.After
				if over && !page.More {
					break
				}
				select {
				case <-ended:
					over = true
				default:
				}
			}
			want := map[string]int{}
			for _, event := range got {
				var text string
				assert.NoError(t, json.Unmarshal(event, &text))
				var n, b, i int
				_, err := fmt.Sscanf(text, "%d %d %d", &n, &b, &i)
				assert.NoError(t, err)
				key := fmt.Sprint(n)
				assert.Equal(t, want[key], b*each+i, "writer %d", n)
				want[key]++
			}
			assert.Len(t, got, writers*batches*each)
		})
	}
	writing.Wait()
	close(ended)
	reading.Wait()
}

// TestRandomLives lets a log live through weeks: bursts, days without news, old
// chunks that vanish in any order, writers that start anew. A reader that polls
// once in a while gets everything, or is told that it came too late.
func TestRandomLives(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // reproducible
		store, clock := newShelf(), newClock()
		warm := feed.NewWriter(store, clock.now)
		r := feed.NewReader(store, clock.now)
		at, err := r.Now(t.Context(), owner)
		require.NoError(t, err)
		var written, read []json.RawMessage
		polled := clock.now()
		for step := range 60 {
			clock.add(time.Duration(random.Int64N(int64([]time.Duration{time.Second, time.Hour, 4 * 24 * time.Hour, 12 * 24 * time.Hour}[random.IntN(4)]))))
			store.expire(clock.now(), random)
			if random.IntN(3) > 0 {
				w := warm
				if random.IntN(2) == 0 {
					w = feed.NewWriter(store, clock.now)
				}
				events := texts(fmt.Sprint(step), 1+random.IntN(4))
				write(t, w, events...)
				written = append(written, events...)
			}
			if random.IntN(2) > 0 {
				continue
			}
			for {
				page, err := r.After(t.Context(), owner, at, 1+random.IntN(5))
				if err != nil {
					require.Equal(t, fault.Gone, fault.KindOf(err), "seed %d: %v", seed, err)
					require.Greater(t, clock.now().Sub(polled), feed.Kept, "seed %d: a reader that came in time is told that it did not", seed)
					// It begins anew, at the oldest event that is kept.
					page, err = r.After(t.Context(), owner, feed.Position{}, 1000)
					require.NoError(t, err)
					require.False(t, page.More)
					read = append(written[:len(written)-len(page.Events):len(written)-len(page.Events)], page.Events...)
				} else {
					read = append(read, page.Events...)
				}
				require.LessOrEqual(t, len(read), len(written))
				require.Equal(t, written[:len(read)], read, "seed %d", seed)
				if at = page.After; !page.More {
					require.Len(t, read, len(written), "seed %d", seed)
					polled = clock.now()
					break
				}
			}
		}
	}
}

func TestAWriterWhoseClockIsBehindAddsToNoRunThatEnded(t *testing.T) {
	t.Parallel()
	store, clock := newShelf(), newClock()
	slow := &clock2{clock, -5 * time.Second}
	behind, ahead := feed.NewWriter(store, slow.now), feed.NewWriter(store, clock.now)
	write(t, behind, texts("old", 1)...)
	r := feed.NewReader(store, clock.now)
	_, at := follow(t, r, feed.Position{}, 10)
	clock.add(feed.Kept - time.Second)
	_, at = follow(t, r, at, 10)
	clock.add(2 * time.Second) // over for the one, not for the other
	write(t, ahead, texts("new", 1)...)
	got, at := follow(t, r, at, 10)
	write(t, behind, texts("newer", 1)...)
	more, _ := follow(t, r, at, 10)
	assert.Equal(t, append(texts("new", 1), texts("newer", 1)...), append(got, more...))
}

type clock2 struct {
	*clock
	off time.Duration
}

func (c *clock2) now() time.Time { return c.clock.now().Add(c.off) }

// TestChunksThatComeDuringARead adds two chunks just as a read is past the
// first one's place and before the second's.
func TestChunksThatComeDuringARead(t *testing.T) {
	t.Parallel()
	store, clock := newShelf(), newClock()
	w, r := feed.NewWriter(store, clock.now), feed.NewReader(store, clock.now)
	write(t, w, texts("a", 1)...)
	torn := &tornShelf{shelf: store, hide: store.chunks[0].Seq + 1}
	write(t, w, texts("b", 1)...)
	write(t, w, texts("c", 1)...)
	page, err := feed.NewReader(torn, clock.now).After(t.Context(), owner, feed.Position{}, 10)
	require.NoError(t, err)
	assert.Equal(t, texts("a", 1), page.Events)
	assert.True(t, page.More)
	rest, _ := follow(t, r, page.After, 10)
	assert.Equal(t, append(texts("b", 1), texts("c", 1)...), rest)
}

func TestPages(t *testing.T) {
	t.Parallel()
	store, clock := newShelf(), newClock()
	w, r := feed.NewWriter(store, clock.now), feed.NewReader(store, clock.now)
	empty, err := r.After(t.Context(), owner, feed.Position{}, 10)
	require.NoError(t, err)
	assert.Equal(t, feed.Page{After: feed.Position{Until: clock.now().Unix()}}, empty)

	first, second := texts("a", 5), texts("b", 7)
	write(t, w, first...)
	write(t, w, second...)
	assert.Equal(t, 2, store.writes, "a write for each batch")
	all := append(first, second...)
	for limit := 1; limit <= 13; limit++ {
		got, at := follow(t, r, feed.Position{}, limit)
		assert.Equal(t, all, got)
		again, err := r.After(t.Context(), owner, at, limit)
		require.NoError(t, err)
		assert.Empty(t, again.Events)
		got, _ = follow(t, r, empty.After, limit)
		assert.Equal(t, all, got, "from before there was anything")
	}
	now, err := r.Now(t.Context(), owner)
	require.NoError(t, err)
	write(t, w, texts("c", 1)...)
	got, _ := follow(t, r, now, 10)
	assert.Equal(t, texts("c", 1), got, "from now on")

	large := json.RawMessage(`"` + strings.Repeat("x", 200_000) + `"`)
	write(t, w, large, large, large)
	assert.Equal(t, 6, store.writes, "a chunk holds so much")
	got, _ = follow(t, r, now, 10)
	assert.Len(t, got, 4)
	for range 9 {
		write(t, w, large, large)
	}
	page, err := r.After(t.Context(), owner, now, 100)
	require.NoError(t, err)
	assert.Len(t, page.Events, 15, "a page holds so much")
	assert.True(t, page.More)
}

func TestWhatIsNoLongerKept(t *testing.T) {
	t.Parallel()
	store, clock := newShelf(), newClock()
	w, r := feed.NewWriter(store, clock.now), feed.NewReader(store, clock.now)
	write(t, w, texts("first", 1)...)
	_, start := follow(t, r, feed.Position{}, 1)
	for day := range 12 {
		write(t, w, texts(fmt.Sprint("day ", day), 2)...)
		clock.add(24 * time.Hour)
	}
	partly, err := r.After(t.Context(), owner, start, 1)
	require.NoError(t, err)
	got, late := follow(t, r, start, 100)
	assert.Len(t, got, 24, "nothing is missing yet, so a late reader is served")
	got, _ = follow(t, r, feed.Position{}, 100)
	assert.Len(t, got, 14, "a new reader begins 7 days back")

	store.chunks = slices.Delete(store.chunks, 1, 2)
	_, err = r.After(t.Context(), owner, start, 100)
	assert.Equal(t, fault.Gone, fault.KindOf(err))
	_, err = r.After(t.Context(), owner, partly.After, 100)
	assert.Equal(t, fault.Gone, fault.KindOf(err))
	clock.add(feed.Kept)
	got, _ = follow(t, r, late, 100)
	assert.Empty(t, got, "7 days without news")
	clock.add(time.Second)
	_, err = r.After(t.Context(), owner, late, 100)
	assert.Equal(t, fault.Gone, fault.KindOf(err))
}

func TestAStoreThatIsDown(t *testing.T) {
	t.Parallel()
	store, clock := newShelf(), newClock()
	w, r := feed.NewWriter(store, clock.now), feed.NewReader(store, clock.now)
	write(t, w, texts("a", 1)...)
	store.fail = errors.New("down")
	done, err := w.Append(t.Context(), owner, texts("b", 1))
	assert.Zero(t, done)
	require.ErrorIs(t, err, store.fail)
	_, err = r.After(t.Context(), owner, feed.Position{}, 10)
	require.ErrorIs(t, err, store.fail)
	_, err = r.Now(t.Context(), owner)
	require.ErrorIs(t, err, store.fail)
	store.fail = nil
	write(t, w, texts("b", 1)...)
	got, _ := follow(t, r, feed.Position{}, 10)
	assert.Equal(t, append(texts("a", 1), texts("b", 1)...), got)
}
