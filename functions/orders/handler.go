package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/order"
)

// connections finds an owner's connections; another owner's are fault.NotFound.
type connections interface {
	Find(ctx context.Context, owner, connectionID string) (connection.Connection, error)
}

// holders tells which accounts hold an asset, whoever's they are.
type holders interface {
	Holdings(ctx context.Context, asset account.AssetID) ([]account.Asset, error)
}

// orders are what is stored and scheduled.
type orders interface {
	// Rows lists a stream's rows, the newest first. A page may be short and still have a next.
	Rows(ctx context.Context, s order.Selection) (order.Selected, error)
	// OrderAssets lists the assets that see an order, whoever's they are.
	OrderAssets(ctx context.Context, orderID string) ([]account.AssetID, error)
	// Order lists the rows of an order in one stream.
	Order(ctx context.Context, asset account.AssetID, perspective order.Perspective, orderID string) ([]order.Row, error)
	// Windows lists the windows of a stream in order.
	Windows(ctx context.Context, asset account.AssetID, perspective order.Perspective) ([]order.Window, error)
	// Reading tells how an asset is being read.
	Reading(ctx context.Context, asset account.AssetID, now time.Time) (order.Reading, error)
	// Ask makes all of an asset's windows due; order.ErrUnscheduled when it is not read.
	Ask(ctx context.Context, asset account.AssetID, now time.Time) error
}

// wakes takes work for the fetcher.
type wakes interface {
	SendBatch(ctx context.Context, messages []any) error
}

type handler struct {
	connections connections
	holders     holders
	orders      orders
	wakes       wakes
	now         func() time.Time
}

func (h *handler) routes(r *api.Router) *api.Router {
	api.Handle(r, "GET /v1/orders", api.Read, h.list)
	api.Handle(r, "GET /v1/orders.csv", api.Read, h.export)
	api.Handle(r, "GET /v1/orders/{order_id}", api.Read, h.show)
	api.Handle(r, "GET /v1/orders/freshness", api.Read, h.freshness)
	api.HandleStatus(r, "POST /v1/orders/refresh", api.Write, h.refresh)
	return r
}

type refreshOrders struct {
	ConnectionID string          `json:"connection_id"`
	Asset        account.AssetID `json:"asset"` // empty: all of the connection
}

// Target is what is read anew.
func (in *refreshOrders) Target() api.Target {
	return api.Target{ConnectionID: in.ConnectionID, Asset: in.Asset, Whole: true}
}

type refreshed struct {
	Items []refreshedAsset `json:"items"`
}

// refreshedAsset says whether a read of the asset was asked for. An asset whose
// access has ended is not read.
type refreshedAsset struct {
	Asset account.AssetID `json:"asset"`
	State string          `json:"state"` // asked, not_scheduled
}

// refresh makes the windows of assets due and wakes their reader.
func (h *handler) refresh(ctx context.Context, c api.Call, in refreshOrders) (api.Answer[refreshed], error) {
	none := api.Answer[refreshed]{}
	assets := c.Connection.Assets
	if in.Asset != "" {
		assets = []account.Asset{c.Asset}
	}
	answer := refreshed{Items: []refreshedAsset{}}
	var messages []any
	for _, asset := range assets {
		item := refreshedAsset{Asset: asset.ID, State: "not_scheduled"}
		if asset.State != account.AssetDeauthorized {
			switch err := h.orders.Ask(ctx, asset.ID, h.now()); {
			case err == nil:
				item.State = "asked"
				messages = append(messages, order.Wake{Asset: asset.ID})
			case !errors.Is(err, order.ErrUnscheduled):
				return none, err
			}
		}
		answer.Items = append(answer.Items, item)
	}
	if len(messages) > 0 {
		if err := h.wakes.SendBatch(ctx, messages); err != nil {
			return none, err
		}
	}
	return api.Answer[refreshed]{Status: http.StatusAccepted, Body: answer}, nil
}
