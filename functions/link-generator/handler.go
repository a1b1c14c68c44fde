package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
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

// limits of an item. Rates: OAS, "creator_commission_rate".
const (
	minRate = 100
	maxRate = 8000
)

var idForm = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

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
		validate(item, func(field, format string, args ...any) {
			f.Body(fmt.Sprintf("/items/%d/%s", i, field), format, args...)
		})
	}
}

func validate(item link.Ask, fault func(field, format string, args ...any)) {
	needed := map[link.Purpose][]string{
		link.CampaignProduct:     {"campaign_id", "product_id"},
		link.CreatorGeneral:      {"product_id"},
		link.TargetCollaboration: {"collaboration_id"},
	}
	allowed := map[link.Purpose][]string{
		link.CampaignProduct:     {"campaign_id", "product_id", "creator_commission_rate_bp"},
		link.CreatorGeneral:      {"campaign_id", "product_id"},
		link.TargetCollaboration: {"collaboration_id"},
	}[item.Purpose]
	if allowed == nil {
		fault("purpose", "must be one of %v", link.Purposes())
		return
	}
	for _, field := range []struct {
		name, id string
	}{{"campaign_id", item.CampaignID}, {"product_id", item.ProductID}, {"collaboration_id", item.CollaborationID}} {
		switch {
		case field.id == "" && slices.Contains(needed[item.Purpose], field.name):
			fault(field.name, "is required for %s", item.Purpose)
		case field.id != "" && !slices.Contains(allowed, field.name):
			fault(field.name, "does not belong to %s", item.Purpose)
		case field.id != "" && !idForm.MatchString(field.id):
			fault(field.name, "is not an id of TikTok Shop")
		}
	}
	switch {
	case item.CreatorRate == 0:
	case !slices.Contains(allowed, "creator_commission_rate_bp"):
		fault("creator_commission_rate_bp", "does not belong to %s", item.Purpose)
	case item.CreatorRate < minRate || item.CreatorRate > maxRate:
		fault("creator_commission_rate_bp", "must be %d to %d basis points", minRate, maxRate)
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
	kinds := map[string]string{"tap": "partner", "creator": "creator", "seller": "seller"}
	for i, item := range items {
		if need := item.Purpose.Perspective(); need != asset.ID.Perspective() {
			wrong = append(wrong, api.Field{
				Pointer: fmt.Sprintf("/items/%d/purpose", i),
				Detail:  fmt.Sprintf("%s links need the connection of a %s; this is one of a %s", item.Purpose, kinds[need], kinds[asset.ID.Perspective()]),
			})
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
