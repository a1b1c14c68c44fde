package link

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Grants gives the grant of the account that holds an asset.
type Grants interface {
	Held(ctx context.Context, asset account.Asset) (tiktokshop.Grant, error)
}

// Store keeps an owner's links.
type Store interface {
	// Find returns the link with the key, found or not, strongly consistent.
	Find(ctx context.Context, owner string, purpose Purpose, key string) (Link, bool, error)
	// Save stores the link, over an older one of the same key.
	Save(ctx context.Context, l Link) error
}

// Maker makes links. It is safe for concurrent use.
type Maker struct {
	client *tiktokshop.Client
	grants Grants
	store  Store
	now    func() time.Time
}

// NewMaker makes links with client as the accounts of grants and keeps them in store.
func NewMaker(client *tiktokshop.Client, grants Grants, store Store, now func() time.Time) *Maker {
	return &Maker{client: client, grants: grants, store: store, now: now}
}

// MaxAsks is how many links Make makes at once: what one batch call takes.
const MaxAsks = 50

// parallel is how many calls for one request run at the same time. TikTok Shop
// advises 1 to 3 writes a second for a start.
const parallel = 3

// Result is the outcome of one ask: a link or an error.
type Result struct {
	Link   Link
	Cached bool // it was there already; nothing was called
	Err    error
}

// Make makes the links that the owner asks of an asset of its connection, and
// answers ask by ask. Each ask's purpose must fit the asset's perspective. Asks
// that were answered before are answered from the store, and asks of the same
// call go in one call.
func (m *Maker) Make(ctx context.Context, owner, connectionID string, asset account.Asset, asks []Ask) ([]Result, error) {
	byKey := map[string]*Result{} // the same ask twice is made once
	results := make([]*Result, len(asks))
	var calls plan
	for i, ask := range asks {
		key := ask.key(owner, asset.ID)
		if results[i] = byKey[key]; results[i] != nil {
			continue
		}
		found, ok, err := m.store.Find(ctx, owner, ask.Purpose, key)
		if err != nil {
			return nil, err
		}
		result := &Result{Link: found, Cached: true}
		if !ok || m.now().Sub(found.MadeAt) >= fresh {
			result = &Result{Link: Link{Rev: found.Rev, Ask: ask, Key: key, Owner: owner, ConnectionID: connectionID, Asset: asset.ID}}
			calls.add(callFor(ask), result)
		}
		byKey[key], results[i] = result, result
	}
	if len(calls.order) > 0 {
		if err := m.call(ctx, asset, calls); err != nil {
			return nil, err
		}
	}
	out := make([]Result, len(results))
	for i, result := range results {
		out[i] = *result
	}
	return out, nil
}

// call names one call to TikTok Shop: asks with equal calls share it.
type call struct {
	purpose    Purpose
	campaignID string
	single     Ask // the ask itself where the operation makes one link
}

func callFor(a Ask) call {
	switch {
	case a.Purpose == CreatorGeneral, a.Purpose == CampaignProduct && a.CreatorRate == 0:
		return call{purpose: a.Purpose, campaignID: a.CampaignID}
	}
	return call{purpose: a.Purpose, single: a}
}

// plan is the calls to make, in the order of the asks: when TikTok Shop asks to
// slow down, it is the later ones that are left.
type plan struct {
	order   []call
	results map[call][]*Result
}

func (p *plan) add(c call, result *Result) {
	if p.results == nil {
		p.results = map[call][]*Result{}
	}
	if p.results[c] == nil {
		p.order = append(p.order, c)
	}
	p.results[c] = append(p.results[c], result)
}

