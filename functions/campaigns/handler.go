package main

import (
	"context"
	"net/http"
	"regexp"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/campaign"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// grants gives the grant of the account that holds an asset.
type grants interface {
	Held(ctx context.Context, asset account.Asset) (tiktokshop.Grant, error)
}

// store keeps rules, decisions and runs.
type store interface {
	Rules(ctx context.Context, key campaign.Key) (campaign.RuleSet, bool, error)
	SetRules(ctx context.Context, set campaign.RuleSet) (campaign.RuleSet, error)
	QueueRun(ctx context.Context, run campaign.Run) error
	Reviews(ctx context.Context, key campaign.Key, after string, limit int32) (reviews []campaign.Review, next string, err error)
	Runs(ctx context.Context, key campaign.Key, limit int32) ([]campaign.Run, error)
}

// sender takes work for the reviewer.
type sender interface {
	Send(ctx context.Context, v any) error
}

type handler struct {
	grants grants
	client *tiktokshop.Client
	store  store
	queue  sender
	now    func() time.Time
}

func (h *handler) routes(r *api.Router) *api.Router {
	api.Handle(r, "PUT /v1/campaigns/{id}/review-rules", api.Write, h.setRules)
	api.HandleStatus(r, "POST /v1/campaigns/{id}/review", api.Write, h.review)
	api.Handle(r, "GET /v1/campaigns/{id}/reviews", api.Read, h.reviews)
	return r
}

var idForm = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

func checkID(f *api.Fields, id string) {
	if !idForm.MatchString(id) {
		f.Parameter("id", "is not a campaign id of TikTok Shop")
	}
}

// How often a campaign is reviewed, in minutes.
const (
	defaultEvery = 60
	maxEvery     = 7 * 24 * 60
)

type setRules struct {
	ID           string          `path:"id" json:"-"`
	ConnectionID string          `json:"connection_id"`
	Asset        account.AssetID `json:"asset"` // may be empty when the connection has one
	Rules        *campaign.Rules `json:"rules"`
	EveryMinutes *int            `json:"every_minutes"` // 0: only when asked for; absent: every hour
}

// Target is the asset that the campaign belongs to.
func (in *setRules) Target() api.Target { return partner(in.ConnectionID, in.Asset) }

// partner is an affiliate partner's asset.
func partner(connectionID string, asset account.AssetID) api.Target {
	return api.Target{ConnectionID: connectionID, Asset: asset, Kinds: []tiktokshop.AccountKind{tiktokshop.PartnerAccount}}
}

// Validate reports every fault of the request at once.
func (in *setRules) Validate(f *api.Fields) {
	checkID(f, in.ID)
	if in.EveryMinutes != nil && (*in.EveryMinutes < 0 || *in.EveryMinutes > maxEvery) {
		f.Body("/every_minutes", "must be 0 to %d", maxEvery)
	}
	if in.Rules == nil {
		f.Body("/rules", "is required; {} decides nothing")
		return
	}
	for pointer, detail := range in.Rules.Faults() {
		f.Body("/rules"+pointer, "%s", detail)
	}
}

type ruleSet struct {
	CampaignID   string          `json:"campaign_id"`
	CampaignName string          `json:"campaign_name"`
	ConnectionID string          `json:"connection_id"`
	Asset        account.AssetID `json:"asset"`
	Rules        campaign.Rules  `json:"rules"`
	EveryMinutes int             `json:"every_minutes"`
	Revision     int64           `json:"revision"`
	UpdatedAt    time.Time       `json:"updated_at"`
}

// setRules lays down what decides about a campaign's products. The campaign
// must be one that the connection can see.
func (h *handler) setRules(ctx context.Context, c api.Call, in setRules) (ruleSet, error) {
	grant, err := h.grants.Held(ctx, c.Asset)
	if err != nil {
		return ruleSet{}, err
	}
	seen, err := h.client.Partner(grant, c.Asset.Cipher).Campaign(ctx, tiktokshop.PartnerCampaignRequest{CampaignID: in.ID})
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden) || fault.Is(err, fault.Invalid) {
		return ruleSet{}, fault.Wrap("campaigns.SetRules", fault.NotFound, "TikTok Shop shows no such campaign to this connection.", err)
	}
	if err != nil {
		return ruleSet{}, err
	}
	set := campaign.RuleSet{
		Key: campaign.Key{Owner: c.Owner, CampaignID: in.ID}, ConnectionID: c.Connection.ID, Asset: c.Asset.ID,
		Rules: *in.Rules, EveryMinutes: defaultEvery, UpdatedAt: h.now(),
	}
	if in.EveryMinutes != nil {
		set.EveryMinutes = *in.EveryMinutes
	}
	if set, err = h.store.SetRules(ctx, set); err != nil {
		return ruleSet{}, err
	}
	return ruleSet{
		CampaignID: set.CampaignID, CampaignName: seen.Name, ConnectionID: set.ConnectionID, Asset: set.Asset,
		Rules: set.Rules, EveryMinutes: set.EveryMinutes, Revision: set.Revision, UpdatedAt: set.UpdatedAt,
	}, nil
}

