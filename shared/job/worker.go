package job

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
)

// WorkerOptions is what a Worker is made of.
type WorkerOptions struct {
	Store   Store
	Objects Objects
	Files   Files
	Wakes   Wakes
	Kinds   []Kind
	Assets  Assets
	Now     func() time.Time
	Log     *slog.Logger
	// Tries is how often a step is begun without coming to its end before the job
	// has failed; 0: DefaultTries.
	Tries int
}

// Assets finds an owner's assets; fault.NotFound for another owner's.
type Assets interface {
	Asset(ctx context.Context, owner, connectionID string, asset account.AssetID) (account.Asset, error)
}

// DefaultTries lets a job survive about an hour of failures.
const DefaultTries = 12

// Worker works at lanes.
type Worker struct {
	WorkerOptions
	kinds map[string]Kind
}

// NewWorker makes a worker.
func NewWorker(o WorkerOptions) *Worker {
	w := &Worker{WorkerOptions: o, kinds: map[string]Kind{}}
	if w.Tries == 0 {
		w.Tries = DefaultTries
	}
	for _, kind := range o.Kinds {
		w.kinds[kind.Spec().Name] = kind
	}
	return w
}

// Times of a worker.
const (
	longest  = 15 * time.Minute // the longest a function can run: a lease without a deadline
	lastStep = 20 * time.Second // what one step may take: with less left no other is begun
	rewake   = 30 * time.Second // until a lane with work left is due, should its wake be lost
	soon     = 10 * time.Minute // up to then a wake is sent for a lane that waits; later the planner wakes it
)

// turnsAtOnce is how many turns are listed at a time.
const turnsAtOnce = 100

// Work takes the lane's lease and gives its jobs turns until nothing is left
// that can be done now or the time of ctx is nearly up. When another works at
// the lane there is nothing to do: that one sees what was asked. An error means
// that the store, the queue or the bucket failed; the wake should come again.
func (w *Worker) Work(ctx context.Context, wake Wake) error {
	now := w.Now()
	until := now.Add(longest)
	if deadline, ok := ctx.Deadline(); ok {
		until = now.Add(time.Until(deadline))
	}
	lease, err := w.Store.Acquire(ctx, wake.Lane, rand.Text(), now, until)
	if errors.Is(err, ErrHeld) {
		return nil
	}
	if err != nil {
		return err
	}
	s := &shift{Worker: w, lease: lease, after: lease.After, held: map[string]held{}}
	for {
		rest, err := s.work(ctx)
		if errors.Is(err, ErrFenced) {
			w.Log.WarnContext(ctx, "the lease of a lane was lost", "lane", wake.Lane)
			return nil
		}
		if err != nil {
			rest = Rest{Due: w.Now().Add(rewake), After: s.after, Busy: true}
			_, _ = w.Store.Release(ctx, s.lease, rest) // else the lease ends by itself
			return err
		}
		asks, err := w.Store.Release(ctx, s.lease, rest)
		switch {
		case errors.Is(err, ErrAsked):
			s.lease.Asks = asks
			continue
		case errors.Is(err, ErrFenced):
			return nil
		case err != nil:
			return err
		}
		return w.wake(ctx, wake, rest)
	}
}

// wake sends for a worker where there is something to wait for. Until that wake
// should have come the lane is not due, and then the planner finds it.
func (w *Worker) wake(ctx context.Context, wake Wake, rest Rest) error {
	switch {
	case rest.Busy:
		return w.Wakes.Send(ctx, wake)
	case !rest.Due.IsZero() && rest.Due.Before(w.Now().Add(soon)):
		return w.Wakes.SendLater(ctx, wake, rest.Due.Add(-rewake).Sub(w.Now()))
	}
	return nil
}

// shift is the work under one lease.
type shift struct {
	*Worker
	lease Lease
	after string // the job that had the last turn

	held map[string]held // the jobs that this shift has begun

	pieceKey string // the input that was read last
	piece    []json.RawMessage
}

// held is a job in the hands of this shift.
type held struct {
	job   Job
	since time.Time // from when on its work is not counted yet
}

