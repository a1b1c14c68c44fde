// Package linktest is a small world for tests of links and campaigns: TikTok
// Shop's sandbox, a records table, and owners with connections.
package linktest

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/link"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Ids of the sandbox's world.
const (
	Winter     = "7403000000000000001" // Northwind's campaign: nine pending products, online
	Spring     = "7403000000000000002" // one pending product, not online yet
	Skillet    = "1729000000000000001" // approved in Winter, total rate 2000
	Toner      = "1729000000000000012" // approved in Winter, total rate 3300
	MealPrep   = "1729000000000000002" // pending in Winter: 1800 in all, 27.99 to 35.49 USD
	Mirror     = "1729000000000000005" // pending in Winter: 1200 in all, 129.00 USD
	Lamp       = "1729000000000000007" // pending in Winter, not available
	AutumnDeal = "7402000000000000001" // target collaboration of Aurora Home's US shop
)

// World is where a test happens. Its clock stands still until Now is moved.
type World struct {
	TikTok *sandboxtest.Server
	Client *tiktokshop.Client
	DB     *dynamodb.Client
	Table  string // the records table
	Now    time.Time

	assets map[string]account.Asset // by owner, connection and asset
	tokens map[account.ID]string
}

// New starts a world without connections.
func New(t testing.TB) *World {
	t.Helper()
	w := World{DB: dynamodb.NewFromConfig(awstest.Config(t)), Table: awstest.Tables(t).Records}
	return w.Beside(t)
}

// Beside is a new world that shares the table, for owners of other names.
func (w *World) Beside(t testing.TB) *World {
	t.Helper()
	w = &World{
		DB: w.DB, Table: w.Table, TikTok: sandboxtest.Start(t),
		Now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), assets: map[string]account.Asset{}, tokens: map[account.ID]string{},
	}
	var err error
	w.Client, err = tiktokshop.New(tiktokshop.Options{BaseURL: w.TikTok.BaseURL, AuthURL: w.TikTok.BaseURL, Timeout: 5 * time.Second, Attempts: 1})
	require.NoError(t, err)
	return w
}

// Clock gives the world's time.
func (w *World) Clock() time.Time { return w.Now }

// Connect gives the owner a connection to a user of the sandbox, with the first
// asset of that user.
func (w *World) Connect(t testing.TB, owner, user string) (connectionID string, asset account.Asset) {
	t.Helper()
	tokens := w.TikTok.Tokens(t, user)
	kind := map[string]tiktokshop.AccountKind{
		sandboxtest.AuroraHome: tiktokshop.SellerAccount, sandboxtest.MiaLane: tiktokshop.CreatorAccount, sandboxtest.Northwind: tiktokshop.PartnerAccount,
	}[user]
	id := account.NewID(w.TikTok.App.Name, kind, tokens.OpenID)
	asset = account.Asset{Account: id, Region: "US", State: account.AssetActive}
	switch kind {
	case tiktokshop.SellerAccount:
		asset.ID, asset.Cipher = account.ShopAsset("7495000000000000001"), w.TikTok.ShopCipher(t, user, 0)
	case tiktokshop.CreatorAccount:
		asset.ID = account.CreatorAsset(id.App(), tokens.OpenID)
	case tiktokshop.PartnerAccount:
		asset.ID, asset.Cipher = account.CategoryAsset(id, "7", "US"), w.TikTok.CategoryCipher(t, user)
	}
	connectionID = "conn_" + owner + "_" + user
	w.assets[owner+"/"+connectionID] = asset
	w.tokens[id] = tokens.AccessToken
	return connectionID, asset
}

// Disconnect takes the owner's connection away.
func (w *World) Disconnect(owner, connectionID string) { delete(w.assets, owner+"/"+connectionID) }

// Asset finds an asset of the owner's connection.
func (w *World) Asset(_ context.Context, owner, connectionID string, id account.AssetID) (account.Asset, error) {
	asset, ok := w.assets[owner+"/"+connectionID]
	if !ok || id != "" && id != asset.ID {
		return account.Asset{}, fault.New("linktest.Asset", fault.NotFound, "there is no such connection")
	}
	return asset, nil
}

// Find returns the owner's connection with its one asset.
func (w *World) Find(ctx context.Context, owner, connectionID string) (connection.Connection, error) {
	asset, err := w.Asset(ctx, owner, connectionID, "")
	return connection.Connection{
		ID: connectionID, Owner: owner, Account: asset.Account, Market: asset.Region, State: connection.Active, Assets: []account.Asset{asset},
	}, err
}

// Held returns the grant of the account that holds the asset.
func (w *World) Held(_ context.Context, asset account.Asset) (tiktokshop.Grant, error) {
	app := tiktokshop.App{Key: w.TikTok.App.Key, Secret: redact.New(w.TikTok.App.Secret)}
	return grant{app: app, kind: asset.Account.Kind(), token: redact.New(w.tokens[asset.Account])}, nil
}

// Maker makes links in this world.
func (w *World) Maker() *link.Maker {
	return link.NewMaker(w.Client, w, dynamo.NewLinks(w.DB, w.Table), w.Clock)
}

// Calls counts the calls of an operation that TikTok Shop was sent.
func (w *World) Calls(operation string) (n int) {
	for _, count := range w.TikTok.Truth().Calls[operation] {
		n += count
	}
	return n
}

// grant is a token of the sandbox.
type grant struct {
	app   tiktokshop.App
	kind  tiktokshop.AccountKind
	token redact.Secret
}

func (g grant) App() tiktokshop.App                                { return g.app }
func (g grant) Kind() tiktokshop.AccountKind                       { return g.kind }
func (g grant) AccessToken(context.Context) (redact.Secret, error) { return g.token, nil }
func (g grant) Revoked(context.Context, error)                     {}
func (g grant) RenewToken(_ context.Context, token redact.Secret) (redact.Secret, error) {
	return token, nil
}
