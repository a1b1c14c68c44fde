package dynamo

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/feed"
)

func TestFeedKeepsChunks(t *testing.T) {
	t.Parallel()
	store := NewFeed(dynamodb.NewFromConfig(awstest.Config(t)), awstest.Table(t, "FeedTable"))
	_, found, err := store.Last(t.Context(), "owner-a")
	require.NoError(t, err)
	assert.False(t, found)

	at := time.Date(2026, 11, 27, 12, 0, 0, 123e6, time.UTC)
	noise := make([]byte, 150_000) // cannot be compressed
	for i := range noise {
		noise[i] = byte(rand.UintN(256)) //nolint:gosec // noise
	}
	large, err := json.Marshal(noise)
	require.NoError(t, err)
	want := []feed.Chunk{
		{Seq: 9, At: at, Events: []json.RawMessage{[]byte(`{"a":"\u003c"}`), []byte(`{"b":2}`)}, First: true},
		{Seq: 10, At: at, Events: []json.RawMessage{large}},
		{Seq: 11, At: at, Sealed: true},
	}
	for _, chunk := range want {
		taken, err := store.Put(t.Context(), "owner-a", chunk)
		require.NoError(t, err)
		assert.True(t, taken)
		taken, err = store.Put(t.Context(), "owner-a", chunk)
		require.NoError(t, err)
		assert.False(t, taken, "a number is taken once")
	}
	taken, err := store.Put(t.Context(), "owner-b", feed.Chunk{Seq: 12, At: at})
	require.NoError(t, err)
	assert.True(t, taken)

	got, more, err := store.Chunks(t.Context(), "owner-a", 0, 2)
	require.NoError(t, err)
	assert.Equal(t, want[:2], got)
	assert.True(t, more)
	got, more, err = store.Chunks(t.Context(), "owner-a", 10, 5)
	require.NoError(t, err)
	assert.Equal(t, want[1:], got)
	assert.False(t, more)
	last, found, err := store.Last(t.Context(), "owner-a")
	require.NoError(t, err)
	assert.True(t, found)
	assert.Equal(t, want[2], last)

	for _, c := range []struct{ next, oldest, agreed int64 }{{100, 50, 100}, {101, 51, 100}, {102, 100, 100}, {103, 101, 103}, {104, 101, 103}} {
		agreed, err := store.Agree(t.Context(), "owner-a", c.next, c.oldest)
		require.NoError(t, err)
		assert.Equal(t, c.agreed, agreed)
	}
}

// TestFeedUnderManyWriters has writers of one owner meet at the real store.
func TestFeedUnderManyWriters(t *testing.T) {
	t.Parallel()
	store := NewFeed(dynamodb.NewFromConfig(awstest.Config(t)), awstest.Table(t, "FeedTable"))
	const writers, batches = 4, 8
	var group sync.WaitGroup
	for n := range writers {
		group.Go(func() {
			w := feed.NewWriter(store, time.Now)
			for b := range batches {
				_, err := w.Append(t.Context(), "owner-a", []json.RawMessage{fmt.Appendf(nil, "[%d,%d]", n, b)})
				assert.NoError(t, err)
			}
		})
	}
	r := feed.NewReader(store, time.Now)
	next := map[int]int{}
	var at feed.Position
	for seen := 0; seen < writers*batches; {
		page, err := r.After(t.Context(), "owner-a", at, 3)
		require.NoError(t, err)
		for _, event := range page.Events {
			var of [2]int
			require.NoError(t, json.Unmarshal(event, &of))
			assert.Equal(t, next[of[0]], of[1], "writer %d", of[0])
			next[of[0]]++
			seen++
		}
		at = page.After
	}
	group.Wait()
	page, err := r.After(t.Context(), "owner-a", at, 3)
	require.NoError(t, err)
	assert.Empty(t, page.Events)
}

// TestFeedCost holds what a batch of order events costs to write, and a look at
// a log without news.
func TestFeedCost(t *testing.T) {
	t.Parallel()
	client, table := dynamodb.NewFromConfig(awstest.Config(t)), awstest.Table(t, "FeedTable")
	var events []json.RawMessage
	for i := range 100 {
		events = append(events, fmt.Appendf(nil, `{"id":"%032x","type":"order.created","time":"2026-11-27T10:%02d:00Z","owner":"owner-a","asset":"shop:7495540735365777507","data":{"asset":"shop:7495540735365777507","perspective":"seller","created_at":"2026-11-27T10:%02d:00Z","order_id":"57665368813525%04d","sku_id":"17295929697122%04d","ordinal":0,"product_id":"1729592969712207%03d","product_name":"A product with a name of usual length, in two colours","shop_name":"Aurora Home","creator_username":"mia.lane","content_type":"VIDEO","content_id":"7412345678901234%03d","quantity":1,"price":{"amount":"%d.99","currency":"USD"},"commission_base":{"rate_bp":null,"estimated":{"amount":"%d.99","currency":"USD"},"actual":null},"commissions":{"standard":{"rate_bp":1200,"estimated":{"amount":"%d.24","currency":"USD"},"actual":null}},"status":"pending","status_text":"To be settled","first_seen_at":"2026-11-27T10:%02d:09Z","changed_at":"2026-11-27T10:%02d:09Z","history":[{"at":"2026-11-27T10:%02d:09Z","to":"pending"}],"revision":1}}`,
			rand.Uint64(), i%60, i%60, i*37%9999, i*91%9999, i%7, i%13, i, i, i, i%60, i%60, i%60))
	}
	packed, err := packEvents(events)
	require.NoError(t, err)
	one, err := packEvents(events[:1])
	require.NoError(t, err)
	for _, c := range []struct {
		packed []byte
		most   float64
	}{{packed, 15}, {one, 1}} {
		item := itemKey(feedPK("owner-a"), feedSK(int64(len(c.packed))))
		item[attrEntity], item["events"] = str(entityFeed), &types.AttributeValueMemberB{Value: c.packed}
		out, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal})
		require.NoError(t, err)
		t.Logf("%d bytes: %.0f write units", len(c.packed), *out.ConsumedCapacity.CapacityUnits)
		assert.LessOrEqual(t, *out.ConsumedCapacity.CapacityUnits, c.most)
	}
	out, err := client.Query(t.Context(), &dynamodb.QueryInput{
		TableName: &table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :pk AND sk >= :from"),
		ExpressionAttributeValues: Item{":pk": str(feedPK("owner-a")), ":from": str(feedSK(1 << 40))}, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	})
	require.NoError(t, err)
	assert.LessOrEqual(t, *out.ConsumedCapacity.CapacityUnits, 1.0)
}
