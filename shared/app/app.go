// Package app knows the development partner's Partner Center apps. They are
// data in one secret: scopes, open ids, webhook secrets and tokens are all per
// app, so everything that is stored names the app it belongs to.
package app

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Portal is the half of the world an app is registered for. It decides which
// consent pages its users see.
type Portal string

// The two portals of Partner Center.
const (
	US    Portal = "us"
	World Portal = "row"
)

// App is one Partner Center app.
type App struct {
	Name             string                   // ours: stands in keys and in /webhook/{app}
	Key              string                   // Partner Center "App Key"
	Secret           redact.Secret            // Partner Center "App Secret"
	PreviousSecret   redact.Secret            // accepted for webhooks while a secret is being changed; may be empty
	SellerServiceID  string                   // "service_id" of the seller consent link
	PartnerServiceID string                   // "service_id" of the partner consent link; may equal the seller's
	Portal           Portal                   // US, or the rest of the world
	Accounts         []tiktokshop.AccountKind // the kinds of account that may connect through it
}

// Signing is the identity that calls of this app are signed with.
func (a App) Signing() tiktokshop.App { return tiktokshop.App{Key: a.Key, Secret: a.Secret} }

// Serves reports whether accounts of the kind may connect through the app.
func (a App) Serves(kind tiktokshop.AccountKind) bool { return slices.Contains(a.Accounts, kind) }

// ServiceID is the service id of the consent link for the kind; creators have none.
func (a App) ServiceID(kind tiktokshop.AccountKind) string {
	switch kind {
	case tiktokshop.SellerAccount:
		return a.SellerServiceID
	case tiktokshop.PartnerAccount:
		return a.PartnerServiceID
	}
	return ""
}

// document is the form of the secret.
type document struct {
	Apps []struct {
		Name             string                   `json:"name"`
		Key              string                   `json:"key"`
		Secret           string                   `json:"secret"`
		PreviousSecret   string                   `json:"previous_secret"`
		SellerServiceID  string                   `json:"seller_service_id"`
		PartnerServiceID string                   `json:"partner_service_id"`
		Portal           Portal                   `json:"portal"`
		Accounts         []tiktokshop.AccountKind `json:"accounts"`
	} `json:"apps"`
}

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,30}$`)

// Parse reads the apps secret. Every fault of it is reported at once, and no
// fault repeats a secret.
func Parse(text redact.Secret) ([]App, error) {
	var doc document
	decoder := json.NewDecoder(strings.NewReader(text.Reveal()))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&doc); err != nil {
		return nil, invalid([]string{"it is not the expected JSON document"}) // the decoder's words could quote the secret
	}
	var faults []string
	apps := make([]App, 0, len(doc.Apps))
	names := map[string]bool{}
	for i, a := range doc.Apps {
		at := fmt.Sprintf("apps[%d]", i)
		if !nameForm.MatchString(a.Name) || names[a.Name] {
			faults = append(faults, at+`.name must be unique and like "main"`)
		}
		names[a.Name] = true
		if a.Key == "" || a.Secret == "" {
			faults = append(faults, at+" needs key and secret")
		}
		if a.Portal != US && a.Portal != World {
			faults = append(faults, at+`.portal must be "us" or "row"`)
		}
		if len(a.Accounts) == 0 {
			faults = append(faults, at+`.accounts must name "seller", "creator" or "partner"`)
		}
		for _, kind := range a.Accounts {
			switch {
			case kind != tiktokshop.SellerAccount && kind != tiktokshop.CreatorAccount && kind != tiktokshop.PartnerAccount:
				faults = append(faults, at+".accounts has an unknown kind")
			case kind == tiktokshop.SellerAccount && a.SellerServiceID == "", kind == tiktokshop.PartnerAccount && a.PartnerServiceID == "":
				faults = append(faults, at+" needs the service id of "+string(kind)+" accounts")
			}
		}
		apps = append(apps, App{
			Name: a.Name, Key: a.Key, Secret: redact.New(a.Secret), PreviousSecret: redact.New(a.PreviousSecret),
			SellerServiceID: a.SellerServiceID, PartnerServiceID: a.PartnerServiceID, Portal: a.Portal, Accounts: a.Accounts,
		})
	}
	if len(apps) == 0 {
		faults = append(faults, "it names no app")
	}
	if len(faults) > 0 {
		return nil, invalid(faults)
	}
	return apps, nil
}

func invalid(faults []string) error {
	return fault.New("app.Parse", fault.Internal, "the apps secret is not usable: "+strings.Join(faults, "; "))
}

// Source gives the secret and re-reads it; *secret.Source is one.
type Source interface {
	Value(ctx context.Context) (redact.Secret, error)
	Reload(ctx context.Context) (changed bool, err error)
}

// Registry is the set of apps of this deployment. It is safe for concurrent use.
type Registry struct {
	source Source

	mu     sync.Mutex
	text   redact.Secret
	parsed []App
}

// NewRegistry reads the apps from source on first use.
func NewRegistry(source Source) *Registry { return &Registry{source: source} }

// All returns the apps in the secret's order.
func (r *Registry) All(ctx context.Context) ([]App, error) {
	text, err := r.source.Value(ctx)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.parsed == nil || r.text != text {
		apps, err := Parse(text)
		if err != nil {
			return nil, err
		}
		r.text, r.parsed = text, apps
	}
	return r.parsed, nil
}

// Find returns the app with the name. The empty name means the only app; it is
// fault.NotFound when there are several.
func (r *Registry) Find(ctx context.Context, name string) (App, error) {
	apps, err := r.All(ctx)
	if err != nil {
		return App{}, err
	}
	if name == "" && len(apps) == 1 {
		return apps[0], nil
	}
	for _, a := range apps {
		if a.Name == name && name != "" {
			return a, nil
		}
	}
	if name == "" {
		return App{}, fault.New("app.Find", fault.NotFound, "there are several apps: name one")
	}
	return App{}, fault.New("app.Find", fault.NotFound, "there is no app of that name")
}

// Reload re-reads the secret, at most every 30 s, and reports whether it changed.
func (r *Registry) Reload(ctx context.Context) (changed bool, err error) { return r.source.Reload(ctx) }
