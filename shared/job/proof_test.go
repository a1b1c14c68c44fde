package job_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/job"
)

var (
	proofRuns = flag.Int("job.runs", 300, "random runs of jobs in memory")
	proofSeed = flag.Uint64("job.seed", 1, "seed of the first of them; each run has the next")
)

// TestNothingIsRepeatedOrDroppedInMemory lets several workers proceed call by
// call in random order while leases run out, kills them before and after every
// kind of call, lets calls fail and answers get lost, loses and doubles wakes,
// and pauses, resumes and cancels in between.
func TestNothingIsRepeatedOrDroppedInMemory(t *testing.T) {
	t.Parallel()
	var sum tally
	for i := range *proofRuns {
		seed := *proofSeed + uint64(i)
		objects := newMemoryObjects()
		sum.add(prove(t, seed, ground{store: newMemoryStore(), objects: objects, files: objects, shards: 1}))
	}
	t.Logf("%d runs, seeds %d to %d: %+v", *proofRuns, *proofSeed, *proofSeed+uint64(*proofRuns)-1, sum)
	if *proofRuns >= 100 {
		assert.Positive(t, sum.Kills)
		assert.Positive(t, sum.Faults)
		assert.Positive(t, sum.Together, "workers of one lane were at work at the same time")
		assert.Positive(t, sum.Repeats, "steps were run again, between their effects and their page")
		assert.Positive(t, sum.Cancelled)
	}
}

// TestNothingIsRepeatedOrDropped is the same over the real table and bucket.
func TestNothingIsRepeatedOrDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var sum tally
	for seed := range uint64(3) {
		sum.add(prove(t, 1000+seed, ground{store: w.store, objects: w.objects, files: w.objects, shards: 16}))
	}
	t.Logf("seeds 1000 to 1002: %+v", sum)
}

// ground is what a run stands on.
type ground struct {
	store interface {
		job.Store
		job.DueStore
	}
	objects job.Objects
	files   job.Files
	shards  int
}

// tally is what happened in runs.
type tally struct{ Workers, Kills, Faults, Together, Lost, Repeats, Done, Cancelled int }

func (t *tally) add(o tally) {
	t.Workers += o.Workers
	t.Kills += o.Kills
	t.Faults += o.Faults
	t.Together += o.Together
	t.Lost += o.Lost
	t.Repeats += o.Repeats
	t.Done += o.Done
	t.Cancelled += o.Cancelled
}

// run is one random run. Of its workers one proceeds at a time, so that a seed
// repeats it.
type run struct {
	ground
	t       testing.TB
	random  *rand.Rand
	now     time.Time
	wakes   []job.Wake
	jobs    []job.Job
	workers []*victim // that are at work
	tally   tally

	applied map[string]int // effects, by owner and item
	runs    map[string]int // how often a step was run
}

func prove(t testing.TB, seed uint64, on ground) tally {
	t.Helper()
	r := &run{ground: on, t: t, random: rand.New(rand.NewPCG(seed, 7)), now: day0, applied: map[string]int{}, runs: map[string]int{}}
	m := r.manager()
	for n := range 3 {
		owner := fmt.Sprintf("owner%d-%d", seed, n)
		ask := job.Ask{Owner: owner, ConnectionID: "conn_1", Asset: account.Asset{ID: "shop:1", Account: account.ID(fmt.Sprintf("main:seller:%d-%d", seed, n/2))}}
		for i := range 3 + r.random.IntN(40) {
			ask.Items = append(ask.Items, json.RawMessage(fmt.Sprint(i)))
		}
		j, err := m.Create(t.Context(), r.Spec(), ask, len(ask.Items))
		require.NoError(t, err)
		r.jobs = append(r.jobs, j)
		r.now = r.now.Add(time.Second) // ids sort by time, so that a seed repeats its run
	}
	for turns := 0; r.open(); turns++ {
		require.Less(t, turns, 100_000, "seed %d does not come to an end", seed)
		r.turn()
	}
	for _, v := range r.workers { // whoever still sleeps
		v.kill()
		for !v.over {
			v.token <- struct{}{}
			<-v.token
		}
	}
	for _, j := range r.jobs {
		r.examine(seed, j)
	}
	return r.tally
}

func (r *run) Now() time.Time { return r.now }

