package blob_test

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/blob"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/job"
)

func bucket(t *testing.T) *blob.Bucket {
	t.Helper()
	return blob.New(awstest.Config(t), awstest.Bucket(t))
}

func TestTheFirstObjectStays(t *testing.T) {
	t.Parallel()
	b := bucket(t)
	_, err := b.Get(t.Context(), "jobs/a/1")
	assert.Equal(t, fault.NotFound, fault.KindOf(err))
	require.NoError(t, b.Create(t.Context(), "jobs/a/1", []byte("first")))
	require.ErrorIs(t, b.Create(t.Context(), "jobs/a/1", []byte("second")), job.ErrExists)
	body, err := b.Get(t.Context(), "jobs/a/1")
	require.NoError(t, err)
	assert.Equal(t, "first", string(body))
}

func TestOfManyAtOnceOneStays(t *testing.T) {
	t.Parallel()
	b := bucket(t)
	var created atomic.Int32
	var writers sync.WaitGroup
	for i := range 16 {
		writers.Go(func() {
			err := b.Create(t.Context(), "jobs/a/1", []byte{byte('a' + i)})
			if err == nil {
				created.Add(1)
				return
			}
			assert.ErrorIs(t, err, job.ErrExists)
		})
	}
	writers.Wait()
	assert.EqualValues(t, 1, created.Load())
}

func TestFilesOfParts(t *testing.T) {
	t.Parallel()
	b := bucket(t)
	upload, err := b.StartUpload(t.Context(), "jobs/a/file.csv", "text/csv")
	require.NoError(t, err)
	first := bytes.Repeat([]byte("1"), job.MinPart)
	require.NoError(t, b.StorePart(t.Context(), "jobs/a/file.csv", upload, 2, []byte("rest")))
	require.NoError(t, b.StorePart(t.Context(), "jobs/a/file.csv", upload, 1, first))
	require.NoError(t, b.StorePart(t.Context(), "jobs/a/file.csv", upload, 1, first), "again")
	_, err = b.Get(t.Context(), "jobs/a/file.csv")
	assert.Equal(t, fault.NotFound, fault.KindOf(err), "not before it is whole")
	require.NoError(t, b.FinishUpload(t.Context(), "jobs/a/file.csv", upload))
	require.NoError(t, b.FinishUpload(t.Context(), "jobs/a/file.csv", upload), "again")
	err = b.FinishUpload(t.Context(), "jobs/a/other.csv", upload)
	assert.Equal(t, fault.NotFound, fault.KindOf(err))

	url, err := b.URL(t.Context(), "jobs/a/file.csv", "mine.csv", time.Minute)
	require.NoError(t, err)
	assert.Contains(t, url, "X-Amz-Expires=60")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, append(first, "rest"...), body)
	assert.Equal(t, "text/csv", response.Header.Get("Content-Type"))
	assert.Equal(t, `attachment; filename="mine.csv"`, response.Header.Get("Content-Disposition"))
}

func TestABucketThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	b := blob.New(awstest.Config(t), "test-no-such-bucket")
	_, err := b.Get(t.Context(), "a")
	assert.Equal(t, fault.Unavailable, fault.KindOf(err))
	assert.Equal(t, fault.Unavailable, fault.KindOf(b.Create(t.Context(), "a", nil)))
}
