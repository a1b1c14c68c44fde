package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/api/apitest"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/seal"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// text is a secret that never changes.
type text string

func (s text) Value(context.Context) (redact.Secret, error) { return redact.New(string(s)), nil }
func (s text) Reload(context.Context) (bool, error)         { return false, nil }

// bench is the function with tables and a sandbox of its own. Owners come from
// the client table.
type bench struct {
	http.Handler
	store     *dynamo.Connections
	clients   *dynamo.Clients
	tiktok    *sandboxtest.Server
	links     *connection.Links
	connector *connection.Connector
	remover   *connection.Remover
	grants    *account.Grants
	vault     *account.Vault
	orders    *dynamo.Orders

	mu sync.Mutex
	at time.Time
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at
}

func (b *bench) advance(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at = b.at.Add(d)
}

func newBench(t *testing.T, baseURL string) *bench {
	t.Helper()
	b := &bench{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	b.tiktok = sandboxtest.Start(t, func(o *sandbox.Options) { o.Now = b.now })
	names, db := awstest.Tables(t), dynamodb.NewFromConfig(awstest.Config(t))
	b.store, b.clients = dynamo.NewConnections(db, names.Accounts, names.Orders), dynamo.NewClients(db, names.Accounts)
	require.NoError(t, b.clients.Set(t.Context(), "test-client-a", "owner-a"))
	require.NoError(t, b.clients.Set(t.Context(), "test-client-b", "owner-b"))
	registered := b.tiktok.App
	registered.RedirectURL = "https://api.test/oauth/callback"
	b.tiktok.SetApp(registered)
	client, err := tiktokshop.New(tiktokshop.Options{BaseURL: b.tiktok.BaseURL, AuthURL: b.tiktok.BaseURL, Now: b.now, Attempts: 1})
	require.NoError(t, err)
	secret, err := json.Marshal(map[string]any{"apps": []any{map[string]any{
		"name": "main", "key": b.tiktok.App.Key, "secret": b.tiktok.App.Secret, "portal": "us", "accounts": []string{"seller", "creator"},
		"seller_service_id": b.tiktok.App.SellerServiceID,
	}}})
	require.NoError(t, err)
	apps := app.NewRegistry(text(secret))
	keyset, err := seal.NewKeyset()
	require.NoError(t, err)
	sealer := seal.New(text(keyset.Reveal()))
	pages := connection.ConsentPages{SellerUS: b.tiktok.BaseURL + "/consent/seller", Creator: b.tiktok.BaseURL + "/consent/creator"}
	b.links = connection.NewLinks(b.store, apps, b.now)
	b.vault, b.orders = account.NewVault(sealer), dynamo.NewOrders(db, names.Orders)
	b.grants = account.NewGrants(account.GrantsOptions{
		Store: b.store.Accounts, TikTok: client, Apps: apps, Vault: b.vault, Now: b.now, Log: slog.New(slog.DiscardHandler),
	})
	b.connector = connection.NewConnector(connection.ConnectorOptions{Store: b.store, Apps: apps, TikTok: client, Grants: b.grants, Sealer: sealer, Pages: pages, Now: b.now})
	b.remover = connection.NewRemover(connection.RemoverOptions{
		Store: b.store, Grants: b.grants, TikTok: client, Apps: apps, Pages: pages, Now: b.now, Log: slog.New(slog.DiscardHandler),
	})
	h := &handler{remover: b.remover, claims: b.connector, links: b.links, directory: connection.NewDirectory(b.store), grants: b.grants, now: b.now, baseURL: baseURL}
	b.Handler = apitest.Described(t, h.routes(api.New(api.Owners{Clients: b.clients}, api.NewCursors(text("test-cursor-key")))))
	return b
}

// connect lets a user of the sandbox consent for an owner.
func (b *bench) connect(t *testing.T, owner, user string) connection.Connection {
	t.Helper()
	kind := tiktokshop.SellerAccount
	if user == sandboxtest.MiaLane {
		kind = tiktokshop.CreatorAccount
	}
	token, _, err := b.links.Mint(t.Context(), connection.Ask{Owner: owner, Kind: kind, Market: "US"})
	require.NoError(t, err)
	consent, err := b.connector.Begin(t.Context(), token.Reveal(), "test-browser")
	require.NoError(t, err)
	page, err := url.Parse(consent)
	require.NoError(t, err)
	result, err := b.connector.Finish(t.Context(), connection.Callback{Code: b.tiktok.Code(t, user), State: page.Query().Get("state"), Browser: "test-browser"})
	require.NoError(t, err)
	return result.Connection
}

// refreshes counts the calls of the token endpoint.
func (b *bench) refreshes() (calls int) {
	for _, n := range b.tiktok.Truth().Calls["GET /api/v2/token/refresh"] {
		calls += n
	}
	return calls
}
