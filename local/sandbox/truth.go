package sandbox

import (
	"fmt"
	"time"
)

// Truth is what a faithful client must know by now.
type Truth struct {
	At       time.Time                 `json:"at"`
	Accounts []TruthAccount            `json:"accounts"`
	Orders   map[string]TruthOrders    `json:"orders"` // by "<asset>/<perspective>"
	Webhooks TruthWebhooks             `json:"webhooks"`
	Reviews  []Review                  `json:"reviews"`
	Links    []Link                    `json:"links"`
	Calls    map[string]map[string]int `json:"calls"` // operation → "HTTP status/code" → count
}

// TruthAccount is a grant.
type TruthAccount struct {
	App    string       `json:"app"`
	Kind   Kind         `json:"kind"`
	User   string       `json:"user"`
	Name   string       `json:"name"`
	OpenID string       `json:"open_id"`
	Active bool         `json:"active"`
	Scopes []string     `json:"scopes"`
	Assets []TruthAsset `json:"assets"`
	GrantCounts
}

// TruthAsset is a shop, creator or category asset of a grant, named as the
// product names it: "shop:<id>", "creator:<app>:<open id>",
// "tap:<app>:partner:<open id>:<category id>:<market>".
type TruthAsset struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Region string `json:"region"`
	Cipher string `json:"cipher,omitempty"`
	Active bool   `json:"active"`
}

// TruthOrders counts the SKU rows that one asset sees.
type TruthOrders struct {
	Rows     int            `json:"rows"`
	ByStatus map[string]int `json:"by_status"` // unpaid, pending, settled, no_commission, frozen
}

// TruthRow is one SKU row that one asset sees.
type TruthRow struct {
	Asset       string `json:"asset"`
	Perspective string `json:"perspective"` // seller, creator, tap or cap
	OrderID     string `json:"order_id"`
	SKU         string `json:"sku_id"`
	Product     string `json:"product_id"`
	Creator     string `json:"creator_username"`
	Via         string `json:"via"` // open, target or campaign
	CreateTime  int64  `json:"create_time"`
	Status      state  `json:"status"`           // normalised
	Final       bool   `json:"final"`            // nothing moves any more
	Estimated   string `json:"estimated"`        // this party's commission: what a seller pays, a creator or partner gets
	Actual      string `json:"actual,omitempty"` // the same once it is final
	Currency    string `json:"currency"`
}

// TruthWebhooks counts notifications by the last answer, an HTTP status or "none".
type TruthWebhooks struct {
	Sent     int                       `json:"sent"`
	Pending  int                       `json:"pending"`  // still being tried
	Distinct int                       `json:"distinct"` // notification ids sent with a valid signature
	Answers  map[string]int            `json:"answers"`
	ByType   map[string]map[string]int `json:"by_type"`
	Forged   map[string]int            `json:"forged"` // answers to forged and missing signatures
}

// Review is a decision on a campaign product.
type Review struct {
	At       time.Time `json:"at"`
	App      string    `json:"app"`
	Partner  string    `json:"partner"`
	Campaign string    `json:"campaign_id"`
	Product  string    `json:"product_id"`
	Result   string    `json:"review_result"`
	Reasons  []string  `json:"reject_reasons"`
}

// Link is a promotion link that was made.
type Link struct {
	At       time.Time `json:"at"`
	Kind     string    `json:"kind"` // campaign, campaign_batch, general or target
	App      string    `json:"app"`
	User     string    `json:"user"`
	Campaign string    `json:"campaign_id,omitempty"`
	Product  string    `json:"product_id,omitempty"`
	Target   string    `json:"target_collaboration_id,omitempty"`
	Rate     int64     `json:"creator_commission_rate,omitempty"`
	Link     string    `json:"link"`
}

// view is what one asset of a grant sees of the orders.
type view struct {
	asset       TruthAsset
	perspective string
	at          time.Time // now, or when access ended
	seen        func(*order, *line) bool
}

// views lists everything a grant opens.
func (s *Sandbox) views(g *grant) (views []view) {
	until := s.now()
	if !g.active() {
		until = g.revoked
	}
	id := openID(g.app, g.user)
	switch g.user.kind {
	case Seller:
		for _, shop := range g.user.shops {
			at, active := until, g.active()
			if ended, gone := g.ended[shop.id]; gone {
				at, active = ended, false
			}
			views = append(views, view{
				TruthAsset{"shop:" + shop.id, shop.name, shop.region, shop.cipher(g.app), active}, "seller", at, seenByShop(shop),
			})
		}
	case Creator:
		asset := TruthAsset{fmt.Sprintf("creator:%s:%s", g.app.Name, id), g.user.name, g.user.region, "", g.active()}
		views = append(views, view{asset, "creator", until, seenByCreator(g.user)})
	case Partner:
		c := g.user.category
		asset := TruthAsset{
			fmt.Sprintf("tap:%s:partner:%s:%d:%s", g.app.Name, id, c.id, c.market), g.user.name, c.market, categoryCipher(g.app, g.user), g.active(),
		}
		views = append(views, view{asset, "tap", until, seenByTAP(g.user)})
		if len(g.user.agencyOf) > 0 {
			views = append(views, view{asset, "cap", until, seenByAgency(g.user)})
		}
	}
	return views
}

