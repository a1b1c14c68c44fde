package account

import (
	"cmp"
	"context"
	"sync"
	"time"

	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// grant lets the client make calls for one account. It implements tiktokshop.Grant.
type grant struct {
	grants *Grants
	id     ID
	asset  AssetID // what the calls are about; empty for the account itself
	app    tiktokshop.App

	ownerless bool // made by Grants.Ownerless

	mu   sync.Mutex
	last int64 // generation of the token given out last
}

func (g *grant) App() tiktokshop.App          { return g.app }
func (g *grant) Kind() tiktokshop.AccountKind { return g.id.Kind() }

// Asset names what the calls are about, for the quota ledger.
func (g *grant) Asset() string { return string(cmp.Or(g.asset, AssetID(g.id))) }

func (g *grant) AccessToken(ctx context.Context) (redact.Secret, error) {
	return g.RenewToken(ctx, redact.Secret{})
}

func (g *grant) RenewToken(ctx context.Context, rejected redact.Secret) (redact.Secret, error) {
	t, err := g.grants.token(ctx, g.id, rejected, g.ownerless)
	if err != nil {
		return redact.Secret{}, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last = t.generation
	return t.access, nil
}

func (g *grant) Revoked(ctx context.Context, cause error) {
	g.mu.Lock()
	generation := g.last
	g.mu.Unlock()
	g.grants.revoked(ctx, g.id, g.asset, generation, cause)
}

// issued is an access token as given out.
type issued struct {
	access      redact.Secret
	generation  int64
	usableUntil time.Time
}

// newIssued stops using a token a little before its end: a minute, or a tenth of
// a short life.
func newIssued(acct Account, access redact.Secret) issued {
	margin := min(time.Minute, acct.AccessExpiresAt.Sub(acct.RefreshedAt)/10)
	return issued{access: access, generation: acct.Generation, usableUntil: acct.AccessExpiresAt.Add(-margin)}
}

// recent keeps the tokens given out in the last moments, so that a run of calls
// reads the store once. It is short-lived, because a consent or a revocation
// elsewhere must show soon.
type recent struct {
	mu   sync.Mutex
	byID map[ID]issued
	till time.Time
}

const recentTime = 10 * time.Second

func (r *recent) get(id ID, now time.Time) (issued, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !now.Before(r.till) {
		clear(r.byID)
	}
	t, ok := r.byID[id]
	return t, ok
}

func (r *recent) put(id ID, t issued, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !now.Before(r.till) {
		clear(r.byID)
		r.till = now.Add(recentTime)
	}
	r.byID[id] = t
}

func (r *recent) drop(id ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byID, id)
}
