package job

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
)

// State is where a job stands.
type State string

// The states.
const (
	Queued    State = "queued"    // it waits for its turn
	Running   State = "running"   // a worker gives it turns
	Waiting   State = "waiting"   // it goes on by itself at NotBefore: a quota, or a failure that may pass
	Paused    State = "paused"    // it goes on when it is resumed; Problem says why unless a caller paused it
	Done      State = "done"      // every item has an outcome
	Failed    State = "failed"    // Problem says why; what was done stays done
	Cancelled State = "cancelled" // what was done stays done
)

// States are all states there are.
func States() []State {
	return []State{Queued, Running, Waiting, Paused, Done, Failed, Cancelled}
}

// Active reports whether workers give such a job turns.
func (s State) Active() bool { return s == Queued || s == Running || s == Waiting }

// Over reports whether nothing will happen to such a job any more.
func (s State) Over() bool { return s == Done || s == Failed || s == Cancelled }

// Lane is a queue of jobs of which one is worked at at a time.
type Lane string

// AccountLane is the lane of the jobs of an account.
func AccountLane(id account.ID) Lane { return Lane("account#" + string(id)) }

// OwnerLane is the lane of an owner's jobs that need no account.
func OwnerLane(owner string) Lane { return Lane("owner#" + owner) }

