package job

import (
	"context"
	"errors"
	"time"
)

// Wake asks for the work of one lane. It carries no state: the store says what
// is to be done.
type Wake struct {
	Lane Lane `json:"lane"`
}

// Wakes sends wake messages; *queue.Sender is one.
type Wakes interface {
	Send(ctx context.Context, message any) error
	// SendLater sends a message that is to arrive after the delay, of some minutes at most.
	SendLater(ctx context.Context, message any, delay time.Duration) error
}

// Errors of stores.
var (
	// ErrHeld says that another works at the lane, or has just claimed it.
	ErrHeld = errors.New("job: another works at the lane")
	// ErrFenced says that the lease was lost: a newer holder has written.
	ErrFenced = errors.New("job: the lease was lost")
	// ErrStale says that the job has another revision by now.
	ErrStale = errors.New("job: the job has changed since it was read")
	// ErrAsked says that the lane was given work since its turns were listed.
	ErrAsked = errors.New("job: the lane was given work")
)

// Lease is the right to work at a lane until a time. Its fence grows from lease
// to lease.
type Lease struct {
	Lane  Lane
	Fence int64
	Until time.Time
	Asks  int64  // how often the lane was given work
	After string // the job that had the last turn
}

// Turn is a job's place in its lane.
type Turn struct {
	Lane      Lane
	Owner     string
	JobID     string
	NotBefore time.Time
}

// Rest is how a lane is left.
type Rest struct {
	Due   time.Time // when it is to be worked at again; zero: when it is given work
	After string    // the job that had the last turn
	Busy  bool      // there is work left: it does not matter whether more has come
}

// Store keeps jobs and lanes. Reads are strongly consistent unless said
// otherwise; returned values are the caller's.
//
// An active job has a turn in its lane and any other has none: Create and Save
// see to it in one transaction with the job, and make a lane due that is given
// a turn.
type Store interface {
	// Create stores a new job.
	Create(ctx context.Context, j Job, now time.Time) error
	// Job returns an owner's job; fault.NotFound when there is none.
	Job(ctx context.Context, owner, id string) (Job, error)
	// Save stores is, the next revision of was; ErrStale when the stored job is another.
	Save(ctx context.Context, was, is Job, now time.Time) (Job, error)
	// Jobs lists an owner's jobs, the newest first, from after the id on; next is empty at the end. A page may
	// hold fewer than limit, even none, when a state is asked for.
	Jobs(ctx context.Context, owner string, state State, after string, limit int) (jobs []Job, next string, err error)

	// Acquire takes the lane's lease; the lane is due when it ends. It answers ErrHeld while another's runs and when the lane was
	// never given work.
	Acquire(ctx context.Context, lane Lane, holder string, now, until time.Time) (Lease, error)
	// Release ends the lease. Unless the lane stays busy it answers ErrAsked, and keeps the lease, when the lane has been given
	// work: asks is then the new count. ErrFenced when the lease had been lost.
	Release(ctx context.Context, lease Lease, rest Rest) (asks int64, err error)
	// Turns lists the turns of a lane in the order of the jobs' ids, at most limit, from after the id on.
	Turns(ctx context.Context, lane Lane, after string, limit int) ([]Turn, error)
	// Forget removes the turn of a job that is no more.
	Forget(ctx context.Context, turn Turn) error
}

// Due is a lane's entry in the due index.
type Due struct {
	Lane Lane
	At   time.Time
}

// DueStore is the part of the store that a Planner needs.
type DueStore interface {
	// Due lists lanes of a shard that are due at now, the longest due first, at most limit. It may be a moment behind.
	Due(ctx context.Context, shard int, now time.Time, limit int) ([]Due, error)
	// Claim pushes the lane's due time to until, if it still is due.At; ErrHeld when another was faster.
	Claim(ctx context.Context, due Due, until time.Time) error
}