// Send loses some messages and doubles others.
func (r *run) Send(_ context.Context, message any) error {
	switch r.random.IntN(5) {
	case 0:
		r.tally.Lost++
		return nil
	case 1:
		r.wakes = append(r.wakes, message.(job.Wake))
	}
	r.wakes = append(r.wakes, message.(job.Wake))
	return nil
}

func (r *run) SendLater(ctx context.Context, message any, _ time.Duration) error {
	return r.Send(ctx, message)
}

func (r *run) manager() *job.Manager {
	return job.NewManager(job.ManagerOptions{Store: r.store, Objects: r.objects, Wakes: r, Now: r.Now, Log: quiet(), Retention: 3650 * 24 * time.Hour})
}

// open reports whether some job is not over.
func (r *run) open() bool {
	for _, j := range r.jobs {
		if now, err := r.store.Job(r.t.Context(), j.Owner, j.ID); err != nil || !now.State.Over() {
			return true
		}
	}
	return false
}

// turn lets one thing happen: a worker makes its next call or takes a message,
// time passes, the planner runs, or a caller changes a job.
func (r *run) turn() {
	switch n := r.random.IntN(40); {
	case n == 0:
		r.change()
	case n == 1:
		r.now = r.now.Add(time.Duration(1+r.random.IntN(20)) * time.Minute)
	case len(r.workers) > 0 && (n < 36 || len(r.workers) == 3):
		r.workers[r.random.IntN(len(r.workers))].proceed()
	case len(r.wakes) > 0:
		at := r.random.IntN(len(r.wakes))
		wake := r.wakes[at]
		r.wakes = append(r.wakes[:at], r.wakes[at+1:]...)
		r.start(wake)
	default:
		r.now = r.now.Add(time.Duration(1+r.random.IntN(60)) * time.Second)
		planner := job.NewPlanner(job.PlannerOptions{Store: r.store, Wakes: r, Now: r.Now, Log: quiet(), Shards: r.shards})
		_, err := planner.Run(r.t.Context())
		require.NoError(r.t, err)
		for _, j := range r.jobs { // a caller does not leave a job paused for ever
			if r.random.IntN(3) == 0 {
				_, _ = r.manager().Resume(r.t.Context(), j.Owner, j.ID)
			}
		}
	}
}

func (r *run) change() {
	j, m := r.jobs[r.random.IntN(len(r.jobs))], r.manager()
	change := m.Pause
	switch r.random.IntN(8) {
	case 0:
		change = m.Cancel
	case 1, 2, 3:
		change = m.Resume
	}
	if _, err := change(r.t.Context(), j.Owner, j.ID); err != nil {
		assert.Equal(r.t, fault.Conflict, fault.KindOf(err))
	}
}

// errKilled is what a dead worker sees of the world.
var errKilled = errors.New("killed")

// errLost is an answer that did not arrive.
var errLost = fault.New("proof", fault.Unavailable, "no answer")

// victim is a worker and what stands between it and the world. It waits before
// every call until it may proceed.
type victim struct {
	*run
	wake  job.Wake
	ctx   context.Context
	kill  context.CancelFunc
	calls int           // until it is killed
	token chan struct{} // given to the worker, and given back at its next call or at its end
	over  bool
	mixed bool // another was at work at its lane meanwhile
}

// start puts a worker to work, up to its first call.
func (r *run) start(wake job.Wake) {
	r.tally.Workers++
	ctx, kill := context.WithCancel(r.t.Context())
	v := &victim{run: r, wake: wake, ctx: ctx, kill: kill, calls: 1 + r.random.IntN(120), token: make(chan struct{})}
	w := job.NewWorker(job.WorkerOptions{Store: victimStore{v}, Objects: v, Files: v, Wakes: v, Kinds: []job.Kind{v}, Assets: everything{}, Now: r.Now, Log: quiet(), Tries: 1 << 30})
	go func() {
		<-v.token
		err := w.Work(ctx, wake)
		assert.True(r.t, err == nil || ctx.Err() != nil || errors.Is(err, errLost), "%v", err)
		v.over = true
		v.token <- struct{}{}
	}()
	for _, other := range r.workers {
		if other.wake == wake {
			other.mixed, v.mixed = true, true
		}
	}
	r.workers = append(r.workers, v)
	v.proceed()
}

