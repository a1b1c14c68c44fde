package account_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

var modes = []sandbox.RefreshMode{sandbox.NoRotation, sandbox.RotateWithGrace, sandbox.RotateStrictly}

const week = 7 * 24 * time.Hour

func TestManyAskersRefreshOnce(t *testing.T) {
	t.Parallel()
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Settings{RefreshMode: mode})
			id := w.consent(t, sandboxtest.AuroraHome)
			w.advance(week)

			const processes, askers = 3, 8
			got := make([]redact.Secret, processes*askers)
			var group sync.WaitGroup
			for p := range processes {
				grants := w.process()
				for a := range askers {
					group.Go(func() {
						given, err := token(t.Context(), grants, id)
						assert.NoError(t, err)
						got[p*askers+a] = given
					})
				}
			}
			group.Wait()

			assert.Equal(t, 1, w.counts(t, sandboxtest.AuroraHome).Refreshes)
			for _, given := range got {
				assert.Equal(t, got[0].Reveal(), given.Reveal())
			}
			grant, err := w.process().Account(t.Context(), id)
			require.NoError(t, err)
			_, err = w.client.Seller(grant, "").AuthorizedShops(t.Context())
			require.NoError(t, err, "the new token works")
			assert.Equal(t, int64(2), w.account(t, id).Generation)
		})
	}
}

// killed is a process that dies with the answer in its hands.
type killed struct{ *tiktokshop.Client }

func (k killed) RefreshToken(ctx context.Context, app tiktokshop.App, refresh redact.Secret) (tiktokshop.TokenSet, error) {
	_, _ = k.Client.RefreshToken(ctx, app, refresh)
	runtime.Goexit()
	return tiktokshop.TokenSet{}, nil
}

func TestCrashBetweenAnswerAndSave(t *testing.T) {
	t.Parallel()
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Settings{RefreshMode: mode})
			id := w.consent(t, sandboxtest.AuroraHome)
			w.advance(week)
			crashing := w.process(func(o *account.GrantsOptions) { o.TikTok = killed{w.client} })
			var group sync.WaitGroup
			group.Go(func() { _, _ = token(t.Context(), crashing, id) })
			group.Wait()
			require.Equal(t, 1, w.counts(t, sandboxtest.AuroraHome).Refreshes)

			w.advance(time.Minute) // the lease of the dead is over
			_, err := token(t.Context(), w.process(), id)
			if mode != sandbox.RotateStrictly {
				require.NoError(t, err, "no refresh token is lost")
				assert.Equal(t, account.Active, w.account(t, id).State)
				return
			}
			require.Equal(t, fault.Unavailable, fault.KindOf(err), "one refusal proves nothing: %v", err)
			assert.Equal(t, account.Suspect, w.account(t, id).State)
			_, err = token(t.Context(), w.process(), id)
			assert.Equal(t, fault.Unavailable, fault.KindOf(err))
			assert.Equal(t, 1, w.counts(t, sandboxtest.AuroraHome).RefusedRefreshes, "a suspect grant is left alone until it may be tried again")

			w.advance(time.Minute)
			_, err = token(t.Context(), w.process(), id)
			assert.Equal(t, fault.Reconnect, fault.KindOf(err))
			lost := w.account(t, id)
			assert.Equal(t, account.Revoked, lost.State)
			assert.Equal(t, account.RefreshRefused, lost.Reason)
			for range 3 {
				_, err = token(t.Context(), w.process(), id)
				assert.Equal(t, fault.Reconnect, fault.KindOf(err))
			}
			assert.Equal(t, 2, w.counts(t, sandboxtest.AuroraHome).RefusedRefreshes, "a dead grant is not hammered")
		})
	}
}

