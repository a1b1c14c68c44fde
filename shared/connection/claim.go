package connection

import (
	"context"
	"errors"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Parking is a consent that waits to be claimed. It is stored as a whole.
type Parking struct {
	State string // hash of the state; it stays for the browser the consent began in
	Code  string // hash of the code
	Token string // hash of the claim token
	Claim Claim
	// Account has the tokens, as the next generation. One that has owners is theirs at once; another waits, unclaimed.
	// Nil when they are stored already and only one more claim token is made.
	Account *account.Account
}

// Claim is what a claim token stands for.
type Claim struct {
	Ask       // of an install only the app is known; else only its owner may claim
	Account   account.ID
	State     string // hash of the state
	ExpiresAt time.Time
	UsedBy    string // the owner that has claimed it; empty: nobody
}

// install makes a state for an app-store install, which brings none. It goes by
// the code, so that the same callback finds the same.
func (c *Connector) install(ctx context.Context, back Callback) (state string, err error) {
	a, err := c.appOf(ctx, back)
	if err != nil {
		return "", err
	}
	state = hash("install\x00" + a.Name + "\x00" + back.Code)
	err = c.o.Store.PutState(ctx, state, Pending{Ask: Ask{App: a.Name}, ExpiresAt: c.o.Now().Add(StateLife)})
	if err != nil && !errors.Is(err, account.ErrStale) {
		return "", &ProblemError{Problem: Unavailable, Err: err}
	}
	return state, nil
}

// appOf finds the app an install is for: the one the address names, the one
// TikTok Shop tells, or the only one. Secrets are never tried one after another.
func (c *Connector) appOf(ctx context.Context, back Callback) (app.App, error) {
	apps, err := c.o.Apps.All(ctx)
	if err != nil {
		return app.App{}, &ProblemError{Problem: Unavailable, Err: err}
	}
	var fitting []app.App
	for _, a := range apps {
		if (back.App == "" || a.Name == back.App) && (back.AppKey == "" || a.Key == back.AppKey) {
			fitting = append(fitting, a)
		}
	}
	if len(fitting) != 1 {
		return app.App{}, &ProblemError{Problem: UnknownApp}
	}
	return fitting[0], nil
}

// park stores a consent until an owner claims it.
func (c *Connector) park(ctx context.Context, state string, back Callback, pending Pending, set *tiktokshop.TokenSet) (Result, error) {
	token := newToken()
	p := Parking{
		State: state, Code: hash(back.Code), Token: hash(token),
		Claim: Claim{Ask: pending.Ask, Account: pending.Account, State: state, ExpiresAt: c.o.Now().Add(ClaimLife)},
	}
	if set != nil {
		a, err := c.sealed(ctx, pending.App, *set)
		if err != nil {
			return Result{}, err
		}
		p.Account, p.Claim.Account, p.Claim.Kind = &a, a.ID, a.ID.Kind()
	}
	if err := c.o.Store.Park(ctx, p); err != nil {
		if errors.Is(err, ErrUsed) {
			err = &ProblemError{Problem: Replayed}
		}
		return Result{}, err
	}
	return Result{Claim: token, Install: pending.Owner == ""}, nil
}

// Claim connects an owner to the account that waits under a claim token. Claimed
// again by the same owner, it is the same connection. An unknown token, another
// owner's and one another owner has used are all fault.NotFound.
func (c *Connector) Claim(ctx context.Context, owner, token string) (Connection, error) {
	const op = "connection.Claim"
	none := fault.New(op, fault.NotFound, "nothing waits to be claimed with this token")
	claim, err := c.o.Store.Claim(ctx, hash(token))
	switch {
	case fault.Is(err, fault.NotFound):
		return Connection{}, none
	case err != nil:
		return Connection{}, err
	case claim.Owner != "" && claim.Owner != owner, claim.UsedBy != "" && claim.UsedBy != owner:
		return Connection{}, none
	case claim.UsedBy == "" && !c.o.Now().Before(claim.ExpiresAt):
		return Connection{}, fault.New(op, fault.Conflict, "the install was not claimed within a day and is forgotten: let the account's holder install the app again")
	}
	made := Connection{ID: NewID(owner, claim.Account), Owner: owner, Account: claim.Account}
	if claim.UsedBy != "" {
		return made, nil
	}
	ask := claim.Ask
	ask.Owner = owner
	_, err = c.enrolStored(ctx, ask, claim.Account, claim.State, hash(token))
	var problem *ProblemError
	if !errors.As(err, &problem) {
		return made, err
	}
	switch problem.Problem {
	case Replayed: // by a claim at the same time, or in the browser the consent began in
		if claim, err := c.o.Store.Claim(ctx, hash(token)); err == nil && (claim.UsedBy == owner || claim.Owner == owner) {
			return made, nil
		}
		return Connection{}, none
	case MissingScope:
		return Connection{}, fault.Wrap(op, fault.Reconnect, "TikTok Shop did not let us see which account it is: let its holder consent again and leave every permission ticked", err)
	case Nothing:
		return Connection{}, fault.Wrap(op, fault.Conflict, "TikTok Shop shows nothing in this account that could be connected", err)
	}
	return Connection{}, problem.Err
}

// enrolStored connects an owner to an account whose tokens are stored.
func (c *Connector) enrolStored(ctx context.Context, ask Ask, id account.ID, state, claim string) (Result, error) {
	ended := fault.New("connection.Claim", fault.Reconnect, "access to this account has ended: let its holder install the app or consent again")
	a, err := c.o.Store.Account(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return Result{}, ended
	}
	if err != nil {
		return Result{}, err
	}
	use := c.o.Grants.Account
	if a.State == account.Unclaimed {
		use = c.o.Grants.Ownerless
	}
	grant, err := use(ctx, id)
	if err != nil {
		return Result{}, err
	}
	found, err := c.lookUp(ctx, a, grant)
	if err != nil {
		return Result{}, err
	}
	if ask.Market == "" {
		ask.Market = found.market()
	}
	for attempt := 1; ; attempt++ { // looking up may have renewed the tokens
		if a, err = c.o.Store.Account(ctx, id); err != nil {
			return Result{}, err
		}
		if a.State != account.Unclaimed && a.State != account.Active && a.State != account.Suspect {
			return Result{}, ended
		}
		a.Name, a.Region, a.State = found.name, found.region, account.Active
		result, err := c.connect(ctx, ask, Enrolment{State: state, Claim: claim, Generation: a.Generation, Account: a}, found.assets)
		if !errors.Is(err, account.ErrStale) || attempt == 3 {
			return result, err
		}
	}
}

// market is where an account that came without a connect link belongs.
func (l lookedUp) market() string {
	if l.region == "" && len(l.assets) > 0 {
		return l.assets[0].Region
	}
	return l.region
}
