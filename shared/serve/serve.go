// Package serve builds what the functions that serve the HTTP API have in
// common. It is apart from package compose, whose sealing makes binaries
// twice as large.
package serve

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/bootstrap"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/idempotency"
	"tiktok-shop-affiliate/shared/secret"
)

// ReadAPI is the part of a function's settings that says how it serves routes
// of the HTTP API that only read. Embed it.
type ReadAPI struct {
	Accounts     string `env:"ACCOUNTS_TABLE,required"`
	CursorSecret string `env:"CURSOR_SECRET_ID,required"`
	OwnerClaim   string `env:"OWNER_CLAIM"`
	DefaultOwner string `env:"DEFAULT_OWNER"`
}

// Router makes the router that a function adds its routes to.
func (a ReadAPI) Router(cfg aws.Config, tables *dynamodb.Client, options ...api.Option) *api.Router {
	owners := api.Owners{Claim: a.OwnerClaim, Clients: dynamo.NewClients(tables, a.Accounts), Default: a.DefaultOwner}
	cursors := api.NewCursors(secret.NewSource(secretsmanager.NewFromConfig(cfg), a.CursorSecret, bootstrap.Now))
	return api.New(owners, cursors, options...)
}

// API is ReadAPI for routes that change things. Embed one of the two.
type API struct {
	ReadAPI
	Records string `env:"RECORDS_TABLE,required"`
	BaseURL string `env:"PUBLIC_BASE_URL"` // empty: the address each request came to
}

// Router makes the router that a function adds its routes to.
func (a API) Router(cfg aws.Config, tables *dynamodb.Client, options ...api.Option) *api.Router {
	outcomes := idempotency.NewKeeper(dynamo.NewOutcomes(tables, a.Records), bootstrap.Now)
	return a.ReadAPI.Router(cfg, tables, append(options, api.WithBaseURL(a.BaseURL), api.WithIdempotency(outcomes))...)
}

// WithConnections is for functions whose requests have an api.Target.
func (a API) WithConnections(tables *dynamodb.Client) api.Option {
	store := dynamo.NewConnections(tables, a.Accounts, "")
	return api.WithConnections(connection.NewDirectory(store), connection.NewLinks(store, nil, bootstrap.Now))
}
