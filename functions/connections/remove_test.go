package main

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/order"
)

// remove asks to end a connection.
func (b *bench) remove(t *testing.T, client, id string) (int, map[string]any) {
	t.Helper()
	return b.call(t, client, "affiliate/write", "DELETE", "/v1/connections/"+id, "")
}

// authorized are the assets TikTok Shop still lists as authorized.
func (b *bench) authorized(user string) (ids []string) {
	for _, a := range b.TikTok.Truth().Accounts {
		for _, asset := range a.Assets {
			if a.User == user && a.Active && asset.Active {
				ids = append(ids, asset.ID)
			}
		}
	}
	return ids
}

// due are the assets whose orders are due.
func (b *bench) due(t *testing.T) map[account.AssetID]time.Time {
	t.Helper()
	due := map[account.AssetID]time.Time{}
	for shard := range dynamo.DueShards {
		require.NoError(t, b.orders.Due(t.Context(), shard, b.now().Add(365*24*time.Hour), func(some []order.Due) error {
			for _, one := range some {
				due[one.Asset] = one.At
			}
			return nil
		}))
	}
	return due
}

// gone checks that nothing of an account is left that could be used.
func (b *bench) gone(t *testing.T, id account.ID) {
	t.Helper()
	a, err := b.Store.Account(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, account.Disconnected, a.State)
	assert.Empty(t, a.Sealed, "tokens are shredded")
	assert.Empty(t, a.Name)
	held, err := b.Store.Assets(t.Context(), id)
	require.NoError(t, err)
	assert.Empty(t, held)
	dues, err := b.Store.DueRefreshes(t.Context(), b.now().Add(365*24*time.Hour), 25)
	require.NoError(t, err)
	assert.Empty(t, dues, "nothing is due any more")
	grant, err := b.Grants.Account(t.Context(), id)
	require.NoError(t, err)
	_, err = grant.AccessToken(t.Context())
	assert.Equal(t, fault.Reconnect, fault.KindOf(err))
	done, err := b.Grants.RefreshNow(t.Context(), id)
	assert.False(t, done)
	assert.Equal(t, fault.Reconnect, fault.KindOf(err))
}

func TestOneOwnerLeaves(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	first, second := b.Connect(t, "owner-a", sandboxtest.AuroraHome), b.Connect(t, "owner-b", sandboxtest.AuroraHome)
	require.Equal(t, first.Account, second.Account)

	status, answer := b.remove(t, "test-client-a", first.ID)
	require.Equal(t, http.StatusOK, status, answer)
	assert.Equal(t, "kept", answer["tiktok"])
	assert.Equal(t, "removed", answer["state"])
	for _, request := range [][2]string{{"GET", ""}, {"POST", "/refresh"}} {
		scope := map[string]string{"GET": "affiliate/read", "POST": "affiliate/write"}[request[0]]
		status, _ = b.call(t, "test-client-a", scope, request[0], "/v1/connections/"+first.ID+request[1], "")
		assert.Equal(t, http.StatusNotFound, status, request)
	}
	status, answer = b.call(t, "test-client-b", "affiliate/read", "GET", "/v1/connections/"+second.ID, "")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "active", answer["health"])
	assert.Len(t, b.authorized(sandboxtest.AuroraHome), 2)
	grant, err := b.Grants.Account(t.Context(), first.Account)
	require.NoError(t, err)
	_, err = grant.AccessToken(t.Context())
	require.NoError(t, err, "the other owner's access goes on")

	status, again := b.remove(t, "test-client-a", first.ID)
	assert.Equal(t, http.StatusOK, status, "removing again tells the same")
	assert.Equal(t, "kept", again["tiktok"])
	assert.Equal(t, "2026-11-22T12:00:00Z", again["removed_at"])
}

func TestLastOwnerLeaves(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	first, second := b.Connect(t, "owner-a", sandboxtest.AuroraHome), b.Connect(t, "owner-b", sandboxtest.AuroraHome)
	other := b.Connect(t, "owner-a", sandboxtest.BirchBloom)
	_, _ = b.remove(t, "test-client-a", first.ID)
	later := b.now().Add(time.Hour)
	for _, asset := range []account.AssetID{"shop:7495000000000000001", "shop:7495000000000000003"} { // both were read
		lease, err := b.orders.Acquire(t.Context(), asset, "reader", b.now(), b.now().Add(time.Minute))
		require.NoError(t, err)
		_, err = b.orders.Release(t.Context(), lease, b.now(), later, 0)
		require.NoError(t, err)
	}
	b.advance(time.Minute)

	status, answer := b.remove(t, "test-client-b", second.ID)
	require.Equal(t, http.StatusOK, status, answer)
	assert.Equal(t, "ended", answer["tiktok"])
	assert.Empty(t, b.authorized(sandboxtest.AuroraHome), "TikTok Shop lists no authorization")
	assert.Len(t, b.authorized(sandboxtest.BirchBloom), 1)
	dues := b.due(t)
	assert.Equal(t, b.now(), dues["shop:7495000000000000001"], "its reader looks at once who is left")
	assert.Equal(t, later, dues["shop:7495000000000000003"], "others are left alone")
	_, _, err := b.Grants.Asset(t.Context(), "shop:7495000000000000001")
	assert.Equal(t, fault.NotFound, fault.KindOf(err), "and finds nobody")

	status, answer = b.remove(t, "test-client-b", second.ID)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "ended", answer["tiktok"])
	status, _ = b.remove(t, "test-client-a", other.ID)
	assert.Equal(t, http.StatusOK, status)
	b.gone(t, second.Account)

	back := b.Connect(t, "owner-a", sandboxtest.AuroraHome)
	assert.Equal(t, connection.Active, back.State)
	found, err := b.Store.Connection(t.Context(), "owner-a", back.ID)
	require.NoError(t, err)
	assert.Len(t, found.Assets, 2)
	assert.Equal(t, b.now(), found.CreatedAt, "a new connection")
	_, err = b.Store.Connection(t.Context(), "owner-b", second.ID)
	assert.Equal(t, fault.NotFound, fault.KindOf(err), "a new consent brings nobody else back")
}

func TestRemoveRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	made := b.Connect(t, "owner-a", sandboxtest.AuroraHome)
	for name, c := range map[string]struct {
		client, scope, id, body string
		status                  int
	}{
		"of another owner":     {"test-client-b", "affiliate/write", made.ID, "", http.StatusNotFound},
		"of nobody":            {"test-client-a", "affiliate/write", "conn_none", "", http.StatusNotFound},
		"id with a separator":  {"test-client-a", "affiliate/write", "..%2F" + made.ID, "", http.StatusNotFound},
		"with a body":          {"test-client-a", "affiliate/write", made.ID, `{"force":true}`, http.StatusBadRequest},
		"with a parameter":     {"test-client-a", "affiliate/write", made.ID + "?force=1", "", http.StatusBadRequest},
		"with the read scope":  {"test-client-a", "affiliate/read", made.ID, "", http.StatusForbidden},
		"from nobody's client": {"test-client-c", "affiliate/write", made.ID, "", http.StatusForbidden},
	} {
		status, answer := b.call(t, c.client, c.scope, "DELETE", "/v1/connections/"+c.id, c.body)
		assert.Equal(t, c.status, status, "%s: %v", name, answer)
	}
	assert.Len(t, b.authorized(sandboxtest.AuroraHome), 2, "nothing was called")
	_, err := b.Store.Connection(t.Context(), "owner-a", made.ID)
	assert.NoError(t, err, "and nothing removed")
}

func TestRemoveACreator(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	made := b.Connect(t, "owner-a", sandboxtest.MiaLane)
	status, answer := b.remove(t, "test-client-a", made.ID)
	require.Equal(t, http.StatusOK, status, answer)
	assert.Equal(t, "holder", answer["tiktok"])
	assert.Contains(t, answer["manage_url"], "/consent/creator?app_key="+b.TikTok.App.Key+"&state=")
	assert.Contains(t, answer["detail"], "manage_url")
	b.gone(t, made.Account)
	page, err := http.Get(answer["manage_url"].(string))
	require.NoError(t, err)
	defer page.Body.Close()
	assert.Equal(t, http.StatusOK, page.StatusCode, "the creator can open it")
}

func TestRemoveWhileTikTokShopIsDown(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]sandbox.Fault{
		"the list of shops fails":     {Operation: "GET /authorization/202309/shops", Status: 503, Times: -1},
		"ending one shop fails":       {Operation: "DELETE /authorization/202403/shops", Status: 503, Times: -1},
		"ending one shop is cut off":  {Operation: "DELETE /authorization/202403/shops", After: true, Cut: true},
		"the second shop fails":       {Operation: "DELETE /authorization/202403/shops", Skip: 1, Status: 503},
		"nothing answers":             {Operation: "*", Status: 503, Times: -1},
		"TikTok Shop counts too much": {Operation: "DELETE /authorization/202403/shops", Status: 429, Code: 36009002},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "")
			made := b.Connect(t, "owner-a", sandboxtest.AuroraHome)
			b.TikTok.AddFault(down)
			status, answer := b.remove(t, "test-client-a", made.ID)
			require.Equal(t, http.StatusAccepted, status, answer)
			assert.Equal(t, "pending", answer["tiktok"])
			status, _ = b.call(t, "test-client-a", "affiliate/read", "GET", "/v1/connections/"+made.ID, "")
			assert.Equal(t, http.StatusNotFound, status, "the owner's right has ended all the same")
			grant, err := b.Grants.Account(t.Context(), made.Account)
			require.NoError(t, err)
			_, err = grant.AccessToken(t.Context())
			assert.Equal(t, fault.Reconnect, fault.KindOf(err), "nobody gets its tokens")

			b.TikTok.ClearFaults()
			b.advance(time.Minute)
			dues, err := b.Store.DueRefreshes(t.Context(), b.now(), 25)
			require.NoError(t, err)
			require.Len(t, dues, 1, "it is due again")
			_, err = b.Grants.RefreshEarly(t.Context(), dues[0].Account)
			require.ErrorIs(t, err, account.ErrOwnerless)
			require.NoError(t, b.remover.Settle(t.Context(), dues[0].Account))
			assert.Empty(t, b.authorized(sandboxtest.AuroraHome))
			b.gone(t, made.Account)
			status, answer = b.remove(t, "test-client-a", made.ID)
			assert.Equal(t, http.StatusOK, status)
			assert.Equal(t, "ended", answer["tiktok"])
		})
	}
}

