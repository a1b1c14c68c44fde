package sandbox

import (
	"fmt"
	"slices"
	"time"
)

// world is what exists at TikTok Shop whether or not an app is connected.
type world struct {
	users     []*user
	products  []*product
	campaigns []*campaign
	targets   []*target
	samples   []*sample
	crowd     []*user // creators of the marketplace who are no customers of ours: nobody logs in as one of them
}

// user is someone who can consent: a seller, a creator or a partner.
type user struct {
	id         string // short name for the consent pages and the control API
	kind       Kind
	name       string
	username   string // of a creator
	region     string
	shops      []*shop        // of a seller
	category   *categoryAsset // of a partner
	agencyOf   []*user        // creators whose agency (CAP) the partner is
	showcase   []*shown       // of a creator, from the top
	sellerType string         // of a creator who sells too: LOCAL or CROSS_BORDER
	famous     bool           // with more followers than the seeded shops can reach
	official   bool           // an official creator account, whom nobody can invite
}

type shop struct {
	id, code, name, region, currency string
	sellerType                       string // LOCAL or CROSS_BORDER
	owner                            *user
	autoAdd                          bool  // products join open collaborations by themselves
	autoRate                         int64 // at this rate, in basis points
	invited                          map[*user]time.Time
	blocked                          []*user // creators the seller has blocked
}

// categoryAsset is a partner's right to a business category in one market.
type categoryAsset struct {
	id     int64
	name   string
	market string
}

type product struct {
	id, title, description string
	shop                   *shop
	category               category
	skus                   []sku
	openRate               int64  // basis points; 0 = in no open collaboration
	openAdsRate            int64  // basis points on sales from ads
	openID                 string // of its open collaboration
	openStart, openEnds    time.Time
	tiers                  string // commission tiers of the open collaboration, in percent; empty = one rate
	unitsSold              int64
}

type category struct{ id, name, parentID, parentName string }

type sku struct {
	id, name string
	price    amount
	stock    int64
}

// target is a target collaboration.
type target struct {
	id, name, message string
	shop              *shop
	products          []targetProduct
	creators          []*user
	created, end      time.Time
	updated           time.Time
	cancelled         time.Time // when its removal takes effect; zero = never
	contact           contact
	samples, exempt   bool
	topCreators       bool // of the Top Creator Program, which TikTok runs: hardly anything of it can be changed
	leaving           map[*user]time.Time
}

type targetProduct struct {
	product *product
	rate    int64 // basis points
	adsRate int64 // basis points; 0 = not set
	lower   int64 // basis points that follow at the time of lowered; 0 = none
	lowered time.Time
	leaves  time.Time // when its removal takes effect; zero = never
}

// campaign is a campaign of an affiliate partner.
type campaign struct {
	id, name, description string
	owner                 *user
	joined                bool  // a seller's campaign which the partner joined
	rate                  int64 // basis points, shown to sellers
	start, end            time.Time
	registrationEnd       time.Time
	products              []*entry
	unpublished           bool // made, but not shown to sellers yet
	unfilled              bool // sellers have not submitted products yet
	sellerTypes           []string
	shopCodes             []string
	contact               campaignContact
}

// entry is a product that a seller submitted to a campaign.
type entry struct {
	product     *product
	creatorRate int64 // basis points
	partnerRate int64 // basis points
	status      string
	available   bool
	samples     int64
	sold        int64
	linked      bool // a promotion link was made
}

func (e *entry) totalRate() int64 { return e.creatorRate + e.partnerRate }

// status follows from the campaign's own times.
func (c *campaign) status(now time.Time) string {
	switch {
	case c.unpublished:
		return "READY"
	case now.Before(c.start):
		return "UPCOMING"
	case now.Before(c.end):
		return "ONGOING"
	}
	return "CLOSED"
}

func (c *campaign) entry(productID string) *entry {
	return find(c.products, func(e *entry) bool { return e.product.id == productID })
}

func (p *product) inventory() (n int64) {
	for _, sku := range p.skus {
		n += sku.stock
	}
	return n
}

func (p *product) prices() (lowest, highest amount) {
	byPrice := func(a, b sku) int { return int(a.price - b.price) }
	return slices.MinFunc(p.skus, byPrice).price, slices.MaxFunc(p.skus, byPrice).price
}

func (w *world) user(id string) *user {
	return find(w.users, func(u *user) bool { return u.id == id })
}

func (w *world) product(id string) *product {
	return find(w.products, func(p *product) bool { return p.id == id })
}

func (w *world) campaign(id string) *campaign {
	return find(w.campaigns, func(c *campaign) bool { return c.id == id })
}

func (w *world) target(id string) *target {
	return find(w.targets, func(t *target) bool { return t.id == id })
}

func (w *world) shops() (all []*shop) {
	for _, user := range w.users {
		all = append(all, user.shops...)
	}
	return all
}

func (w *world) shop(id string) *shop {
	return find(w.shops(), func(s *shop) bool { return s.id == id })
}

func (w *world) ofKind(kind Kind) (users []*user) {
	for _, user := range w.users {
		if user.kind == kind {
			users = append(users, user)
		}
	}
	return users
}

// openID is the pseudonym under which an app knows a user.
func openID(app *App, u *user) string { return opaque(43, "open id", app.Key, u.id) }

func (w *world) creatorByOpenID(app *App, id string) *user {
	return find(w.creators(), func(u *user) bool { return openID(app, u) == id })
}

// creators are all creators, the crowd too.
func (w *world) creators() []*user { return append(w.ofKind(Creator), w.crowd...) }

// cipher is what an app must send to speak about a shop.
func (s *shop) cipher(app *App) string { return "TTP_" + opaque(32, "shop", app.Key, s.id) }

// categoryCipher is what an app must send to speak for a partner.
func categoryCipher(app *App, partner *user) string {
	return "TTP_" + opaque(32, "category", app.Key, partner.id)
}

// number makes one of TikTok's 19-digit ids.
func number(family int, n int64) string { return fmt.Sprintf("%d%015d", family, n) }
