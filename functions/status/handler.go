package main

import (
	"context"
	"net/http"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/delivery"
)

type connections interface {
	// Connection is fault.NotFound for another owner's id.
	Connection(ctx context.Context, owner, id string) (connection.Connection, error)
	// All lists an owner's connections; more says that there are others.
	All(ctx context.Context, owner string, most int) (found []connection.Connection, more bool, err error)
	// Holdings lists the asset as each account holds it.
	Holdings(ctx context.Context, asset account.AssetID) ([]account.Asset, error)
}

type sender interface {
	SendText(ctx context.Context, body string, attributes map[string]string) error
}

type apps interface {
	Find(ctx context.Context, name string) (app.App, error)
}

// handler shows the caller's owner how everything works, and what has come in.
type handler struct {
	connections connections
	deliveries  delivery.Reader
	webhooks    sender // the queue of the webhook processor
	orders      orders
	ledger      ledger
	apps        apps
	queues      []watched
	lateAfter   time.Duration // reads of orders that wait longer are late
	now         func() time.Time
}

func (h *handler) routes(r *api.Router) http.Handler {
	api.Handle(r, "GET /v1/status", api.Read, h.status)
	api.Handle(r, "GET /v1/deliveries", api.Read, h.listDeliveries)
	api.Handle(r, "GET /v1/deliveries/{id}", api.Read, h.delivery)
	api.HandleStatus(r, "POST /v1/deliveries/{id}/replay", api.Write, h.replay)
	return r
}
