package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/order"
)

const (
	defaultLimit = 50
	maxLimit     = 100
	// mostWork is how many rows a call looks at, about. What a rare filter leaves
	// of them can be few or none; the cursor goes on.
	mostWork = 2000

	day          = 24 * time.Hour
	defaultRange = 90 * day
	maxRange     = 366 * day
	// settleRange is how long before its settlement a row is looked for: rows are
	// kept by the order's create time, and commissions settle within about a month
	// of the delivery. Older rows are found by naming created_from.
	settleRange = 120 * day
)

// listOrders asks for the order rows of a connection. Times are RFC 3339.
type listOrders struct {
	ConnectionID  string            `query:"connection_id"`
	Asset         account.AssetID   `query:"asset"` // empty: all of the connection
	Perspective   order.Perspective `query:"perspective"`
	Status        order.Status      `query:"status"`
	Creator       string            `query:"creator"`       // user name
	Product       string            `query:"product"`       // id
	Content       string            `query:"content"`       // id
	Campaign      string            `query:"campaign"`      // id
	Collaboration string            `query:"collaboration"` // id of an open or target collaboration
	CreatedFrom   time.Time         `query:"created_from"`  // inclusive; empty: 90 days before created_to
	CreatedTo     time.Time         `query:"created_to"`    // exclusive; empty: now
	SettledFrom   time.Time         `query:"settled_from"`  // inclusive; empty: 90 days before settled_to
	SettledTo     time.Time         `query:"settled_to"`    // exclusive; empty: now. Without created_from, only orders of 120 days before settled_from on are found
	Limit         int               `query:"limit"`
	Cursor        string            `query:"cursor"`
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
	if in.Perspective != "" && !slices.Contains([]order.Perspective{order.Seller, order.Creator, order.TAP, order.CAP}, in.Perspective) {
		f.Parameter("perspective", "must be seller, creator, tap or cap")
	}
	in.validateTimes(f)
}

func (in *listOrders) validateTimes(f *api.Fields) {
	order.CheckSpan("created", in.CreatedFrom, in.CreatedTo, maxRange, days(maxRange), f.Parameter)
	order.CheckSpan("settled", in.SettledFrom, in.SettledTo, maxRange-settleRange, days(maxRange-settleRange), f.Parameter)
	if in.settled() && in.Status != "" && in.Status != order.Settled {
		f.Parameter("status", "must be settled, or absent, with settled_from and settled_to")
	}
}

func days(d time.Duration) string { return fmt.Sprintf("%d days", d/day) }

func (in *listOrders) settled() bool { return !in.SettledFrom.IsZero() || !in.SettledTo.IsZero() }

// position is where a list goes on: the filters it began with and the place.
type position struct {
	Connection  string            `json:"c"`
	Asset       account.AssetID   `json:"a,omitempty"`
	Perspective order.Perspective `json:"p,omitempty"`
	Filter      order.Filter      `json:"w,omitzero"`
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
	none := api.Page[order.Row]{}
	from, err := h.start(ctx, c, in)
	if err != nil {
		return none, err
	}
	owned, err := h.connections.Find(ctx, c.Owner, in.ConnectionID)
	if err != nil {
		return none, err
	}
	streams, err := streamsOf(owned, in.Asset, in.Perspective)
	if err != nil {
		return none, err
	}
	rows, next, err := h.read(ctx, streams, from, in.Limit)
	if err != nil || next == nil {
		return api.NewPage(rows, ""), err
	}
	cursor, err := c.EncodeCursor(ctx, next)
	return api.NewPage(rows, cursor), err
}

// read collects rows from a position on, until there are limit or enough has
// been looked at. next is nil at the end.
func (h *handler) read(ctx context.Context, streams []stream, from position, limit int) (rows []order.Row, next *position, err error) {
	work := mostWork
	for i, s := range streams {
		if s.compare(from.Stream) < 0 {
			continue
		}
		after := ""
		if s == from.Stream {
			after = from.After
		}
		some, err := h.orders.Rows(ctx, order.Selection{
			Asset: s.Asset, Perspective: s.Perspective, From: from.From, To: from.To, Filter: from.Filter,
			Limit: limit - len(rows), Work: work, After: after,
		})
		if err != nil {
			return nil, nil, err
		}
		rows, work = append(rows, some.Rows...), work-some.Work
		switch {
		case some.Next != "":
			from.Stream, from.After = s, some.Next
			return rows, &from, nil
		case i+1 < len(streams) && (len(rows) == limit || work <= 0): // and this stream is at its end
			from.Stream, from.After = streams[i+1], ""
			return rows, &from, nil
		}
	}
	return rows, nil, nil
}

