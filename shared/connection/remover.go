package connection

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Removal is a connection that its owner has ended.
type Removal struct {
	ID      string // of the connection
	Account account.ID
	At      time.Time
	Last    bool // no other owner is connected to the account
}

// Ending is what became of the authorization at TikTok Shop when a connection
// was removed.
type Ending string

// The endings.
const (
	EndingKept    Ending = "kept"    // another owner is connected to the account
	EndingPending Ending = "pending" // TikTok Shop could not be told yet; that is repeated
	EndingDone    Ending = "ended"   // TikTok Shop was told, or had ended it before
	EndingHolder  Ending = "holder"  // only the account's holder can end it; our tokens are gone
)

// How long things take that end without an owner.
const (
	ClaimLife     = 24 * time.Hour      // an unclaimed account is kept
	RemovedMemory = 30 * 24 * time.Hour // what was removed is remembered
	patience      = 7 * 24 * time.Hour  // TikTok Shop is told of a disconnection again and again
)

// RemoverStore keeps what is removed. Settled accounts are conditional on the
// generation that was read: account.ErrStale means that they have moved on.
type RemoverStore interface {
	// Remove ends an owner's connection. With the last owner the account becomes disconnecting and is due at once. It is
	// fault.NotFound when the owner has no such connection.
	Remove(ctx context.Context, owner, id string, now time.Time) (Removal, error)
	// Removed is a connection that the owner ended within RemovedMemory; else fault.NotFound.
	Removed(ctx context.Context, owner, id string) (Removal, error)
	Account(ctx context.Context, id account.ID) (account.Account, error)
	Holdings(ctx context.Context, asset account.AssetID) ([]account.Asset, error)
	// Postpone makes an account without an owner due again at the given time.
	Postpone(ctx context.Context, a account.Account, due time.Time) error
	// Shred removes the tokens of an account without an owner and all that was known of it.
	Shred(ctx context.Context, a account.Account, now time.Time) error
}

// OwnerlessGrants makes calls for accounts that no owner may use.
type OwnerlessGrants interface {
	Ownerless(ctx context.Context, id account.ID) (tiktokshop.Grant, error)
}

// RemoverOptions is what a Remover is made of. Apps and Pages may be empty where
// only Settle is called.
type RemoverOptions struct {
	Store  RemoverStore
	Grants OwnerlessGrants
	TikTok TikTok
	Apps   Registry
	Pages  ConsentPages
	Now    func() time.Time
	Log    *slog.Logger
}

// Remover ends connections, and accounts with their last owner.
type Remover struct{ o RemoverOptions }

// NewRemover makes a Remover.
func NewRemover(o RemoverOptions) *Remover { return &Remover{o: o} }

// Remove ends an owner's connection, at once and whether or not TikTok Shop
// answers. With the last owner the authorization ends too, where TikTok Shop has
// a call for that, and the tokens are shredded. Removing again changes nothing
// and tells how it stands.
func (r *Remover) Remove(ctx context.Context, owner, id string) (Removal, Ending, error) {
	removal, err := r.o.Store.Remove(ctx, owner, id, r.o.Now())
	if fault.Is(err, fault.NotFound) {
		removal, err = r.o.Store.Removed(ctx, owner, id)
	}
	switch {
	case err != nil:
		return Removal{}, "", err
	case !removal.Last:
		return removal, EndingKept, nil
	}
	if err := r.Settle(ctx, removal.Account); err != nil {
		r.o.Log.WarnContext(ctx, "a disconnection is not over yet; it will be tried again", "account", removal.Account, "error", err)
		return removal, EndingPending, nil
	}
	if removal.Account.Kind() == tiktokshop.SellerAccount {
		return removal, EndingDone, nil
	}
	return removal, EndingHolder, nil
}

// Manage is the page on which a creator can remove the access; empty for the
// other kinds. Whoever consents there once more is connected to nobody.
func (r *Remover) Manage(ctx context.Context, id account.ID) (string, error) {
	if id.Kind() != tiktokshop.CreatorAccount {
		return "", nil
	}
	a, err := r.o.Apps.Find(ctx, id.App())
	if err != nil {
		return "", err
	}
	return r.o.Pages.URL(a, id.Kind(), newToken())
}

