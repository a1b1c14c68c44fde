package dynamo

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/delivery"
)

func TestAudience(t *testing.T) {
	t.Parallel()
	b := newDeliveryBench(t)
	at := deliveredAt
	connect := func(id account.ID, owners ...string) {
		items := []types.TransactWriteItem{
			b.connections.accountItem(account.Account{ID: id, State: account.Active, AuthorizedAt: at.Add(-time.Hour)}, owners[0], at),
			b.connections.assetItem(account.Asset{ID: "shop:1", Account: id, State: account.AssetActive, AuthorizedAt: at.Add(-time.Hour)}, false),
		}
		for _, owner := range owners {
			items = append(items, b.connections.connectionItem(connection.Connection{ID: "conn_" + string(id), Owner: owner, Account: id}))
		}
		_, err := b.client.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: items})
		require.NoError(t, err)
	}
	connect("main:seller:a", "owner-1", "owner-2")
	connect("main:seller:b", "owner-2", "owner-3")
	connect("main:seller:c", "owner-4")
	require.NoError(t, b.Save(t.Context(), record("1"), delivery.Applied, []delivery.Effect{delivery.Deauthorized{Asset: "shop:1", Account: "main:seller:b", At: at}}))
	require.NoError(t, b.Save(t.Context(), record("2"), delivery.Applied, []delivery.Effect{delivery.Revoked{Account: "main:seller:c", At: at}}))

	for _, c := range []struct {
		name   string
		change Change
		want   []string
	}{
		{"the owner it names", Change{Owner: "owner-9", Asset: "shop:1", WrittenAt: at}, []string{"owner-9"}},
		{"all of the account it names", Change{Account: "main:seller:b", Asset: "shop:1", WrittenAt: at.Add(time.Hour)}, []string{"owner-2", "owner-3"}},
		{"all who held it when it was written", Change{Asset: "shop:1", WrittenAt: at}, []string{"owner-1", "owner-2", "owner-3", "owner-4"}},
		{"what was under way when it was lost", Change{Asset: "shop:1", WrittenAt: at.Add(winddown)}, []string{"owner-1", "owner-2", "owner-3", "owner-4"}},
		{"only those who still hold it", Change{Asset: "shop:1", WrittenAt: at.Add(winddown + time.Second)}, []string{"owner-1", "owner-2"}},
		{"an asset of no one", Change{Asset: "shop:9", WrittenAt: at}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			owners, err := NewAudience(b.connections).Of(t.Context(), c.change)
			require.NoError(t, err)
			assert.ElementsMatch(t, c.want, owners)
		})
	}
}