// Truth tells what is so now.
func (s *Sandbox) Truth() Truth {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := Truth{
		At: s.now(), Accounts: []TruthAccount{}, Orders: map[string]TruthOrders{}, Calls: map[string]map[string]int{},
		Reviews: append([]Review{}, s.reviews...), Links: append([]Link{}, s.links...), Webhooks: s.truthWebhooks(),
	}
	for _, g := range s.grants {
		account := TruthAccount{
			App: g.app.Name, Kind: g.user.kind, User: g.user.id, Name: g.user.name, OpenID: openID(g.app, g.user),
			Active: g.active(), Scopes: g.scopes, GrantCounts: g.counts,
		}
		for _, v := range s.views(g) {
			if v.perspective != "cap" {
				account.Assets = append(account.Assets, v.asset)
			}
			key := v.asset.ID + "/" + v.perspective
			if _, told := t.Orders[key]; told && !v.asset.Active {
				continue // another app still reads the shop
			}
			orders := TruthOrders{ByStatus: map[string]int{}}
			for _, r := range s.rows(v.at, v.seen) {
				orders.Rows++
				orders.ByStatus[string(r.status(v))]++
			}
			t.Orders[key] = orders
		}
		t.Accounts = append(t.Accounts, account)
	}
	for operation, counts := range s.calls {
		t.Calls[operation] = map[string]int{}
		for outcome, n := range counts {
			t.Calls[operation][outcome] = n
		}
	}
	return t
}

// status is the normalised status a party can read: sellers are not told of a freeze.
func (r row) status(v view) state {
	if s := r.state(v.at); s != frozen || v.perspective != "seller" {
		return s
	}
	return pending
}

// TruthRows lists every SKU row each granted asset sees.
func (s *Sandbox) TruthRows() []TruthRow {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []TruthRow{}
	for _, g := range s.grants {
		for _, v := range s.views(g) {
			for _, r := range s.rows(v.at, v.seen) {
				status := r.status(v)
				creator := r.creator.username
				if v.perspective == "seller" && r.campaign != nil {
					creator = "" // sellers are not told
				}
				t := TruthRow{
					Asset: v.asset.ID, Perspective: v.perspective, OrderID: r.order.id, SKU: r.sku.id, Product: r.product.id,
					Creator: creator, Via: r.via(), CreateTime: r.created.Unix(), Status: status,
					Final: status.final(), Estimated: r.earns(v.perspective, r.base()).String(), Currency: r.currency(),
				}
				if status.final() {
					t.Actual = r.earns(v.perspective, r.actualBase(status)).String()
				}
				list = append(list, t)
			}
		}
	}
	return list
}

// earns is the standard commission that a party pays or gets on a base.
func (r row) earns(perspective string, base amount) amount {
	switch {
	case perspective == "tap":
		return base.share(r.partnerRate)
	case perspective == "cap":
		return (base.share(r.rate) + base.share(r.adsRate)).share(agencyRate)
	case perspective == "seller" && r.campaign != nil:
		return base.share(r.rate + r.partnerRate)
	}
	return base.share(r.rate)
}

func (s *Sandbox) truthWebhooks() TruthWebhooks {
	honest := func(d *Delivery) bool { return d.Signature == "valid" }
	t := TruthWebhooks{
		Sent: len(s.deliveries), ByType: map[string]map[string]int{},
		Answers: byStatus(s.deliveries, func(*Delivery) bool { return true }),
		Forged:  byStatus(s.deliveries, func(d *Delivery) bool { return !honest(d) }),
	}
	notices := map[string]bool{}
	for _, d := range s.deliveries {
		if d.State == "pending" {
			t.Pending++
		}
		if honest(d) {
			notices[orElse(d.Notice, d.Body)] = true
		}
		t.ByType[fmt.Sprint(d.Type)] = byStatus(s.deliveries, func(other *Delivery) bool { return other.Type == d.Type && honest(other) })
	}
	t.Distinct = len(notices)
	return t
}
