package api_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// directory holds the connections of one owner.
type directory map[string]connection.Connection

func (d directory) Find(_ context.Context, owner, id string) (connection.Connection, error) {
	if found, ok := d[id]; ok && owner == "owner-a" {
		return found, nil
	}
	return connection.Connection{}, fault.New("test", fault.NotFound, "There is no such connection.")
}

// renewals mints links that say whom they are for.
type renewals struct{ err error }

func (r renewals) Renew(_ context.Context, c connection.Connection) (redact.Secret, connection.Link, error) {
	return redact.New("token-of-" + c.ID), connection.Link{}, r.err
}

type act struct {
	ConnectionID string          `json:"connection_id"`
	Asset        account.AssetID `json:"asset"`
	Mode         string          `json:"mode"`
}

func (a *act) Target() api.Target {
	target := api.Target{ConnectionID: a.ConnectionID, Asset: a.Asset}
	switch a.Mode {
	case "sellers and creators":
		target.Kinds = []tiktokshop.AccountKind{tiktokshop.SellerAccount, tiktokshop.CreatorAccount}
	case "whole":
		target.Whole = true
	case "stored":
		target.Whole, target.Stored = true, true
	case "optional", "elsewhere":
		target.Optional = true
	}
	return target
}

type look struct {
	ConnectionID string `query:"connection_id"`
}

func (l *look) Target() api.Target { return api.Target{ConnectionID: l.ConnectionID, Whole: true} }

type acted struct {
	Connection string          `json:"connection"`
	Asset      account.AssetID `json:"asset"`
}

func targets(links api.Links) *api.Router {
	shop := func(id account.AssetID, state account.AssetState) account.Asset {
		return account.Asset{ID: id, Name: "Shop", Region: "US", State: state}
	}
	one := connection.Connection{ID: "conn_one", Owner: "owner-a", Account: "main:seller:s1", State: connection.Active, Assets: []account.Asset{shop("shop:1", account.AssetActive), shop("shop:2", account.AssetDeauthorized)}}
	two := connection.Connection{ID: "conn_two", Owner: "owner-a", Account: "main:seller:s2", State: connection.Active, Assets: []account.Asset{shop("shop:3", account.AssetActive), shop("shop:4", account.AssetActive)}}
	gone := connection.Connection{ID: "conn_gone", Owner: "owner-a", Account: "main:seller:s3", State: connection.NeedsReconnect, Assets: []account.Asset{shop("shop:5", account.AssetActive)}}
	partner := connection.Connection{ID: "conn_partner", Owner: "owner-a", Account: "main:partner:p1", State: connection.Active}
	r := api.New(api.Owners{Claim: "owner"}, api.NewCursors(fixedKey("test-cursor-key")),
		api.WithBaseURL("https://api.partner.example"), api.WithConnections(directory{one.ID: one, two.ID: two, gone.ID: gone, partner.ID: partner}, links))
	api.Handle(r, "POST /v1/acts", api.Write, func(ctx context.Context, c api.Call, in act) (acted, error) {
		if in.Mode == "elsewhere" {
			var err error
			if c, err = c.At(ctx, api.Target{ConnectionID: "conn_gone"}); err != nil {
				return acted{}, err
			}
		}
		return acted{c.Connection.ID, c.Asset.ID}, nil
	})
	api.Handle(r, "GET /v1/acts", api.Read, func(_ context.Context, c api.Call, _ look) (acted, error) {
		return acted{c.Connection.ID, c.Asset.ID}, nil
	})
	return r
}

