package account

import (
	"context"
	"errors"
	"time"

	"tiktok-shop-affiliate/shared/fault"
)

// Limits of a refresh that is asked for.
const (
	freshTime = 15 * time.Second // tokens younger than this are not refreshed again
	otherTime = 2 * time.Second  // how long the refresh of another is waited for
)

// RefreshNow refreshes an account's tokens because somebody asks for it. It
// waits for the outcome; done is false when another's refresh is under way and
// takes its time. Tokens that have just come are left as they are, and a grant
// that is dead, or was refused a moment ago, is not tried: the error says so.
func (g *Grants) RefreshNow(ctx context.Context, id ID) (done bool, err error) {
	acct, err := g.store.Account(ctx, id)
	if err != nil {
		return false, err
	}
	if acct.State.ownerless() {
		return false, reconnect("account.RefreshNow")
	}
	if acct.State == Active && g.now().Before(acct.RefreshedAt.Add(freshTime)) {
		return true, nil
	}
	_, err = g.refresh(ctx, acct)
	g.recent.drop(id)
	if errors.Is(err, ErrStale) {
		return g.awaitOther(ctx, acct)
	}
	return err == nil, err
}

// awaitOther waits for the refresh of another to be stored.
func (g *Grants) awaitOther(ctx context.Context, before Account) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, otherTime)
	defer cancel()
	for {
		acct, err := g.store.Account(ctx, before.ID)
		switch {
		case ctx.Err() != nil, fault.Is(err, fault.Unavailable):
			return false, nil
		case err != nil:
			return false, err
		case acct.Generation != before.Generation:
			return true, nil
		}
		if err := g.mayRefresh(ctx, acct); err != nil && !errors.Is(err, ErrStale) {
			return false, err
		}
		select {
		case <-ctx.Done():
			return false, nil
		case <-time.After(100 * time.Millisecond):
		}
	}
}
