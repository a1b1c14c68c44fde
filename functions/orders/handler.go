package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
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

// orders are what is stored and scheduled.
type orders interface {
	// Rows lists a stream's rows, the newest first. A page may be short and still have a next.
	Rows(ctx context.Context, s order.Selection) (rows []order.Row, next string, err error)
	// Ask makes all of an asset's windows due; order.ErrUnscheduled when it is not read.
	Ask(ctx context.Context, asset account.AssetID, now time.Time) error
}

// wakes takes work for the fetcher.
type wakes interface {
	SendBatch(ctx context.Context, messages []any) error
}

type handler struct {
	connections connections
	orders      orders
	wakes       wakes
	now         func() time.Time
}

func (h *handler) routes(r *api.Router) *api.Router {
	api.Handle(r, "GET /v1/orders", api.Read, h.list)
	api.HandleStatus(r, "POST /v1/orders/refresh", api.Write, h.refresh)
	return r
}

const (
	defaultLimit = 50
	maxLimit     = 100
	defaultRange = 90 * 24 * time.Hour
	maxRange     = 366 * 24 * time.Hour
)

type listOrders struct {
	ConnectionID string            `query:"connection_id"`
	Asset        account.AssetID   `query:"asset"` // empty: all of the connection
	Perspective  order.Perspective `query:"perspective"`
	Status       order.Status      `query:"status"`
	CreatedFrom  time.Time         `query:"created_from"` // inclusive; empty: 90 days before created_to
	CreatedTo    time.Time         `query:"created_to"`   // exclusive; empty: now
	Limit        int               `query:"limit"`
	Cursor       string            `query:"cursor"`
}

// Validate reports every fault of the request at once.
func (in *listOrders) Validate(f *api.Fields) {
	if in.ConnectionID == "" {
		f.Parameter("connection_id", "is required")
	}
	if in.Limit == 0 {
		in.Limit = defaultLimit
	}
	if in.Limit < 1 || in.Limit > maxLimit {
		f.Parameter("limit", "must be 1 to %d", maxLimit)
	}
	if in.Status != "" && !in.Status.Known() {
		f.Parameter("status", "must be unpaid, pending, settled, no_commission, frozen or unknown")
	}
	if in.Perspective != "" && !slices.Contains([]order.Perspective{order.Seller, order.Creator, order.TAP}, in.Perspective) {
		f.Parameter("perspective", "must be seller, creator or tap")
	}
	if !in.CreatedFrom.IsZero() && !in.CreatedTo.IsZero() {
		switch span := in.CreatedTo.Sub(in.CreatedFrom); {
		case span <= 0:
			f.Parameter("created_to", "must be after created_from")
		case span > maxRange:
			f.Parameter("created_from", "must be at most 366 days before created_to")
		}
	}
}

// position is where a list goes on: the filters it began with and the place.
type position struct {
	Connection  string            `json:"c"`
	Asset       account.AssetID   `json:"a,omitempty"`
	Perspective order.Perspective `json:"p,omitempty"`
	Status      order.Status      `json:"s,omitempty"`
	From        time.Time         `json:"f"`
	To          time.Time         `json:"t"`
	Stream      stream            `json:"i"`
	After       string            `json:"o,omitempty"`
}

// stream is one asset from one perspective.
type stream struct {
	Asset       account.AssetID   `json:"a"`
	Perspective order.Perspective `json:"p"`
}

func (s stream) compare(other stream) int {
	return cmp.Or(cmp.Compare(s.Asset, other.Asset), cmp.Compare(s.Perspective, other.Perspective))
}