// proceed lets the worker go on to its next call or its end.
func (v *victim) proceed() {
	v.token <- struct{}{}
	<-v.token
	if v.over {
		v.kill()
		v.workers = slices.DeleteFunc(v.workers, func(o *victim) bool { return o == v })
	}
}

// reach makes a call of a worker when its turn has come, unless the worker dies
// before or after it, or the call or its answer gets lost.
func (v *victim) reach(call func() error) error {
	if v.ctx.Err() != nil {
		return errKilled
	}
	v.token <- struct{}{}
	<-v.token
	if v.ctx.Err() != nil {
		return errKilled
	}
	v.calls--
	switch n := v.random.IntN(80); {
	case v.calls == 0:
		if n%2 == 0 {
			_ = call()
		}
		v.tally.Kills++
		v.kill()
		return errKilled
	case n == 0:
		v.tally.Faults++
		return errLost
	case n == 1:
		v.tally.Faults++
		_ = call()
		return errLost
	}
	return call()
}

// twice is a call whose answer gets lost sometimes, and which is then made again
// below the worker, as the SDK does: the second call meets what the first did.
func (v *victim) twice(call func() error) error {
	return v.reach(func() error {
		if v.random.IntN(20) == 0 {
			v.tally.Faults++
			_ = call()
		}
		return call()
	})
}

func (v *victim) Create(ctx context.Context, key string, body []byte) error {
	return v.twice(func() error { return v.objects.Create(ctx, key, body) })
}

func (v *victim) Get(ctx context.Context, key string) (body []byte, err error) {
	err = v.reach(func() error { body, err = v.objects.Get(ctx, key); return err })
	return body, err
}

func (v *victim) StartUpload(ctx context.Context, key, mediaType string) (upload string, err error) {
	err = v.reach(func() error { upload, err = v.files.StartUpload(ctx, key, mediaType); return err })
	return upload, err
}

func (v *victim) StorePart(ctx context.Context, key, upload string, part int, body []byte) error {
	return v.reach(func() error { return v.files.StorePart(ctx, key, upload, part, body) })
}

func (v *victim) FinishUpload(ctx context.Context, key, upload string) error {
	return v.twice(func() error { return v.files.FinishUpload(ctx, key, upload) })
}

func (v *victim) Send(ctx context.Context, message any) error {
	return v.reach(func() error { return v.run.Send(ctx, message) })
}

func (v *victim) SendLater(ctx context.Context, message any, delay time.Duration) error {
	return v.reach(func() error { return v.run.SendLater(ctx, message, delay) })
}

// victimStore is the store as a victim reaches it.
type victimStore struct{ v *victim }

func (s victimStore) Create(ctx context.Context, j job.Job, now time.Time) error {
	return s.v.reach(func() error { return s.v.store.Create(ctx, j, now) })
}

func (s victimStore) Job(ctx context.Context, owner, id string) (j job.Job, err error) {
	err = s.v.reach(func() error { j, err = s.v.store.Job(ctx, owner, id); return err })
	return j, err
}

func (s victimStore) Save(ctx context.Context, was, is job.Job, now time.Time) (j job.Job, err error) {
	err = s.v.twice(func() error { j, err = s.v.store.Save(ctx, was, is, now); return err })
	return j, err
}

func (s victimStore) Jobs(ctx context.Context, owner string, state job.State, after string, limit int) ([]job.Job, string, error) {
	return s.v.store.Jobs(ctx, owner, state, after, limit)
}

func (s victimStore) Acquire(ctx context.Context, lane job.Lane, holder string, now, until time.Time) (l job.Lease, err error) {
	err = s.v.twice(func() error { l, err = s.v.store.Acquire(ctx, lane, holder, now, until); return err })
	return l, err
}

func (s victimStore) Release(ctx context.Context, lease job.Lease, rest job.Rest) (asks int64, err error) {
	err = s.v.twice(func() error { asks, err = s.v.store.Release(ctx, lease, rest); return err })
	return asks, err
}

func (s victimStore) Turns(ctx context.Context, lane job.Lane, after string, limit int) (turns []job.Turn, err error) {
	err = s.v.reach(func() error { turns, err = s.v.store.Turns(ctx, lane, after, limit); return err })
	return turns, err
}

