// Package connectiontest connects accounts of a sandbox the way the product
// does, for tests that need connections, sealed tokens and the secrets to open
// them.
package connectiontest

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/seal"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Text is a secret that never changes.
type Text string

// Value implements app.Source and seal.Source.
func (s Text) Value(context.Context) (redact.Secret, error) { return redact.New(string(s)), nil }

// Reload implements app.Source and seal.Source.
func (s Text) Reload(context.Context) (bool, error) { return false, nil }

// World is a sandbox, tables, and what connecting accounts takes.
type World struct {
	TikTok *sandboxtest.Server
	DB     *dynamodb.Client
	Tables awstest.Names

	AppsSecret, KeysetSecret Text // what the deployment's secrets hold

	Client    *tiktokshop.Client
	Apps      *app.Registry
	Sealer    *seal.Sealer
	Vault     *account.Vault
	Store     *dynamo.Connections
	Grants    *account.Grants
	Pages     connection.ConsentPages
	Links     *connection.Links
	Connector *connection.Connector
}

// Options say what a world is like.
type Options struct {
	Now      func() time.Time
	Settings sandbox.Settings
	Serves   []tiktokshop.AccountKind // by the app; empty: all
}

// New makes a world.
func New(t testing.TB, options Options) *World {
	t.Helper()
	w := &World{DB: dynamodb.NewFromConfig(awstest.Config(t)), Tables: awstest.Tables(t)}
	now, serves := options.Now, options.Serves
	w.TikTok = sandboxtest.Start(t, func(o *sandbox.Options) { o.Now, o.Settings = now, options.Settings })
	if len(serves) == 0 {
		serves = []tiktokshop.AccountKind{tiktokshop.SellerAccount, tiktokshop.CreatorAccount, tiktokshop.PartnerAccount}
	}
	var err error
	w.Client, err = tiktokshop.New(tiktokshop.Options{BaseURL: w.TikTok.BaseURL, AuthURL: w.TikTok.BaseURL, Now: now, Attempts: 1})
	require.NoError(t, err)
	secret, err := json.Marshal(map[string]any{"apps": []any{map[string]any{
		"name": w.TikTok.App.Name, "key": w.TikTok.App.Key, "secret": w.TikTok.App.Secret, "portal": "us", "accounts": serves,
		"seller_service_id": w.TikTok.App.SellerServiceID, "partner_service_id": w.TikTok.App.PartnerServiceID,
	}}})
	require.NoError(t, err)
	keyset, err := seal.NewKeyset()
	require.NoError(t, err)
	w.AppsSecret, w.KeysetSecret = Text(secret), Text(keyset.Reveal())

	w.Apps, w.Sealer = app.NewRegistry(w.AppsSecret), seal.New(w.KeysetSecret)
	w.Vault = account.NewVault(w.Sealer)
	w.Store = dynamo.NewConnections(w.DB, w.Tables.Accounts, w.Tables.Orders)
	w.Grants = account.NewGrants(account.GrantsOptions{
		Store: w.Store.Accounts, TikTok: w.Client, Apps: w.Apps, Vault: w.Vault, Now: now, Log: slog.New(slog.DiscardHandler),
	})
	base := w.TikTok.BaseURL + "/consent/"
	w.Pages = connection.ConsentPages{SellerUS: base + "seller", Seller: base + "seller", Creator: base + "creator", PartnerUS: base + "partner", Partner: base + "partner"}
	w.Links = connection.NewLinks(w.Store, w.Apps, now)
	w.Connector = connection.NewConnector(connection.ConnectorOptions{
		Store: w.Store, Apps: w.Apps, TikTok: w.Client, Grants: w.Grants, Sealer: w.Sealer, Pages: w.Pages, Now: now,
	})
	return w
}

// kinds are the account kinds of the sandbox's users.
func kinds(user string) tiktokshop.AccountKind {
	switch user {
	case sandboxtest.MiaLane, sandboxtest.LeoPark, sandboxtest.NoraQuinn:
		return tiktokshop.CreatorAccount
	case sandboxtest.Northwind, sandboxtest.HarborAgency:
		return tiktokshop.PartnerAccount
	}
	return tiktokshop.SellerAccount
}

// Connect lets a user of the sandbox consent for an owner.
func (w *World) Connect(t testing.TB, owner, user string) connection.Connection {
	t.Helper()
	token, _, err := w.Links.Mint(t.Context(), connection.Ask{Owner: owner, Kind: kinds(user), Market: "US"})
	require.NoError(t, err)
	consent, err := w.Connector.Begin(t.Context(), token.Reveal(), "test-browser")
	require.NoError(t, err)
	page, err := url.Parse(consent)
	require.NoError(t, err)
	result, err := w.Connector.Finish(t.Context(), connection.Callback{Code: w.TikTok.Code(t, user), State: page.Query().Get("state"), Browser: "test-browser"})
	require.NoError(t, err)
	return result.Connection
}
