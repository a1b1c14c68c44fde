package job_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/job"
)

func TestAJobRunsToItsEnd(t *testing.T) {
	t.Parallel()
	kind := scripted{listSpec("list"), func(_ context.Context, step job.Step) (job.Outcome, error) {
		out := job.Outcome{}
		for i, item := range step.Items {
			var n int
			if err := json.Unmarshal(item, &n); err != nil {
				return out, err
			}
			result, err := job.Succeeded(map[string]int{"item": n})
			if n%500 == 3 {
				result = job.Refused(fault.New("test", fault.Conflict, "not this one"))
			}
			result.Index = step.Start + i
			out.Results = append(out.Results, result)
			if err != nil {
				return out, err
			}
		}
		return out, nil
	}}
	kind.spec.File = &job.File{Extension: "ndjson", MediaType: "application/x-ndjson"}
	w := newWorld(t, kind)
	j := w.create(t, kind, "acme", "main:seller:1", 1015) // more than two pieces of input
	assert.Equal(t, job.Queued, j.State)
	assert.Equal(t, 1, w.drain(t))

	j = w.job(t, j)
	assert.Equal(t, job.Done, j.State)
	assert.Equal(t, 1015, j.Done)
	assert.Equal(t, 3, j.Failed)
	require.Len(t, j.Errors, 3)
	assert.Equal(t, job.ItemError{Index: 503, Problem: &job.Problem{Type: "/problems/conflict", Detail: "not this one"}}, j.Errors[1])
	results := w.results(t, j)
	require.Len(t, results, 1015)
	for i, result := range results {
		assert.Equal(t, i, result.Index)
		if result.Status == job.ItemDone {
			var got map[string]int
			require.NoError(t, json.Unmarshal(result.Result, &got))
			assert.Equal(t, map[string]int{"item": i}, got)
		}
	}

	url, err := w.objects.URL(t.Context(), j.FileKey, j.ID+".ndjson", time.Minute)
	require.NoError(t, err)
	file := fetch(t, url)
	assert.Equal(t, 1015, bytes.Count(file, []byte("\n")))
	var first, last job.Result
	lines := bytes.Split(bytes.TrimSpace(file), []byte("\n"))
	require.NoError(t, json.Unmarshal(lines[0], &first))
	require.NoError(t, json.Unmarshal(lines[len(lines)-1], &last))
	assert.Equal(t, results[0], first)
	assert.Equal(t, results[1014], last)
	assert.Zero(t, w.planned(t), "nothing is due any more")
}

func fetch(t *testing.T, url string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, errors.Join(err, response.Body.Close()))
	require.Equal(t, http.StatusOK, response.StatusCode, string(body))
	return body
}

// planned runs the planner and returns how many lanes it woke.
func (w *world) planned(t testing.TB) int {
	t.Helper()
	woken, err := w.planner().Run(t.Context())
	require.NoError(t, err)
	return woken
}

func TestJobsOfAnAccountTakeTurns(t *testing.T) {
	t.Parallel()
	var order []string
	kind := scripted{listSpec("list"), func(ctx context.Context, step job.Step) (job.Outcome, error) {
		order = append(order, step.Job.Owner)
		return all(ctx, step)
	}}
	w := newWorld(t, kind)
	long := w.create(t, kind, "acme", "main:seller:1", 40)
	w.pass(time.Second)
	short := w.create(t, kind, "globex", "main:seller:1", 20)
	other := w.create(t, kind, "initech", "main:seller:2", 10)
	assert.Equal(t, long.Lane, short.Lane, "two owners of one account share its lane")
	wake, _ := w.queue.take()
	require.NoError(t, w.worker().Work(t.Context(), wake))
	assert.Equal(t, []string{"acme", "globex", "acme", "globex", "acme", "acme"}, order)
	assert.Equal(t, job.Done, w.job(t, long).State)
	assert.Equal(t, job.Done, w.job(t, short).State)
	assert.Equal(t, job.Queued, w.job(t, other).State, "another account's lane is another message")
}

