package main

import (
	"context"
	"fmt"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/sheet"
)

// How large an exported file is at most, and how much is looked at for it.
// More is for a job.
const (
	mostExported = 5000
	exportReads  = 10 // of mostWork rows each, about
)

// exportOrders asks for a list of orders as a file. What is left out means what
// it does in listOrders.
type exportOrders struct {
	ConnectionID  string            `query:"connection_id"`
	Asset         account.AssetID   `query:"asset"`
	Perspective   order.Perspective `query:"perspective"` // decides the columns
	Status        order.Status      `query:"status"`
	Creator       string            `query:"creator"`
	Product       string            `query:"product"`
	Content       string            `query:"content"`
	Campaign      string            `query:"campaign"`
	Collaboration string            `query:"collaboration"`
	CreatedFrom   time.Time         `query:"created_from"`
	CreatedTo     time.Time         `query:"created_to"`
	SettledFrom   time.Time         `query:"settled_from"`
	SettledTo     time.Time         `query:"settled_to"`
}

// Validate reports every fault of the request at once.
func (in *exportOrders) Validate(f *api.Fields) {
	if in.Perspective == "" {
		f.Parameter("perspective", "is required: it decides the columns")
	}
	list := in.list()
	list.Validate(f)
}

func (in *exportOrders) list() listOrders {
	return listOrders{
		ConnectionID: in.ConnectionID, Asset: in.Asset, Perspective: in.Perspective, Status: in.Status, Creator: in.Creator, Product: in.Product, Content: in.Content,
		Campaign: in.Campaign, Collaboration: in.Collaboration, CreatedFrom: in.CreatedFrom, CreatedTo: in.CreatedTo, SettledFrom: in.SettledFrom, SettledTo: in.SettledTo,
	}
}

// export gives a whole list as a CSV file, if it is small.
func (h *handler) export(ctx context.Context, c api.Call, in exportOrders) (api.File, error) {
	at, err := h.start(ctx, c, in.list())
	if err != nil {
		return api.File{}, err
	}
	owned, err := h.connections.Find(ctx, c.Owner, in.ConnectionID)
	if err != nil {
		return api.File{}, err
	}
	streams, err := streamsOf(owned, in.Asset, in.Perspective)
	if err != nil {
		return api.File{}, err
	}
	lines := [][]string{order.Columns(in.Perspective)}
	next := &at
	for reads := 0; next != nil; reads++ {
		if reads == exportReads {
			return api.File{}, tooLarge()
		}
		var rows []order.Row
		if rows, next, err = h.read(ctx, streams, *next, mostExported+2-len(lines)); err != nil {
			return api.File{}, err
		}
		for _, row := range rows {
			lines = append(lines, row.Cells())
		}
		if len(lines) > mostExported+1 {
			return api.File{}, tooLarge()
		}
	}
	text, err := sheet.Text(lines...)
	if err == nil && len(text) > api.MaxFile {
		err = tooLarge()
	}
	return api.File{MediaType: sheet.MediaType, Name: "orders.csv", Body: []byte(text)}, err
}

func tooLarge() error {
	return fault.New("orders.Export", fault.TooLarge, fmt.Sprintf("There are more than %d rows, or more rows to look through than one answer can. Ask for less, or make a job of the kind orders_csv.", mostExported))
}
