// Package feed is each owner's log of what happened, for readers that poll it.
//
// A log is a row of chunks, numbered without gaps: number n+1 is taken only
// when n is there, by a write that fails when another writer was faster. So
// whoever has read up to n and asks for what follows misses nothing, however
// many writers there are, and needs no clock for it.
//
// Chunks are kept for Kept. A log that was quiet for so long goes on under
// numbers that were never used, so that the store may delete old chunks in any
// order and at any time after that.
package feed

import (
	"context"
	"encoding/json"
	"time"
)

// Kept is how long a reader finds what was written.
const Kept = 7 * 24 * time.Hour

// Spare is how much longer the store must keep a chunk, so that clocks that do
// not agree lose nothing.
const Spare = 24 * time.Hour

// Chunk is what one write added.
type Chunk struct {
	Seq    int64 // its number; the first of a run is the Unix time in milliseconds
	At     time.Time
	Events []json.RawMessage // in their order
	First  bool              // of a run: what was before it was written more than Kept earlier
	Sealed bool              // ends a run; has no events
}

// ReadStore gives what was written. Its reads are strongly consistent.
type ReadStore interface {
	// Chunks returns the first chunks numbered from on, in order, at most limit;
	// more tells that others may follow.
	Chunks(ctx context.Context, owner string, from int64, limit int) (chunks []Chunk, more bool, err error)
	// Last is the chunk with the highest number.
	Last(ctx context.Context, owner string) (chunk Chunk, found bool, err error)
}

// WriteStore keeps chunks for Kept and Spare, the newest too.
type WriteStore interface {
	Last(ctx context.Context, owner string) (chunk Chunk, found bool, err error)
	// Put adds a chunk, unless one with its number is there.
	Put(ctx context.Context, owner string, chunk Chunk) (taken bool, err error)
	// Agree returns the number a new run begins with: the one that was agreed on
	// last if it is at least oldest, else next, which is agreed on by that.
	Agree(ctx context.Context, owner string, next, oldest int64) (agreed int64, err error)
}

// maxChunk is the most bytes of events in one chunk; an event that is larger
// has a chunk of its own. They are well below what one DynamoDB item holds,
// even where compressing them gains nothing.
const maxChunk = 256_000
