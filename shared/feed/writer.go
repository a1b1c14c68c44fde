package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"tiktok-shop-affiliate/shared/fault"
)

// attempts bounds how often a write gives way to faster ones. Each of those has
// written, so only a flood of them gets that far.
const attempts = 100

// Writer adds to logs. It is safe for concurrent use.
type Writer struct {
	store WriteStore
	now   func() time.Time

	mu    sync.Mutex
	tails map[string]tail
}

// tail is the newest chunk that this writer knows of.
type tail struct {
	seq int64
	at  time.Time
}

// NewWriter writes to store.
func NewWriter(store WriteStore, now func() time.Time) *Writer {
	return &Writer{store: store, now: now, tails: map[string]tail{}}
}

// Append adds the events to the owner's log in their order and answers how many
// it added: all, unless there is an error. After an error the first of the
// others may have been added, too.
func (w *Writer) Append(ctx context.Context, owner string, events []json.RawMessage) (done int, err error) {
	for done < len(events) {
		n, size := 0, 0
		for _, event := range events[done:] {
			if size += len(event); n > 0 && size > maxChunk {
				break
			}
			n++
		}
		if err := w.add(ctx, owner, events[done:done+n]); err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}

// add writes one chunk under the next number.
func (w *Writer) add(ctx context.Context, owner string, events []json.RawMessage) error {
	for range attempts {
		now := w.now()
		seq, first, err := w.next(ctx, owner, now)
		if err != nil {
			return err
		}
		taken, err := w.store.Put(ctx, owner, Chunk{Seq: seq, At: now, Events: events, First: first})
		if err == nil && taken {
			w.remember(owner, tail{seq, now})
			return nil
		}
		w.forget(owner)
		if err != nil {
			return err
		}
	}
	return fault.New("feed.Append", fault.Unavailable, fmt.Sprintf("%d others wrote first: repeat later", attempts))
}

// next is the number of the next chunk as far as is known, and whether it
// begins a run. That another writer has taken it is found out by writing.
func (w *Writer) next(ctx context.Context, owner string, now time.Time) (seq int64, first bool, err error) {
	if known, ok := w.known(owner); ok && now.Sub(known.at) < Kept {
		return known.seq + 1, false, nil
	}
	last, found, err := w.store.Last(ctx, owner)
	switch {
	case err != nil:
		return 0, false, err
	case found && !last.Sealed && now.Sub(last.At) < Kept:
		return last.Seq + 1, false, nil
	case found && !last.Sealed:
		// The run was quiet for so long that its newest chunks may be gone. The
		// seal keeps a writer whose clock is behind from adding to it.
		taken, err := w.store.Put(ctx, owner, Chunk{Seq: last.Seq + 1, At: now, Sealed: true})
		if err != nil {
			return 0, false, err
		}
		if !taken {
			return w.next(ctx, owner, now)
		}
	}
	seq, err = w.store.Agree(ctx, owner, now.UnixMilli(), now.Add(-Kept).UnixMilli()+1)
	return seq, true, err
}

func (w *Writer) known(owner string) (tail, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	known, ok := w.tails[owner]
	return known, ok
}

func (w *Writer) remember(owner string, t tail) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tails[owner] = t
}

func (w *Writer) forget(owner string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.tails, owner)
}
