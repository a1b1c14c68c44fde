package main

import (
	"context"
	"net/http"
	"regexp"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

type links interface {
	Mint(ctx context.Context, ask connection.Ask) (redact.Secret, connection.Link, error)
}

type directory interface {
	Find(ctx context.Context, owner, id string) (connection.Connection, error)
	List(ctx context.Context, owner, after string, limit int32) (found []connection.Connection, next string, err error)
}

type grants interface {
	RefreshNow(ctx context.Context, id account.ID) (done bool, err error)
}

type remover interface {
	Remove(ctx context.Context, owner, id string) (connection.Removal, connection.Ending, error)
	Manage(ctx context.Context, id account.ID) (string, error)
}

type claimer interface {
	Claim(ctx context.Context, owner, token string) (connection.Connection, error)
}

// handler mints connect links and looks after connections, always for the caller's owner.
type handler struct {
	links     links
	directory directory
	grants    grants
	remover   remover
	claims    claimer
	now       func() time.Time
}

func (h *handler) routes(r *api.Router) *api.Router {
	api.HandleStatus(r, "POST /v1/connect-links", api.Write, h.createLink)
	api.Handle(r, "GET /v1/connections", api.Read, h.list)
	api.Handle(r, "POST /v1/connections/claim", api.Write, h.claim)
	api.Handle(r, "GET /v1/connections/{id}", api.Read, h.detail)
	api.HandleStatus(r, "POST /v1/connections/{id}/refresh", api.Write, h.refresh)
	api.HandleStatus(r, "DELETE /v1/connections/{id}", api.Write, h.remove)
	return r
}

type linkRequest struct {
	Account  tiktokshop.AccountKind `json:"account"`
	Market   string                 `json:"market"`
	App      string                 `json:"app"`
	ReturnTo string                 `json:"return_to"`
}

var marketForm = regexp.MustCompile(`^[A-Z]{2}$`)

// Validate reports every fault.
func (in *linkRequest) Validate(f *api.Fields) {
	switch in.Account {
	case tiktokshop.SellerAccount, tiktokshop.CreatorAccount, tiktokshop.PartnerAccount:
	default:
		f.Body("/account", `must be "seller", "creator" or "partner"`)
	}
	if !marketForm.MatchString(in.Market) {
		f.Body("/market", `must be an ISO 3166 country code like "US"`)
	}
	if in.ReturnTo != "" && !connection.SafeURL(in.ReturnTo) {
		f.Body("/return_to", "must be an https address")
	}
}

type linkResponse struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (h *handler) createLink(ctx context.Context, call api.Call, in linkRequest) (api.Answer[linkResponse], error) {
	token, link, err := h.links.Mint(ctx, connection.Ask{Owner: call.Owner, App: in.App, Kind: in.Account, Market: in.Market, ReturnTo: in.ReturnTo})
	if err != nil {
		return api.Answer[linkResponse]{}, err
	}
	return api.Answer[linkResponse]{Status: http.StatusCreated, Body: linkResponse{
		URL: call.BaseURL + "/connect/" + token.Reveal(), ExpiresAt: link.ExpiresAt.Truncate(time.Second),
	}}, nil
}

const (
	defaultLimit = 50
	maxLimit     = 100
)

type listRequest struct {
	Limit  int    `query:"limit"`
	Cursor string `query:"cursor"`
}

// Validate sets the default.
func (in *listRequest) Validate(f *api.Fields) {
	if in.Limit == 0 {
		in.Limit = defaultLimit
	}
	if in.Limit < 1 || in.Limit > maxLimit {
		f.Parameter("limit", "must be from 1 to %d", maxLimit)
	}
}

func (h *handler) list(ctx context.Context, call api.Call, in listRequest) (api.Page[connectionView], error) {
	var after string
	if in.Cursor != "" {
		if err := call.DecodeCursor(ctx, in.Cursor, &after); err != nil {
			return api.Page[connectionView]{}, err
		}
	}
	found, next, err := h.directory.List(ctx, call.Owner, after, int32(in.Limit)) //nolint:gosec // at most maxLimit
	if err != nil {
		return api.Page[connectionView]{}, err
	}
	if next != "" {
		if next, err = call.EncodeCursor(ctx, next); err != nil {
			return api.Page[connectionView]{}, err
		}
	}
	views := make([]connectionView, 0, len(found))
	for _, c := range found {
		views = append(views, h.view(c))
	}
	return api.NewPage(views, next), nil
}
