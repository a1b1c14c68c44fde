package account_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/connection/connectiontest"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// clock is the time that is stored.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// world is a sandbox, tables and the clock of both.
type world struct {
	*clock
	tiktok      *sandboxtest.Server
	store       *dynamo.Accounts
	connections *dynamo.Connections
	client      *tiktokshop.Client
	apps        *app.Registry
	vault       *account.Vault
}

func newWorld(t *testing.T, settings sandbox.Settings) *world {
	t.Helper()
	w := &world{clock: &clock{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}}
	connected := connectiontest.New(t, connectiontest.Options{Now: w.now, Settings: settings})
	w.tiktok, w.connections, w.store = connected.TikTok, connected.Store, connected.Store.Accounts
	w.client, w.apps, w.vault = connected.Client, connected.Apps, connected.Vault
	return w
}

// process is a token source with a memory of its own, as each function has.
func (w *world) process(change ...func(*account.GrantsOptions)) *account.Grants {
	o := account.GrantsOptions{Store: w.store, TikTok: w.client, Apps: w.apps, Vault: w.vault, Now: w.now, Log: slog.New(slog.DiscardHandler)}
	for _, set := range change {
		set(&o)
	}
	return account.NewGrants(o)
}

// consent lets a user connect and stores the outcome.
func (w *world) consent(t *testing.T, user string) account.ID {
	t.Helper()
	kinds := map[string]tiktokshop.AccountKind{sandboxtest.AuroraHome: tiktokshop.SellerAccount, sandboxtest.MiaLane: tiktokshop.CreatorAccount}
	tokens := w.tiktok.Tokens(t, user)
	id := account.NewID(w.tiktok.App.Name, kinds[user], tokens.OpenID)
	assets := []account.Asset{{ID: account.CreatorAsset(id.App(), id.OpenID())}}
	if id.Kind() == tiktokshop.SellerAccount {
		assets = []account.Asset{{ID: auroraUS, Cipher: w.tiktok.ShopCipher(t, user, 0)}, {ID: auroraGB, Cipher: w.tiktok.ShopCipher(t, user, 1)}}
	}
	w.enrol(t, id, assets, tokens)
	return id
}

const (
	auroraUS account.AssetID = "shop:7495000000000000001"
	auroraGB account.AssetID = "shop:7495000000000000002"
)

func (w *world) enrol(t *testing.T, id account.ID, assets []account.Asset, tokens sandboxtest.Tokens) {
	t.Helper()
	now := w.now()
	sealed, err := w.vault.Seal(t.Context(), id, account.Tokens{Access: redact.New(tokens.AccessToken), Refresh: redact.New(tokens.RefreshToken)})
	require.NoError(t, err)
	a := account.Account{
		ID: id, State: account.Active, AuthorizedAt: now, RefreshedAt: now, Sealed: sealed, Scopes: []string{"test-scope"},
		AccessExpiresAt: time.Unix(tokens.AccessTokenExpireIn, 0), RefreshExpiresAt: time.Unix(tokens.RefreshTokenExpireIn, 0),
	}
	for i := range assets {
		assets[i].Account, assets[i].State, assets[i].AuthorizedAt = id, account.AssetActive, now
	}
	state := tokens.AccessToken // any text that is new
	require.NoError(t, w.connections.PutState(t.Context(), state, connection.Pending{ExpiresAt: now}))
	require.NoError(t, w.connections.Enrol(t.Context(), connection.Enrolment{
		State: state, Account: a, Assets: assets, Connection: connection.Connection{ID: "conn_test", Owner: "test-owner", Account: id, ConnectedAt: now},
		RefreshAt: account.NextRefresh(now, a.AccessExpiresAt, account.DefaultRefreshAhead),
	}))
}

// counts is what the sandbox saw of the user's grant.
func (w *world) counts(t *testing.T, user string) sandbox.GrantCounts {
	t.Helper()
	for _, a := range w.tiktok.Truth().Accounts {
		if a.User == user {
			return a.GrantCounts
		}
	}
	require.FailNow(t, "no grant")
	return sandbox.GrantCounts{}
}

func (w *world) account(t *testing.T, id account.ID) account.Account {
	t.Helper()
	a, err := w.store.Account(t.Context(), id)
	require.NoError(t, err)
	return a
}

// token asks a process for an access token.
func token(ctx context.Context, g *account.Grants, id account.ID) (redact.Secret, error) {
	grant, err := g.Account(ctx, id)
	if err != nil {
		return redact.Secret{}, err
	}
	return grant.AccessToken(ctx)
}
