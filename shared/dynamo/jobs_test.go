package dynamo_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/job"
)

var jobTime = time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)

func jobStore(t *testing.T) *dynamo.Jobs {
	t.Helper()
	return dynamo.NewJobs(dynamodb.NewFromConfig(awstest.Config(t)), awstest.Tables(t).Records)
}

func newJob(lane job.Lane) job.Job {
	return job.Job{
		Owner: "acme", ID: job.NewID(jobTime), Kind: "links", Lane: lane, Params: []byte(`{"a":1}`), State: job.Queued, Total: 3,
		CreatedAt: jobTime, UpdatedAt: jobTime, ExpiresAt: jobTime.Add(24 * time.Hour),
	}
}

func TestJobsAreSavedOverWhatWasRead(t *testing.T) {
	t.Parallel()
	s, j := jobStore(t), newJob("account#a")
	require.NoError(t, s.Create(t.Context(), j, jobTime))
	assert.Equal(t, fault.Conflict, fault.KindOf(s.Create(t.Context(), j, jobTime)))
	was, err := s.Job(t.Context(), "acme", j.ID)
	require.NoError(t, err)
	j.Rev = 1
	assert.Equal(t, j, was)
	_, err = s.Job(t.Context(), "globex", j.ID)
	assert.Equal(t, fault.NotFound, fault.KindOf(err))

	is := was
	is.Done, is.State, is.NotBefore = 2, job.Waiting, jobTime.Add(time.Minute)
	is.Errors = []job.ItemError{{Index: 1, Problem: &job.Problem{Type: "/problems/conflict", TikTok: &job.TikTok{Code: 7}}}}
	saved, err := s.Save(t.Context(), was, is, jobTime)
	require.NoError(t, err)
	stored, err := s.Job(t.Context(), "acme", j.ID)
	require.NoError(t, err)
	assert.Equal(t, saved, stored)
	_, err = s.Save(t.Context(), was, is, jobTime)
	assert.ErrorIs(t, err, job.ErrStale)
}

func TestAJobHasATurnWhileItIsActive(t *testing.T) {
	t.Parallel()
	s, j := jobStore(t), newJob("account#a")
	require.NoError(t, s.Create(t.Context(), j, jobTime))
	turns := func() []job.Turn {
		got, err := s.Turns(t.Context(), "account#a", "", 10)
		require.NoError(t, err)
		return got
	}
	assert.Equal(t, []job.Turn{{Lane: "account#a", Owner: "acme", JobID: j.ID}}, turns())
	j.Rev = 1
	change := func(state job.State, notBefore time.Time) {
		is := j
		is.State, is.NotBefore = state, notBefore
		var err error
		j, err = s.Save(t.Context(), j, is, jobTime)
		require.NoError(t, err)
	}
	change(job.Running, time.Time{})
	change(job.Waiting, jobTime.Add(time.Minute))
	assert.Equal(t, jobTime.Add(time.Minute), turns()[0].NotBefore)
	change(job.Paused, time.Time{})
	assert.Empty(t, turns())

	lease, err := s.Acquire(t.Context(), "account#a", "w", jobTime, jobTime.Add(time.Minute))
	require.NoError(t, err)
	change(job.Queued, time.Time{})
	assert.Len(t, turns(), 1)
	_, err = s.Release(t.Context(), lease, job.Rest{})
	require.ErrorIs(t, err, job.ErrAsked, "whoever holds the lane notices")
	change(job.Done, time.Time{})
	assert.Empty(t, turns())
	require.NoError(t, s.Forget(t.Context(), job.Turn{Lane: "account#a", JobID: "job_none"}))
}

