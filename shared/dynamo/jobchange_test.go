package dynamo

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/job"
)

func TestTheWorldHearsOfAJobOnceItIsOver(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	item := func(state job.State) Item {
		j := job.Job{Owner: "acme", ID: "job_1", Kind: "links", Lane: "account#a", Asset: "shop:1", State: state, Total: 9, Done: 5, Failed: 1, CreatedAt: at}
		if state.Over() {
			j.FinishedAt = at.Add(time.Minute)
		}
		item, err := nounItem(entityJob, jobsPK("acme"), jobSK("job_1"), j)
		require.NoError(t, err)
		return item
	}
	for _, over := range []job.State{job.Done, job.Failed, job.Cancelled} {
		changes := nounChanges(item(job.Running), item(over), entityJob)
		require.Len(t, changes, 1)
		assert.Equal(t, "job.finished", changes[0].Type)
		assert.Equal(t, "acme", changes[0].Owner)
		assert.Equal(t, at.Add(time.Minute), changes[0].Time)
		data, err := json.Marshal(changes[0].Data)
		require.NoError(t, err)
		assert.JSONEq(t, `{"job_id":"job_1","kind":"links","state":"`+string(over)+`","asset":"shop:1","total":9,"done":5,"failed":1,"created_at":"2026-11-27T10:00:00Z","finished_at":"2026-11-27T10:01:00Z"}`, string(data))
		assert.Empty(t, jobChange(item(over), item(over)), "the step that was under way is no news")
		assert.Empty(t, jobChange(item(over), nil), "nor that it expired")
	}
	assert.Empty(t, jobChange(nil, item(job.Queued)))
	assert.Empty(t, jobChange(item(job.Running), item(job.Waiting)))
}
