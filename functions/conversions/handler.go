package main

import (
	"context"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/money"
	"tiktok-shop-affiliate/shared/order"
)

// connections finds an owner's connections; another owner's are fault.NotFound.
type connections interface {
	Find(ctx context.Context, owner, connectionID string) (connection.Connection, error)
}

// windows tells how far and when orders were read.
type windows interface {
	Windows(ctx context.Context, asset account.AssetID, perspective order.Perspective) ([]order.Window, error)
}

type handler struct {
	connections connections
	sums        conversion.Reader
	windows     windows
	now         func() time.Time
}

func (h *handler) routes(r *api.Router) *api.Router {
	api.Handle(r, "GET /v1/conversions", api.Read, h.list)
	api.Handle(r, "GET /v1/conversions.csv", api.Read, h.export)
	return r
}

const (
	defaultLimit = 100
	maxLimit     = 1000
	defaultDays  = 30
	maxDays      = 366
	maxAssets    = 100
)

// listConversions asks for a connection's figures.
type listConversions struct {
	ConnectionID string               `query:"connection_id"`
	Asset        account.AssetID      `query:"asset"` // empty: all of the connection together
	Perspective  order.Perspective    `query:"perspective"`
	By           conversion.Dimension `query:"by"`       // empty: not told apart
	Key          string               `query:"key"`      // only this value of by
	Interval     conversion.Interval  `query:"interval"` // empty: day
	Zone         string               `query:"zone"`     // IANA name; empty: UTC
	From         string               `query:"from"`     // first date in the zone; empty: 30 days before to
	To           string               `query:"to"`       // first date that is not asked for; empty: tomorrow
	Currency     string               `query:"currency"` // empty: all, each apart
	Limit        int                  `query:"limit"`
	Cursor       string               `query:"cursor"`

	zone     *time.Location
	from, to time.Time // dates; zero: to be filled in
}

// Validate reports every fault of the request at once.
func (in *listConversions) Validate(f *api.Fields) {
	if in.ConnectionID == "" {
		f.Parameter("connection_id", "is required")
	}
	switch {
	case in.Perspective == "":
		f.Parameter("perspective", "is required: seller, creator, tap or cap; they are views of the same sales and never added up")
	case !slices.Contains([]order.Perspective{order.Seller, order.Creator, order.TAP, order.CAP}, in.Perspective):
		f.Parameter("perspective", "must be seller, creator, tap or cap")
	}
	if in.By != "" && !in.By.Known() {
		f.Parameter("by", "must be creator, product, content, collaboration, campaign or shop")
	}
	if in.Key != "" && in.By == "" {
		f.Parameter("key", "needs by, which says what it is")
	}
	if in.Interval == "" {
		in.Interval = conversion.Daily
	}
	if !in.Interval.Known() {
		f.Parameter("interval", "must be day, week or month")
	}
	if in.Currency != "" && !money.KnownCurrency(in.Currency) {
		f.Parameter("currency", "must be an ISO 4217 code such as USD")
	}
	if in.Limit == 0 {
		in.Limit = defaultLimit
	}
	if in.Limit < 1 || in.Limit > maxLimit {
		f.Parameter("limit", "must be 1 to %d", maxLimit)
	}
	in.validateDates(f)
}

func (in *listConversions) validateDates(f *api.Fields) {
	if in.Zone == "" {
		in.Zone = "UTC"
	}
	zone, err := time.LoadLocation(in.Zone)
	if err != nil || in.Zone == "Local" {
		f.Parameter("zone", "must be an IANA time zone such as America/New_York")
	}
	in.zone = zone
	for _, date := range []struct {
		name, text string
		at         *time.Time
	}{{"from", in.From, &in.from}, {"to", in.To, &in.to}} {
		if date.text == "" {
			continue
		}
		if *date.at, err = time.Parse(time.DateOnly, date.text); err != nil || date.at.Year() < 2000 {
			f.Parameter(date.name, "must be a date like 2026-11-22")
		}
	}
	switch {
	case in.from.IsZero() || in.to.IsZero():
	case !in.from.Before(in.to):
		f.Parameter("to", "must be after from; it is the first date that is not asked for")
	case in.to.Sub(in.from) > maxDays*24*time.Hour:
		f.Parameter("from", "must be at most %d days before to", maxDays)
	}
}

// query fills in the dates that were left out.
func (in *listConversions) query(now time.Time) (conversion.Query, error) {
	q := conversion.Query{Perspective: in.Perspective, By: in.By, Interval: in.Interval, Zone: in.zone, From: in.from, To: in.to, Currency: in.Currency}
	if in.Key != "" {
		q.Key = &in.Key
	}
	if q.To.IsZero() {
		today := now.In(in.zone)
		q.To = time.Date(today.Year(), today.Month(), today.Day()+1, 0, 0, 0, 0, time.UTC)
	}
	if q.From.IsZero() {
		q.From = q.To.AddDate(0, 0, -defaultDays)
	}
	if !q.From.Before(q.To) {
		return q, api.Invalid(api.Field{Parameter: "from", Detail: "lies in the future"})
	}
	if q.To.Sub(q.From) > maxDays*24*time.Hour {
		return q, api.Invalid(api.Field{Parameter: "from", Detail: "must be at most 366 days ago, or come with to"})
	}
	return q, nil
}

