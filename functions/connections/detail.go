package main

import (
	"context"
	"net/http"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// connectionView is a connection in lists. State is what it was told at last;
// health also looks at the clock.
type connectionView struct {
	ID                     string                 `json:"id"`
	Account                tiktokshop.AccountKind `json:"account"`
	Name                   string                 `json:"name"`
	Region                 string                 `json:"region"`
	Market                 string                 `json:"market"`
	State                  connection.State       `json:"state"`
	Reason                 account.Reason         `json:"reason,omitempty"`
	Health                 connection.Health      `json:"health"`
	Scopes                 []string               `json:"scopes"`
	MissingScopes          []string               `json:"missing_scopes"`
	Assets                 []assetView            `json:"assets"`
	CreatedAt              time.Time              `json:"created_at"`
	ConnectedAt            time.Time              `json:"connected_at"`
	RefreshedAt            time.Time              `json:"refreshed_at"`
	AccessExpiresAt        time.Time              `json:"access_expires_at"`
	AuthorizationExpiresAt time.Time              `json:"authorization_expires_at,omitzero"`
}

type assetView struct {
	ID     account.AssetID    `json:"id"`
	Name   string             `json:"name"`
	Market string             `json:"market"`
	State  account.AssetState `json:"state"`
}

func (h *handler) view(c connection.Connection) connectionView {
	v := connectionView{
		ID: c.ID, Account: c.Kind(), Name: c.Name, Region: c.Region, Market: c.Market, State: c.State, Reason: c.Reason, Health: c.Health(h.now()),
		Scopes: append([]string{}, c.Scopes...), MissingScopes: append([]string{}, c.MissingScopes()...), Assets: []assetView{},
		CreatedAt: c.CreatedAt, ConnectedAt: c.ConnectedAt, RefreshedAt: c.RefreshedAt,
		AccessExpiresAt: c.AccessExpiresAt, AuthorizationExpiresAt: c.AuthorizationEnd(),
	}
	for _, a := range c.Assets {
		if c.State == connection.NeedsReconnect && a.State == account.AssetActive {
			a.State = account.AssetInactive // nothing can be done with it until then
		}
		v.Assets = append(v.Assets, assetView{ID: a.ID, Name: a.Name, Market: a.Region, State: a.State})
	}
	return v
}

// detailView is one connection with what is missing.
type detailView struct {
	connectionView
	App  string     `json:"app"` // name of the Partner Center app
	Todo []todoView `json:"todo"`
}

// todoView is one thing to do. Code is for programs: reconnect, renew,
// grant_scopes, restore_asset or wait.
type todoView struct {
	Code        connection.TodoCode `json:"code"`
	Detail      string              `json:"detail"`
	Scopes      []string            `json:"scopes,omitempty"`
	Asset       account.AssetID     `json:"asset,omitempty"`
	By          time.Time           `json:"by,omitzero"`
	ConnectLink *connectLinkCall    `json:"connect_link,omitempty"`
}

// connectLinkCall is the request that makes the connect link to send.
type connectLinkCall struct {
	Method string          `json:"method"`
	Path   string          `json:"path"`
	Body   connectLinkBody `json:"body"`
}

type connectLinkBody struct {
	Account tiktokshop.AccountKind `json:"account"`
	Market  string                 `json:"market"`
	App     string                 `json:"app"`
}

func (h *handler) detailOf(c connection.Connection) detailView {
	ask := c.Ask()
	v := detailView{connectionView: h.view(c), App: ask.App, Todo: []todoView{}}
	for _, todo := range c.Todo(h.now()) {
		one := todoView{Code: todo.Code, Detail: todo.Detail, Scopes: todo.Scopes, Asset: todo.Asset, By: todo.By}
		if todo.ConnectLink {
			one.ConnectLink = &connectLinkCall{Method: http.MethodPost, Path: "/v1/connect-links", Body: connectLinkBody{ask.Kind, ask.Market, ask.App}}
		}
		v.Todo = append(v.Todo, one)
	}
	return v
}

// oneRequest names a connection.
type oneRequest struct {
	ID string `path:"id"`
}

func (h *handler) detail(ctx context.Context, call api.Call, in oneRequest) (detailView, error) {
	c, err := h.directory.Find(ctx, call.Owner, in.ID)
	if err != nil {
		return detailView{}, err
	}
	return h.detailOf(c), nil
}

// refresh renews the account's tokens now and answers with the connection as it
// is then: 200, or 202 while the refresh of another is under way.
func (h *handler) refresh(ctx context.Context, call api.Call, in oneRequest) (api.Answer[detailView], error) {
	c, err := h.directory.Find(ctx, call.Owner, in.ID)
	if err != nil {
		return api.Answer[detailView]{}, err
	}
	done, err := h.grants.RefreshNow(ctx, c.Account)
	if err != nil {
		return api.Answer[detailView]{}, err
	}
	if c, err = h.directory.Find(ctx, call.Owner, in.ID); err != nil {
		return api.Answer[detailView]{}, err
	}
	status := http.StatusOK
	if !done {
		status = http.StatusAccepted
	}
	return api.Answer[detailView]{Status: status, Body: h.detailOf(c)}, nil
}
