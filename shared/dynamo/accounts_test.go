package dynamo

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/fault"
)

var consentAt = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newConnections(t *testing.T) *Connections {
	t.Helper()
	names := awstest.Tables(t)
	return NewConnections(dynamodb.NewFromConfig(awstest.Config(t)), names.Accounts, names.Orders)
}

// consented is the enrolment of a seller with these shops.
func consented(t *testing.T, c *Connections, owner, state string, at time.Time, shops ...account.AssetID) connection.Enrolment {
	t.Helper()
	id := account.ID("main:seller:test-seller")
	require.NoError(t, c.PutState(t.Context(), state, connection.Pending{ExpiresAt: at.Add(time.Hour)}))
	e := connection.Enrolment{
		State: state, RefreshAt: at.Add(time.Hour),
		Account: account.Account{
			ID: id, Name: "Test Seller", Region: "US", Scopes: []string{"test-scope"}, State: account.Active, AuthorizedAt: at, RefreshedAt: at,
			AccessExpiresAt: at.Add(2 * time.Hour), RefreshExpiresAt: at.Add(99 * 365 * 24 * time.Hour), Sealed: []byte("test-sealed-" + state),
		},
		Connection: connection.Connection{ID: connection.NewID(owner, id), Owner: owner, Account: id, Market: "US", ConnectedAt: at},
	}
	for _, shop := range shops {
		e.Assets = append(e.Assets, account.Asset{ID: shop, Account: id, Cipher: "test-cipher", Name: "Shop", Region: "US", State: account.AssetActive, AuthorizedAt: at})
	}
	return e
}

func TestEnrol(t *testing.T) {
	t.Parallel()
	c := newConnections(t)
	e := consented(t, c, "owner-a", "state-1", consentAt, "shop:1", "shop:2")
	require.NoError(t, c.Enrol(t.Context(), e))
	require.ErrorIs(t, c.Enrol(t.Context(), e), connection.ErrUsed)

	stored, err := c.Account(t.Context(), e.Account.ID)
	require.NoError(t, err)
	want := e.Account
	want.Generation = 1
	assert.Equal(t, want, stored)
	found, err := c.Connection(t.Context(), "owner-a", e.Connection.ID)
	require.NoError(t, err)
	want2 := e.Connection.Of(stored, e.Assets)
	want2.CreatedAt = consentAt
	assert.Equal(t, want2, found)
	due, err := c.client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &c.orders, Key: itemKey(schedulePK("shop:2"), scheduleSK())})
	require.NoError(t, err)
	assert.Equal(t, consentAt.Unix(), number(due.Item, attrDueAt))

	later := consentAt.Add(time.Hour)
	require.NoError(t, c.Enrol(t.Context(), consented(t, c, "owner-a", "state-2", later, "shop:2", "shop:3")))
	stored, err = c.Account(t.Context(), e.Account.ID)
	require.NoError(t, err)
	assert.Equal(t, int64(2), stored.Generation)
	found, err = c.Connection(t.Context(), "owner-a", e.Connection.ID)
	require.NoError(t, err)
	assert.Equal(t, consentAt, found.CreatedAt)
	assert.Equal(t, later, found.ConnectedAt)
	states := map[account.AssetID]account.AssetState{}
	for _, asset := range found.Assets {
		states[asset.ID] = asset.State
	}
	assert.Equal(t, map[account.AssetID]account.AssetState{
		"shop:1": account.AssetDeauthorized, "shop:2": account.AssetActive, "shop:3": account.AssetActive,
	}, states, "what the new consent leaves out is gone")
}

func TestEnrolAtTheSameTime(t *testing.T) {
	t.Parallel()
	c := newConnections(t)
	var enrolments []connection.Enrolment
	for n := range 6 {
		enrolments = append(enrolments, consented(t, c, fmt.Sprintf("owner-%d", n), fmt.Sprintf("state-%d", n), consentAt, "shop:1"))
	}
	var group sync.WaitGroup
	for _, e := range enrolments {
		group.Go(func() { assert.NoError(t, c.Enrol(t.Context(), e)) })
	}
	group.Wait()
	stored, err := c.Account(t.Context(), enrolments[0].Account.ID)
	require.NoError(t, err)
	assert.Equal(t, int64(6), stored.Generation)
	owners, err := c.Owners(t.Context(), stored.ID)
	require.NoError(t, err)
	assert.Len(t, owners, 6)
}

