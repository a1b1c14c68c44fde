package main

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/order"
)

// showOrder asks for one order.
type showOrder struct {
	OrderID      string `path:"order_id"`
	ConnectionID string `query:"connection_id"` // empty: through all of the owner's connections
	Raw          bool   `query:"raw"`           // with the JSON that TikTok Shop gave
}

// shownOrder is one order from every perspective that its reader has. The
// perspectives are views of one sale: their figures are never added up.
type shownOrder struct {
	OrderID string     `json:"order_id"`
	Items   []shownRow `json:"items"`
}

// shownRow is a row and the connection through which it is seen.
type shownRow struct {
	ConnectionID string    `json:"connection_id"`
	Row          order.Row `json:"row"`
	// Filled names the fields that another perspective's row of the same order and SKU has filled.
	Filled map[string]order.Perspective `json:"filled,omitempty"`
	// Raw is {"order":{…},"row":{…}}: what stands once per order, and the SKU row.
	Raw json.RawMessage `json:"raw,omitempty"`
}

// show gives all rows of an order that the owner may see.
func (h *handler) show(ctx context.Context, c api.Call, in showOrder) (shownOrder, error) {
	var named *connection.Connection
	if in.ConnectionID != "" {
		owned, err := h.connections.Find(ctx, c.Owner, in.ConnectionID)
		if err != nil {
			return shownOrder{}, err
		}
		named = &owned
	}
	assets, err := h.orders.OrderAssets(ctx, in.OrderID)
	if err != nil {
		return shownOrder{}, err
	}
	var rows []order.Row
	through, names := map[account.AssetID]string{}, map[account.AssetID]string{}
	for _, asset := range assets {
		owned, err := h.through(ctx, c.Owner, asset, named)
		if fault.Is(err, fault.NotFound) {
			continue // another owner's
		}
		if err != nil {
			return shownOrder{}, err
		}
		through[asset], names[asset] = owned.ID, nameOf(owned, asset)
		for _, perspective := range order.Perspectives(asset) {
			some, err := h.orders.Order(ctx, asset, perspective, in.OrderID)
			if err != nil {
				return shownOrder{}, err
			}
			rows = append(rows, some...)
		}
	}
	if len(rows) == 0 {
		return shownOrder{}, fault.New("orders.Show", fault.NotFound, "there is no such order, or it has not been read yet")
	}
	slices.SortFunc(rows, func(a, b order.Row) int {
		return cmp.Or(cmp.Compare(a.Perspective, b.Perspective), cmp.Compare(a.Asset, b.Asset), cmp.Compare(a.SKUID, b.SKUID), a.Ordinal-b.Ordinal)
	})
	filled := order.Fill(rows, func(r order.Row) string { return names[r.Asset] })
	shown := shownOrder{OrderID: in.OrderID, Items: make([]shownRow, 0, len(rows))}
	for i, row := range rows {
		item := shownRow{Row: row, ConnectionID: through[row.Asset], Filled: filled[i]}
		if in.Raw {
			item.Raw = row.Raw
		}
		shown.Items = append(shown.Items, item)
	}
	return shown, nil
}

// through finds the owner's connection to an asset, which is the named one if
// one is named. It is fault.NotFound when there is none.
func (h *handler) through(ctx context.Context, owner string, asset account.AssetID, named *connection.Connection) (connection.Connection, error) {
	none := fault.New("orders.Show", fault.NotFound, "the owner has no connection to the asset")
	if named != nil {
		if _, err := named.Asset(asset); err != nil {
			return connection.Connection{}, none
		}
		return *named, nil
	}
	holdings, err := h.holders.Holdings(ctx, asset)
	if err != nil {
		return connection.Connection{}, err
	}
	for _, held := range holdings {
		owned, err := h.connections.Find(ctx, owner, connection.NewID(owner, held.Account))
		if !fault.Is(err, fault.NotFound) {
			return owned, err
		}
	}
	return connection.Connection{}, none
}

// nameOf is the asset's name as its account has it.
func nameOf(owned connection.Connection, id account.AssetID) string {
	for _, asset := range owned.Assets {
		if asset.ID == id {
			return asset.Name
		}
	}
	return ""
}