func TestALimitPutsTheRestOff(t *testing.T) {
	t.Parallel()
	calls := 0
	var w *world
	kind := scripted{listSpec("list"), func(_ context.Context, step job.Step) (job.Outcome, error) {
		calls++
		switch calls {
		case 1:
			out := prefix(step, 4)
			out.Wait = 90 * time.Second
			return out, nil
		case 2:
			return job.Outcome{}, limited(time.Hour)
		}
		return all(t.Context(), step)
	}}
	w = newWorld(t, kind)
	j := w.create(t, kind, "acme", "main:seller:1", 10)
	w.drain(t)
	stored := w.job(t, j)
	assert.Equal(t, job.Waiting, stored.State)
	assert.Equal(t, 4, stored.Done, "what was done is kept")
	assert.Equal(t, day0.Add(90*time.Second), stored.NotBefore)
	assert.Equal(t, []time.Duration{90 * time.Second}, w.queue.later)
	assert.Zero(t, w.planned(t), "not yet")

	w.pass(3 * time.Minute)
	assert.Equal(t, 1, w.planned(t), "even if the later wake is lost")
	w.drain(t)
	stored = w.job(t, j)
	assert.Equal(t, job.Waiting, stored.State)
	assert.Equal(t, "/problems/rate-limited", stored.Problem.Type)

	w.pass(30 * time.Minute)
	resumed, err := w.manager().Resume(t.Context(), "acme", j.ID)
	require.NoError(t, err)
	assert.Equal(t, job.Queued, resumed.State, "a caller may try sooner")
	w.drain(t)
	stored = w.job(t, j)
	assert.Equal(t, job.Done, stored.State)
	assert.Nil(t, stored.Problem)
	assert.Len(t, w.results(t, stored), 10)
}

func TestAStepIsRunAgainWhenWhatItWaitsForMayBeDone(t *testing.T) {
	t.Parallel()
	runs := 0
	kind := scripted{listSpec("list"), func(ctx context.Context, step job.Step) (job.Outcome, error) {
		assert.Equal(t, "of shop:1", step.Asset.Name)
		if runs++; runs <= 40 { // more often than a failing step is tried
			return job.Outcome{}, &job.LaterError{Wait: time.Minute}
		}
		return all(ctx, step)
	}}
	w := newWorld(t, kind)
	j := w.create(t, kind, "acme", "main:seller:1", 5)
	for range 40 {
		w.drain(t)
		stored := w.job(t, j)
		require.Equal(t, job.Waiting, stored.State)
		require.Equal(t, w.Now().Add(time.Minute), stored.NotBefore)
		require.Nil(t, stored.Problem, "nothing is wrong")
		w.pass(2 * time.Minute)
		require.Equal(t, 1, w.planned(t))
	}
	w.drain(t)
	assert.Equal(t, job.Done, w.job(t, j).State)
}

func TestAnAssetThatWasLostIsNotWorkedOn(t *testing.T) {
	t.Parallel()
	kind := scripted{listSpec("list"), func(context.Context, job.Step) (job.Outcome, error) {
		assert.Fail(t, "it ran")
		return job.Outcome{}, nil
	}}
	w := newWorld(t, kind)
	w.lost = true
	j := w.create(t, kind, "acme", "main:seller:1", 5)
	w.drain(t)
	stored := w.job(t, j)
	assert.Equal(t, job.Failed, stored.State)
	assert.Equal(t, "/problems/not-found", stored.Problem.Type)
}

func TestAWaitingJobDoesNotHoldUpItsLane(t *testing.T) {
	t.Parallel()
	kind := scripted{listSpec("list"), func(ctx context.Context, step job.Step) (job.Outcome, error) {
		if step.Job.Owner == "acme" {
			return job.Outcome{}, limited(time.Hour)
		}
		return all(ctx, step)
	}}
	w := newWorld(t, kind)
	held := w.create(t, kind, "acme", "main:seller:1", 10)
	other := w.create(t, kind, "globex", "main:seller:1", 30)
	w.drain(t)
	assert.Equal(t, job.Waiting, w.job(t, held).State)
	assert.Equal(t, job.Done, w.job(t, other).State)
}

func TestErrorsOfAWholeStep(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		err   error
		state job.State
	}{
		"access was taken away":    {fault.New("t", fault.Reconnect, "connect it again"), job.Paused},
		"the connection is gone":   {fault.New("t", fault.NotFound, "no such connection"), job.Failed},
		"not allowed":              {fault.New("t", fault.Forbidden, "no"), job.Failed},
		"the operation is retired": {fault.New("t", fault.Retired, "gone"), job.Failed},
		"TikTok Shop is down":      {fault.New("t", fault.Unavailable, "later"), job.Waiting},
		"a bug":                    {errors.New("nil map"), job.Waiting},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fails := true
			kind := scripted{listSpec("list"), func(ctx context.Context, step job.Step) (job.Outcome, error) {
				if fails {
					return prefix(step, 5), c.err
				}
				return all(ctx, step)
			}}
			w := newWorld(t, kind)
			j := w.create(t, kind, "acme", "main:seller:1", 10)
			w.drain(t)
			stored := w.job(t, j)
			assert.Equal(t, c.state, stored.State)
			assert.Zero(t, stored.Done, "nothing of a step that failed counts")
			require.NotNil(t, stored.Problem)
			assert.NotContains(t, stored.Problem.Detail, "nil map")
			if c.state == job.Failed {
				_, err := w.manager().Resume(t.Context(), "acme", j.ID)
				assert.Equal(t, fault.Conflict, fault.KindOf(err))
				return
			}
			fails = false
			_, err := w.manager().Resume(t.Context(), "acme", j.ID)
			require.NoError(t, err)
			w.drain(t)
			assert.Equal(t, job.Done, w.job(t, j).State)
		})
	}
}

