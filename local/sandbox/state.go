package sandbox

import (
	"fmt"
	"time"
)

// State lists what exists, for people and for scripts that look for ids.
type State struct {
	Settings  Settings        `json:"settings"`
	Apps      []StateApp      `json:"apps"`
	Users     []StateUser     `json:"users"`
	Products  []StateProduct  `json:"products"`
	Campaigns []StateCampaign `json:"campaigns"`
	Targets   []StateTarget   `json:"target_collaborations"`
	Orders    []StateOrder    `json:"orders"`
}

// StateApp is an app without its secret.
type StateApp struct {
	Name             string `json:"name"`
	Key              string `json:"key"`
	SellerServiceID  string `json:"seller_service_id"`
	PartnerServiceID string `json:"partner_service_id"`
	RedirectURL      string `json:"redirect_url"`
	WebhookURL       string `json:"webhook_url"`
}

// StateUser is someone who can consent.
type StateUser struct {
	ID       string            `json:"id"`
	Kind     Kind              `json:"kind"`
	Name     string            `json:"name"`
	Username string            `json:"username,omitempty"`
	Region   string            `json:"region"`
	OpenIDs  map[string]string `json:"open_ids"` // by app name
	Shops    []StateShop       `json:"shops,omitempty"`
	Ciphers  map[string]string `json:"category_asset_ciphers,omitempty"` // of a partner, by app name
}

// StateShop is a shop of a seller.
type StateShop struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Region   string            `json:"region"`
	Currency string            `json:"currency"`
	Ciphers  map[string]string `json:"ciphers"` // by app name
}

// StateProduct is a product.
type StateProduct struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Shop     string `json:"shop"`
	OpenRate int64  `json:"open_collaboration_rate"` // basis points; 0 = none
}

// StateCampaign is a campaign with its submitted products' review states.
type StateCampaign struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Partner  string            `json:"partner"`
	Status   string            `json:"status"`
	Products map[string]string `json:"products"` // product id → review status
}

// StateTarget is a target collaboration.
type StateTarget struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Shop     string   `json:"shop"`
	Creators []string `json:"creators"` // user ids
}

// StateOrder is an affiliate order.
type StateOrder struct {
	ID       string    `json:"id"`
	Shop     string    `json:"shop"`
	Created  time.Time `json:"created"`
	Outcome  Outcome   `json:"outcome"`
	Status   state     `json:"status"`
	Rows     int       `json:"rows"`
	Creators []string  `json:"creators"` // user ids, by row
}

// State tells what exists.
func (s *Sandbox) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	out := State{Settings: s.settings, Orders: []StateOrder{}}
	perApp := func(text func(*App) string) map[string]string {
		by := map[string]string{}
		for _, app := range s.apps {
			by[app.Name] = text(app)
		}
		return by
	}
	for _, a := range s.apps {
		out.Apps = append(out.Apps, StateApp{a.Name, a.Key, a.SellerServiceID, a.PartnerServiceID, a.RedirectURL, a.WebhookURL})
	}
	for _, u := range s.users {
		user := StateUser{ID: u.id, Kind: u.kind, Name: u.name, Username: u.username, Region: u.region}
		user.OpenIDs = perApp(func(a *App) string { return openID(a, u) })
		for _, shop := range u.shops {
			user.Shops = append(user.Shops, StateShop{shop.id, shop.name, shop.region, shop.currency, perApp(shop.cipher)})
		}
		if u.kind == Partner {
			user.Ciphers = perApp(func(a *App) string { return categoryCipher(a, u) })
		}
		out.Users = append(out.Users, user)
	}
	for _, p := range s.products {
		out.Products = append(out.Products, StateProduct{p.id, p.title, p.shop.id, p.openRate})
	}
	for _, c := range s.campaigns {
		campaign := StateCampaign{c.id, c.name, c.owner.id, c.status(now), map[string]string{}}
		for _, e := range c.products {
			campaign.Products[e.product.id] = e.status
		}
		out.Campaigns = append(out.Campaigns, campaign)
	}
	for _, t := range s.targets {
		target := StateTarget{ID: t.id, Name: t.name, Shop: t.shop.id}
		for _, creator := range t.creators {
			target.Creators = append(target.Creators, creator.id)
		}
		out.Targets = append(out.Targets, target)
	}
	for _, o := range s.orders {
		order := StateOrder{ID: o.id, Shop: o.shop.id, Created: o.created, Outcome: o.outcome, Status: o.state(now), Rows: len(o.lines)}
		for _, l := range o.lines {
			order.Creators = append(order.Creators, l.creator.id)
		}
		out.Orders = append(out.Orders, order)
	}
	return out
}

// Faults lists the scripted faults, spent ones included.
func (s *Sandbox) Faults() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Fault{}
	for _, f := range s.faults {
		list = append(list, *f)
	}
	return list
}

// Code consents for a user with all scopes and returns the code, as the consent
// page would hand it to the app's redirect URL.
func (s *Sandbox) Code(appName, userID string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	app, u := s.app(appName), s.user(userID)
	if app == nil || u == nil {
		return "", fmt.Errorf("there is no app %q or user %q", appName, userID)
	}
	return s.consent(app, u, u.kind.scopes()), nil
}