// work gives turns, job by job, until a whole round of the lane found nothing
// to do, or time is nearly up.
func (s *shift) work(ctx context.Context) (Rest, error) {
	whole, idle := s.after == "", true
	var soonest time.Time
	for {
		turns, err := s.Store.Turns(ctx, s.lease.Lane, s.after, turnsAtOnce)
		if err != nil {
			return Rest{}, err
		}
		for _, turn := range turns {
			if turn.NotBefore.After(s.Now()) {
				if soonest.IsZero() || turn.NotBefore.Before(soonest) {
					soonest = turn.NotBefore
				}
				s.after = turn.JobID
				continue
			}
			if !enough(ctx) {
				return Rest{Due: s.Now().Add(rewake), After: s.after, Busy: true}, nil
			}
			idle = false
			if err := s.turn(ctx, turn); err != nil {
				return Rest{}, err
			}
			s.after = turn.JobID
		}
		if len(turns) == turnsAtOnce {
			continue
		}
		s.after = ""
		if whole && idle {
			if !soonest.IsZero() {
				soonest = soonest.Add(rewake)
			}
			return Rest{Due: soonest}, nil
		}
		whole, idle, soonest = true, true, time.Time{}
	}
}

// enough reports whether there is time for another step.
func enough(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > lastStep
}

// turn gives a job one step, or a part of its file.
func (s *shift) turn(ctx context.Context, turn Turn) error {
	h, fresh, err := s.take(ctx, turn)
	if err != nil || h == nil {
		return err
	}
	kind, known := s.kinds[h.job.Kind]
	switch {
	case !known:
		err = fault.New("job.Work", fault.Retired, "This deployment does not know jobs of the kind "+h.job.Kind+" any more.")
	case !h.job.Stepped:
		err = s.step(ctx, kind, h, fresh)
	default:
		err = s.file(ctx, kind.Spec().File, h)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrFenced), ctx.Err() != nil:
		return err
	}
	var later *LaterError
	level := slog.LevelWarn
	if errors.As(err, &later) {
		level = slog.LevelDebug
	}
	s.Log.Log(ctx, level, "a step of a job did not come to its end", "job_id", h.job.ID, "job_kind", h.job.Kind, "step", h.job.Step, "tries", h.job.Tries, "kind", fault.KindOf(err), "error", err)
	now := s.Now()
	return s.save(ctx, h, func(j *Job) { j.stumble(err, s.Tries, now) })
}

// take returns the job of a turn with a begun step. fresh says that the job was
// not in the hands of this shift, so that its step may have been run before.
// A job that is not active any more is nil.
func (s *shift) take(ctx context.Context, turn Turn) (h *held, fresh bool, err error) {
	if h, ok := s.held[turn.JobID]; ok {
		return &h, false, nil
	}
	j, err := s.Store.Job(ctx, turn.Owner, turn.JobID)
	if fault.Is(err, fault.NotFound) {
		return nil, false, s.Store.Forget(ctx, turn)
	}
	if err != nil {
		return nil, false, err
	}
	now := s.Now()
	h = &held{job: j, since: now}
	err = s.save(ctx, h, func(j *Job) {
		j.begin(s.lease, now)
		switch {
		case !j.State.Active():
		case !now.Before(j.ExpiresAt):
			j.finish(Failed, ProblemOf(fault.New("job.Work", fault.Conflict, "The job was not over when it expired.")), now)
		case j.Tries > s.Tries:
			j.finish(Failed, ProblemOf(fault.New("job.Work", fault.Unavailable, "The job was begun again and again without getting on.")), now)
		}
	})
	if err != nil || !h.job.State.Active() {
		return nil, false, err
	}
	return h, true, nil
}

// save changes the job and stores it, over whatever was changed by others in
// the meantime, and keeps it in hand as long as it is running.
func (s *shift) save(ctx context.Context, h *held, change func(*Job)) error {
	for {
		if h.job.Fence > s.lease.Fence {
			return ErrFenced
		}
		is := h.job
		change(&is)
		now := s.Now()
		if h.job.State == Running {
			is.WorkedMS += max(0, now.Sub(h.since).Milliseconds())
		}
		saved, err := s.Store.Save(ctx, h.job, is, now)
		if err == nil {
			h.job, h.since = saved, now
			delete(s.held, saved.ID)
			if saved.State == Running {
				s.held[saved.ID] = *h
			}
			return nil
		}
		delete(s.held, h.job.ID) // it may have been written all the same
		if !errors.Is(err, ErrStale) {
			return err
		}
		newest, err := s.Store.Job(ctx, h.job.Owner, h.job.ID)
		if err != nil {
			return err
		}
		h.job = newest
	}
}
