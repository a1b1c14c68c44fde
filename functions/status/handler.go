package main

import (
	"context"
	"net/http"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/delivery"
)

type connections interface {
	connection.Reader
	// Holdings lists the asset as each account holds it.
	Holdings(ctx context.Context, asset account.AssetID) ([]account.Asset, error)
}

type sender interface {
	SendText(ctx context.Context, body string, attributes map[string]string) error
}

// handler shows the caller's owner what has come in.
type handler struct {
	connections connections
	deliveries  delivery.Reader
	webhooks    sender // the queue of the webhook processor
}

func (h *handler) routes(r *api.Router) http.Handler {
	api.Handle(r, "GET /v1/deliveries", api.Read, h.listDeliveries)
	api.Handle(r, "GET /v1/deliveries/{id}", api.Read, h.delivery)
	api.HandleStatus(r, "POST /v1/deliveries/{id}/replay", api.Write, h.replay)
	return r
}
