package dynamo

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/eventschema"
	"tiktok-shop-affiliate/shared/bus"
	"tiktok-shop-affiliate/shared/connection"
)

func TestStreamItem(t *testing.T) {
	t.Parallel()
	var image map[string]events.DynamoDBAttributeValue
	require.NoError(t, json.Unmarshal([]byte(`{"s":{"S":"a"},"n":{"N":"1.5"},"b":{"B":"AQI="},"bool":{"BOOL":true},"null":{"NULL":true},
		"ss":{"SS":["a","b"]},"ns":{"NS":["1","2"]},"bs":{"BS":["AQ=="]},"m":{"M":{"in":{"L":[{"S":"x"},{"M":{}}]}}}}`), &image))
	got, err := streamItem(image)
	require.NoError(t, err)
	assert.Equal(t, Item{
		"s": str("a"), "n": &types.AttributeValueMemberN{Value: "1.5"}, "b": &types.AttributeValueMemberB{Value: []byte{1, 2}},
		"bool": &types.AttributeValueMemberBOOL{Value: true}, "null": &types.AttributeValueMemberNULL{Value: true},
		"ss": &types.AttributeValueMemberSS{Value: []string{"a", "b"}}, "ns": &types.AttributeValueMemberNS{Value: []string{"1", "2"}},
		"bs": &types.AttributeValueMemberBS{Value: [][]byte{{1}}},
		"m":  &types.AttributeValueMemberM{Value: Item{"in": &types.AttributeValueMemberL{Value: []types.AttributeValue{str("x"), &types.AttributeValueMemberM{Value: Item{}}}}}},
	}, got)
	none, err := streamItem(nil)
	require.NoError(t, err)
	assert.Nil(t, none)
}

// described holds changes, told to an owner as the publisher does, against the
// schemas of docs/events.
func described(t *testing.T, changes []Change) {
	t.Helper()
	schemas, err := eventschema.Load()
	require.NoError(t, err)
	for _, c := range changes {
		data, err := json.Marshal(c.Data)
		require.NoError(t, err)
		event := bus.Event{
			ID: strings.Repeat("0", 32), Type: c.Type, Time: c.Time, Owner: "owner-a",
			Account: string(c.Account), Asset: string(c.Asset), Data: data,
		}
		if c.Account != "" {
			event.Connection = connection.NewID(event.Owner, c.Account)
		}
		detail, err := json.Marshal(event)
		require.NoError(t, err)
		assert.NoError(t, schemas.Check(detail), string(detail))
	}
}

// FuzzChanges reads stream records of items that are not what our code writes:
// an item that somebody changed by hand must not stop a shard.
func FuzzChanges(f *testing.F) {
	f.Add(`{"entity":{"S":"account"},"pk":{"S":"account#a"},"sk":{"S":"account"},"state":{"S":"revoked"},"rev":{"N":"2"}}`, `{"entity":{"S":"account"},"state":{"S":"active"}}`)
	f.Add(`{"entity":{"S":"order"},"pk":{"S":"rows#a"},"sk":{"S":"1#2"},"raw":{"B":"AQ=="},"history":{"L":[]},"rev":{"N":"x"}}`, `{}`)
	f.Add(`{"entity":{"S":"review"},"verdict":{"M":{}},"rev":{"N":"1"}}`, `{"entity":{"S":"link"}}`)
	f.Add(`{"entity":{"S":"content"},"changed_at":{"N":"99999999999999"},"rev":{"N":"1"}}`, ``)
	f.Add(`{"entity":{"N":"1"}}`, `{"entity":{"S":"connection"}}`)
	f.Add(`{"entity":{"S":"asset"},"state":{"S":"deauthorized"}}`, `{"entity":{"S":"asset"},"state":{"S":"active"}}`)
	f.Fuzz(func(t *testing.T, current, old string) {
		record := events.DynamoDBEventRecord{EventName: "MODIFY"}
		if json.Unmarshal([]byte(current), &record.Change.NewImage) != nil || json.Unmarshal([]byte(old), &record.Change.OldImage) != nil {
			return
		}
		changes, err := Changes(record)
		if err != nil {
			return
		}
		for _, change := range changes {
			assert.NotEmpty(t, change.Type)
			assert.NotEmpty(t, change.ID)
			_, err := json.Marshal(change.Data)
			assert.NoError(t, err)
		}
	})
}