type askReview struct {
	ID           string          `path:"id" json:"-"`
	ConnectionID string          `json:"connection_id"` // may be empty when there are rules: theirs
	Asset        account.AssetID `json:"asset"`
	DryRun       bool            `json:"dry_run"`
}

// Target is the asset that the campaign belongs to, where the request names one.
func (in *askReview) Target() api.Target {
	target := partner(in.ConnectionID, in.Asset)
	target.Optional = true
	return target
}

// Validate reports every fault of the request at once.
func (in *askReview) Validate(f *api.Fields) { checkID(f, in.ID) }

type askedReview struct {
	RunID  string            `json:"run_id"`
	State  campaign.RunState `json:"state"`
	DryRun bool              `json:"dry_run"`
}

// review asks for a run now. Without rules it only counts what is pending.
func (h *handler) review(ctx context.Context, c api.Call, in askReview) (api.Answer[askedReview], error) {
	var none api.Answer[askedReview]
	key := campaign.Key{Owner: c.Owner, CampaignID: in.ID}
	if in.ConnectionID == "" {
		rules, found, err := h.store.Rules(ctx, key)
		switch {
		case err != nil:
			return none, err
		case !found:
			return none, fault.New("campaigns.Review", fault.NotFound, "This campaign has no review rules. Set them first, or name a connection_id.")
		}
		if c, err = c.At(ctx, partner(rules.ConnectionID, rules.Asset)); err != nil {
			return none, err
		}
	}
	now := h.now()
	request := campaign.Request{Key: key, ConnectionID: c.Connection.ID, Asset: c.Asset.ID, DryRun: in.DryRun, RunID: campaign.NewRunID(now)}
	if err := h.store.QueueRun(ctx, campaign.Run{Key: key, ID: request.RunID, DryRun: in.DryRun, RequestedAt: now}); err != nil {
		return none, err
	}
	if err := h.queue.Send(ctx, request); err != nil {
		return none, err
	}
	return api.Answer[askedReview]{Status: http.StatusAccepted, Body: askedReview{RunID: request.RunID, State: campaign.RunQueued, DryRun: in.DryRun}}, nil
}

// Sizes of the lists.
const (
	defaultLimit = 50
	maxLimit     = 200
	newestRuns   = 10
)

type listReviews struct {
	ID     string `path:"id"`
	Limit  int    `query:"limit"`
	Cursor string `query:"cursor"`
}

// Validate reports every fault of the request at once.
func (in *listReviews) Validate(f *api.Fields) {
	checkID(f, in.ID)
	if in.Limit == 0 {
		in.Limit = defaultLimit
	}
	if in.Limit < 1 || in.Limit > maxLimit {
		f.Parameter("limit", "must be 1 to %d", maxLimit)
	}
}

// reviewed is a page of decisions and, with the first page, the newest runs.
type reviewed struct {
	api.Page[review]
	Runs []run `json:"runs,omitempty"`
}

// review and run are what callers see; the owner is theirs and goes unsaid.
type review struct {
	campaign.Review
	Owner *struct{} `json:"owner,omitempty"`
	Rev   *struct{} `json:"rev,omitempty"`
}

type run struct {
	campaign.Run
	Owner *struct{} `json:"owner,omitempty"`
}

// reviews lists the owner's decisions about a campaign, by product and time.
func (h *handler) reviews(ctx context.Context, c api.Call, in listReviews) (reviewed, error) {
	key, after := campaign.Key{Owner: c.Owner, CampaignID: in.ID}, ""
	if in.Cursor != "" {
		if err := c.DecodeCursor(ctx, in.Cursor, &after); err != nil {
			return reviewed{}, err
		}
	}
	decisions, next, err := h.store.Reviews(ctx, key, after, int32(in.Limit))
	if err != nil {
		return reviewed{}, err
	}
	var items []review
	for _, decision := range decisions {
		items = append(items, review{Review: decision})
	}
	if next != "" {
		if next, err = c.EncodeCursor(ctx, next); err != nil {
			return reviewed{}, err
		}
	}
	out := reviewed{Page: api.NewPage(items, next)}
	if in.Cursor == "" {
		runs, err := h.store.Runs(ctx, key, newestRuns)
		if err != nil {
			return reviewed{}, err
		}
		for _, r := range runs {
			out.Runs = append(out.Runs, run{Run: r})
		}
	}
	return out, nil
}
