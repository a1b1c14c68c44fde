package main

import (
	"context"
	"net/http"
	"regexp"

	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/connection"
)

// clients is the table of API clients and their owners.
type clients interface {
	// List lists clients after the given id by their ids, at most limit. next is
	// empty on the last page.
	List(ctx context.Context, after string, limit int32) (found []connection.Client, next string, err error)
	Set(ctx context.Context, clientID, owner string) error
	// Remove is fault.NotFound when there is no such client.
	Remove(ctx context.Context, clientID string) error
}

// handler is for the operator: unlike every other route, these show and change
// what belongs to all owners of the deployment.
type handler struct{ clients clients }

func (h *handler) routes(r *api.Router) http.Handler {
	api.Handle(r, "GET /v1/clients", api.Admin, h.list)
	api.Handle(r, "PUT /v1/clients/{client_id}", api.Admin, h.set)
	api.HandleStatus(r, "DELETE /v1/clients/{client_id}", api.Admin, h.remove)
	return r
}

const (
	defaultLimit = 50
	maxLimit     = 100
)

type listClients struct {
	Limit  int    `query:"limit"`
	Cursor string `query:"cursor"`
}

// Validate sets the default.
func (in *listClients) Validate(f *api.Fields) {
	if in.Limit == 0 {
		in.Limit = defaultLimit
	}
	if in.Limit < 1 || in.Limit > maxLimit {
		f.Parameter("limit", "must be from 1 to %d", maxLimit)
	}
}

// client is an OAuth client id and the owner it acts for.
type client struct {
	ClientID string `json:"client_id"`
	Owner    string `json:"owner"`
}

// list shows the clients of all owners, by their ids. A client that was just
// set may be missing for a moment.
func (h *handler) list(ctx context.Context, c api.Call, in listClients) (api.Page[client], error) {
	var after string
	if in.Cursor != "" {
		if err := c.DecodeCursor(ctx, in.Cursor, &after); err != nil {
			return api.Page[client]{}, err
		}
	}
	found, next, err := h.clients.List(ctx, after, int32(in.Limit)) //nolint:gosec // at most maxLimit
	if err != nil {
		return api.Page[client]{}, err
	}
	if next != "" {
		if next, err = c.EncodeCursor(ctx, next); err != nil {
			return api.Page[client]{}, err
		}
	}
	items := make([]client, 0, len(found))
	for _, one := range found {
		items = append(items, client{one.ID, one.Owner})
	}
	return api.NewPage(items, next), nil
}

// clientForm is what issuers give out as client ids.
var clientForm = regexp.MustCompile(`^[A-Za-z0-9._~:/@-]{1,128}$`)

func checkID(f *api.Fields, id string) {
	if !clientForm.MatchString(id) {
		f.Parameter("client_id", "is not a client id: up to 128 letters, digits and . _ ~ : / @ -")
	}
}

type setClient struct {
	ClientID string `path:"client_id" json:"-"`
	Owner    string `json:"owner"`
}

// Validate reports every fault of the request at once.
func (in *setClient) Validate(f *api.Fields) {
	checkID(f, in.ClientID)
	if !api.IsOwner(in.Owner) {
		f.Body("/owner", "must be up to 100 letters, digits and . _ : -, and begin with a letter or digit")
	}
}

// set gives a client to an owner, whoever had it.
func (h *handler) set(ctx context.Context, _ api.Call, in setClient) (client, error) {
	return client(in), h.clients.Set(ctx, in.ClientID, in.Owner)
}

type removeClient struct {
	ClientID string `path:"client_id" json:"-"`
}

// Validate reports every fault of the request at once.
func (in *removeClient) Validate(f *api.Fields) { checkID(f, in.ClientID) }

// remove takes a client from its owner. Its tokens then act for the deployment's
// default owner, or for nobody where there is none.
func (h *handler) remove(ctx context.Context, _ api.Call, in removeClient) (api.Answer[struct{}], error) {
	return api.Answer[struct{}]{Status: http.StatusNoContent}, h.clients.Remove(ctx, in.ClientID)
}
