package order

import (
	"context"
	"errors"
	"time"

	"tiktok-shop-affiliate/shared/account"
)

// Wake asks for one asset's due windows to be read. It carries no state: the
// store says what is due.
type Wake struct {
	Asset account.AssetID `json:"asset"`
}

// Errors of stores.
var (
	// ErrHeld says that another holds the asset's lease.
	ErrHeld = errors.New("order: another reads this asset")
	// ErrFenced says that the lease was lost: a newer holder has written.
	ErrFenced = errors.New("order: the lease was lost")
	// ErrUnscheduled says that the asset's orders are not to be read.
	ErrUnscheduled = errors.New("order: the asset is not scheduled")
	// ErrIdle says that the asset is not due.
	ErrIdle = errors.New("order: the asset is not due")
	// ErrPlanned says that another planner has handed out what is due by now.
	ErrPlanned = errors.New("order: what is due has been handed out")
	// ErrStale says that the row has another revision by now.
	ErrStale = errors.New("order: the row has changed since it was read")
)

// ExistsError says that a row of that key is there already.
type ExistsError struct{ Row Row }

// Error implements error.
func (e *ExistsError) Error() string { return "order: a row of that key exists" }

// Due is an asset's entry in the due index. It stays as it is until a read has
// ended, so At is also since when the read has been wanted.
type Due struct {
	Asset account.AssetID
	At    time.Time // whole seconds
}

// DueStore is the part of the store that a Planner needs.
type DueStore interface {
	// Advance moves the mark up to which due times have been handed out to now, and returns where it stood; zero when there was
	// none. It is ErrPlanned when the mark stands there or further on. A mark beyond wrong was set by a clock that was: it is
	// moved, too, and returned as none.
	Advance(ctx context.Context, now, wrong time.Time) (from time.Time, err error)
	// Due calls each with one page after the other of the assets of a shard that are due at now, the longest due first. What
	// became due a moment ago may be missing.
	Due(ctx context.Context, shard int, now time.Time, each func([]Due) error) error
}

// Slack is how far apart two clocks of ours may be, and how late an entry may
// appear in the due index, before a wake has to be repeated for it.
const Slack = 5 * time.Second

// Lease is the right to read an asset until a time. Its Fence grows from lease
// to lease; stores refuse writes of a lease when a newer one has written.
type Lease struct {
	Asset    account.AssetID
	Owner    string // for people who look
	Fence    int64
	Until    time.Time
	Failures int   // reads that failed in a row
	Calls    int64 // of order searches under this lease; Release adds them up

	// DoubtAt is when a lease last ended without a Release, or in the middle of
	// writing: rows may have been written that no checkpoint knows of. What
	// windows remember from before is not trusted. Zero for never.
	DoubtAt time.Time

	// CAP says whether the grant gives CAP orders beside TAP orders. Release stores it; a new consent forgets it.
	CAP Capability

	Since   time.Time // how far back in create time the asset is to be read; zero: as far as the first read went
	SinceAt time.Time // when anything of the past was last asked for

	Asks    int64       // how often reads were asked for; lets Release notice new ones
	AskedAt time.Time   // windows not read since then are due; zero for none
	Pulls   []time.Time // windows that hold orders created in the hour after are due
}

// Capability is what was learned by trying.
type Capability string

// The capabilities.
const (
	Untried  Capability = ""
	Granted  Capability = "granted"
	Withheld Capability = "withheld"
)

// wants reports whether the window is to be read.
func (l Lease) wants(w Window, now time.Time) bool {
	for _, from := range l.Pulls {
		if w.overlaps(from, from.Add(PullSpan)) {
			return true
		}
	}
	return !w.DueAt.IsZero() && (!w.DueAt.After(now) || w.ScanTo.After(w.From) || !l.AskedAt.Before(w.ReadAt) && !l.AskedAt.IsZero())
}

// PullSpan is the span of create times that one pull makes due.
const PullSpan = time.Hour

// Store keeps schedules, windows and rows. Reads are strongly consistent unless
// said otherwise; returned values are the caller's. A write under a lease whose
// fence is older than one that has written the same item is ErrFenced.
type Store interface {
	// Acquire takes the lease of an asset that is due at now, give or take Slack. It answers ErrHeld while another's runs,
	// ErrUnscheduled when the asset is not scheduled and ErrIdle when it is not due: a wake that came twice or late costs no more.
	Acquire(ctx context.Context, asset account.AssetID, owner string, now, until time.Time) (Lease, error)
	// Release ends the lease and makes the asset due again, or takes it off the schedule when due is zero. When a read was asked
	// for since Acquire, the asset is due when that asked, if that is sooner; again says whether that is now.
	Release(ctx context.Context, lease Lease, now, due time.Time, failures int) (again bool, err error)

	// Windows lists the windows of a stream in order.
	Windows(ctx context.Context, asset account.AssetID, perspective Perspective) ([]Window, error)
	// CreateWindows stores windows that do not exist yet, all or none.
	CreateWindows(ctx context.Context, lease Lease, windows []Window) error
	// Checkpoints lists the pages of a window in order.
	Checkpoints(ctx context.Context, w Window) ([]Checkpoint, error)
	// SaveCheckpoint stores a page.
	SaveCheckpoint(ctx context.Context, lease Lease, w Window, c Checkpoint) error
	// DropCheckpoints removes pages.
	DropCheckpoints(ctx context.Context, lease Lease, w Window, pages []Checkpoint) error
	// SaveWindow stores the state of an existing window and, in one step, creates the window that follows if one is given.
	SaveWindow(ctx context.Context, lease Lease, w Window, following *Window) error
	// Recut changes windows and their pages in one step.
	Recut(ctx context.Context, lease Lease, change Recut) error

	// Order lists the stored rows of an order. Rows written a moment ago may be missing.
	Order(ctx context.Context, asset account.AssetID, perspective Perspective, orderID string) ([]Row, error)
	// Create stores a row under a key that must be free; else the error is an *ExistsError with the row that is there.
	Create(ctx context.Context, lease Lease, row Row) error
	// Replace stores the next revision of a row; ErrStale when the stored one is not row.Rev-1.
	Replace(ctx context.Context, lease Lease, row Row) error
	// Between calls each with some of the rows created in [from, to) after the other, in order of create time.
	Between(ctx context.Context, asset account.AssetID, perspective Perspective, from, to time.Time, each func([]Row) error) error
}
