package feed_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/feed"
)

const owner = "owner-a"

// shelf is a store as weak as the real one: a read of several chunks is no
// snapshot, and old chunks go in any order.
type shelf struct {
	mu     sync.Mutex
	chunks []feed.Chunk // by number
	begins int64
	writes int
	fail   error
}

func newShelf() *shelf { return &shelf{} }

// find is the index of the first chunk numbered from on. The caller holds mu.
func (s *shelf) find(from int64) (int, bool) {
	return slices.BinarySearchFunc(s.chunks, from, func(c feed.Chunk, from int64) int { return cmp.Compare(c.Seq, from) })
}

// Chunks walks from chunk to chunk and sees what is there when it comes by.
func (s *shelf) Chunks(_ context.Context, _ string, from int64, limit int) (found []feed.Chunk, more bool, err error) {
	for len(found) < limit {
		next, ok := s.first(from)
		if !ok {
			return found, false, s.fail
		}
		found, from = append(found, next), next.Seq+1
		runtime.Gosched()
	}
	return found, true, s.fail
}

func (s *shelf) first(from int64) (feed.Chunk, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, _ := s.find(from); i < len(s.chunks) {
		return s.chunks[i], true
	}
	return feed.Chunk{}, false
}

func (s *shelf) Last(context.Context, string) (feed.Chunk, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.chunks) == 0 {
		return feed.Chunk{}, false, s.fail
	}
	return s.chunks[len(s.chunks)-1], true, s.fail
}

func (s *shelf) Put(_ context.Context, _ string, c feed.Chunk) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, taken := s.find(c.Seq)
	if taken || s.fail != nil {
		return false, s.fail
	}
	s.chunks = slices.Insert(s.chunks, at, c)
	s.writes++
	return true, nil
}

func (s *shelf) Agree(_ context.Context, _ string, next, oldest int64) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begins < oldest {
		s.begins = next
	}
	return s.begins, s.fail
}

// expire deletes some of the chunks that the store need not keep any more.
func (s *shelf) expire(now time.Time, random *rand.Rand) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chunks = slices.DeleteFunc(s.chunks, func(c feed.Chunk) bool {
		return now.Sub(c.At) > feed.Kept+feed.Spare && random.IntN(2) == 0
	})
}

// clock is moved by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// texts are events "prefix 0", "prefix 1", and so on.
func texts(prefix string, n int) (events []json.RawMessage) {
	for i := range n {
		events = append(events, json.RawMessage(fmt.Sprintf("%q", fmt.Sprintf("%s %d", prefix, i))))
	}
	return events
}

func write(t testing.TB, w *feed.Writer, events ...json.RawMessage) {
	t.Helper()
	done, err := w.Append(t.Context(), owner, events)
	require.NoError(t, err)
	require.Equal(t, len(events), done)
}

// follow reads on until there is no more.
func follow(t testing.TB, r *feed.Reader, at feed.Position, limit int) (events []json.RawMessage, after feed.Position) {
	t.Helper()
	for {
		page, err := r.After(t.Context(), owner, at, limit)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Events), limit)
		events, at = append(events, page.Events...), page.After
		if !page.More {
			return events, at
		}
	}
}

// tornShelf does not see one chunk, as if it had come after the read was past
// its place.
type tornShelf struct {
	*shelf
	hide int64
}

// Chunks implements feed.ReadStore.
func (s *tornShelf) Chunks(ctx context.Context, owner string, from int64, limit int) ([]feed.Chunk, bool, error) {
	found, more, err := s.shelf.Chunks(ctx, owner, from, limit)
	return slices.DeleteFunc(found, func(c feed.Chunk) bool { return c.Seq == s.hide }), more, err
}