func (s victimStore) Forget(ctx context.Context, turn job.Turn) error {
	return s.v.reach(func() error { return s.v.store.Forget(ctx, turn) })
}

// Spec implements job.Kind.
func (r *run) Spec() job.Spec {
	return job.Spec{Name: "proof", Connected: true, MaxItems: 100, StepItems: 7, File: &job.File{Extension: "ndjson", MediaType: "application/x-ndjson"}}
}

// Run applies an effect per item, unless it was applied before, as kinds must.
// What comes of an item is random each time: only the outcome that was stored
// first may ever be seen.
func (v *victim) Run(ctx context.Context, step job.Step) (out job.Outcome, err error) {
	name := fmt.Sprintf("%s/%d", step.Job.ID, step.Number)
	if v.runs[name]++; v.runs[name] > 1 {
		v.tally.Repeats++
	}
	if !v.mixed {
		_, err := v.objects.Get(ctx, fmt.Sprintf("jobs/%s/%s/results/%08d.json", step.Job.Owner, step.Job.ID, step.Number))
		assert.True(v.t, fault.Is(err, fault.NotFound), "%s was stored and is run again", name)
	} else {
		v.tally.Together++
	}
	switch v.random.IntN(20) {
	case 0:
		return out, limited(time.Duration(v.random.IntN(300)) * time.Second)
	case 1:
		return out, fault.New("proof", fault.Unavailable, "later")
	case 2:
		return out, fault.New("proof", fault.Reconnect, "connect it again")
	}
	for i, item := range step.Items {
		if i > 0 && v.random.IntN(15) == 0 {
			out.Wait = time.Minute
			return out, nil
		}
		err := v.reach(func() error {
			if effect := step.Job.Owner + "/" + string(item); v.applied[effect] == 0 {
				v.applied[effect]++
			}
			return nil
		})
		if err != nil {
			return out, err
		}
		result := job.Result{Index: step.Start + i, Status: job.ItemDone, Result: json.RawMessage(fmt.Sprintf(`{"item":%s,"nonce":%d}`, item, v.random.Uint32()))}
		if v.random.IntN(4) == 0 {
			result.Status = job.ItemFailed
		}
		out.Results = append(out.Results, result)
	}
	return out, nil
}

// examine checks that every item has one outcome, and its effect, once.
func (r *run) examine(seed uint64, j job.Job) {
	t := r.t
	j, err := r.store.Job(t.Context(), j.Owner, j.ID)
	require.NoError(t, err)
	var results []job.Result
	for at, more := (job.Position{}), true; more; {
		var page []job.Result
		page, at, more, err = r.manager().Results(t.Context(), j, at, 1+r.random.IntN(9))
		require.NoError(t, err)
		results = append(results, page...)
	}
	failed := 0
	var lines bytes.Buffer
	for i, result := range results {
		require.Equal(t, i, result.Index, "seed %d", seed)
		var got struct{ Item int }
		require.NoError(t, json.Unmarshal(result.Result, &got))
		require.Equal(t, i, got.Item, "seed %d: the outcome is of another item", seed)
		require.Equal(t, 1, r.applied[fmt.Sprintf("%s/%d", j.Owner, i)], "seed %d: effect of item %d", seed, i)
		if result.Status == job.ItemFailed {
			failed++
		}
		line, err := json.Marshal(result)
		require.NoError(t, err)
		lines.Write(append(line, '\n'))
	}
	require.Len(t, results, j.Done, "seed %d", seed)
	require.Equal(t, failed, j.Failed, "seed %d: the counts are those of the stored outcomes", seed)
	turns, err := r.store.Turns(t.Context(), j.Lane, "", 10)
	require.NoError(t, err)
	require.Empty(t, turns, "seed %d: nothing is left in the lane", seed)
	switch j.State {
	case job.Done:
		r.tally.Done++
		require.Equal(t, j.Total, j.Done, "seed %d", seed)
		file, err := r.objects.Get(t.Context(), j.FileKey)
		require.NoError(t, err)
		require.Equal(t, lines.String(), string(file), "seed %d: the file says the same", seed)
	case job.Cancelled:
		r.tally.Cancelled++
	default:
		require.Fail(t, "a job ended as "+string(j.State), "seed %d: %+v", seed, j)
	}
}
