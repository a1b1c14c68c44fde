package job

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"tiktok-shop-affiliate/shared/fault"
)

// ManagerOptions is what a Manager is made of.
type ManagerOptions struct {
	Store     Store
	Objects   Objects // of kinds that are sent items
	Wakes     Wakes
	Now       func() time.Time
	Log       *slog.Logger
	Retention time.Duration // how long jobs and results are kept
}

// Manager makes and changes jobs for callers.
type Manager struct{ ManagerOptions }

// NewManager makes a manager.
func NewManager(o ManagerOptions) *Manager { return &Manager{o} }

// Create makes a job of a request that the spec's Check has found no fault in.
// The job is safe when Create returns, even if no wake could be sent.
func (m *Manager) Create(ctx context.Context, spec Spec, ask Ask, total int) (Job, error) {
	return m.create(ctx, NewID(m.Now()), spec, ask, total)
}

// CreateOnce makes a job that is not made again when it is asked for again with
// the same key at the same time, as long as it is kept.
func (m *Manager) CreateOnce(ctx context.Context, key string, spec Spec, ask Ask, total int) error {
	_, err := m.create(ctx, idOf(ask.At, key), spec, ask, total)
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

func (m *Manager) create(ctx context.Context, id string, spec Spec, ask Ask, total int) (Job, error) {
	now := m.Now()
	j := Job{
		Owner: ask.Owner, ID: id, Kind: spec.Name, Lane: OwnerLane(ask.Owner), Params: ask.Params,
		State: Queued, Total: total, CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(m.Retention),
	}
	if spec.Connected {
		j.Lane, j.ConnectionID, j.Asset = AccountLane(ask.Asset.Account), ask.ConnectionID, ask.Asset.ID
	}
	if spec.MaxItems > 0 {
		j.Total, j.PieceItems = len(ask.Items), pieceItems
		if err := storeInput(ctx, m.Objects, j.Owner, j.ID, ask.Items); err != nil {
			return Job{}, err
		}
	}
	if err := m.Store.Create(ctx, j, now); err != nil {
		return Job{}, err
	}
	j.Rev = 1
	m.wake(ctx, j)
	return j, nil
}

// Pause stops a job after the step that is under way.
func (m *Manager) Pause(ctx context.Context, owner, id string) (Job, error) {
	return m.change(ctx, owner, id, (*Job).pause)
}

// Resume lets a paused or waiting job go on.
func (m *Manager) Resume(ctx context.Context, owner, id string) (Job, error) {
	j, err := m.change(ctx, owner, id, (*Job).resume)
	if err == nil && j.State == Queued {
		m.wake(ctx, j)
	}
	return j, err
}

// Cancel ends a job after the step that is under way.
func (m *Manager) Cancel(ctx context.Context, owner, id string) (Job, error) {
	return m.change(ctx, owner, id, (*Job).cancel)
}

// changeAttempts is how often a change is tried against a worker that writes at
// the same time.
const changeAttempts = 8

func (m *Manager) change(ctx context.Context, owner, id string, change func(*Job, time.Time) error) (Job, error) {
	for range changeAttempts {
		was, err := m.Store.Job(ctx, owner, id)
		if err != nil {
			return Job{}, err
		}
		is, now := was, m.Now()
		if err := change(&is, now); err != nil {
			return Job{}, err
		}
		if is.State == was.State {
			return was, nil
		}
		saved, err := m.Store.Save(ctx, was, is, now)
		if !errors.Is(err, ErrStale) {
			return saved, err
		}
	}
	return Job{}, fault.New("job.Change", fault.Unavailable, "The job is being worked at: repeat the request.")
}

// wake is best effort: a lane that nobody was woken for is due, and the planner
// finds it.
func (m *Manager) wake(ctx context.Context, j Job) {
	if err := m.Wakes.Send(ctx, Wake{Lane: j.Lane}); err != nil {
		m.Log.WarnContext(ctx, "a lane of jobs could not be woken; the planner will", "job_id", j.ID, "error", err)
	}
}

// Job returns an owner's job; fault.NotFound when there is none.
func (m *Manager) Job(ctx context.Context, owner, id string) (Job, error) {
	return m.Store.Job(ctx, owner, id)
}

// Jobs lists an owner's jobs, the newest first; a state other than the empty one
// leaves out the others.
func (m *Manager) Jobs(ctx context.Context, owner string, state State, after string, limit int) (jobs []Job, next string, err error) {
	for {
		page, next, err := m.Store.Jobs(ctx, owner, state, after, limit-len(jobs))
		if err != nil {
			return nil, "", err
		}
		jobs, after = append(jobs, page...), next
		if next == "" || len(jobs) == limit {
			return jobs, next, nil
		}
	}
}

// Position is a place in a job's results.
type Position struct {
	Step   int `json:"s"`
	Offset int `json:"o"` // in the page of the step
}

// pagesAtOnce is how many pages one call of Results reads: steps may have come
// to no result.
const pagesAtOnce = 20

// Results lists outcomes of a job's items in order, at most limit; more says
// whether others may follow by now, at next.
func (m *Manager) Results(ctx context.Context, j Job, at Position, limit int) (results []Result, next Position, more bool, err error) {
	for range pagesAtOnce {
		if at.Step >= j.Step || len(results) == limit {
			break
		}
		page, err := loadPage(ctx, m.Objects, j, at.Step)
		if fault.Is(err, fault.NotFound) {
			err = fault.Wrap("job.Results", fault.NotFound, "The results of this job have expired.", err)
		}
		if err != nil {
			return nil, at, false, err
		}
		left := page.Results[min(at.Offset, len(page.Results)):]
		if room := limit - len(results); len(left) > room {
			at.Offset += room
			return append(results, left[:room]...), at, true, nil
		}
		results = append(results, left...)
		at = Position{Step: at.Step + 1}
	}
	return results, at, at.Step < j.Step, nil
}