func TestStateIsClaimedByOne(t *testing.T) {
	t.Parallel()
	c := newConnections(t)
	require.NoError(t, c.PutState(t.Context(), "state", connection.Pending{Browser: "test-browser", ExpiresAt: consentAt}))
	until := consentAt.Add(time.Minute)
	require.NoError(t, c.ClaimState(t.Context(), "state", consentAt, until))
	require.ErrorIs(t, c.ClaimState(t.Context(), "state", consentAt, until), account.ErrStale)
	require.NoError(t, c.ReleaseState(t.Context(), "state", "test-code", []byte("test-parked")))
	require.NoError(t, c.ClaimState(t.Context(), "state", consentAt, until))
	require.NoError(t, c.ClaimState(t.Context(), "state", until, until.Add(time.Minute)), "the claim of the dead ends")
	pending, err := c.State(t.Context(), "state")
	require.NoError(t, err)
	assert.Equal(t, connection.Pending{Browser: "test-browser", ExpiresAt: consentAt, Code: "test-code", Parked: []byte("test-parked")}, pending)
	_, err = c.State(t.Context(), "another")
	assert.Equal(t, fault.NotFound, fault.KindOf(err))
	require.ErrorIs(t, c.ClaimState(t.Context(), "another", consentAt, until), account.ErrStale)
}

func TestConnectionsOfAnOwnerByPage(t *testing.T) {
	t.Parallel()
	c := newConnections(t)
	var want []string
	for n := range 5 {
		e := consented(t, c, "owner-a", fmt.Sprintf("state-%d", n), consentAt)
		e.Account.ID = account.ID(fmt.Sprintf("main:seller:test-%d", n))
		e.Connection.ID, e.Connection.Account = fmt.Sprintf("conn_%d", n), e.Account.ID
		require.NoError(t, c.Enrol(t.Context(), e))
		want = append(want, e.Connection.ID)
	}
	require.NoError(t, c.Enrol(t.Context(), consented(t, c, "owner-b", "state-b", consentAt)))
	var got []string
	for after := ""; ; {
		page, next, err := c.Connections(t.Context(), "owner-a", after, 2)
		require.NoError(t, err)
		for _, one := range page {
			got = append(got, one.ID)
		}
		if after = next; next == "" {
			break
		}
	}
	assert.Equal(t, want, got)
	_, err := c.Connection(t.Context(), "owner-b", "conn_0")
	assert.Equal(t, fault.NotFound, fault.KindOf(err))
}

func TestLeaseAndFence(t *testing.T) {
	t.Parallel()
	c := newConnections(t)
	e := consented(t, c, "owner-a", "state", consentAt, "shop:1")
	require.NoError(t, c.Enrol(t.Context(), e))
	id, until := e.Account.ID, consentAt.Add(time.Minute)
	lease := func(generation int64, now time.Time) error {
		_, err := c.Lease(t.Context(), id, generation, now, now.Add(time.Minute))
		return err
	}
	require.NoError(t, lease(1, consentAt))
	require.ErrorIs(t, lease(1, until.Add(-time.Millisecond)), account.ErrStale, "held")
	require.ErrorIs(t, lease(2, until), account.ErrStale, "another generation")
	require.NoError(t, lease(1, until), "the lease of the dead ends")

	failed := account.Account{ID: id, Generation: 1, State: account.Suspect, SuspectSince: until, RetryAt: until.Add(time.Hour)}
	require.NoError(t, c.SaveFailure(t.Context(), failed))
	require.ErrorIs(t, lease(1, until.Add(time.Minute)), account.ErrStale, "not before the time to retry")
	require.NoError(t, lease(1, until.Add(time.Hour)))

	renewed := e.Account
	renewed.Generation, renewed.Sealed = 1, []byte("test-renewed")
	require.NoError(t, c.SaveTokens(t.Context(), renewed, until.Add(2*time.Hour)))
	require.ErrorIs(t, c.SaveTokens(t.Context(), renewed, until), account.ErrStale)
	require.ErrorIs(t, c.SaveFailure(t.Context(), failed), account.ErrStale)
	require.ErrorIs(t, c.Revoke(t.Context(), id, 1, account.RefreshRefused, until), account.ErrStale)
	stored, err := c.Account(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, account.Active, stored.State)
	assert.Zero(t, stored.RetryAt)
	require.NoError(t, c.Revoke(t.Context(), id, 2, account.RefreshRefused, until))
	require.ErrorIs(t, lease(2, until.Add(3*time.Hour)), account.ErrStale, "revoked")
	due, err := c.DueRefreshes(t.Context(), until.Add(1000*time.Hour), 10)
	require.NoError(t, err)
	assert.Empty(t, due, "nothing is scheduled for the dead")
}

