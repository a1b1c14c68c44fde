package connection

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net"
	"net/url"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// How long things live.
const (
	LinkLife  = 7 * 24 * time.Hour
	StateLife = 30 * time.Minute // as long as TikTok Shop's authorization code
)

// Ask is what a connect link asks for.
type Ask struct {
	Owner    string
	App      string // name of the app
	Kind     tiktokshop.AccountKind
	Market   string // ISO 3166 alpha-2
	ReturnTo string // where the user goes on to afterwards; may be empty
}

// Link is a connect link. It can be opened any number of times.
type Link struct {
	Ask
	ExpiresAt time.Time
}

// LinkStore keeps connect links by the hash of their token.
type LinkStore interface {
	PutLink(ctx context.Context, hash string, link Link) error
	// Link is fault.NotFound when there is none; it may be expired.
	Link(ctx context.Context, hash string) (Link, error)
}

// Registry knows the apps.
type Registry interface {
	Find(ctx context.Context, name string) (app.App, error)
	All(ctx context.Context) ([]app.App, error)
}

// Links mints connect links.
type Links struct {
	store LinkStore
	apps  Registry
	now   func() time.Time
}

// NewLinks mints links into store. Renewing links takes no registry.
func NewLinks(store LinkStore, apps Registry, now func() time.Time) *Links {
	return &Links{store: store, apps: apps, now: now}
}

// Mint makes a link and returns its token, which is not kept. Without an app
// named, the one that serves the kind of account in the market is taken.
func (l *Links) Mint(ctx context.Context, ask Ask) (redact.Secret, Link, error) {
	a, err := l.choose(ctx, ask)
	if err != nil {
		return redact.Secret{}, Link{}, err
	}
	ask.App = a.Name
	return l.put(ctx, ask)
}

// Renew mints the link that connects a connection's account again.
func (l *Links) Renew(ctx context.Context, c Connection) (redact.Secret, Link, error) {
	return l.put(ctx, Ask{Owner: c.Owner, App: c.Account.App(), Kind: c.Kind(), Market: c.Market})
}

func (l *Links) put(ctx context.Context, ask Ask) (redact.Secret, Link, error) {
	token, link := newToken(), Link{Ask: ask, ExpiresAt: l.now().Add(LinkLife)}
	if err := l.store.PutLink(ctx, hash(token), link); err != nil {
		return redact.Secret{}, Link{}, err
	}
	return redact.New(token), link, nil
}

func (l *Links) choose(ctx context.Context, ask Ask) (app.App, error) {
	const op = "connection.Mint"
	if ask.App != "" {
		a, err := l.apps.Find(ctx, ask.App)
		if fault.Is(err, fault.NotFound) {
			return app.App{}, fault.New(op, fault.Invalid, "there is no app of that name")
		}
		if err == nil && !a.Serves(ask.Kind) {
			return app.App{}, fault.New(op, fault.Invalid, "this app does not serve "+string(ask.Kind)+" accounts")
		}
		return a, err
	}
	apps, err := l.apps.All(ctx)
	if err != nil {
		return app.App{}, err
	}
	portal := app.World
	if ask.Market == "US" {
		portal = app.US
	}
	var serving, fitting []app.App
	for _, a := range apps {
		if a.Serves(ask.Kind) {
			serving = append(serving, a)
			if a.Portal == portal {
				fitting = append(fitting, a)
			}
		}
	}
	switch {
	case len(serving) == 1:
		return serving[0], nil
	case len(fitting) == 1:
		return fitting[0], nil
	case len(serving) == 0:
		return app.App{}, fault.New(op, fault.Invalid, "no app serves "+string(ask.Kind)+" accounts")
	}
	return app.App{}, fault.New(op, fault.Invalid, "several apps serve "+string(ask.Kind)+" accounts: name one")
}

// SafeURL reports whether users may be sent to the address: https, or
// http to this machine.
func SafeURL(address string) bool {
	u, err := url.Parse(address)
	if err != nil || len(address) > 2048 || u.Host == "" || u.User != nil {
		return false
	}
	host := u.Hostname()
	loopback := host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host).IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && loopback
}

// newToken makes 256 random bits that fit into a URL.
func newToken() string {
	bits := make([]byte, 32)
	_, _ = rand.Read(bits) // never fails
	return base64.RawURLEncoding.EncodeToString(bits)
}

// hash is the form in which tokens are kept.
func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func sameHash(token, want string) bool {
	return subtle.ConstantTimeCompare([]byte(hash(token)), []byte(want)) == 1
}