func (m *Maker) call(ctx context.Context, asset account.Asset, calls plan) error {
	grant, err := m.grants.Held(ctx, asset)
	if err != nil {
		return err
	}
	var brake brake
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, what := range calls.order {
		results := calls.results[what]
		group.Go(func() error {
			err := brake.err()
			if err == nil {
				err = m.one(ctx, grant, asset, what, results)
				brake.note(err)
			}
			for _, result := range results {
				switch {
				case err != nil:
					result.Err = err
				case result.Err == nil:
					result.Link.MadeAt = m.now().Truncate(time.Second)
					result.Err = m.store.Save(ctx, result.Link)
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// one makes one call and puts its links, or the errors of single links, into results.
func (m *Maker) one(ctx context.Context, grant tiktokshop.Grant, asset account.Asset, what call, results []*Result) error {
	switch {
	case what.purpose == CreatorGeneral:
		return m.general(ctx, grant, what.campaignID, results)
	case what.purpose == TargetCollaboration:
		made, err := m.client.Seller(grant, asset.Cipher).TargetCollaborationLink(ctx, tiktokshop.SellerTargetCollaborationLinkRequest{TargetCollaborationID: what.single.CollaborationID})
		if err != nil {
			return err
		}
		return results[0].set(made.Link)
	case what.single.CreatorRate > 0:
		made, err := m.client.Partner(grant, asset.Cipher).PromotionLink(ctx, tiktokshop.PartnerPromotionLinkRequest{
			CampaignID: what.single.CampaignID, ProductID: what.single.ProductID, CreatorCommissionRate: what.single.CreatorRate,
		})
		if err != nil {
			return err
		}
		return results[0].set(made.ProductPromotionLink)
	}
	return m.defaultSplit(ctx, grant, asset.Cipher, what.campaignID, results)
}

func (m *Maker) defaultSplit(ctx context.Context, grant tiktokshop.Grant, cipher, campaignID string, results []*Result) error {
	made, err := m.client.Partner(grant, cipher).PromotionLinks(ctx, tiktokshop.PartnerPromotionLinksRequest{CampaignID: campaignID, ProductIDs: products(results)})
	if err != nil {
		return err
	}
	links := map[tiktokshop.ID]string{}
	for _, l := range made.ProductPromotionLinks {
		links[l.ProductID] = l.Link
	}
	for _, result := range results {
		if result.Err = result.set(links[tiktokshop.ID(result.Link.ProductID)]); result.Err != nil {
			result.Err = fault.New("link.Make", fault.Conflict, "TikTok Shop made no link and gives no reason. "+
				"The product must be approved, or pending its closing, in a campaign that is online. Ask with a creator_commission_rate_bp to learn the reason.")
		}
	}
	return nil
}

func (m *Maker) general(ctx context.Context, grant tiktokshop.Grant, campaignID string, results []*Result) error {
	made, err := m.client.Creator(grant).GeneralLinks(ctx, tiktokshop.CreatorGeneralLinksRequest{
		CampaignID: campaignID, Material: tiktokshop.LinkMaterial{Type: "PRODUCT", IDs: products(results)},
	})
	if err != nil {
		return err
	}
	links := map[tiktokshop.ID]tiktokshop.SharingLink{}
	for _, l := range made.SharingLinks {
		links[l.MaterialID] = l
	}
	reasons := map[tiktokshop.ID]string{}
	for _, f := range made.FailedMaterials {
		reasons[f.MaterialID] = f.FailReason
	}
	for _, result := range results {
		id := tiktokshop.ID(result.Link.ProductID)
		l, reason := links[id], reasons[id]
		result.Link.DeepLink, result.Link.OneLink = l.DeepLink, l.OneLink
		if result.Err = result.set(l.SharingLink); result.Err != nil && reason != "" {
			result.Err = fault.New("link.Make", fault.Conflict, fmt.Sprintf("TikTok Shop made no link; its reason: %q.", reason))
		}
	}
	return nil
}

func products(results []*Result) []string {
	ids := make([]string, 0, len(results))
	for _, result := range results {
		ids = append(ids, result.Link.ProductID)
	}
	return ids
}

// set stores the URL. A success without a URL is no success.
func (r *Result) set(url string) error {
	if r.Link.URL = url; url == "" {
		return fault.New("link.Make", fault.Unavailable, "TikTok Shop answered without a link. Ask again later.")
	}
	return nil
}

// brake stops the calls that follow one after which more would do harm.
type brake struct {
	mu     sync.Mutex
	pulled error
}

func (b *brake) err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pulled
}

func (b *brake) note(err error) {
	if fault.Is(err, fault.RateLimited) || fault.Is(err, fault.Reconnect) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.pulled = err
	}
}