func TestRefusalThatAnotherProcessDisproves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Settings{RefreshMode: sandbox.RotateStrictly})
	id := w.consent(t, sandboxtest.AuroraHome)
	w.advance(week)
	w.tiktok.AddFault(sandbox.Fault{Operation: "GET /api/v2/token/refresh", Code: 36004001, Message: "refresh token is expired or invalid"})
	_, err := token(t.Context(), w.process(), id)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	w.advance(time.Minute)
	_, err = token(t.Context(), w.process(), id)
	require.NoError(t, err)
	healed := w.account(t, id)
	assert.Equal(t, account.Active, healed.State)
	assert.Zero(t, healed.SuspectSince)
}

func TestOutageIsNotHammered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Settings{})
	id := w.consent(t, sandboxtest.AuroraHome)
	w.advance(week)
	const refresh = "GET /api/v2/token/refresh"
	w.tiktok.AddFault(sandbox.Fault{Operation: refresh, Status: 503, RetryAfter: 40})
	for range 3 {
		_, err := token(t.Context(), w.process(), id)
		var unavailable *fault.Error
		require.ErrorAs(t, err, &unavailable)
		assert.Equal(t, fault.Unavailable, unavailable.Kind)
	}
	assert.Equal(t, 1, sum(w.tiktok.Truth().Calls[refresh]))
	assert.Equal(t, w.now().Add(40*time.Second), w.account(t, id).RetryAt)
	w.advance(40 * time.Second)
	_, err := token(t.Context(), w.process(), id)
	require.NoError(t, err)
}

func sum(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

func TestRenewTokenUsesTheWinnersToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Settings{RefreshMode: sandbox.RotateStrictly})
	id := w.consent(t, sandboxtest.AuroraHome)
	first, second := w.process(), w.process()
	old, err := token(t.Context(), second, id)
	require.NoError(t, err)
	require.NoError(t, w.tiktok.ExpireTokens("", sandboxtest.AuroraHome, false))

	for _, process := range []*account.Grants{first, second} {
		grant, err := process.Account(t.Context(), id)
		require.NoError(t, err)
		renewed, err := grant.RenewToken(t.Context(), old)
		require.NoError(t, err)
		assert.NotEqual(t, old.Reveal(), renewed.Reveal())
	}
	assert.Equal(t, 1, w.counts(t, sandboxtest.AuroraHome).Refreshes)
}

func TestClientRenewsAnExpiredTokenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Settings{})
	id := w.consent(t, sandboxtest.AuroraHome)
	require.NoError(t, w.tiktok.ExpireTokens("", sandboxtest.AuroraHome, false))
	grant, err := w.process().Account(t.Context(), id)
	require.NoError(t, err)
	shops, err := w.client.Seller(grant, "").AuthorizedShops(t.Context())
	require.NoError(t, err)
	assert.Len(t, shops.Shops, 2)
	assert.Equal(t, 1, w.counts(t, sandboxtest.AuroraHome).Refreshes)
}

// overtaken is a refresh during which the user consents again.
type overtaken struct {
	*tiktokshop.Client
	meanwhile func()
}

func (o overtaken) RefreshToken(ctx context.Context, app tiktokshop.App, refresh redact.Secret) (tiktokshop.TokenSet, error) {
	set, err := o.Client.RefreshToken(ctx, app, refresh)
	o.meanwhile()
	return set, err
}

func TestNewConsentBeatsARefreshUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Settings{RefreshMode: sandbox.RotateStrictly})
	id := w.consent(t, sandboxtest.AuroraHome)
	w.advance(week)
	grants := w.process(func(o *account.GrantsOptions) {
		o.TikTok = overtaken{w.client, func() { w.consent(t, sandboxtest.AuroraHome) }}
	})
	given, err := token(t.Context(), grants, id)
	require.NoError(t, err)
	stored := w.account(t, id)
	tokens, err := w.vault.Open(t.Context(), id, stored.Sealed)
	require.NoError(t, err)
	assert.Equal(t, tokens.Access.Reveal(), given.Reveal())
	assert.Equal(t, int64(2), stored.Generation)
}

// fixed answers every refresh with the same tokens.
type fixed struct{ set tiktokshop.TokenSet }

