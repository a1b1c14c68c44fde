// Package connection is about an owner's right to an account: the links by
// which users consent, and what an owner may touch afterwards. The owner always
// comes from the caller's verified token.
package connection

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// State is the health of a connection as its owner needs to know it.
type State string

// The states of a connection.
const (
	Active         State = "active"
	NeedsReconnect State = "needs_reconnect" // send the user a connect link
)

// Connection is one owner's right to one account.
type Connection struct {
	ID      string // "conn_…"
	Owner   string
	Account account.ID
	Name    string // of the account
	Region  string // of the account, ISO 3166 alpha-2
	Market  string // the link was made for, ISO 3166 alpha-2
	State   State
	Reason  account.Reason // why it needs a reconnect
	Scopes  []string
	Assets  []account.Asset

	CreatedAt              time.Time
	ConnectedAt            time.Time // of the newest consent through this connection
	AccessExpiresAt        time.Time // of the tokens in use; they renew themselves
	AuthorizationExpiresAt time.Time // when the user must consent again
	WarnedEnd              time.Time // end of the authorization that TikTok Shop warned of; zero: none
	RefreshedAt            time.Time // when the tokens in use were received
	RetryAt                time.Time // when a failed refresh is tried again; zero: none failed
	Suspect                bool      // TikTok Shop refused a refresh once
}

// Client is an OAuth client of the API and the owner it acts for.
type Client struct{ ID, Owner string }

// NewID makes the id of an owner's connection to an account. It is always the
// same, so that connecting again renews the connection.
func NewID(owner string, id account.ID) string {
	sum := sha256.Sum256([]byte(owner + "\x00" + string(id)))
	return "conn_" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:15]))
}

// Kind is the kind of the account.
func (c Connection) Kind() tiktokshop.AccountKind { return c.Account.Kind() }

// MissingScopes are those this back end uses and the user or app did not grant.
func (c Connection) MissingScopes() []string { return missing(c.Kind(), c.Scopes) }

// Of fills in what an account's state means to the connection.
func (c Connection) Of(a account.Account, assets []account.Asset) Connection {
	c.Name, c.Region, c.Scopes, c.Assets = a.Name, a.Region, a.Scopes, assets
	c.AccessExpiresAt, c.AuthorizationExpiresAt, c.WarnedEnd = a.AccessExpiresAt, a.RefreshExpiresAt, a.ExpiryWarned
	c.RefreshedAt, c.RetryAt, c.Suspect = a.RefreshedAt, a.RetryAt, a.State == account.Suspect
	c.State, c.Reason = Active, ""
	if a.State == account.Revoked {
		c.State, c.Reason = NeedsReconnect, a.Reason
	}
	return c
}

// Asset finds an asset of the connection. The empty id means its only active
// asset; when there are several, the error names them.
func (c Connection) Asset(id account.AssetID) (account.Asset, error) {
	const op = "connection.Asset"
	var active []account.Asset
	for _, asset := range c.Assets {
		if asset.ID == id {
			return asset, nil
		}
		if asset.State != account.AssetDeauthorized {
			active = append(active, asset)
		}
	}
	switch {
	case id != "":
		return account.Asset{}, fault.New(op, fault.NotFound, "the connection has no such asset")
	case len(active) == 1:
		return active[0], nil
	case len(active) == 0:
		return account.Asset{}, fault.New(op, fault.Reconnect, "the connection has no active asset: send its user a new connect link")
	}
	names := make([]string, 0, len(active))
	for _, asset := range active {
		names = append(names, fmt.Sprintf("%s (%s, %s)", asset.ID, asset.Name, asset.Region))
	}
	return account.Asset{}, fault.New(op, fault.Invalid, "the connection has several assets; name one of: "+strings.Join(names, "; "))
}

// Reader reads connections.
type Reader interface {
	// Connection is fault.NotFound for another owner's id.
	Connection(ctx context.Context, owner, id string) (Connection, error)
	Connections(ctx context.Context, owner, after string, limit int32) (found []Connection, next string, err error)
}

// Directory answers who may touch what.
type Directory struct{ reader Reader }

// NewDirectory reads from reader.
func NewDirectory(reader Reader) *Directory { return &Directory{reader: reader} }

// Find returns an owner's connection; another owner's is fault.NotFound.
func (d *Directory) Find(ctx context.Context, owner, id string) (Connection, error) {
	return d.reader.Connection(ctx, owner, id)
}

// List returns connections of an owner after the given id, at most limit. next
// is empty on the last page.
func (d *Directory) List(ctx context.Context, owner, after string, limit int32) (found []Connection, next string, err error) {
	return d.reader.Connections(ctx, owner, after, limit)
}

// Asset finds an asset of an owner's connection, the only active one when id is empty.
func (d *Directory) Asset(ctx context.Context, owner, connectionID string, id account.AssetID) (account.Asset, error) {
	c, err := d.reader.Connection(ctx, owner, connectionID)
	if err != nil {
		return account.Asset{}, err
	}
	return c.Asset(id)
}