// Settle goes on with an account that has no owner: one that was not claimed in
// time is forgotten, one that is disconnecting is ended at TikTok Shop and then
// forgotten. It may be called at any time and for any account. After an error
// the account is due again.
func (r *Remover) Settle(ctx context.Context, id account.ID) error {
	a, err := r.o.Store.Account(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	now := r.o.Now()
	switch {
	case a.State == account.Disconnecting:
		return r.disconnect(ctx, a)
	case a.State != account.Unclaimed:
		return nil
	case now.Before(a.HeldSince.Add(ClaimLife)):
		return current(r.o.Store.Postpone(ctx, a, a.HeldSince.Add(ClaimLife)))
	}
	r.o.Log.WarnContext(ctx, "an install was not claimed in time; its tokens are shredded", "account", id)
	return current(r.o.Store.Shred(ctx, a, now))
}

// disconnect ends an account at TikTok Shop and forgets it.
func (r *Remover) disconnect(ctx context.Context, a account.Account) error {
	untold := r.tell(ctx, a)
	a, err := r.o.Store.Account(ctx, a.ID) // telling may have renewed its tokens
	if err != nil || a.State != account.Disconnecting {
		return err
	}
	now := r.o.Now()
	switch {
	case untold != nil && now.Before(a.HeldSince.Add(patience)):
		wait := min(max(now.Sub(a.HeldSince), time.Minute), time.Hour)
		return errors.Join(untold, current(r.o.Store.Postpone(ctx, a, now.Add(wait))))
	case untold != nil:
		r.o.Log.ErrorContext(ctx, "TikTok Shop could not be told of a disconnection; the seller can remove the app in Seller Center", "account", a.ID, "error", untold)
	}
	return current(r.o.Store.Shred(ctx, a, now))
}

// current takes an account that has moved on for settled.
func current(err error) error {
	if errors.Is(err, account.ErrStale) {
		return nil
	}
	return err
}

// tell ends the authorization of a seller's shops, one by one. Creators and
// partners have no such call. A shop that the app also reads through another
// seller account of ours stays.
func (r *Remover) tell(ctx context.Context, a account.Account) error {
	if a.ID.Kind() != tiktokshop.SellerAccount || a.Reason != "" { // with a reason, TikTok Shop has ended it before
		return nil
	}
	grant, err := r.o.Grants.Ownerless(ctx, a.ID)
	if err != nil {
		return err
	}
	shops, err := r.o.TikTok.Seller(grant, "").AuthorizedShops(ctx)
	if err != nil {
		return unlessOver(err)
	}
	for _, shop := range shops.Shops {
		shared, err := r.heldElsewhere(ctx, a.ID, account.ShopAsset(string(shop.ID)))
		if err != nil {
			return err
		}
		if shared {
			continue
		}
		if again, err := r.o.Store.Account(ctx, a.ID); err != nil || again.State != account.Disconnecting {
			return err // its holder has just consented again
		}
		if err := r.o.TikTok.Seller(grant, shop.Cipher).DeauthorizeShop(ctx); err != nil {
			return unlessOver(err)
		}
	}
	return nil
}

// unlessOver takes it for the end that TikTok Shop knows no access any more.
func unlessOver(err error) error {
	if fault.Is(err, fault.Reconnect) {
		return nil
	}
	return err
}

// heldElsewhere reports whether a living account of the same app holds the shop too.
func (r *Remover) heldElsewhere(ctx context.Context, id account.ID, shop account.AssetID) (bool, error) {
	held, err := r.o.Store.Holdings(ctx, shop)
	if err != nil {
		return false, err
	}
	for _, asset := range held {
		if asset.Account == id || asset.Account.App() != id.App() || asset.State == account.AssetDeauthorized {
			continue
		}
		other, err := r.o.Store.Account(ctx, asset.Account)
		if err != nil {
			return false, err
		}
		if other.State == account.Active || other.State == account.Suspect {
			return true, nil
		}
	}
	return false, nil
}
