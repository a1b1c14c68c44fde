package main

import (
	"context"
	"fmt"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/link"
)

// maker makes links.
type maker interface {
	Make(ctx context.Context, owner, connectionID string, asset account.Asset, asks []link.Ask) ([]link.Result, error)
}

type handler struct{ links maker }

func (h *handler) routes(r *api.Router) *api.Router {
	api.Handle(r, "POST /v1/links", api.Write, h.create)
	return r
}

type createLinks struct {
	ConnectionID string          `json:"connection_id"`
	Asset        account.AssetID `json:"asset"` // may be empty when the connection has one
	Items        []link.Ask      `json:"items"`
}

// Target is the asset the links are made with.
func (in *createLinks) Target() api.Target {
	return api.Target{ConnectionID: in.ConnectionID, Asset: in.Asset}
}

// Validate reports every fault of the request at once.
func (in *createLinks) Validate(f *api.Fields) {
	if len(in.Items) == 0 || len(in.Items) > link.MaxAsks {
		f.Body("/items", "must hold 1 to %d items", link.MaxAsks)
		return
	}
	for i, item := range in.Items {
		item.Check(func(field, format string, args ...any) {
			f.Body(fmt.Sprintf("/items/%d/%s", i, field), format, args...)
		})
	}
}

type createdLinks struct {
	Items []linkResult `json:"items"`
}

// linkResult is the outcome of the item with the index.
type linkResult struct {
	Index    int          `json:"index"`
	Status   string       `json:"status"` // created, cached or failed
	LinkID   string       `json:"link_id,omitempty"`
	URL      string       `json:"url,omitempty"`
	DeepLink string       `json:"deep_link,omitempty"`
	OneLink  string       `json:"one_link,omitempty"`
	MadeAt   time.Time    `json:"made_at,omitzero"`
	Problem  *api.Problem `json:"problem,omitempty"`
}

func (h *handler) create(ctx context.Context, c api.Call, in createLinks) (createdLinks, error) {
	if wrong := misfits(c.Asset, in.Items); len(wrong) > 0 {
		return createdLinks{}, api.Invalid(wrong...)
	}
	results, err := h.links.Make(ctx, c.Owner, c.Connection.ID, c.Asset, in.Items)
	if err != nil {
		return createdLinks{}, err
	}
	out := createdLinks{Items: make([]linkResult, 0, len(results))}
	for i, result := range results {
		out.Items = append(out.Items, answer(i, result))
	}
	return out, nil
}

// misfits names the items that this kind of account cannot make links for.
func misfits(asset account.Asset, items []link.Ask) (wrong []api.Field) {
	for i, item := range items {
		if misfit := item.Misfit(asset.ID); misfit != "" {
			wrong = append(wrong, api.Field{Pointer: fmt.Sprintf("/items/%d/purpose", i), Detail: misfit})
		}
	}
	return wrong
}

func answer(i int, result link.Result) linkResult {
	if result.Err != nil {
		problem := api.ProblemOf(result.Err)
		return linkResult{Index: i, Status: "failed", Problem: &problem}
	}
	out := linkResult{
		Index: i, Status: "created", LinkID: result.Link.ID(), URL: result.Link.URL,
		DeepLink: result.Link.DeepLink, OneLink: result.Link.OneLink, MadeAt: result.Link.MadeAt,
	}
	if result.Cached {
		out.Status = "cached"
	}
	return out
}
