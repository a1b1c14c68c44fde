package main

import (
	"context"
	"encoding/json"
	"net/http"

	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/feed"
)

type reader interface {
	Now(ctx context.Context, owner string) (feed.Position, error)
	After(ctx context.Context, owner string, at feed.Position, limit int) (feed.Page, error)
}

// handler lets the caller's owner read what happened.
type handler struct{ feed reader }

func (h *handler) routes(r *api.Router) http.Handler {
	api.Handle(r, "GET /v1/changes", api.Read, h.changes)
	return r
}

const (
	defaultLimit = 100
	maxLimit     = 500
)

// fromNow is the value of after that starts a reader at the present.
const fromNow = "now"

type changesRequest struct {
	// After is the "after" of the answer before, or "now". Without it the answer
	// begins with the oldest event that is kept.
	After string `query:"after"`
	Limit int    `query:"limit"` // most events of the answer, 1 to 500; 100 by default
}

// Validate sets the default.
func (in *changesRequest) Validate(f *api.Fields) {
	if in.Limit == 0 {
		in.Limit = defaultLimit
	}
	if in.Limit < 1 || in.Limit > maxLimit {
		f.Parameter("limit", "must be from 1 to %d", maxLimit)
	}
}

// changes is what happened after a position, in order.
type changes struct {
	// Items are events as on the event bus; docs/events describes each type.
	Items []json.RawMessage `json:"items"`
	// After is where to read on, always given, also with no items. It is good for
	// 7 days.
	After string `json:"after"`
	// More says that there are more events already: read on at once.
	More bool `json:"more"`
}

func (h *handler) changes(ctx context.Context, call api.Call, in changesRequest) (changes, error) {
	var at feed.Position
	switch in.After {
	case "":
	case fromNow:
		at, err := h.feed.Now(ctx, call.Owner)
		if err != nil {
			return changes{}, err
		}
		return answer(ctx, call, feed.Page{After: at})
	default:
		if err := call.DecodeCursor(ctx, in.After, &at); err != nil {
			if fault.Is(err, fault.Invalid) {
				err = api.Invalid(api.Field{Parameter: "after", Detail: `must be the "after" of an earlier answer to the same owner, or "now"`})
			}
			return changes{}, err
		}
	}
	page, err := h.feed.After(ctx, call.Owner, at, in.Limit)
	if err != nil {
		return changes{}, err
	}
	return answer(ctx, call, page)
}

func answer(ctx context.Context, call api.Call, page feed.Page) (changes, error) {
	after, err := call.EncodeCursor(ctx, page.After)
	if page.Events == nil {
		page.Events = []json.RawMessage{}
	}
	return changes{Items: page.Events, After: after, More: page.More}, err
}
