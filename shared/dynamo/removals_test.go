package dynamo

import (
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/fault"
)

// image is an item as a stream carries it.
func image(texts map[string]string, rev string) map[string]events.DynamoDBAttributeValue {
	out := map[string]events.DynamoDBAttributeValue{"rev": events.NewNumberAttribute(rev)}
	for name, text := range texts {
		out[name] = events.NewStringAttribute(text)
	}
	return out
}

func TestRemovedConnectionIsTold(t *testing.T) {
	t.Parallel()
	old := image(map[string]string{
		"pk": "owner#owner-a", "sk": "connection#conn_1", "entity": "connection", "connection_id": "conn_1", "owner": "owner-a",
		"account": "main:seller:test", "market": "US",
	}, "1795348801")
	changes, err := Changes(events.DynamoDBEventRecord{EventName: "REMOVE", Change: events.DynamoDBStreamRecord{OldImage: old}})
	require.NoError(t, err)
	require.Len(t, changes, 1)
	assert.Equal(t, "connection.removed", changes[0].Type)
	assert.Equal(t, "owner-a", changes[0].Owner, "the owner is told, connected no more")
	assert.Equal(t, account.ID("main:seller:test"), changes[0].Account)
	assert.Equal(t, "owner#owner-a/connection#conn_1#1795348801#gone#connection.removed", changes[0].ID)
	changes, err = Changes(events.DynamoDBEventRecord{Change: events.DynamoDBStreamRecord{OldImage: old, NewImage: old}})
	require.NoError(t, err)
	assert.Empty(t, changes)
}

// What happens to an account without an owner is nobody's news.
func TestOwnerlessAccountsAreNotTold(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]account.State{
		{account.Active, account.Disconnecting}, {account.Revoked, account.Disconnecting}, {account.Disconnecting, account.Disconnected},
		{account.Disconnected, account.Active}, {account.Unclaimed, account.Active}, {account.Unclaimed, account.Disconnected},
	} {
		old := Item{attrEntity: str(entityAccount), "state": str(string(c[0])), "authorized_at": num(1), "scopes": strs([]string{"a"})}
		current := Item{attrEntity: str(entityAccount), "state": str(string(c[1])), "authorized_at": num(2), "scopes": strs([]string{"b"})}
		assert.Empty(t, nounChanges(old, current, entityAccount), "%s to %s", c[0], c[1])
	}
	asset := func(state account.AssetState, more Item) Item {
		item := Item{attrEntity: str(entityAsset), "state": str(string(state)), "asset": str("shop:1")}
		for name, value := range more {
			item[name] = value
		}
		return item
	}
	assert.Len(t, nounChanges(asset(account.AssetActive, nil), asset(account.AssetDeauthorized, nil), entityAsset), 1)
	assert.Empty(t, nounChanges(asset(account.AssetActive, nil), asset(account.AssetDeauthorized, Item{attrTTL: num(1)}), entityAsset), "one let go")
}

// A connection made once more after it was removed never repeats a revision,
// and so no event id.
func TestRevisionsOfAConnectionGoOn(t *testing.T) {
	t.Parallel()
	c := newConnections(t)
	rev := func(e connection.Enrolment) int64 {
		out, err := c.client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &c.table, Key: itemKey(ownerPK(e.Connection.Owner), connectionSK(e.Connection.ID))})
		require.NoError(t, err)
		return number(out.Item, attrRev)
	}
	e := consented(t, c, "owner-a", "state-1", consentAt, "shop:1")
	require.NoError(t, c.Enrol(t.Context(), e))
	first := rev(e)
	require.NoError(t, c.Enrol(t.Context(), consented(t, c, "owner-a", "state-2", consentAt, "shop:1")))
	assert.Equal(t, first+1, rev(e))
	removal, err := c.Remove(t.Context(), "owner-a", e.Connection.ID, consentAt.Add(time.Minute))
	require.NoError(t, err)
	assert.True(t, removal.Last)
	require.NoError(t, c.Enrol(t.Context(), consented(t, c, "owner-a", "state-3", consentAt.Add(time.Hour), "shop:1")))
	assert.Greater(t, rev(e), first+1)
	stored, err := c.Account(t.Context(), e.Account.ID)
	require.NoError(t, err)
	assert.Equal(t, account.Active, stored.State, "a new consent brings it back")
	assert.Equal(t, int64(3), stored.Generation, "it was not shredded in between")
}

func TestShredOnlyWhatHasNoOwner(t *testing.T) {
	t.Parallel()
	c := newConnections(t)
	e := consented(t, c, "owner-a", "state-1", consentAt, "shop:1")
	require.NoError(t, c.Enrol(t.Context(), e))
	a, err := c.Account(t.Context(), e.Account.ID)
	require.NoError(t, err)
	require.ErrorIs(t, c.Shred(t.Context(), a, consentAt), account.ErrStale)
	require.ErrorIs(t, c.Postpone(t.Context(), a, consentAt), account.ErrStale)
	_, err = c.Remove(t.Context(), "owner-b", e.Connection.ID, consentAt)
	assert.Equal(t, fault.NotFound, fault.KindOf(err), "another owner's")
	_, err = c.Remove(t.Context(), "owner-a", e.Connection.ID, consentAt)
	require.NoError(t, err)
	a, err = c.Account(t.Context(), e.Account.ID)
	require.NoError(t, err)
	require.ErrorIs(t, c.Revoke(t.Context(), a.ID, a.Generation, account.Deauthorized, consentAt), account.ErrStale, "it stays what it is")
	older := a
	older.Generation--
	require.ErrorIs(t, c.Shred(t.Context(), older, consentAt), account.ErrStale)
	require.NoError(t, c.Shred(t.Context(), a, consentAt))
	held, err := c.Holdings(t.Context(), "shop:1")
	require.NoError(t, err)
	assert.Empty(t, held)
	require.ErrorIs(t, c.Shred(t.Context(), a, consentAt), account.ErrStale, "once")
	for _, generation := range []int64{a.Generation, a.Generation + 1} {
		_, err = c.Lease(t.Context(), a.ID, generation, consentAt, consentAt.Add(time.Minute))
		require.ErrorIs(t, err, account.ErrStale)
		require.ErrorIs(t, c.Revoke(t.Context(), a.ID, generation, account.Deauthorized, consentAt), account.ErrStale)
	}
	require.ErrorIs(t, c.SaveTokens(t.Context(), a, consentAt), account.ErrStale)
}