func TestAJobThatNeverGetsOnFails(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(context.Context, job.Step) (job.Outcome, error){
		"errors": func(context.Context, job.Step) (job.Outcome, error) {
			return job.Outcome{}, fault.New("t", fault.Unavailable, "later")
		},
		"panics":        func(context.Context, job.Step) (job.Outcome, error) { panic("poison") },
		"does nothing":  func(context.Context, job.Step) (job.Outcome, error) { return job.Outcome{}, nil },
		"does too much": func(_ context.Context, step job.Step) (job.Outcome, error) { return prefix(step, step.Count+1), nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runs := 0
			kind := scripted{listSpec("list"), func(ctx context.Context, step job.Step) (job.Outcome, error) {
				runs++
				assert.Equal(t, runs, step.Attempt)
				return run(ctx, step)
			}}
			w := newWorld(t, kind)
			j := w.create(t, kind, "acme", "main:seller:1", 10)
			began := w.Now()
			for range 100 {
				w.drain(t)
				if w.job(t, j).State == job.Failed {
					break
				}
				w.pass(time.Minute)
				w.planned(t)
			}
			assert.Equal(t, job.Failed, w.job(t, j).State)
			assert.Equal(t, job.DefaultTries, runs)
			assert.Greater(t, w.Now().Sub(began), 30*time.Minute, "it was given time")
		})
	}
}

func TestCallersChangeJobs(t *testing.T) {
	t.Parallel()
	var w *world
	var j job.Job
	kind := scripted{listSpec("list"), nil}
	during := func(func(*job.Manager) error) {}
	kind.run = func(ctx context.Context, step job.Step) (job.Outcome, error) {
		if step.Number == 1 {
			during(func(m *job.Manager) error { _, err := m.Pause(ctx, "acme", j.ID); return err })
		}
		return all(ctx, step)
	}
	w = newWorld(t, kind)
	during = func(change func(*job.Manager) error) { require.NoError(t, change(w.manager())) }
	j = w.create(t, kind, "acme", "main:seller:1", 50)
	w.drain(t)
	stored := w.job(t, j)
	assert.Equal(t, job.Paused, stored.State)
	assert.Equal(t, 20, stored.Done, "the step under way was counted")
	assert.Zero(t, w.planned(t))
	again, err := w.manager().Pause(t.Context(), "acme", j.ID)
	require.NoError(t, err)
	assert.Equal(t, stored.Rev, again.Rev, "nothing to change")

	_, err = w.manager().Resume(t.Context(), "globex", j.ID)
	assert.Equal(t, fault.NotFound, fault.KindOf(err), "another owner's")
	during = func(func(*job.Manager) error) {}
	_, err = w.manager().Resume(t.Context(), "acme", j.ID)
	require.NoError(t, err)
	w.drain(t)
	assert.Equal(t, job.Done, w.job(t, j).State)
	for name, change := range map[string]func(context.Context, string, string) (job.Job, error){"pause": w.manager().Pause, "resume": w.manager().Resume, "cancel": w.manager().Cancel} {
		_, err := change(t.Context(), "acme", j.ID)
		assert.Equal(t, fault.Conflict, fault.KindOf(err), name)
	}

	j = w.create(t, kind, "acme", "main:seller:1", 50)
	cancelled, err := w.manager().Cancel(t.Context(), "acme", j.ID)
	require.NoError(t, err)
	assert.Equal(t, job.Cancelled, cancelled.State)
	w.drain(t)
	assert.Zero(t, w.job(t, j).Done)
	_, err = w.manager().Cancel(t.Context(), "acme", j.ID)
	require.NoError(t, err)
}

func TestNoWakeIsNeeded(t *testing.T) {
	t.Parallel()
	kind := scripted{listSpec("list"), all}
	w := newWorld(t, kind)
	w.queue.fail = errors.New("the queue is down")
	j := w.create(t, kind, "acme", "main:seller:1", 10)
	w.queue.fail = nil
	assert.Equal(t, 1, w.planned(t))
	assert.Zero(t, w.planned(t), "it was claimed")
	assert.Equal(t, 1, w.drain(t))
	assert.Equal(t, job.Done, w.job(t, j).State)
}