func TestDueRefreshIsClaimedByOne(t *testing.T) {
	t.Parallel()
	c := newConnections(t)
	e := consented(t, c, "owner-a", "state", consentAt, "shop:1")
	require.NoError(t, c.Enrol(t.Context(), e))
	due, err := c.DueRefreshes(t.Context(), e.RefreshAt.Add(-time.Second), 10)
	require.NoError(t, err)
	require.Empty(t, due)
	due, err = c.DueRefreshes(t.Context(), e.RefreshAt, 10)
	require.NoError(t, err)
	require.Equal(t, []account.Due{{Account: e.Account.ID, At: e.RefreshAt}}, due)
	var won atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			claimed, err := c.ClaimRefresh(t.Context(), due[0], e.RefreshAt.Add(time.Minute))
			assert.NoError(t, err)
			if claimed {
				won.Add(1)
			}
		})
	}
	group.Wait()
	assert.Equal(t, int32(1), won.Load())
}

func TestDeauthorizeEndsTheAccountWithItsLastAsset(t *testing.T) {
	t.Parallel()
	c := newConnections(t)
	e := consented(t, c, "owner-a", "state", consentAt, "shop:1", "shop:2")
	require.NoError(t, c.Enrol(t.Context(), e))
	require.ErrorIs(t, c.Deauthorize(t.Context(), e.Account.ID, 7, "shop:1", consentAt), account.ErrStale)
	for i, want := range []account.State{account.Active, account.Revoked} {
		require.NoError(t, c.Deauthorize(t.Context(), e.Account.ID, 1, e.Assets[i].ID, consentAt.Add(time.Minute)))
		stored, err := c.Account(t.Context(), e.Account.ID)
		require.NoError(t, err)
		assert.Equal(t, want, stored.State)
	}
}

func TestAccountChanges(t *testing.T) {
	t.Parallel()
	base := func(set ...func(Item)) Item {
		item := Item{
			"account": str("main:seller:test"), "state": str("active"), "generation": num(1), "authorized_at": num(100), "scopes": strs([]string{"a"}),
		}
		for _, change := range set {
			change(item)
		}
		return item
	}
	set := func(name string, value int64) func(Item) { return func(item Item) { item[name] = num(value) } }
	revoked := func(item Item) { item["state"], item["reason"] = str("revoked"), str("deauthorized") }
	suspect := func(item Item) { item["state"] = str("suspect") }
	scopes := func(item Item) { item["scopes"] = strs([]string{"a", "b"}) }
	for name, c := range map[string]struct {
		old, current Item
		want         string
	}{
		"connected":                     {nil, base(), ""},
		"refreshed":                     {base(), base(set("generation", 2)), ""},
		"leased":                        {base(), base(set("lease_until", 5)), ""},
		"suspect":                       {base(), base(suspect), ""},
		"revoked":                       {base(), base(revoked), "connection.needs_reconnect"},
		"suspect, then revoked":         {base(suspect), base(revoked), "connection.needs_reconnect"},
		"revoked twice":                 {base(revoked), base(revoked), ""},
		"won back":                      {base(revoked), base(set("generation", 2), set("authorized_at", 200)), "connection.reconnected"},
		"consented again":               {base(), base(set("generation", 2), set("authorized_at", 200)), ""},
		"consented again to more":       {base(), base(set("generation", 2), set("authorized_at", 200), scopes), "connection.reconnected"},
		"warned":                        {base(), base(set("expiry_warned", 300)), "connection.expiring"},
		"warned again of the same":      {base(set("expiry_warned", 300)), base(set("expiry_warned", 300)), ""},
		"warned, but revoked meanwhile": {base(revoked), base(revoked, set("expiry_warned", 300)), ""},
		"deleted":                       {base(), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes := accountChange(c.old, c.current)
			if c.want == "" {
				assert.Empty(t, changes)
				return
			}
			require.Len(t, changes, 1)
			assert.Equal(t, c.want, changes[0].Type)
			assert.Equal(t, account.ID("main:seller:test"), changes[0].Account)
			described(t, changes)
		})
	}
}