// start is the beginning, or where the cursor says. A cursor goes with the
// filters it was made for.
func (h *handler) start(ctx context.Context, c api.Call, in listOrders) (position, error) {
	begin := position{Connection: in.ConnectionID, Asset: in.Asset, Perspective: in.Perspective, From: in.CreatedFrom, To: in.CreatedTo, Filter: order.Filter{
		Status: in.Status, Creator: in.Creator, Product: in.Product, Content: in.Content, Campaign: in.Campaign, Collaboration: in.Collaboration,
		SettledFrom: in.SettledFrom, SettledTo: in.SettledTo,
	}}
	if in.Cursor != "" {
		var at position
		if err := c.DecodeCursor(ctx, in.Cursor, &at); err != nil {
			return at, err
		}
		if !at.continues(begin) {
			return at, api.Invalid(api.Field{Parameter: "cursor", Detail: "belongs to a list with other filters"})
		}
		return at, nil
	}
	now := h.now().Add(time.Second)
	if in.settled() {
		if fault := begin.settledRange(now); fault != nil {
			return begin, fault
		}
	}
	return begin, begin.createdRange(now)
}

// continues reports whether the position was made for the filters of begin.
func (p position) continues(begin position) bool {
	same := func(asked, is time.Time) bool { return asked.IsZero() || asked.Equal(is) }
	known, asked := p.Filter, begin.Filter
	times := same(begin.From, p.From) && same(begin.To, p.To) && same(asked.SettledFrom, known.SettledFrom) && same(asked.SettledTo, known.SettledTo)
	known.SettledFrom, known.SettledTo, asked.SettledFrom, asked.SettledTo = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	return times && p.Connection == begin.Connection && p.Asset == begin.Asset && p.Perspective == begin.Perspective && known == asked
}

// settledRange completes the range of settlements, and from it the range of
// create times in which they are looked for.
func (p *position) settledRange(now time.Time) error {
	f := &p.Filter
	if f.SettledTo.IsZero() {
		f.SettledTo = now
	}
	if f.SettledFrom.IsZero() {
		f.SettledFrom = f.SettledTo.Add(-defaultRange)
	}
	if err := begun("settled", f.SettledFrom, f.SettledTo, maxRange-settleRange); err != nil {
		return err
	}
	if p.To.IsZero() {
		p.To = f.SettledTo
	}
	if p.From.IsZero() {
		p.From = f.SettledFrom.Add(-settleRange)
	}
	return nil
}

// createdRange completes the range of create times.
func (p *position) createdRange(now time.Time) error {
	if p.To.IsZero() {
		p.To = now
	}
	if p.From.IsZero() {
		p.From = p.To.Add(-defaultRange)
	}
	return begun("created", p.From, p.To, maxRange)
}

// begun checks a range whose end may be now.
func begun(name string, from, to time.Time, longest time.Duration) error {
	switch {
	case !from.Before(to):
		return api.Invalid(api.Field{Parameter: name + "_from", Detail: "lies in the future, or after the range's end"})
	case to.Sub(from) > longest:
		return api.Invalid(api.Field{Parameter: name + "_from", Detail: fmt.Sprintf("must be at most %d days ago, or come with %s_to", longest/day, name)})
	}
	return nil
}

// streamsOf lists what the filters leave of a connection, in order.
func streamsOf(owned connection.Connection, only account.AssetID, perspective order.Perspective) ([]stream, error) {
	assets := owned.Assets
	if only != "" {
		asset, err := owned.Asset(only)
		if err != nil {
			return nil, err
		}
		assets = []account.Asset{asset}
	}
	var streams []stream
	for _, asset := range assets {
		for _, p := range order.Perspectives(asset.ID) {
			if perspective == "" || perspective == p {
				streams = append(streams, stream{asset.ID, p})
			}
		}
	}
	slices.SortFunc(streams, stream.compare)
	return streams, nil
}