// position is where a list goes on: what was asked, with its dates, and the place.
type position struct {
	Asked asked               `json:"q"`
	At    conversion.Position `json:"p"`
}

// asked is a request without its page.
type asked struct {
	Connection  string               `json:"c"`
	Asset       account.AssetID      `json:"a,omitempty"`
	Perspective order.Perspective    `json:"p"`
	By          conversion.Dimension `json:"b,omitempty"`
	Key         string               `json:"k,omitempty"`
	Interval    conversion.Interval  `json:"i"`
	Zone        string               `json:"z"`
	From        string               `json:"f"`
	To          string               `json:"t"`
	Currency    string               `json:"m,omitempty"`
}

// conversions is a page of figures and what they are.
type conversions struct {
	Items       []conversion.Line    `json:"items"`
	NextCursor  string               `json:"next_cursor,omitempty"`
	Perspective order.Perspective    `json:"perspective"`
	By          conversion.Dimension `json:"by,omitempty"`
	Interval    conversion.Interval  `json:"interval"`
	Zone        string               `json:"zone"`
	From        string               `json:"from"` // first date
	To          string               `json:"to"`   // first date that was not asked for
	Freshness   []order.Fresh        `json:"freshness"`
}

// list gives the figures of a connection's assets together, period by period.
func (h *handler) list(ctx context.Context, c api.Call, in listConversions) (conversions, error) {
	q, err := in.query(h.now())
	if err != nil {
		return conversions{}, err
	}
	var after *conversion.Position
	if in.Cursor != "" {
		var at position
		if err := c.DecodeCursor(ctx, in.Cursor, &at); err != nil {
			return conversions{}, err
		}
		if in.From == "" && in.To == "" { // a list that began yesterday keeps its dates
			q.From, q.To = mustDate(at.Asked.From), mustDate(at.Asked.To)
		}
		if at.Asked != in.asked(q) {
			return conversions{}, api.Invalid(api.Field{Parameter: "cursor", Detail: "belongs to a list with other filters"})
		}
		after = &at.At
	}
	owned, err := h.connections.Find(ctx, c.Owner, in.ConnectionID)
	if err != nil {
		return conversions{}, err
	}
	assets, err := assetsOf(owned, in)
	if err != nil {
		return conversions{}, err
	}
	lines, next, err := q.Read(ctx, h.sums, assets, after, in.Limit)
	if err != nil {
		return conversions{}, err
	}
	was := in.asked(q)
	answer := conversions{Items: lines, Perspective: q.Perspective, By: q.By, Interval: q.Interval, Zone: in.Zone, From: was.From, To: was.To, Freshness: []order.Fresh{}}
	if lines == nil {
		answer.Items = []conversion.Line{}
	}
	for _, asset := range assets {
		fresh, err := h.fresh(ctx, asset, q)
		if err != nil {
			return conversions{}, err
		}
		answer.Freshness = append(answer.Freshness, fresh)
	}
	if next != nil {
		answer.NextCursor, err = c.EncodeCursor(ctx, position{was, *next})
	}
	return answer, err
}

func (in *listConversions) asked(q conversion.Query) asked {
	return asked{
		in.ConnectionID, in.Asset, in.Perspective, in.By, in.Key, in.Interval, in.Zone,
		q.From.Format(time.DateOnly), q.To.Format(time.DateOnly), in.Currency,
	}
}

// mustDate reads a date that was formatted here; a signed cursor holds no other.
func mustDate(text string) time.Time {
	at, _ := time.Parse(time.DateOnly, text)
	return at
}

// fresh tells when the figures' rows were read.
func (h *handler) fresh(ctx context.Context, asset account.AssetID, q conversion.Query) (order.Fresh, error) {
	windows, err := h.windows.Windows(ctx, asset, q.Perspective)
	if err != nil {
		return order.Fresh{}, err
	}
	midnight := func(d time.Time) time.Time { return time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, q.Zone) }
	return order.FreshOf(asset, q.Perspective, windows, midnight(q.From), midnight(q.To)), nil
}

// assetsOf lists the connection's assets that have the perspective.
func assetsOf(owned connection.Connection, in listConversions) ([]account.AssetID, error) {
	held := owned.Assets
	if in.Asset != "" {
		asset, err := owned.Asset(in.Asset)
		if err != nil {
			return nil, err
		}
		held = []account.Asset{asset}
	}
	var assets []account.AssetID
	for _, asset := range held {
		if slices.Contains(order.Perspectives(asset.ID), in.Perspective) {
			assets = append(assets, asset.ID)
		}
	}
	switch {
	case len(assets) == 0:
		return nil, api.Invalid(api.Field{Parameter: "perspective", Detail: "is not one that this connection or asset has"})
	case len(assets) > maxAssets:
		return nil, api.Invalid(api.Field{Parameter: "asset", Detail: "is required: the connection has more than 100 assets"})
	}
	slices.Sort(assets)
	return assets, nil
}