func TestAWorkerWithoutTimeHandsOn(t *testing.T) {
	t.Parallel()
	kind := scripted{listSpec("list"), all}
	w := newWorld(t, kind)
	j := w.create(t, kind, "acme", "main:seller:1", 10)
	wake, _ := w.queue.take()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	require.NoError(t, w.worker().Work(ctx, wake))
	assert.Zero(t, w.job(t, j).Done)
	assert.Equal(t, 1, w.drain(t), "another was woken")
	assert.Equal(t, job.Done, w.job(t, j).State)
}

func TestOpenKindsSayWhenTheyAreDone(t *testing.T) {
	t.Parallel()
	kind := scripted{job.Spec{Name: "export", StepItems: 5, Open: true, File: &job.File{Extension: "csv", MediaType: "text/csv", Head: "n\n"}}, nil}
	kind.run = func(_ context.Context, step job.Step) (job.Outcome, error) {
		at := 0
		if step.Job.Cursor != nil {
			if err := json.Unmarshal(step.Job.Cursor, &at); err != nil {
				return job.Outcome{}, err
			}
		}
		cursor, err := json.Marshal(at + 1)
		out := prefix(step, at%3) // some steps come to nothing
		out.Cursor, out.Last, out.Total = cursor, at == 6, 6
		out.Text = string(rune('a'+at)) + "\n"
		return out, err
	}
	w := newWorld(t, kind)
	j, err := w.manager().Create(t.Context(), kind.spec, job.Ask{Owner: "acme", Params: json.RawMessage(`{"from":"x"}`)}, 0)
	require.NoError(t, err)
	assert.Equal(t, job.OwnerLane("acme"), j.Lane)
	w.drain(t)
	j = w.job(t, j)
	require.Equal(t, job.Done, j.State, j.Problem)
	assert.Equal(t, 6, j.Done)
	assert.JSONEq(t, `{"from":"x"}`, string(j.Params))
	url, err := w.objects.URL(t.Context(), j.FileKey, "export.csv", time.Minute)
	require.NoError(t, err)
	assert.Equal(t, "n\na\nb\nc\nd\ne\nf\ng\n", string(fetch(t, url)))
}

func TestALargeFileIsMadeInParts(t *testing.T) {
	t.Parallel()
	kind := scripted{job.Spec{Name: "export", StepItems: 5, Open: true, File: &job.File{Extension: "csv", MediaType: "text/csv"}}, nil}
	kind.run = func(_ context.Context, step job.Step) (job.Outcome, error) {
		return job.Outcome{Text: string(bytes.Repeat([]byte{byte('a' + step.Number)}, 2<<20)), Last: step.Number == 6}, nil
	}
	w := newWorld(t, kind)
	j, err := w.manager().Create(t.Context(), kind.spec, job.Ask{Owner: "acme"}, 0)
	require.NoError(t, err)
	w.drain(t)
	j = w.job(t, j)
	require.Equal(t, job.Done, j.State)
	assert.Equal(t, 2, j.FilePart, "two full parts and a rest")
	url, err := w.objects.URL(t.Context(), j.FileKey, "export.csv", time.Minute)
	require.NoError(t, err)
	file := fetch(t, url)
	require.Len(t, file, 14<<20)
	for i := range 7 {
		assert.Equal(t, byte('a'+i), file[i<<21])
	}
}

func TestJobsAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	kind := scripted{listSpec("list"), all}
	w := newWorld(t, kind)
	var ids []string
	for i := range 7 {
		j := w.create(t, kind, "acme", "main:seller:1", 1)
		if i%3 == 0 {
			_, err := w.manager().Cancel(t.Context(), "acme", j.ID)
			require.NoError(t, err)
		}
		ids = append([]string{j.ID}, ids...)
		w.pass(time.Second)
	}
	w.create(t, kind, "globex", "main:seller:1", 1)
	list := func(state job.State) (got []string) {
		after, pages := "", 0
		for {
			jobs, next, err := w.manager().Jobs(t.Context(), "acme", state, after, 2)
			require.NoError(t, err)
			for _, j := range jobs {
				got = append(got, j.ID)
			}
			if after = next; after == "" {
				return got
			}
			pages++
			require.Less(t, pages, 10)
		}
	}
	assert.Equal(t, ids, list(""))
	assert.Equal(t, []string{ids[0], ids[3], ids[6]}, list(job.Cancelled))
	assert.Empty(t, list(job.Failed))
}