func (f fixed) RefreshToken(context.Context, tiktokshop.App, redact.Secret) (tiktokshop.TokenSet, error) {
	return f.set, nil
}

func TestAnswerWithoutRefreshTokenKeepsTheOldOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Settings{})
	id := w.consent(t, sandboxtest.AuroraHome)
	before := w.account(t, id)
	had, err := w.vault.Open(t.Context(), id, before.Sealed)
	require.NoError(t, err)
	w.advance(week)
	given, err := token(t.Context(), w.process(func(o *account.GrantsOptions) {
		o.TikTok = fixed{tiktokshop.TokenSet{AccessToken: redact.New("test-new-access")}}
	}), id)
	require.NoError(t, err)
	assert.Equal(t, "test-new-access", given.Reveal())
	after := w.account(t, id)
	has, err := w.vault.Open(t.Context(), id, after.Sealed)
	require.NoError(t, err)
	assert.Equal(t, had.Refresh.Reveal(), has.Refresh.Reveal())
	assert.Equal(t, before.RefreshExpiresAt, after.RefreshExpiresAt)
	assert.Equal(t, w.now().Add(24*time.Hour), after.AccessExpiresAt, "an unstated life is taken as a day")
}

func TestExpiredAuthorizationNeedsReconnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Settings{RefreshSeconds: 30 * 24 * 3600})
	id := w.consent(t, sandboxtest.AuroraHome)
	w.advance(30 * 24 * time.Hour)
	_, err := token(t.Context(), w.process(), id)
	assert.Equal(t, fault.Reconnect, fault.KindOf(err))
	lost := w.account(t, id)
	assert.Equal(t, account.Revoked, lost.State)
	assert.Equal(t, account.Expired, lost.Reason)
	assert.Zero(t, w.counts(t, sandboxtest.AuroraHome).RefusedRefreshes, "TikTok Shop is not asked")
}

func TestTooLittleTimeStartsNoRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Settings{})
	id := w.consent(t, sandboxtest.AuroraHome)
	w.advance(week)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := token(ctx, w.process(), id)
	assert.Equal(t, fault.Unavailable, fault.KindOf(err))
	assert.Zero(t, w.counts(t, sandboxtest.AuroraHome).Refreshes)
}

func TestRefreshEarly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Settings{})
	id := w.consent(t, sandboxtest.AuroraHome)
	refreshed, err := w.process().RefreshEarly(t.Context(), id)
	require.NoError(t, err)
	assert.False(t, refreshed, "six days too soon")

	w.advance(week - account.DefaultRefreshAhead)
	due, err := w.store.DueRefreshes(t.Context(), w.now(), 10)
	require.NoError(t, err)
	require.Equal(t, []account.Due{{Account: id, At: w.now()}}, due)
	var group sync.WaitGroup
	won := make([]bool, 6)
	for i := range won {
		group.Go(func() {
			refreshed, err := w.process().RefreshEarly(t.Context(), id)
			assert.NoError(t, err)
			won[i] = refreshed
		})
	}
	group.Wait()
	assert.Equal(t, 1, w.counts(t, sandboxtest.AuroraHome).Refreshes)
	winners := 0
	for _, w := range won {
		if w {
			winners++
		}
	}
	assert.Equal(t, 1, winners)
	due, err = w.store.DueRefreshes(t.Context(), w.now().Add(week), 10)
	require.NoError(t, err)
	assert.Equal(t, []account.Due{{Account: id, At: w.now().Add(week - account.DefaultRefreshAhead)}}, due)
}

