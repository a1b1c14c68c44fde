package delivery

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
	"tiktok-shop-affiliate/shared/tiktokshop/webhook"
)

// Accounts is what is known of who is connected.
type Accounts interface {
	// Account is fault.NotFound for an account no one connected.
	Account(ctx context.Context, id account.ID) (account.Account, error)
	// Holdings lists the asset as each account holds it.
	Holdings(ctx context.Context, asset account.AssetID) ([]account.Asset, error)
}

// Shops asks TikTok Shop which shops a seller account has authorized. The error
// is fault.Reconnect when the account's grant is over.
type Shops interface {
	Authorized(ctx context.Context, id account.ID) ([]account.AssetID, error)
}

// Store keeps deliveries and their effects.
type Store interface {
	// Save records a delivery with its outcome and applies its effects, both in
	// one transaction or neither. Effects that something newer supersedes are
	// left out; without any left the outcome becomes Superseded. A delivery
	// that was recorded before has no effect, is counted as a duplicate, and is
	// no error. A replay of a recorded delivery has effects by the same rules,
	// and its outcome is kept beside the first; each replay counts once.
	Save(ctx context.Context, record Record, outcome Outcome, effects []Effect) error
}

// Processor gives deliveries their effects, each once.
type Processor struct {
	accounts Accounts
	shops    Shops
	store    Store
}

// NewProcessor makes a Processor.
func NewProcessor(accounts Accounts, shops Shops, store Store) *Processor {
	return &Processor{accounts: accounts, shops: shops, store: store}
}

// Process takes one delivery. It may be called again with the same one. The
// error is fault.Invalid when the delivery can never be read.
func (p *Processor) Process(ctx context.Context, m Message) error {
	n, err := webhook.Parse(m.Body)
	if err != nil {
		return fault.Wrap("delivery.Process", fault.Invalid, "the webhook cannot be read", err)
	}
	if n.Time.IsZero() {
		n.Time = m.ReceivedAt
	}
	s := subjectOf(m.App, n)
	outcome, effects, err := p.effects(ctx, m.App, n, s)
	if err != nil {
		return fmt.Errorf("delivery.Process: type %d, %s: %w", n.Type, n.Key, err)
	}
	return p.store.Save(ctx, Record{
		App: m.App, ID: n.Key, Type: n.Type, Subject: s.name(), Timestamp: n.Time, ReceivedAt: m.ReceivedAt, Body: m.Body, Replay: m.Replay,
	}, outcome, effects)
}

// subject is whom a notification is about: a shop, or an account of the app.
type subject struct {
	shop    account.AssetID
	account account.ID
}

func subjectOf(app string, n webhook.Notification) subject {
	switch {
	case n.ShopID != "":
		return subject{shop: account.ShopAsset(n.ShopID)}
	case n.CreatorOpenID != "":
		return subject{account: account.NewID(app, tiktokshop.CreatorAccount, n.CreatorOpenID)}
	case n.SellerOpenID != "":
		return subject{account: account.NewID(app, tiktokshop.SellerAccount, n.SellerOpenID)}
	}
	return subject{}
}

func (s subject) name() string {
	if s.shop != "" {
		return string(s.shop)
	}
	return string(s.account)
}

// effects decides what a notification comes to.
func (p *Processor) effects(ctx context.Context, app string, n webhook.Notification, s subject) (Outcome, []Effect, error) {
	var decide func(webhook.Notification, subject, []account.Account) (Outcome, []Effect, error)
	switch n.Type {
	case webhook.OrderStatusChange:
		decide = orderMoved
	case webhook.AuthorizationExpiry:
		decide = expiring
	case webhook.ContentPosted:
		decide = posted
	case webhook.CreatorDeauthorized:
		decide = revoked
	case webhook.SellerDeauthorized:
		decide = func(n webhook.Notification, s subject, held []account.Account) (Outcome, []Effect, error) {
			return p.deauthorized(ctx, n, s, held)
		}
	default:
		return Recorded, nil, nil
	}
	held, err := p.held(ctx, app, s)
	if err != nil {
		return "", nil, err
	}
	if len(held) == 0 {
		return Unmatched, nil, nil
	}
	return decide(n, s, held)
}