// list shows the rows of a connection, asset by asset, the newest first.
func (h *handler) list(ctx context.Context, c api.Call, in listOrders) (api.Page[order.Row], error) {
	from, err := h.start(ctx, c, in)
	if err != nil {
		return api.Page[order.Row]{}, err
	}
	owned, err := h.connections.Find(ctx, c.Owner, in.ConnectionID)
	if err != nil {
		return api.Page[order.Row]{}, err
	}
	streams, err := streamsOf(owned, in)
	if err != nil {
		return api.Page[order.Row]{}, err
	}
	var rows []order.Row
	for i, s := range streams {
		if s.compare(from.Stream) < 0 {
			continue
		}
		after := ""
		if s == from.Stream {
			after = from.After
		}
		some, next, err := h.orders.Rows(ctx, order.Selection{
			Asset: s.Asset, Perspective: s.Perspective, From: from.From, To: from.To, Status: in.Status, Limit: in.Limit - len(rows), After: after,
		})
		if err != nil {
			return api.Page[order.Row]{}, err
		}
		rows = append(rows, some...)
		if next == "" && len(rows) < in.Limit {
			continue
		}
		if next == "" { // full, and this stream is at its end
			if i+1 == len(streams) {
				break
			}
			s = streams[i+1]
		}
		from.Stream, from.After = s, next
		cursor, err := c.EncodeCursor(ctx, from)
		return api.NewPage(rows, cursor), err
	}
	return api.NewPage(rows, ""), nil
}

// start is the beginning, or where the cursor says. A cursor goes with the
// filters it was made for.
func (h *handler) start(ctx context.Context, c api.Call, in listOrders) (position, error) {
	begin := position{Connection: in.ConnectionID, Asset: in.Asset, Perspective: in.Perspective, Status: in.Status, From: in.CreatedFrom, To: in.CreatedTo}
	if in.Cursor != "" {
		var at position
		if err := c.DecodeCursor(ctx, in.Cursor, &at); err != nil {
			return at, err
		}
		same := at.Connection == in.ConnectionID && at.Asset == in.Asset && at.Perspective == in.Perspective && at.Status == in.Status &&
			(in.CreatedFrom.IsZero() || at.From.Equal(in.CreatedFrom)) && (in.CreatedTo.IsZero() || at.To.Equal(in.CreatedTo))
		if !same {
			return at, api.Invalid(api.Field{Parameter: "cursor", Detail: "belongs to a list with other filters"})
		}
		return at, nil
	}
	switch {
	case begin.To.IsZero() && begin.From.IsZero():
		begin.To = h.now().Add(time.Second)
		begin.From = begin.To.Add(-defaultRange)
	case begin.To.IsZero():
		begin.To = h.now().Add(time.Second)
		if begin.To.Sub(begin.From) > maxRange {
			return begin, api.Invalid(api.Field{Parameter: "created_from", Detail: "must be at most 366 days ago, or come with created_to"})
		}
		if !begin.From.Before(begin.To) {
			return begin, api.Invalid(api.Field{Parameter: "created_from", Detail: "lies in the future"})
		}
	case begin.From.IsZero():
		begin.From = begin.To.Add(-defaultRange)
	}
	return begin, nil
}

// streamsOf lists what the filters leave of a connection, in order.
func streamsOf(owned connection.Connection, in listOrders) ([]stream, error) {
	assets := owned.Assets
	if in.Asset != "" {
		asset, err := owned.Asset(in.Asset)
		if err != nil {
			return nil, err
		}
		assets = []account.Asset{asset}
	}
	var streams []stream
	for _, asset := range assets {
		for _, perspective := range order.Perspectives(asset.ID) {
			if in.Perspective == "" || in.Perspective == perspective {
				streams = append(streams, stream{asset.ID, perspective})
			}
		}
	}
	slices.SortFunc(streams, stream.compare)
	return streams, nil
}

type refreshOrders struct {
	ConnectionID string          `json:"connection_id"`
	Asset        account.AssetID `json:"asset"` // empty: all of the connection
}

// Validate reports every fault of the request at once.
func (in *refreshOrders) Validate(f *api.Fields) {
	if in.ConnectionID == "" {
		f.Body("/connection_id", "is required")
	}
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
	owned, err := h.connections.Find(ctx, c.Owner, in.ConnectionID)
	if err != nil {
		return none, err
	}
	assets := owned.Assets
	if in.Asset != "" {
		asset, err := owned.Asset(in.Asset)
		if err != nil {
			return none, err
		}
		assets = []account.Asset{asset}
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
