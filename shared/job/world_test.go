package job_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/blob"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/job"
)

var day0 = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// world is the real store and the real bucket in the emulator, a clock and a
// queue that lie in the test's hands.
type world struct {
	store   *dynamo.Jobs
	objects *blob.Bucket
	queue   *queue
	kinds   []job.Kind

	mu   sync.Mutex
	now  time.Time
	lost bool // nobody has any asset
}

// Asset implements job.Assets.
func (w *world) Asset(ctx context.Context, owner, connectionID string, asset account.AssetID) (account.Asset, error) {
	if w.lost {
		return account.Asset{}, fault.New("test", fault.NotFound, "not yours")
	}
	return everything{}.Asset(ctx, owner, connectionID, asset)
}

// everything is everybody's.
type everything struct{}

func (everything) Asset(_ context.Context, _, _ string, asset account.AssetID) (account.Asset, error) {
	return account.Asset{ID: asset, Name: "of " + string(asset)}, nil
}

func newWorld(t testing.TB, kinds ...job.Kind) *world {
	t.Helper()
	cfg := awstest.Config(t)
	return &world{
		store: dynamo.NewJobs(dynamodb.NewFromConfig(cfg), awstest.Tables(t).Records), objects: blob.New(cfg, awstest.Bucket(t)),
		queue: &queue{}, kinds: kinds, now: day0,
	}
}

func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func (w *world) manager() *job.Manager {
	return job.NewManager(job.ManagerOptions{Store: w.store, Objects: w.objects, Wakes: w.queue, Now: w.Now, Log: quiet(), Retention: 30 * 24 * time.Hour})
}

func (w *world) worker() *job.Worker {
	return job.NewWorker(job.WorkerOptions{Store: w.store, Objects: w.objects, Files: w.objects, Wakes: w.queue, Kinds: w.kinds, Assets: w, Now: w.Now, Log: quiet()})
}

func (w *world) planner() *job.Planner {
	return job.NewPlanner(job.PlannerOptions{Store: w.store, Wakes: w.queue, Now: w.Now, Log: quiet(), Shards: dynamo.DueShards})
}

// create makes a job of the kind for the owner, in the lane of the account.
func (w *world) create(t testing.TB, kind job.Kind, owner string, acct account.ID, items int) job.Job {
	t.Helper()
	ask := job.Ask{Owner: owner, Kind: kind.Spec().Name, ConnectionID: "conn_1", Asset: account.Asset{ID: "shop:1", Account: acct}}
	for i := range items {
		item, err := json.Marshal(i)
		require.NoError(t, err)
		ask.Items = append(ask.Items, item)
	}
	j, err := w.manager().Create(t.Context(), kind.Spec(), ask, items)
	require.NoError(t, err)
	return j
}

// drain works off the queue and returns how many messages there were.
func (w *world) drain(t testing.TB) (n int) {
	t.Helper()
	for {
		wake, ok := w.queue.take()
		if !ok {
			return n
		}
		n++
		require.NoError(t, w.worker().Work(t.Context(), wake))
	}
}

func (w *world) job(t testing.TB, j job.Job) job.Job {
	t.Helper()
	found, err := w.store.Job(t.Context(), j.Owner, j.ID)
	require.NoError(t, err)
	return found
}

func (w *world) results(t testing.TB, j job.Job) (all []job.Result) {
	t.Helper()
	at, more := job.Position{}, true
	for more {
		var page []job.Result
		var err error
		page, at, more, err = w.manager().Results(t.Context(), j, at, 7)
		require.NoError(t, err)
		all = append(all, page...)
	}
	return all
}

// queue holds wakes until they are taken. A message that is sent for later
// counts as lost: the planner must find its lane.
type queue struct {
	mu    sync.Mutex
	wakes []job.Wake
	later []time.Duration
	fail  error
}

func (q *queue) Send(_ context.Context, message any) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.fail != nil {
		return q.fail
	}
	wake, ok := message.(job.Wake)
	if !ok {
		return errors.New("not a wake")
	}
	q.wakes = append(q.wakes, wake)
	return nil
}

func (q *queue) SendLater(_ context.Context, _ any, delay time.Duration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.later = append(q.later, delay)
	return q.fail
}

func (q *queue) take() (job.Wake, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.wakes) == 0 {
		return job.Wake{}, false
	}
	wake := q.wakes[0]
	q.wakes = q.wakes[1:]
	return wake, true
}

// scripted is a kind whose steps do what a test says.
type scripted struct {
	spec job.Spec
	run  func(ctx context.Context, step job.Step) (job.Outcome, error)
}

func (s scripted) Spec() job.Spec { return s.spec }
func (s scripted) Run(ctx context.Context, step job.Step) (job.Outcome, error) {
	return s.run(ctx, step)
}

func listSpec(name string) job.Spec {
	return job.Spec{Name: name, Connected: true, MaxItems: 10_000, StepItems: 10}
}

// all does every item of a step.
func all(_ context.Context, step job.Step) (job.Outcome, error) { return prefix(step, step.Count), nil }

func prefix(step job.Step, n int) (out job.Outcome) {
	for i := range n {
		out.Results = append(out.Results, job.Result{Index: step.Start + i, Status: job.ItemDone})
	}
	return out
}

func limited(wait time.Duration) error {
	return &fault.Error{Op: "test", Kind: fault.RateLimited, Message: "slow down", RetryAfter: wait}
}
