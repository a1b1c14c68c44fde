package sandbox

import "slices"

// App is one app of a developer, as Partner Center holds it. Webhooks are signed
// with the app's secret.
type App struct {
	Name             string `json:"name"`  // the developer's own word for it
	Title            string `json:"title"` // what users read; the name when empty
	Key              string `json:"key"`
	Secret           string `json:"secret"`
	SellerServiceID  string `json:"seller_service_id"`
	PartnerServiceID string `json:"partner_service_id"`
	RedirectURL      string `json:"redirect_url"`
	WebhookURL       string `json:"webhook_url"`
}

// DefaultApp is the app a sandbox has when none is given.
func DefaultApp() App {
	return App{
		Name: "main", Title: "Affiliate Desk", Key: "sandboxappkey", Secret: "sandbox-app-secret",
		SellerServiceID: "7100000000000000001", PartnerServiceID: "7100000000000000002",
	}
}

// App returns the app called name.
func (s *Sandbox) App(name string) (App, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if app := s.app(name); app != nil {
		return *app, true
	}
	return App{}, false
}

// SetApp adds the app, or replaces the one of the same name.
func (s *Sandbox) SetApp(app App) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.app(app.Name); old != nil {
		*old = app
		return
	}
	s.apps = append(s.apps, &app)
}

// app finds an app by name; the empty name means the first. The caller holds the lock.
func (s *Sandbox) app(name string) *App {
	if name == "" && len(s.apps) > 0 {
		return s.apps[0]
	}
	return find(s.apps, func(a *App) bool { return a.Name == name })
}

func (s *Sandbox) appByKey(key string) *App {
	return find(s.apps, func(a *App) bool { return a.Key == key })
}

// Kind is what a user is to TikTok Shop.
type Kind string

// The kinds of users.
const (
	Seller  Kind = "seller"
	Creator Kind = "creator"
	Partner Kind = "partner"
)

// userType is the token endpoints' number for the kind.
// Source: doc:authorization-overview-202407.
func (k Kind) userType() int {
	return map[Kind]int{Seller: 0, Creator: 1, Partner: 3}[k]
}

// scopes are all that can be granted to the kind.
// Source: the API reference's scope lists.
func (k Kind) scopes() []string {
	return slices.Clone(map[Kind][]string{
		Seller: {
			"seller.authorization.info", "seller.affiliate_collaboration.read", "seller.affiliate_collaboration.write",
			"seller.affiliate_messages.write", "seller.creator_marketplace.read",
		},
		Creator: {
			"creator.affiliate.info", "creator.affiliate_collaboration.read", "creator.showcase.read",
			"creator.showcase.write", "creator.affiliate.share_link.read", "creator.affiliate.link.write", "creator.video.write",
		},
		Partner: {
			"partner.authorization.info", "partner.tap_campaign.read", "partner.tap_campaign.write",
			"partner.tap_campaign.product.write", "partner.tap_campaign.link.write",
		},
	}[k])
}
