package main

import (
	"context"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/order"
)

// askFreshness asks how well a connection's orders are kept.
type askFreshness struct {
	ConnectionID string          `query:"connection_id"`
	Asset        account.AssetID `query:"asset"` // empty: all of the connection
	Limit        int             `query:"limit"`
	Cursor       string          `query:"cursor"`
}

// Validate reports every fault of the request at once.
func (in *askFreshness) Validate(f *api.Fields) {
	if in.ConnectionID == "" {
		f.Parameter("connection_id", "is required")
	}
	if in.Limit == 0 {
		in.Limit = defaultLimit
	}
	if in.Limit < 1 || in.Limit > maxLimit {
		f.Parameter("limit", "must be 1 to %d", maxLimit)
	}
}

// freshStream tells how the rows of an asset and perspective are kept.
type freshStream struct {
	order.Fresh
	order.Reading
	// LateSeconds is for how long a read has been wanted and not begun; 0 when none is due.
	LateSeconds int64 `json:"late_seconds"`
	Windows     int   `json:"windows"`   // ranges of create time that are read each as a whole
	Rows        int   `json:"rows"`      // of the last complete reads
	Unsettled   int   `json:"unsettled"` // of them, those that are not final
}

// placeInStreams is where a list of streams goes on.
type placeInStreams struct {
	Connection string          `json:"c"`
	Asset      account.AssetID `json:"a"`
	Next       stream          `json:"n"`
}

// freshness lists the streams of a connection.
func (h *handler) freshness(ctx context.Context, c api.Call, in askFreshness) (api.Page[freshStream], error) {
	none := api.Page[freshStream]{}
	place := placeInStreams{Connection: in.ConnectionID, Asset: in.Asset}
	if in.Cursor != "" {
		if err := c.DecodeCursor(ctx, in.Cursor, &place); err != nil {
			return none, err
		}
		if place.Connection != in.ConnectionID || place.Asset != in.Asset {
			return none, api.Invalid(api.Field{Parameter: "cursor", Detail: "belongs to a list with other filters"})
		}
	}
	owned, err := h.connections.Find(ctx, c.Owner, in.ConnectionID)
	if err != nil {
		return none, err
	}
	streams, err := streamsOf(owned, in.Asset, "")
	if err != nil {
		return none, err
	}
	var items []freshStream
	for _, s := range streams {
		if s.compare(place.Next) < 0 {
			continue
		}
		if len(items) == in.Limit {
			place.Next = s
			cursor, err := c.EncodeCursor(ctx, place)
			return api.NewPage(items, cursor), err
		}
		item, err := h.freshStream(ctx, s)
		if err != nil {
			return none, err
		}
		items = append(items, item)
	}
	return api.NewPage(items, ""), nil
}

func (h *handler) freshStream(ctx context.Context, s stream) (freshStream, error) {
	now := h.now()
	reading, err := h.orders.Reading(ctx, s.Asset, now)
	if err != nil {
		return freshStream{}, err
	}
	windows, err := h.orders.Windows(ctx, s.Asset, s.Perspective)
	if err != nil {
		return freshStream{}, err
	}
	f := freshStream{Fresh: order.FreshOf(s.Asset, s.Perspective, windows, time.Unix(0, 0), now), Reading: reading, Windows: len(windows)}
	if wanted := reading.WantedAt; !wanted.IsZero() && wanted.Before(now) {
		f.LateSeconds = int64(now.Sub(wanted) / time.Second)
	}
	for _, w := range windows {
		f.Rows, f.Unsettled = f.Rows+w.Rows, f.Unsettled+w.Unsettled
	}
	return f, nil
}
