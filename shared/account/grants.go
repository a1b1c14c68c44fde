package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// The times of a refresh. A lease outlives the call and every attempt to save
// its answer, so that two refreshes of one account never overlap.
const (
	callTime    = 6 * time.Second // one call of the token endpoint
	saveTime    = 4 * time.Second // all attempts to store the answer
	leaseTime   = callTime + saveTime + 5*time.Second
	confirmTime = leaseTime + 10*time.Second // from a first refusal to the second try
	retryTime   = 15 * time.Second           // after any other failure, unless TikTok Shop names a time
)

// ErrOwnerless is what RefreshEarly answers for an account without an owner: what
// is to be done about it is not a refresh.
var ErrOwnerless = errors.New("the account has no owner")

// ErrStale is what a Store answers when the account has moved on since it was
// read, or when another holds its lease: read again.
var ErrStale = errors.New("the account has changed since it was read")

// Store keeps accounts. Reads of one account are strongly consistent, and every
// write is conditional on the generation that was read.
type Store interface {
	// Account is fault.NotFound when there is none.
	Account(ctx context.Context, id ID) (Account, error)
	// Holdings lists the asset as held by each account, sorted by account. It may lag behind writes.
	Holdings(ctx context.Context, asset AssetID) ([]Asset, error)
	// Lease reserves the refresh of the generation until the given time and returns the account as it is then. It is
	// ErrStale while another holds the lease, before RetryAt and when the account is revoked.
	Lease(ctx context.Context, id ID, generation int64, now, until time.Time) (Account, error)
	// SaveTokens stores new tokens, the times and scopes that came with them and the time of the next refresh, as the next
	// generation; it makes the account active and ends the lease.
	SaveTokens(ctx context.Context, renewed Account, due time.Time) error
	// SaveFailure stores State, SuspectSince and RetryAt, sets the time of the next refresh to RetryAt and ends the lease.
	SaveFailure(ctx context.Context, failed Account) error
	// Revoke makes the account revoked and ends its schedule.
	Revoke(ctx context.Context, id ID, generation int64, reason Reason, now time.Time) error
	// Deauthorize ends the account's right to one asset, and the account with its last asset.
	Deauthorize(ctx context.Context, id ID, generation int64, asset AssetID, now time.Time) error
}

// Refresher is the token endpoint.
type Refresher interface {
	RefreshToken(ctx context.Context, app tiktokshop.App, refresh redact.Secret) (tiktokshop.TokenSet, error)
}

// Apps finds the app an account belongs to.
type Apps interface {
	Find(ctx context.Context, name string) (app.App, error)
}

// GrantsOptions is what Grants is made of. Ahead may be zero: DefaultRefreshAhead.
type GrantsOptions struct {
	Store  Store
	TikTok Refresher
	Apps   Apps
	Vault  *Vault
	Now    func() time.Time
	Ahead  time.Duration // how long before their end tokens are refreshed on schedule
	Log    *slog.Logger
}

// Grants gives out grants whose tokens work: kept for a moment in memory,
// refreshed by one holder of a lease at a time, saved before first use.
type Grants struct {
	store  Store
	tiktok Refresher
	apps   Apps
	vault  *Vault
	now    func() time.Time
	ahead  time.Duration
	log    *slog.Logger
	recent recent
}

// NewGrants makes a token source.
func NewGrants(o GrantsOptions) *Grants {
	if o.Ahead == 0 {
		o.Ahead = DefaultRefreshAhead
	}
	return &Grants{
		store: o.Store, tiktok: o.TikTok, apps: o.Apps, vault: o.Vault, now: o.Now, ahead: o.Ahead, log: o.Log,
		recent: recent{byID: map[ID]issued{}},
	}
}

// Account returns the grant of one account, whatever its state: a dead one
// answers fault.Reconnect when a token is asked of it.
func (g *Grants) Account(ctx context.Context, id ID) (tiktokshop.Grant, error) {
	return g.grant(ctx, id, "")
}

// Asset elects one healthy grant among the accounts that hold the asset: always
// the same one while its health lasts. It is fault.NotFound when nobody holds
// the asset and fault.Reconnect when nobody's grant is healthy.
func (g *Grants) Asset(ctx context.Context, id AssetID) (tiktokshop.Grant, Asset, error) {
	held, err := g.store.Holdings(ctx, id)
	if err != nil {
		return nil, Asset{}, err
	}
	if len(held) == 0 {
		return nil, Asset{}, fault.New("account.Asset", fault.NotFound, "nobody has connected this asset")
	}
	var suspect *Asset
	for _, asset := range held {
		if asset.State == AssetDeauthorized {
			continue
		}
		holder, err := g.store.Account(ctx, asset.Account)
		if err != nil {
			return nil, Asset{}, err
		}
		switch holder.State {
		case Active:
			grant, err := g.grant(ctx, asset.Account, id)
			return grant, asset, err
		case Suspect:
			if suspect == nil {
				suspect = &asset
			}
		case Revoked, Unclaimed, Disconnecting, Disconnected:
		}
	}
	if suspect != nil {
		grant, err := g.grant(ctx, suspect.Account, id)
		return grant, *suspect, err
	}
	return nil, Asset{}, reconnect("account.Asset")
}