func TestAccessTakenAway(t *testing.T) {
	t.Parallel()
	t.Run("creator", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, sandbox.Settings{})
		id := w.consent(t, sandboxtest.MiaLane)
		require.NoError(t, w.tiktok.RemoveAccess("", sandboxtest.MiaLane))
		grant, err := w.process().Account(t.Context(), id)
		require.NoError(t, err)
		_, err = w.client.Creator(grant).Profile(t.Context())
		assert.Equal(t, fault.Reconnect, fault.KindOf(err))
		assert.Equal(t, account.Revoked, w.account(t, id).State)
		assert.Equal(t, account.Deauthorized, w.account(t, id).Reason)
		_, _, err = w.process().Asset(t.Context(), account.CreatorAsset("main", id.OpenID()))
		assert.Equal(t, fault.Reconnect, fault.KindOf(err))
	})
	t.Run("a token that was replaced meanwhile", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, sandbox.Settings{})
		id := w.consent(t, sandboxtest.MiaLane)
		grant, err := w.process().Account(t.Context(), id)
		require.NoError(t, err)
		_, err = grant.AccessToken(t.Context())
		require.NoError(t, err)
		w.advance(time.Second)
		w.consent(t, sandboxtest.MiaLane)
		grant.Revoked(t.Context(), errors.New("an answer to the old token"))
		assert.Equal(t, account.Active, w.account(t, id).State)
	})
	t.Run("one shop of two, then the other", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, sandbox.Settings{})
		id := w.consent(t, sandboxtest.AuroraHome)
		for i, shop := range []account.AssetID{auroraUS, auroraGB} {
			grant, _, err := w.process().Asset(t.Context(), shop)
			require.NoError(t, err)
			_, err = grant.AccessToken(t.Context())
			require.NoError(t, err)
			grant.Revoked(t.Context(), errors.New("deauthorized"))
			_, _, err = w.process().Asset(t.Context(), shop)
			assert.Equal(t, fault.Reconnect, fault.KindOf(err))
			assert.Equal(t, []account.State{account.Active, account.Revoked}[i], w.account(t, id).State)
		}
	})
}

func TestElection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Settings{})
	shop := []account.Asset{{ID: "shop:test-1", Cipher: "test-cipher"}}
	main, sub := account.ID("main:seller:test-a"), account.ID("main:seller:test-b")
	forever := w.now().Add(week).Unix()
	w.enrol(t, sub, shop, sandboxtest.Tokens{AccessToken: "test-access-b", RefreshToken: "test-refresh-b", AccessTokenExpireIn: forever, RefreshTokenExpireIn: forever})
	w.enrol(t, main, shop, sandboxtest.Tokens{AccessToken: "test-access-a", RefreshToken: "test-refresh-a", AccessTokenExpireIn: forever, RefreshTokenExpireIn: forever})

	elected := func() (string, account.ID, error) {
		grant, asset, err := w.process().Asset(t.Context(), "shop:test-1")
		if err != nil {
			return "", "", err
		}
		given, err := grant.AccessToken(t.Context())
		return given.Reveal(), asset.Account, err
	}
	for range 3 {
		given, by, err := elected()
		require.NoError(t, err)
		assert.Equal(t, "test-access-a", given)
		assert.Equal(t, main, by)
	}
	require.NoError(t, w.store.Revoke(t.Context(), main, 1, account.Deauthorized, w.now()))
	given, by, err := elected()
	require.NoError(t, err)
	assert.Equal(t, "test-access-b", given)
	assert.Equal(t, sub, by)
	require.NoError(t, w.store.Revoke(t.Context(), sub, 1, account.Deauthorized, w.now()))
	_, _, err = elected()
	assert.Equal(t, fault.Reconnect, fault.KindOf(err))
	_, _, err = w.process().Asset(t.Context(), "shop:test-2")
	assert.Equal(t, fault.NotFound, fault.KindOf(err))
}

func TestTokensOpenOnlyForTheirAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Settings{})
	sealed, err := w.vault.Seal(t.Context(), "main:seller:test-a", account.Tokens{Access: redact.New("test-access")})
	require.NoError(t, err)
	_, err = w.vault.Open(t.Context(), "main:seller:test-b", sealed)
	require.Error(t, err)
	assert.NotContains(t, string(sealed), "test-access")
}