func TestTurnsGoOnAfterOneThatIsGone(t *testing.T) {
	t.Parallel()
	s := jobStore(t)
	var ids []string
	for i := range 5 {
		j := newJob("account#a")
		j.ID = job.NewID(jobTime.Add(time.Duration(i) * time.Second))
		require.NoError(t, s.Create(t.Context(), j, jobTime))
		ids = append(ids, j.ID)
	}
	require.NoError(t, s.Forget(t.Context(), job.Turn{Lane: "account#a", JobID: ids[1]}))
	turns, err := s.Turns(t.Context(), "account#a", ids[1], 2)
	require.NoError(t, err)
	require.Len(t, turns, 2)
	assert.Equal(t, ids[2], turns[0].JobID)
	assert.Equal(t, ids[3], turns[1].JobID)
}

func TestALaneHasOneHolder(t *testing.T) {
	t.Parallel()
	s := jobStore(t)
	_, err := s.Acquire(t.Context(), "account#none", "w", jobTime, jobTime.Add(time.Minute))
	require.ErrorIs(t, err, job.ErrHeld, "a lane that never had work")
	require.NoError(t, s.Create(t.Context(), newJob("account#a"), jobTime))

	var held atomic.Int32
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			_, err := s.Acquire(t.Context(), "account#a", "w", jobTime, jobTime.Add(time.Minute))
			if err == nil {
				held.Add(1)
				return
			}
			assert.ErrorIs(t, err, job.ErrHeld)
		})
	}
	workers.Wait()
	require.EqualValues(t, 1, held.Load())

	later := jobTime.Add(time.Minute)
	second, err := s.Acquire(t.Context(), "account#a", "w2", later, later.Add(time.Minute))
	require.NoError(t, err, "the first has not come back")
	assert.EqualValues(t, 2, second.Fence)
	first := second
	first.Fence = 1
	_, err = s.Release(t.Context(), first, job.Rest{Busy: true, Due: later})
	require.ErrorIs(t, err, job.ErrFenced)
	_, err = s.Release(t.Context(), second, job.Rest{After: "job_1"})
	require.NoError(t, err)
	_, err = s.Release(t.Context(), second, job.Rest{})
	require.ErrorIs(t, err, job.ErrFenced, "it is released")
	third, err := s.Acquire(t.Context(), "account#a", "w3", later, later.Add(time.Minute))
	require.NoError(t, err)
	assert.Equal(t, "job_1", third.After)
}

func TestLanesAreDue(t *testing.T) {
	t.Parallel()
	s := jobStore(t)
	require.NoError(t, s.Create(t.Context(), newJob("account#a"), jobTime))
	due := func(now time.Time) (all []job.Due) {
		for shard := range dynamo.DueShards {
			found, err := s.Due(t.Context(), shard, now, 10)
			require.NoError(t, err)
			all = append(all, found...)
		}
		return all
	}
	found := due(jobTime)
	require.Equal(t, []job.Due{{Lane: "account#a", At: jobTime}}, found)
	require.NoError(t, s.Claim(t.Context(), found[0], jobTime.Add(time.Minute)))
	require.ErrorIs(t, s.Claim(t.Context(), found[0], jobTime.Add(time.Minute)), job.ErrHeld)
	assert.Empty(t, due(jobTime))
	lease, err := s.Acquire(t.Context(), "account#a", "w", jobTime, jobTime.Add(90*time.Second))
	require.NoError(t, err)
	assert.Empty(t, due(jobTime.Add(time.Minute)))
	assert.Len(t, due(jobTime.Add(90*time.Second)), 1, "when the lease is over, in case the worker never comes back")
	_, err = s.Release(t.Context(), lease, job.Rest{Due: jobTime.Add(time.Hour)})
	require.NoError(t, err)
	assert.Empty(t, due(jobTime.Add(59*time.Minute)))
	assert.Len(t, due(jobTime.Add(time.Hour)), 1)
	lease, err = s.Acquire(t.Context(), "account#a", "w", jobTime.Add(time.Hour), jobTime.Add(2*time.Hour))
	require.NoError(t, err)
	_, err = s.Release(t.Context(), lease, job.Rest{})
	require.NoError(t, err)
	assert.Empty(t, due(jobTime.Add(1000*time.Hour)), "nothing is left")
}