func TestTargets(t *testing.T) {
	t.Parallel()
	post := func(owner, body string) request {
		return request{"POST", "/v1/acts", body, "", map[string]string{"owner": owner, "scope": "affiliate/write"}}
	}
	get := func(query string) request {
		return request{"GET", "/v1/acts" + query, "", "", map[string]string{"owner": "owner-a", "scope": "affiliate/read"}}
	}
	const link = "https://api.partner.example/connect/token-of-"
	for name, c := range map[string]struct {
		request
		status int
		want   map[string]any // what of the answer is looked at
	}{
		"the only active asset":   {post("owner-a", `{"connection_id":"conn_one"}`), 200, map[string]any{"connection": "conn_one", "asset": "shop:1"}},
		"an asset named":          {post("owner-a", `{"connection_id":"conn_two","asset":"shop:4"}`), 200, map[string]any{"asset": "shop:4"}},
		"the whole connection":    {post("owner-a", `{"connection_id":"conn_two","mode":"whole"}`), 200, map[string]any{"connection": "conn_two", "asset": ""}},
		"optional":                {post("owner-a", `{"mode":"optional"}`), 200, map[string]any{"connection": "", "asset": ""}},
		"stored, access ended":    {post("owner-a", `{"connection_id":"conn_gone","mode":"stored"}`), 200, map[string]any{"connection": "conn_gone"}},
		"stored asset that ended": {post("owner-a", `{"connection_id":"conn_one","asset":"shop:2","mode":"stored"}`), 200, map[string]any{"asset": "shop:2"}},
		"a kind it is for":        {post("owner-a", `{"connection_id":"conn_one","mode":"sellers and creators"}`), 200, map[string]any{"connection": "conn_one"}},
		"in the query":            {get("?connection_id=conn_two"), 200, map[string]any{"connection": "conn_two"}},

		"no connection":           {post("owner-a", `{}`), 400, map[string]any{"errors": []any{map[string]any{"pointer": "/connection_id", "detail": "is required"}}}},
		"no connection, in query": {get(""), 400, map[string]any{"errors": []any{map[string]any{"parameter": "connection_id", "detail": "is required"}}}},
		"several assets":          {post("owner-a", `{"connection_id":"conn_two"}`), 400, map[string]any{"errors": []any{map[string]any{"pointer": "/asset", "detail": "is required: the connection has several assets; name one of: shop:3 (Shop, US); shop:4 (Shop, US)"}}}},
		"another kind":            {post("owner-a", `{"connection_id":"conn_partner","mode":"sellers and creators"}`), 400, map[string]any{"errors": []any{map[string]any{"pointer": "/connection_id", "detail": "must be the connection of a seller or creator; this is one of a partner"}}}},
		"another owner's":         {post("owner-b", `{"connection_id":"conn_one"}`), 404, map[string]any{"type": "/problems/not-found"}},
		"not an id at all":        {post("owner-a", `{"connection_id":"../x"}`), 404, map[string]any{"type": "/problems/not-found"}},
		"not its asset":           {post("owner-a", `{"connection_id":"conn_one","asset":"shop:9"}`), 404, map[string]any{"type": "/problems/not-found"}},
		"access ended":            {post("owner-a", `{"connection_id":"conn_gone"}`), 409, map[string]any{"type": "/problems/reconnect", "connect_link": link + "conn_gone"}},
		"access ended, whole":     {post("owner-a", `{"connection_id":"conn_gone","mode":"whole"}`), 409, map[string]any{"type": "/problems/reconnect", "connect_link": link + "conn_gone"}},
		"the asset's access":      {post("owner-a", `{"connection_id":"conn_one","asset":"shop:2"}`), 409, map[string]any{"type": "/problems/reconnect", "connect_link": link + "conn_one"}},
		"no asset at all":         {post("owner-a", `{"connection_id":"conn_partner"}`), 409, map[string]any{"type": "/problems/reconnect", "connect_link": link + "conn_partner"}},
		"found by the handler":    {post("owner-a", `{"mode":"elsewhere"}`), 409, map[string]any{"type": "/problems/reconnect", "connect_link": link + "conn_gone"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response, body := send(t, targets(renewals{}), c.request)
			assert.Equal(t, c.status, response.StatusCode, body)
			for field, want := range c.want {
				assert.Equal(t, want, body[field], field)
			}
		})
	}
}

func TestReconnectIsToldAlsoWithoutALink(t *testing.T) {
	t.Parallel()
	for name, links := range map[string]api.Links{"none minted here": nil, "the store is down": renewals{errors.New("down")}} {
		response, body := send(t, targets(links), request{"POST", "/v1/acts", `{"connection_id":"conn_gone"}`, "", map[string]string{"owner": "owner-a", "scope": "affiliate/write"}})
		assert.Equal(t, http.StatusConflict, response.StatusCode, name)
		assert.NotContains(t, body, "connect_link", name)
	}
}

func TestARouterWithoutConnectionsTakesNoTarget(t *testing.T) {
	t.Parallel()
	assert.Panics(t, func() {
		api.Handle(api.New(api.Owners{}, nil), "POST /v1/acts", api.Write, func(context.Context, api.Call, act) (acted, error) { return acted{}, nil })
	})
}