// The access token may have ended, the refresh token too, or the seller was faster.
func TestRemoveWithOldTokens(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil   func(b *bench) error
		endings []any
	}{
		"access token ended":                  {func(b *bench) error { b.advance(8 * 24 * time.Hour); return nil }, []any{"ended"}},
		"access was removed":                  {func(b *bench) error { return b.TikTok.RemoveAccess("", sandboxtest.AuroraHome) }, []any{"ended"}},
		"authorization ended":                 {func(b *bench) error { b.advance(366 * 24 * time.Hour); return nil }, []any{"ended"}},
		"refresh token dead, as is found out": {func(b *bench) error { return b.TikTok.ExpireTokens("", sandboxtest.AuroraHome, true) }, []any{"pending", "ended"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "")
			made := b.Connect(t, "owner-a", sandboxtest.AuroraHome)
			require.NoError(t, c.spoil(b))
			for i, ending := range c.endings {
				b.advance(time.Duration(i) * time.Minute)
				_, answer := b.remove(t, "test-client-a", made.ID)
				assert.Equal(t, ending, answer["tiktok"], answer)
			}
			b.gone(t, made.Account)
		})
	}
	t.Run("TikTok Shop stays down for a week", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, "")
		made := b.Connect(t, "owner-a", sandboxtest.AuroraHome)
		b.TikTok.AddFault(sandbox.Fault{Operation: "*", Status: 503, Times: -1})
		_, answer := b.remove(t, "test-client-a", made.ID)
		assert.Equal(t, "pending", answer["tiktok"])
		b.advance(8 * 24 * time.Hour)
		require.NoError(t, b.remover.Settle(t.Context(), made.Account))
		b.gone(t, made.Account)
	})
}

func TestRemoveAtTheSameTime(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	first, second := b.Connect(t, "owner-a", sandboxtest.AuroraHome), b.Connect(t, "owner-b", sandboxtest.AuroraHome)
	var group sync.WaitGroup
	for range 3 {
		for _, one := range []connection.Connection{first, second} {
			group.Go(func() {
				_, _, err := b.remover.Remove(context.WithoutCancel(t.Context()), one.Owner, one.ID)
				assert.NoError(t, err)
			})
		}
	}
	group.Wait()
	require.NoError(t, b.remover.Settle(t.Context(), first.Account))
	assert.Empty(t, b.authorized(sandboxtest.AuroraHome), "one of them was the last")
	b.gone(t, first.Account)
}

// A refresh that was under way when the last owner left saves its tokens, and
// they are used for nothing but the end.
func TestRemoveDuringARefresh(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	made := b.Connect(t, "owner-a", sandboxtest.AuroraHome)
	before, err := b.Store.Lease(t.Context(), made.Account, 1, b.now(), b.now().Add(15*time.Second))
	require.NoError(t, err)
	b.TikTok.AddFault(sandbox.Fault{Operation: "*", Status: 503, Times: -1})
	_, answer := b.remove(t, "test-client-a", made.ID)
	require.Equal(t, "pending", answer["tiktok"])
	b.TikTok.ClearFaults()
	require.NoError(t, b.Store.SaveTokens(t.Context(), before, b.now().Add(6*24*time.Hour)))
	after, err := b.Store.Account(t.Context(), made.Account)
	require.NoError(t, err)
	assert.Equal(t, account.Disconnecting, after.State)
	dues, err := b.Store.DueRefreshes(t.Context(), b.now(), 25)
	require.NoError(t, err)
	require.Len(t, dues, 1, "still due at once")
	require.NoError(t, b.remover.Settle(t.Context(), made.Account))
	b.gone(t, made.Account)
	assert.ErrorIs(t, b.Store.SaveTokens(t.Context(), before, b.now()), account.ErrStale)
}

func TestConsentAgainWhileDisconnecting(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	made := b.Connect(t, "owner-a", sandboxtest.AuroraHome)
	b.TikTok.AddFault(sandbox.Fault{Operation: "*", Status: 503, Times: -1})
	_, answer := b.remove(t, "test-client-a", made.ID)
	require.Equal(t, "pending", answer["tiktok"])
	b.TikTok.ClearFaults()
	b.advance(time.Minute)
	b.Connect(t, "owner-b", sandboxtest.AuroraHome)
	require.NoError(t, b.remover.Settle(t.Context(), made.Account))
	assert.Len(t, b.authorized(sandboxtest.AuroraHome), 2, "the new owner's access is not ended")
	status, _ := b.remove(t, "test-client-a", made.ID)
	assert.Equal(t, http.StatusOK, status)
	assert.Len(t, b.authorized(sandboxtest.AuroraHome), 2)
}
