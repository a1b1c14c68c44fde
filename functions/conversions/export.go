package main

import (
	"context"
	"fmt"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/sheet"
)

// mostExported is how many lines an exported file has at most. More is for a job.
const mostExported = 20_000

// exportConversions asks for figures as a file. What is left out means what it
// does in listConversions.
type exportConversions struct {
	ConnectionID string               `query:"connection_id"`
	Asset        account.AssetID      `query:"asset"`
	Perspective  order.Perspective    `query:"perspective"`
	By           conversion.Dimension `query:"by"`
	Key          string               `query:"key"`
	Interval     conversion.Interval  `query:"interval"`
	Zone         string               `query:"zone"`
	From         string               `query:"from"`
	To           string               `query:"to"`
	Currency     string               `query:"currency"`

	list listConversions
}

// Validate reports every fault of the request at once.
func (in *exportConversions) Validate(f *api.Fields) {
	in.list = listConversions{
		ConnectionID: in.ConnectionID, Asset: in.Asset, Perspective: in.Perspective, By: in.By, Key: in.Key,
		Interval: in.Interval, Zone: in.Zone, From: in.From, To: in.To, Currency: in.Currency,
	}
	in.list.Validate(f)
}

// export gives all figures as a CSV file, if it is small.
func (h *handler) export(ctx context.Context, c api.Call, in exportConversions) (api.File, error) {
	q, err := in.list.query(h.now())
	if err != nil {
		return api.File{}, err
	}
	owned, err := h.connections.Find(ctx, c.Owner, in.ConnectionID)
	if err != nil {
		return api.File{}, err
	}
	assets, err := assetsOf(owned, in.list)
	if err != nil {
		return api.File{}, err
	}
	found, next, err := q.Read(ctx, h.sums, assets, nil, mostExported)
	if err != nil {
		return api.File{}, err
	}
	lines := [][]string{conversion.Columns(q.Perspective)}
	for _, line := range found {
		lines = append(lines, line.Cells(q))
	}
	text, err := sheet.Text(lines...)
	if err == nil && (next != nil || len(text) > api.MaxFile) {
		err = fault.New("conversions.Export", fault.TooLarge, fmt.Sprintf("There are more than %d lines, or lines too long for one answer. Ask for less, or make a job of the kind conversions_csv.", mostExported))
	}
	return api.File{MediaType: sheet.MediaType, Name: "conversions.csv", Body: []byte(text)}, err
}