// held lists the accounts of the app that the subject concerns.
func (p *Processor) held(ctx context.Context, app string, s subject) ([]account.Account, error) {
	ids := []account.ID{s.account}
	if s.shop != "" {
		holdings, err := p.accounts.Holdings(ctx, s.shop)
		if err != nil {
			return nil, err
		}
		ids = nil
		for _, h := range holdings {
			if h.Account.App() == app {
				ids = append(ids, h.Account)
			}
		}
	}
	var held []account.Account
	for _, id := range ids {
		a, err := p.accounts.Account(ctx, id)
		switch {
		case fault.Is(err, fault.NotFound):
		case err != nil:
			return nil, err
		default:
			held = append(held, a)
		}
	}
	return held, nil
}

// orderMoved: the shop's order changed, so its affiliate order may have.
func orderMoved(n webhook.Notification, s subject, _ []account.Account) (Outcome, []Effect, error) {
	order, err := n.OrderStatus()
	if err != nil || s.shop == "" || order.OrderID == "" {
		return "", nil, unreadable(n, err)
	}
	return Applied, []Effect{OrderMoved{Asset: s.shop, OrderID: order.OrderID}}, nil
}

// expiring: the authorization ends soon unless it is renewed.
func expiring(n webhook.Notification, _ subject, held []account.Account) (Outcome, []Effect, error) {
	warning, err := n.AuthorizationExpiring()
	if err != nil || warning.ExpiresAt.IsZero() {
		return "", nil, unreadable(n, err)
	}
	var effects []Effect
	for _, a := range held {
		effects = append(effects, Expiring{Account: a.ID, At: warning.ExpiresAt})
	}
	return Applied, effects, nil
}

// posted: a creator posted, changed or removed content with a product.
func posted(n webhook.Notification, s subject, held []account.Account) (Outcome, []Effect, error) {
	c, err := n.ContentPosting()
	if err != nil || s.account.Kind() != tiktokshop.CreatorAccount || c.ProductID == "" || c.ContentID == "" {
		return "", nil, unreadable(n, err)
	}
	action := Action(c.Action)
	if !slices.Contains([]Action{Added, Updated, Removed}, action) {
		return Recorded, nil, nil // an action of the future
	}
	return Applied, []Effect{Posted{
		Asset:     account.CreatorAsset(held[0].ID.App(), held[0].ID.OpenID()),
		ProductID: c.ProductID, ContentID: c.ContentID, Scene: c.Scene, Action: action, At: n.Time,
	}}, nil
}

// revoked: a creator took all access away.
func revoked(n webhook.Notification, s subject, held []account.Account) (Outcome, []Effect, error) {
	end, err := n.CreatorDeauthorization()
	if err != nil || s.account.Kind() != tiktokshop.CreatorAccount {
		return "", nil, unreadable(n, err)
	}
	at := end.CancelTime
	if at.IsZero() {
		at = n.Time
	}
	if !before(held[0], at) {
		return Superseded, nil, nil
	}
	return Applied, []Effect{Revoked{Account: held[0].ID, At: at}}, nil
}

// deauthorized: a seller took one shop away, if TikTok Shop itself says so too.
// The notification names only the shop; several accounts can hold it.
func (p *Processor) deauthorized(ctx context.Context, n webhook.Notification, s subject, held []account.Account) (Outcome, []Effect, error) {
	if s.shop == "" {
		return "", nil, unreadable(n, nil)
	}
	var effects []Effect
	outcome := Superseded
	for _, a := range held {
		if !before(a, n.Time) {
			continue
		}
		left, err := p.shops.Authorized(ctx, a.ID)
		switch {
		case fault.Is(err, fault.Reconnect): // nothing is left of the grant
		case err != nil:
			return "", nil, err
		case slices.Contains(left, s.shop):
			outcome = Unconfirmed
			continue
		}
		effects = append(effects, Deauthorized{Asset: s.shop, Account: a.ID, At: n.Time})
		if len(left) == 0 {
			effects = append(effects, Revoked{Account: a.ID, At: n.Time})
		}
	}
	if len(effects) > 0 {
		outcome = Applied
	}
	return outcome, effects, nil
}

// before reports whether the account was authorized before a notification's
// time. Both are whole seconds; of the same second the consent wins.
func before(a account.Account, at time.Time) bool { return a.AuthorizedAt.Before(at) }

// unreadable is the error of a known type whose data does not make sense: it is
// for a person to look at.
func unreadable(n webhook.Notification, err error) error {
	return fault.Wrap("delivery", fault.Invalid, fmt.Sprintf("the data of type %d is not as documented", n.Type), err)
}