func TestAssetAndConnectionChanges(t *testing.T) {
	t.Parallel()
	active := Item{"asset": str("shop:1"), "account": str("main:seller:test"), "state": str("active")}
	ended := Item{"asset": str("shop:1"), "account": str("main:seller:test"), "state": str("deauthorized")}
	assert.Empty(t, assetChange(nil, active))
	assert.Empty(t, assetChange(ended, ended))
	assert.Empty(t, assetChange(ended, active))
	lost := assetChange(active, ended)
	require.Len(t, lost, 1)
	assert.Equal(t, "asset.deauthorized", lost[0].Type)
	assert.Equal(t, account.AssetID("shop:1"), lost[0].Asset)
	described(t, lost)
	joined := Item{"asset": str("shop:1"), "account": str("main:seller:test"), "state": str("active"), "joined": &types.AttributeValueMemberBOOL{Value: true}}
	for name, before := range map[string]Item{"new": nil, "given back": ended} {
		came := assetChange(before, joined)
		require.Len(t, came, 1, name)
		assert.Equal(t, "asset.authorized", came[0].Type)
		described(t, came)
	}
	assert.Empty(t, assetChange(joined, joined))

	made := Item{"connection_id": str(connection.NewID("owner-a", "main:seller:test")), "owner": str("owner-a"), "account": str("main:seller:test")}
	changes := connectionChange(nil, made)
	require.Len(t, changes, 1)
	assert.Equal(t, "connection.created", changes[0].Type)
	assert.Equal(t, "owner-a", changes[0].Owner)
	described(t, changes)
	described(t, connectionChange(made, nil))
	assert.Empty(t, connectionChange(made, made))
}

func TestAnAssetJoinsOthers(t *testing.T) {
	t.Parallel()
	shop := func(id string, state account.AssetState) account.Asset {
		return account.Asset{ID: account.AssetID(id), State: state}
	}
	for name, c := range map[string]struct {
		held []account.Asset
		want bool
	}{
		"the first":                {nil, false},
		"one of those before":      {[]account.Asset{shop("shop:1", account.AssetActive), shop("shop:2", account.AssetActive)}, false},
		"beside another":           {[]account.Asset{shop("shop:2", account.AssetActive)}, true},
		"given back":               {[]account.Asset{shop("shop:1", account.AssetDeauthorized), shop("shop:2", account.AssetActive)}, true},
		"after all had been taken": {[]account.Asset{shop("shop:1", account.AssetDeauthorized), shop("shop:2", account.AssetDeauthorized)}, false},
	} {
		assert.Equal(t, c.want, joins(shop("shop:1", account.AssetActive), c.held), name)
	}
}

func TestClients(t *testing.T) {
	t.Parallel()
	names := awstest.Tables(t)
	c := NewClients(dynamodb.NewFromConfig(awstest.Config(t)), names.Accounts)
	_, found, err := c.Owner(t.Context(), "test-client")
	require.NoError(t, err)
	assert.False(t, found)
	require.NoError(t, c.Set(t.Context(), "test-client", "owner-a"))
	require.NoError(t, c.Set(t.Context(), "test-client", "owner-b"))
	owner, found, err := c.Owner(t.Context(), "test-client")
	require.NoError(t, err)
	assert.True(t, found)
	assert.Equal(t, "owner-b", owner)
	require.NoError(t, c.Set(t.Context(), "another", "owner-a"))
	listed, next, err := c.List(t.Context(), "", 1)
	require.NoError(t, err)
	assert.Equal(t, []connection.Client{{ID: "another", Owner: "owner-a"}}, listed)
	listed, next, err = c.List(t.Context(), next, 5)
	require.NoError(t, err)
	assert.Equal(t, []connection.Client{{ID: "test-client", Owner: "owner-b"}}, listed)
	assert.Empty(t, next)
	require.NoError(t, c.Remove(t.Context(), "another"))
	assert.Equal(t, fault.NotFound, fault.KindOf(c.Remove(t.Context(), "another")))
}