func (g *Grants) grant(ctx context.Context, id ID, asset AssetID) (tiktokshop.Grant, error) {
	made, err := g.grantOf(ctx, id, asset)
	if err != nil {
		return nil, err
	}
	return made, nil
}

func (g *Grants) grantOf(ctx context.Context, id ID, asset AssetID) (*grant, error) {
	a, err := g.apps.Find(ctx, id.App())
	if err != nil {
		return nil, fmt.Errorf("the app of account %s: %w", id, err)
	}
	return &grant{grants: g, id: id, asset: asset, app: a.Signing()}, nil
}

// RefreshEarly refreshes the account's tokens if they are within Ahead of their
// end. It is the scheduled refresh, so that no request has to wait for one.
func (g *Grants) RefreshEarly(ctx context.Context, id ID) (refreshed bool, err error) {
	acct, err := g.store.Account(ctx, id)
	if err != nil {
		return false, err
	}
	if acct.State.ownerless() {
		return false, ErrOwnerless
	}
	if acct.State == Active && g.now().Before(NextRefresh(acct.RefreshedAt, acct.AccessExpiresAt, g.ahead)) {
		return false, nil
	}
	if _, err = g.refresh(ctx, acct); errors.Is(err, ErrStale) {
		return false, nil // somebody else is at it or has done it
	}
	return err == nil, err
}

// token returns tokens that are valid and whose access token is not the
// rejected one, refreshing them if need be. Those of an account without an owner
// are only for whom no owner sent, and the other way round.
func (g *Grants) token(ctx context.Context, id ID, rejected redact.Secret, ownerless bool) (issued, error) {
	usable := func(t issued) bool { return t.access != rejected && g.now().Before(t.usableUntil) }
	if t, ok := g.recent.get(id, g.now()); ok && usable(t) && !ownerless {
		return t, nil
	}
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		acct, err := g.store.Account(ctx, id)
		if err != nil {
			return issued{}, err
		}
		if acct.over() || acct.State.ownerless() != ownerless {
			return issued{}, reconnect("account.Token")
		}
		tokens, err := g.vault.Open(ctx, id, acct.Sealed)
		if err != nil {
			return issued{}, err
		}
		t := newIssued(acct, tokens.Access)
		if !usable(t) {
			t, err = g.refresh(ctx, acct)
		}
		if err == nil {
			if !ownerless {
				g.recent.put(id, t, g.now())
			}
			return t, nil
		}
		if !errors.Is(err, ErrStale) {
			return issued{}, err
		}
		select { // another refreshes or has refreshed: use the winner's tokens
		case <-ctx.Done():
			return issued{}, fault.Wrap("account.Token", fault.Unavailable, "the account's tokens are being refreshed; repeat the request", ctx.Err())
		case <-time.After(pause/2 + rand.N(pause)):
		}
	}
}

