package main

import (
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/api/apitest"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/connection/connectiontest"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// bench is the function with tables and a sandbox of its own. Owners come from
// the client table.
type bench struct {
	http.Handler
	*connectiontest.World
	clients *dynamo.Clients
	remover *connection.Remover
	orders  *dynamo.Orders

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
	b.World = connectiontest.New(t, connectiontest.Options{Now: b.now, Serves: []tiktokshop.AccountKind{tiktokshop.SellerAccount, tiktokshop.CreatorAccount}})
	b.clients, b.orders = dynamo.NewClients(b.DB, b.Tables.Accounts), dynamo.NewOrders(b.DB, b.Tables.Orders)
	require.NoError(t, b.clients.Set(t.Context(), "test-client-a", "owner-a"))
	require.NoError(t, b.clients.Set(t.Context(), "test-client-b", "owner-b"))
	registered := b.TikTok.App
	registered.RedirectURL = "https://api.test/oauth/callback"
	b.TikTok.SetApp(registered)
	b.remover = connection.NewRemover(connection.RemoverOptions{
		Store: b.Store, Grants: b.Grants, TikTok: b.Client, Apps: b.Apps, Pages: b.Pages, Now: b.now, Log: slog.New(slog.DiscardHandler),
	})
	h := &handler{remover: b.remover, claims: b.Connector, links: b.Links, directory: connection.NewDirectory(b.Store), grants: b.Grants, now: b.now}
	b.Handler = apitest.Described(t, h.routes(api.New(api.Owners{Clients: b.clients}, api.NewCursors(connectiontest.Text("test-cursor-key")), api.WithBaseURL(baseURL))))
	return b
}

// refreshes counts the calls of the token endpoint.
func (b *bench) refreshes() (calls int) {
	for _, n := range b.TikTok.Truth().Calls["GET /api/v2/token/refresh"] {
		calls += n
	}
	return calls
}
