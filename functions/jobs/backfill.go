package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/job"
	"tiktok-shop-affiliate/shared/order"
)

// backfillOrders asks for past orders of an asset to be read.
type backfillOrders struct {
	ConnectionID string          `json:"connection_id"`
	Asset        account.AssetID `json:"asset"` // may be empty when the connection has one
	From         time.Time       `json:"from"`  // see order.BackfillParams
	To           time.Time       `json:"to"`
}

// Validate reports every fault of the request at once.
func (in *backfillOrders) Validate(f *api.Fields) {
	if in.ConnectionID == "" {
		f.Body("/connection_id", "is required")
	}
}

// backfill starts a job of the kind orders_backfill.
func (h *handler) backfill(ctx context.Context, c api.Call, in backfillOrders) (api.Answer[jobView], error) {
	params, err := json.Marshal(order.BackfillParams{From: in.From, To: in.To})
	if err != nil {
		return api.Answer[jobView]{}, fmt.Errorf("encoding parameters: %w", err)
	}
	spec := order.BackfillSpec()
	ask := job.Ask{Owner: c.Owner, At: h.now(), Kind: spec.Name, ConnectionID: in.ConnectionID, Params: params}
	chunks, err := check(spec, ask)
	if err != nil {
		return api.Answer[jobView]{}, err
	}
	at, err := c.At(ctx, api.Target{ConnectionID: in.ConnectionID, Asset: in.Asset})
	if err != nil {
		return api.Answer[jobView]{}, err
	}
	ask.Asset = at.Asset
	return h.accept(ctx, spec, ask, chunks)
}