// refresh exchanges the refresh token and stores what comes back. It answers
// ErrStale when the account must be read again.
func (g *Grants) refresh(ctx context.Context, acct Account) (issued, error) {
	if err := g.mayRefresh(ctx, acct); err != nil {
		return issued{}, err
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < callTime+saveTime {
		return issued{}, fault.New("account.Refresh", fault.Unavailable, "the account's tokens must be refreshed first; repeat the request")
	}
	a, err := g.apps.Find(ctx, acct.ID.App())
	if err != nil {
		return issued{}, fmt.Errorf("the app of account %s: %w", acct.ID, err)
	}
	tokens, err := g.vault.Open(ctx, acct.ID, acct.Sealed)
	if err != nil {
		return issued{}, err
	}
	now := g.now()
	acct, err = g.store.Lease(ctx, acct.ID, acct.Generation, now, now.Add(leaseTime))
	if err != nil {
		return issued{}, err
	}
	// From here on only the end of the process may stop us: an answer that is
	// not stored can be a refresh token lost.
	ctx = context.WithoutCancel(ctx)
	call, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	set, err := g.tiktok.RefreshToken(call, a.Signing(), tokens.Refresh)
	if err != nil {
		return issued{}, g.refused(ctx, acct, err)
	}
	return g.save(ctx, acct, tokens, set)
}

// mayRefresh keeps dead grants and grants that failed a moment ago from being hammered.
func (g *Grants) mayRefresh(ctx context.Context, acct Account) error {
	now := g.now()
	switch {
	case acct.over(), acct.State.ownerless() && acct.expired(now):
		return reconnect("account.Refresh")
	case acct.expired(now):
		if err := g.store.Revoke(ctx, acct.ID, acct.Generation, Expired, now); err != nil {
			return err
		}
		return reconnect("account.Refresh")
	case now.Before(acct.RetryAt):
		err := fault.New("account.Refresh", fault.Unavailable, "the account's tokens could not be refreshed a moment ago; repeat the request later")
		err.RetryAfter = acct.RetryAt.Sub(now)
		return err
	}
	return nil
}

// refused notes a failed refresh. Only a second refusal, a lease and a margin
// after the first, proves that nobody else has newer tokens to save.
func (g *Grants) refused(ctx context.Context, acct Account, cause error) error {
	now := g.now()
	if !fault.Is(cause, fault.Reconnect) {
		acct.RetryAt = now.Add(max(retryTime, retryAfter(cause)))
		g.log.WarnContext(ctx, "a token refresh failed", "account", acct.ID, "retry_at", acct.RetryAt, "error", cause)
		return errors.Join(fault.Wrap("account.Refresh", fault.Unavailable, "the account's tokens could not be refreshed; repeat the request later", cause),
			g.saving(ctx, func(ctx context.Context) error { return g.store.SaveFailure(ctx, acct) }))
	}
	if acct.State.ownerless() && !acct.SuspectSince.IsZero() {
		g.log.WarnContext(ctx, "the refresh token of an account without an owner was refused twice", "account", acct.ID, "error", cause)
		return reconnect("account.Refresh") // whoever looks after it ends it
	}
	if acct.State == Suspect {
		g.log.WarnContext(ctx, "a grant is dead: its refresh token was refused twice", "account", acct.ID, "error", cause)
		err := g.saving(ctx, func(ctx context.Context) error {
			return g.store.Revoke(ctx, acct.ID, acct.Generation, RefreshRefused, now)
		})
		if err != nil {
			return err
		}
		return reconnect("account.Refresh")
	}
	acct.State, acct.SuspectSince, acct.RetryAt = Suspect, now, now.Add(confirmTime)
	g.log.WarnContext(ctx, "a refresh token was refused; it will be tried once more", "account", acct.ID, "retry_at", acct.RetryAt, "error", cause)
	err := g.saving(ctx, func(ctx context.Context) error { return g.store.SaveFailure(ctx, acct) })
	if err != nil {
		return err // ErrStale: new tokens arrived meanwhile
	}
	return g.mayRefresh(ctx, acct)
}

// save stores both tokens at once. New tokens beat any other state; when an even
// newer consent was stored meanwhile, that one is used.
func (g *Grants) save(ctx context.Context, acct Account, old Tokens, set tiktokshop.TokenSet) (issued, error) {
	now := g.now()
	renewed := Tokens{Access: set.AccessToken, Refresh: set.RefreshToken}
	if renewed.Refresh.Empty() {
		renewed.Refresh = old.Refresh
	} else if !set.RefreshExpiresAt.IsZero() {
		acct.RefreshExpiresAt = set.RefreshExpiresAt
	}
	if len(set.Scopes) > 0 {
		acct.Scopes = slices.Clone(set.Scopes)
	}
	acct.AccessExpiresAt, acct.RefreshedAt = AccessEnd(set, now), now
	var err error
	if acct.Sealed, err = g.vault.Seal(ctx, acct.ID, renewed); err != nil {
		return issued{}, err
	}
	due := NextRefresh(now, acct.AccessExpiresAt, g.ahead)
	if err := g.saving(ctx, func(ctx context.Context) error { return g.store.SaveTokens(ctx, acct, due) }); err != nil {
		return issued{}, err
	}
	acct.Generation++
	return newIssued(acct, renewed.Access), nil
}

// saving repeats a write within saveTime. A repeated write whose first attempt
// was stored after all answers ErrStale, and what it stored is read again.
func (g *Grants) saving(ctx context.Context, write func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, saveTime)
	defer cancel()
	for pause := 200 * time.Millisecond; ; pause *= 2 {
		err := write(ctx)
		if err == nil || errors.Is(err, ErrStale) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("storing the outcome of a refresh: %w", err)
		case <-time.After(pause):
		}
	}
}

// revoked is told that TikTok Shop called a token deauthorized. A call about one
// shop says so of this shop only: others of the same seller may live on.
func (g *Grants) revoked(ctx context.Context, id ID, asset AssetID, generation int64, cause error) {
	ctx = context.WithoutCancel(ctx)
	g.recent.drop(id)
	err := g.saving(ctx, func(ctx context.Context) error {
		if asset.Perspective() == "seller" {
			return g.store.Deauthorize(ctx, id, generation, asset, g.now())
		}
		return g.store.Revoke(ctx, id, generation, Deauthorized, g.now())
	})
	switch {
	case errors.Is(err, ErrStale):
		g.log.InfoContext(ctx, "a token that has been replaced was called deauthorized", "account", id)
	case err != nil:
		g.log.ErrorContext(ctx, "a deauthorization could not be stored; the next call will find it again", "account", id, "error", err)
	default:
		g.log.WarnContext(ctx, "access was taken away", "account", id, "asset", asset, "cause", cause)
	}
}

func reconnect(op string) error {
	return fault.New(op, fault.Reconnect, "access to this account has ended: send its user a new connect link")
}

func retryAfter(err error) time.Duration {
	var limited *tiktokshop.Error
	if errors.As(err, &limited) {
		return limited.RetryAfter
	}
	return 0
}
