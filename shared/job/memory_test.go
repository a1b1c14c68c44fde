package job_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/job"
)

// memoryStore is a job.Store with the conditions of the real one, for runs by
// the thousand. It is used by one goroutine.
type memoryStore struct {
	jobs  map[string]job.Job
	lanes map[job.Lane]*memoryLane
}

type memoryLane struct {
	turns        map[string]job.Turn
	holder       string
	until, due   time.Time
	fence, asked int64
	after        string
}

func newMemoryStore() *memoryStore {
	return &memoryStore{jobs: map[string]job.Job{}, lanes: map[job.Lane]*memoryLane{}}
}

func (s *memoryStore) Create(ctx context.Context, j job.Job, now time.Time) error {
	j.Rev = 0
	s.jobs[j.Owner+"/"+j.ID] = j
	was := j
	was.State = job.Paused // whatever has no turn yet
	_, err := s.Save(ctx, was, j, now)
	return err
}

func (s *memoryStore) Job(_ context.Context, owner, id string) (job.Job, error) {
	j, ok := s.jobs[owner+"/"+id]
	if !ok {
		return j, fault.New("memory", fault.NotFound, "no such job")
	}
	j.Errors = slices.Clone(j.Errors)
	return j, nil
}

func (s *memoryStore) Save(_ context.Context, was, is job.Job, now time.Time) (job.Job, error) {
	if s.jobs[was.Owner+"/"+was.ID].Rev != was.Rev {
		return is, job.ErrStale
	}
	is.Rev = was.Rev + 1
	s.jobs[is.Owner+"/"+is.ID] = is
	lane := s.lanes[is.Lane]
	if lane == nil {
		lane = &memoryLane{turns: map[string]job.Turn{}}
		s.lanes[is.Lane] = lane
	}
	if is.State.Active() {
		lane.turns[is.ID] = job.Turn{Lane: is.Lane, Owner: is.Owner, JobID: is.ID, NotBefore: is.NotBefore}
	} else {
		delete(lane.turns, is.ID)
	}
	if is.State.Active() && (!was.State.Active() || is.State == job.Queued && is.NotBefore.Before(was.NotBefore)) {
		lane.asked++
		lane.due = now
	}
	return is, nil
}

func (s *memoryStore) Jobs(context.Context, string, job.State, string, int) ([]job.Job, string, error) {
	return nil, "", nil
}

func (s *memoryStore) Acquire(_ context.Context, name job.Lane, holder string, now, until time.Time) (job.Lease, error) {
	lane := s.lanes[name]
	if lane == nil || lane.holder != "" && lane.until.After(now) {
		return job.Lease{}, job.ErrHeld
	}
	lane.fence++
	lane.holder, lane.until, lane.due = holder, until, until
	return job.Lease{Lane: name, Fence: lane.fence, Until: until, Asks: lane.asked, After: lane.after}, nil
}

func (s *memoryStore) Release(_ context.Context, lease job.Lease, rest job.Rest) (int64, error) {
	lane := s.lanes[lease.Lane]
	switch {
	case lane.fence != lease.Fence || lane.holder == "":
		return 0, job.ErrFenced
	case !rest.Busy && lane.asked != lease.Asks:
		return lane.asked, job.ErrAsked
	}
	lane.holder, lane.due, lane.after = "", rest.Due, rest.After
	return 0, nil
}

func (s *memoryStore) Turns(_ context.Context, name job.Lane, after string, limit int) (turns []job.Turn, err error) {
	for id, turn := range s.lanes[name].turns {
		if id > after {
			turns = append(turns, turn)
		}
	}
	slices.SortFunc(turns, func(a, b job.Turn) int { return cmp.Compare(a.JobID, b.JobID) })
	return turns[:min(limit, len(turns))], nil
}

func (s *memoryStore) Forget(_ context.Context, turn job.Turn) error {
	delete(s.lanes[turn.Lane].turns, turn.JobID)
	return nil
}

func (s *memoryStore) Due(_ context.Context, _ int, now time.Time, limit int) (due []job.Due, err error) {
	for name, lane := range s.lanes {
		if !lane.due.IsZero() && !lane.due.After(now) {
			due = append(due, job.Due{Lane: name, At: lane.due})
		}
	}
	slices.SortFunc(due, func(a, b job.Due) int { return cmp.Compare(a.Lane, b.Lane) })
	return due[:min(limit, len(due))], nil
}

func (s *memoryStore) Claim(_ context.Context, due job.Due, until time.Time) error {
	lane := s.lanes[due.Lane]
	if !lane.due.Equal(due.At) {
		return job.ErrHeld
	}
	lane.due = until
	return nil
}

// memoryObjects is job.Objects and job.Files.
type memoryObjects struct {
	objects map[string][]byte
	uploads map[string]map[int][]byte
}

func newMemoryObjects() *memoryObjects {
	return &memoryObjects{objects: map[string][]byte{}, uploads: map[string]map[int][]byte{}}
}

func (o *memoryObjects) Create(_ context.Context, key string, body []byte) error {
	if _, ok := o.objects[key]; ok {
		return job.ErrExists
	}
	o.objects[key] = bytes.Clone(body)
	return nil
}

func (o *memoryObjects) Get(_ context.Context, key string) ([]byte, error) {
	body, ok := o.objects[key]
	if !ok {
		return nil, fault.New("memory", fault.NotFound, "no such object")
	}
	return bytes.Clone(body), nil
}

func (o *memoryObjects) StartUpload(_ context.Context, key, _ string) (string, error) {
	upload := fmt.Sprintf("%s-%d", key, len(o.uploads))
	o.uploads[upload] = map[int][]byte{}
	return upload, nil
}

func (o *memoryObjects) StorePart(_ context.Context, _, upload string, part int, body []byte) error {
	parts := o.uploads[upload]
	if parts == nil {
		return fault.New("memory", fault.NotFound, "no such upload")
	}
	parts[part] = bytes.Clone(body)
	return nil
}

func (o *memoryObjects) FinishUpload(_ context.Context, key, upload string) error {
	parts := o.uploads[upload]
	if parts == nil {
		if _, ok := o.objects[key]; ok {
			return nil
		}
		return fault.New("memory", fault.NotFound, "no such upload")
	}
	var whole []byte
	for part := 1; part <= len(parts); part++ {
		whole = append(whole, parts[part]...)
	}
	o.objects[key] = whole
	delete(o.uploads, upload) // S3 forgets it, too
	return nil
}
