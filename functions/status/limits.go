package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/quota"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// mostQuotas is how many accounts and assets are looked up in the quota ledger:
// each has an item per class.
const mostQuotas = 300

type ledger interface {
	States(ctx context.Context, keys []quota.Key) (map[quota.Key]quota.State, error)
}

type quotasView struct {
	Checked  int         `json:"checked"`  // accounts and assets that were looked up
	Complete bool        `json:"complete"` // false: there are more
	Held     []quotaView `json:"held_back"`
}

// quotaView is a class of calls that TikTok Shop lets nobody make for a while.
type quotaView struct {
	About string           `json:"about"` // the asset, or an account as a whole
	Class tiktokshop.Class `json:"class"`
	State string           `json:"state"` // used_up, or paused because it asked to slow down
	Until time.Time        `json:"until"`
}

// sunsetView is an operation that TikTok Shop has announced to switch off, or
// has answered to be gone.
type sunsetView struct {
	Operation    string    `json:"operation"` // of this product
	Path         string    `json:"path"`
	EffectiveAt  time.Time `json:"effective_at,omitzero"` // as announced
	Successor    string    `json:"successor,omitempty"`
	Alternatives []string  `json:"alternatives"`
	Retired      bool      `json:"retired"`                    // TikTok Shop has answered so in the last 24 hours
	AskedAgainAt time.Time `json:"asked_again_after,omitzero"` // until then it is not called
}

// limits reads what the quota ledger remembers of the owner's accounts and assets.
func (h *handler) limits(ctx context.Context, mine []connection.Connection, now time.Time) (quotasView, []sunsetView, error) {
	view := quotasView{Held: []quotaView{}}
	keys, complete, err := h.quotaKeys(ctx, mine)
	if err != nil {
		return view, nil, err
	}
	states, err := h.ledger.States(ctx, keys)
	if err != nil {
		return view, nil, err
	}
	view.Checked, view.Complete = len(keys)/len(tiktokshop.Classes()), complete
	retired := map[string]quota.Retirement{}
	for key, state := range states {
		about := quotaView{About: key.Asset, Class: key.Class}
		switch {
		case state.Until.After(now):
			about.State, about.Until = "used_up", state.Until.Truncate(time.Second)
			view.Held = append(view.Held, about)
		case state.NotBefore.After(now):
			about.State, about.Until = "paused", state.NotBefore.Truncate(time.Second)
			view.Held = append(view.Held, about)
		}
		for operation, gone := range state.Retired {
			if gone.Until.After(now) && gone.Until.After(retired[operation].Until) {
				retired[operation] = gone
			}
		}
	}
	slices.SortFunc(view.Held, func(a, b quotaView) int {
		return cmp.Or(cmp.Compare(a.About, b.About), cmp.Compare(a.Class, b.Class))
	})
	return view, sunsets(retired), nil
}

// quotaKeys are the ledger's keys of every account that works, and its assets.
func (h *handler) quotaKeys(ctx context.Context, mine []connection.Connection) (keys []quota.Key, complete bool, err error) {
	type subject struct {
		app, about string
	}
	seen := map[subject]bool{}
	add := func(app, about string) bool {
		s := subject{app, about}
		if seen[s] || len(seen) == mostQuotas {
			return seen[s]
		}
		seen[s] = true
		for _, class := range tiktokshop.Classes() {
			keys = append(keys, quota.Key{App: app, Asset: about, Class: class})
		}
		return true
	}
	complete = true
	for _, one := range mine {
		if one.State != connection.Active {
			continue
		}
		app, err := h.apps.Find(ctx, one.Account.App())
		switch {
		case fault.Is(err, fault.NotFound): // the app was taken out of the secret; nothing is called for it
			continue
		case err != nil:
			return nil, false, err
		}
		complete = add(app.Key, string(one.Account)) && complete
		for _, asset := range one.Assets {
			if asset.State != account.AssetDeauthorized {
				complete = add(app.Key, string(asset.ID)) && complete
			}
		}
	}
	return keys, complete, nil
}

// sunsets joins what was announced for operations of this product with what
// TikTok Shop has answered.
func sunsets(retired map[string]quota.Retirement) []sunsetView {
	views := []sunsetView{}
	for _, s := range tiktokshop.Sunsets() {
		gone, answered := retired[s.Operation+" "+s.Path]
		delete(retired, s.Operation+" "+s.Path)
		if s.Operation == "" && !answered {
			continue // nothing here calls it
		}
		views = append(views, sunsetView{
			Operation: s.Operation, Path: s.Method + " " + s.Path, EffectiveAt: s.Effective, Successor: s.Successor,
			Alternatives: append([]string{}, s.Alternatives...), Retired: answered, AskedAgainAt: gone.Until.Truncate(time.Second),
		})
	}
	for key, gone := range retired { // without an announcement
		operation, path, _ := strings.Cut(key, " ")
		views = append(views, sunsetView{Operation: operation, Path: path, Alternatives: []string{}, Retired: true, AskedAgainAt: gone.Until.Truncate(time.Second)})
	}
	slices.SortFunc(views, func(a, b sunsetView) int { return cmp.Compare(a.Path, b.Path) })
	return views
}
