package dynamo

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/quota"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

func TestManyAreReadTogether(t *testing.T) {
	t.Parallel()
	names := awstest.Tables(t)
	client := dynamodb.NewFromConfig(awstest.Config(t))
	connections, orders, quotas := NewConnections(client, names.Accounts, names.Orders), NewOrders(client, names.Orders), NewQuotas(client, names.Accounts)

	var assets []account.AssetID
	var keys []quota.Key
	for i := range 250 {
		asset := account.ShopAsset(fmt.Sprint(i))
		key := quota.Key{App: "key", Asset: string(asset), Class: tiktokshop.Reads}
		assets, keys = append(assets, asset), append(keys, key)
		if i%2 == 0 {
			continue
		}
		enrol := enrolOrders(names.Orders, asset, deliveredAt).Update
		_, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
			TableName: enrol.TableName, Key: enrol.Key, UpdateExpression: enrol.UpdateExpression, ExpressionAttributeValues: enrol.ExpressionAttributeValues,
		})
		require.NoError(t, err)
		require.NoError(t, quotas.Save(t.Context(), key, quota.State{Strikes: i}, deliveredAt.Add(time.Hour)))
	}
	standings, err := orders.Standings(t.Context(), assets)
	require.NoError(t, err)
	assert.Len(t, standings, 125)
	for _, s := range standings {
		assert.Contains(t, assets, s.Asset)
		assert.Equal(t, order.Standing{Asset: s.Asset, WantedAt: deliveredAt}, s)
	}
	states, err := quotas.States(t.Context(), keys)
	require.NoError(t, err)
	assert.Len(t, states, 125)
	assert.Equal(t, 7, states[keys[7]].Strikes)
	assert.Equal(t, 249, states[keys[249]].Strikes)

	for i := range 30 {
		id := account.NewID("main", tiktokshop.CreatorAccount, fmt.Sprint(i))
		item := connections.connectionItem(connection.Connection{ID: connection.NewID("acme", id), Owner: "acme", Account: id, ConnectedAt: deliveredAt}).Update
		_, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
			TableName: item.TableName, Key: item.Key, UpdateExpression: item.UpdateExpression, ExpressionAttributeNames: item.ExpressionAttributeNames,
			ExpressionAttributeValues: item.ExpressionAttributeValues,
		})
		require.NoError(t, err)
	}
	for most, more := range map[int]bool{10: true, 29: true, 30: false, 100: false} {
		found, others, err := connections.All(t.Context(), "acme", most)
		require.NoError(t, err)
		assert.Len(t, found, min(most, 30))
		assert.Equal(t, more, others, most)
	}
}
