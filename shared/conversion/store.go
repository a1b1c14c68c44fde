package conversion

import (
	"context"
	"errors"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order"
)

// Key names a day of one asset from one perspective.
type Key struct {
	Asset       account.AssetID
	Perspective order.Perspective
	Day         time.Time // UTC midnight
}

// Kept is what is kept of a day: all figures, or, of a large day, how they are
// dealt out to parts. The zero Kept is nothing.
type Kept struct {
	Rev   int64
	Open  bool                 // parts are being written, or their writer has died
	Rows  int64                // that were added up
	Revs  int64                // of the rows that were read, added up; those that are missing included
	Sums  []byte               // packed figures by all dimensions
	Parts map[Dimension][]byte // of a large day: a hash of 8 bytes for each part
}

// Part is what is kept of some values of a dimension of a large day.
type Part struct {
	Dimension Dimension
	Number    int
	Sums      []byte // packed
}

// ErrStale says that another has added up the day since it was looked at.
var ErrStale = errors.New("conversion: the day was added up by another")

// Store keeps rows and their sums. Reads are strongly consistent.
type Store interface {
	// DayRows calls each with every row of the day, in order.
	DayRows(ctx context.Context, key Key, each func(order.Row)) error
	// Kept is what is kept of a day.
	Kept(ctx context.Context, key Key) (Kept, error)
	// Open marks a day whose parts are going to be written: it makes the next
	// revision of revision rev, without a change. It is ErrStale when another
	// revision is kept.
	Open(ctx context.Context, key Key, rev int64) error
	// PutPart keeps a part for revision rev. It is ErrStale when that part was
	// already written for this revision or a later one.
	PutPart(ctx context.Context, key Key, part Part, rev int64) error
	// PutDay replaces what is kept of a day and closes it. It is ErrStale when
	// that is not the revision before.
	PutDay(ctx context.Context, key Key, kept Kept, now time.Time) error
}

// Reader gives what is kept. It may be some moments old.
type Reader interface {
	// Days calls each with what is kept of every day of [from, to).
	Days(ctx context.Context, asset account.AssetID, perspective order.Perspective, from, to time.Time, each func(day time.Time, kept Kept) error) error
	// Parts calls each with the parts of every large day of [from, to) by one
	// dimension, old ones that are not the day's any more included.
	Parts(ctx context.Context, asset account.AssetID, perspective order.Perspective, by Dimension, from, to time.Time, each func(day time.Time, part Part) error) error
}