// Job is a job as it is stored. It does not grow with its items.
type Job struct {
	Owner        string          `json:"owner"`
	ID           string          `json:"job_id"`
	Kind         string          `json:"kind"`
	Lane         Lane            `json:"lane"`
	ConnectionID string          `json:"connection_id,omitempty"`
	Asset        account.AssetID `json:"asset,omitempty"`
	Params       json.RawMessage `json:"params,omitempty"`

	State   State       `json:"state"`
	Total   int         `json:"total"`  // items; 0 while that is not known
	Done    int         `json:"done"`   // items that have an outcome
	Failed  int         `json:"failed"` // of them, those that failed
	Errors  []ItemError `json:"errors,omitempty"`
	Problem *Problem    `json:"problem,omitempty"` // why it failed, or waits

	Step       int             `json:"step"` // the next one; as many pages are stored
	Cursor     json.RawMessage `json:"cursor,omitempty"`
	Stepped    bool            `json:"stepped"` // all steps are done; what is left is the file
	PieceItems int             `json:"piece_items,omitempty"`
	NotBefore  time.Time       `json:"not_before,omitzero"`
	Tries      int             `json:"tries"` // how often the next step was begun without coming to its end
	Fence      int64           `json:"fence"` // of the newest lease that has written it
	WorkedMS   int64           `json:"worked_ms"`

	FileUpload string `json:"file_upload,omitempty"` // an upload under way
	FilePart   int    `json:"file_part,omitempty"`   // its parts that are stored
	FilePage   int    `json:"file_page,omitempty"`   // the next page to go into a part
	FileKey    string `json:"file_key,omitempty"`    // the object, when it is whole

	CreatedAt  time.Time `json:"created_at"`
	StartedAt  time.Time `json:"started_at,omitzero"`
	UpdatedAt  time.Time `json:"updated_at"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
	ExpiresAt  time.Time `json:"expires_at"` // then the job and its results are deleted
	Rev        int64     `json:"rev"`        // 0 before it is stored
}

// ItemError is an item that failed.
type ItemError struct {
	Index   int      `json:"index"`
	Problem *Problem `json:"problem"`
}

// maxErrors is how many of them stand in the job itself: the first.
const maxErrors = 5

// NewID makes the id of a job; ids sort by time.
func NewID(now time.Time) string {
	return fmt.Sprintf("job_%013d%s", now.UnixMilli(), strings.ToLower(rand.Text()[:10]))
}

// idOf makes the id of a job that is made once for a key.
func idOf(at time.Time, key string) string {
	sum := sha256.Sum256([]byte(key))
	return fmt.Sprintf("job_%013d%s", at.UnixMilli(), strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:10]))
}

// Rate is how many items have been done a minute while the job was worked at; 0
// when that cannot be told yet.
func (j Job) Rate() float64 {
	if j.WorkedMS <= 0 {
		return 0
	}
	return float64(j.Done) * 60000 / float64(j.WorkedMS)
}

// Estimate is when the job should be over at this rate; zero when that cannot
// be told.
func (j Job) Estimate(now time.Time) time.Time {
	rate := j.Rate()
	if !j.State.Active() || rate <= 0 || j.Total == 0 {
		return time.Time{}
	}
	if j.NotBefore.After(now) {
		now = j.NotBefore
	}
	return now.Add(time.Duration(float64(max(0, j.Total-j.Done)) / rate * float64(time.Minute))).Truncate(time.Second)
}

// finish ends the job.
func (j *Job) finish(state State, problem *Problem, now time.Time) {
	j.State, j.Problem, j.FinishedAt, j.UpdatedAt = state, problem, now, now
	j.NotBefore, j.Tries = time.Time{}, 0
}

// pause stops the turns of the job. It may be asked for twice.
func (j *Job) pause(now time.Time) error {
	if j.State.Over() {
		return over(j.State, "paused")
	}
	j.State, j.Problem, j.NotBefore, j.UpdatedAt = Paused, nil, time.Time{}, now
	return nil
}

// resume gives a paused job turns again, and lets a waiting one try now.
func (j *Job) resume(now time.Time) error {
	if j.State.Over() {
		return over(j.State, "resumed")
	}
	if j.State == Paused || j.State == Waiting {
		j.State, j.Problem, j.NotBefore, j.Tries, j.UpdatedAt = Queued, nil, time.Time{}, 0, now
	}
	return nil
}

// cancel ends the job for good. It may be asked for twice.
func (j *Job) cancel(now time.Time) error {
	switch {
	case j.State == Cancelled:
		return nil
	case j.State.Over():
		return over(j.State, "cancelled")
	}
	j.finish(Cancelled, nil, now)
	return nil
}

func over(state State, wish string) error {
	return fault.New("job", fault.Conflict, fmt.Sprintf("The job is %s and cannot be %s any more.", state, wish))
}

// begin gives the job to the holder of a lease. Of a job that is not active any
// more nothing changes.
func (j *Job) begin(lease Lease, now time.Time) {
	j.Fence = lease.Fence
	if !j.State.Active() {
		return
	}
	j.State, j.NotBefore, j.Problem = Running, time.Time{}, nil
	j.Tries++
	if j.StartedAt.IsZero() {
		j.StartedAt = now
	}
	j.UpdatedAt = now
}

// advance is the checkpoint after a step. A job that was paused or cancelled in
// the meantime keeps its state and still counts what was done.
func (j *Job) advance(p Page, now time.Time) {
	j.Step++
	j.Done += len(p.Results)
	for _, result := range p.Results {
		if result.Status != ItemFailed {
			continue
		}
		j.Failed++
		if len(j.Errors) < maxErrors {
			j.Errors = append(j.Errors, ItemError{Index: result.Index, Problem: result.Problem})
		}
	}
	if p.Cursor != nil {
		j.Cursor = p.Cursor
	}
	if p.Total > 0 {
		j.Total = p.Total
	}
	j.Tries, j.UpdatedAt = 0, now
	j.Stepped = p.Last
	if p.NotBefore.After(now) && j.State.Active() && !j.Stepped {
		j.State, j.NotBefore = Waiting, p.NotBefore
	}
}

// Times of trying again.
const (
	firstRetry  = 5 * time.Second
	lastRetry   = 10 * time.Minute
	defaultWait = time.Minute // when a quota does not say how long it lasts
)

// stumble notes an error of a whole step.
func (j *Job) stumble(err error, tries int, now time.Time) {
	if !j.State.Active() {
		return
	}
	var later *LaterError
	if errors.As(err, &later) {
		j.State, j.NotBefore, j.Tries, j.Problem, j.UpdatedAt = Waiting, now.Add(later.Wait), 0, nil, now
		return
	}
	j.Problem, j.UpdatedAt = ProblemOf(err), now
	switch fault.KindOf(err) {
	case fault.RateLimited:
		wait := RetryAfter(err)
		if wait <= 0 {
			wait = defaultWait
		}
		j.State, j.NotBefore, j.Tries = Waiting, now.Add(wait), 0
	case fault.Reconnect:
		j.State, j.NotBefore, j.Tries = Paused, time.Time{}, 0
	case fault.Invalid, fault.Unauthorized, fault.Forbidden, fault.NotFound, fault.TooLarge, fault.Retired:
		j.finish(Failed, j.Problem, now)
	default:
		j.Tries = max(1, j.Tries)
		if j.Tries >= tries {
			j.finish(Failed, j.Problem, now)
			return
		}
		j.State, j.NotBefore = Waiting, now.Add(min(lastRetry, firstRetry<<min(j.Tries-1, 10)))
	}
}
