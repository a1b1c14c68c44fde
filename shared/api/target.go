package api

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Target says which connection of the owner a request acts on, and which of its
// assets. The fields of the request are connection_id and asset.
type Target struct {
	ConnectionID string
	Asset        account.AssetID // empty: the connection's only active asset
	Whole        bool            // without an Asset, the connection with all its assets is meant

	Kinds    []tiktokshop.AccountKind // it is for; none: for every kind of account
	Stored   bool                     // only what is stored is asked for, which stays when access has ended
	Optional bool                     // without a ConnectionID the handler decides
}

// targeted is implemented by requests that act on a connection.
type targeted interface{ Target() Target }

// Connections finds what owners may touch; *connection.Directory is one.
type Connections interface {
	// Find is fault.NotFound for another owner's id.
	Find(ctx context.Context, owner, connectionID string) (connection.Connection, error)
}

// Links mints links that connect an account again; *connection.Links is one.
type Links interface {
	Renew(ctx context.Context, c connection.Connection) (redact.Secret, connection.Link, error)
}

// connectionForm is what ids of connections look like; others exist nowhere.
var connectionForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// At is the call for another target than the request's, with the same rules.
func (c Call) At(ctx context.Context, target Target) (Call, error) {
	return c.at(ctx, target, func(name, detail string) Field { return Field{Pointer: "/" + name, Detail: detail} })
}

func (c Call) at(ctx context.Context, target Target, field func(name, detail string) Field) (Call, error) {
	switch {
	case target.ConnectionID == "" && target.Optional:
		return c, nil
	case target.ConnectionID == "":
		return c, Invalid(field("connection_id", "is required"))
	case !connectionForm.MatchString(target.ConnectionID):
		return c, fault.New("api.At", fault.NotFound, "There is no such connection.")
	}
	found, err := c.router.connections.Find(ctx, c.Owner, target.ConnectionID)
	if err != nil {
		return c, err
	}
	if len(target.Kinds) > 0 && !slices.Contains(target.Kinds, found.Kind()) {
		return c, Invalid(field("connection_id", fmt.Sprintf("must be the connection of a %s; this is one of a %s", anyOf(target.Kinds), found.Kind())))
	}
	c.Connection, *c.acting = found, found
	if found.State == connection.NeedsReconnect && !target.Stored {
		return c, ended()
	}
	if target.Whole && target.Asset == "" {
		return c, nil
	}
	asset, err := found.Asset(target.Asset)
	switch {
	case fault.Is(err, fault.Invalid): // it has several, and the message names them
		return c, Invalid(field("asset", "is required: "+err.(*fault.Error).Message)) //nolint:errorlint,forcetypeassert // Asset makes it
	case err != nil:
		return c, err
	case asset.State == account.AssetDeauthorized && !target.Stored:
		return c, ended()
	}
	c.Asset = asset
	return c, nil
}

func ended() error {
	return fault.New("api.At", fault.Reconnect, "Access to this account has ended. Send its user the connect_link.")
}

func anyOf(kinds []tiktokshop.AccountKind) string {
	names := make([]string, 0, len(kinds))
	for _, kind := range kinds {
		names = append(names, string(kind))
	}
	return strings.Join(names, " or ")
}

// connectLink is a fresh link that connects the call's account again. A problem
// is better without one than not told.
func (c Call) connectLink(ctx context.Context) string {
	if c.acting.ID == "" || c.router.links == nil {
		return ""
	}
	token, _, err := c.router.links.Renew(ctx, *c.acting)
	if err != nil {
		slog.WarnContext(ctx, "no connect link could be made", "connection", c.acting.ID, "error", err)
		return ""
	}
	return c.BaseURL + "/connect/" + token.Reveal()
}
