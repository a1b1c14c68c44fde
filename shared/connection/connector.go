package connection

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Problem is an outcome of connecting that the user must be told of. In none of
// them anything is stored that was not before, and nothing is lost that was.
type Problem string

// The problems.
const (
	UnknownLink  Problem = "unknown_link"  // never made, or long gone
	ExpiredLink  Problem = "expired_link"  // older than LinkLife
	Refused      Problem = "refused"       // the user said no
	NoState      Problem = "no_state"      // somebody opened the bare address
	UnknownApp   Problem = "unknown_app"   // consent that began somewhere else, for which of several apps is not told
	UnknownState Problem = "unknown_state" // a state that is not ours
	Expired      Problem = "expired"       // state or code too old
	Replayed     Problem = "replayed"      // a callback that has done its work
	InProgress   Problem = "in_progress"   // a callback that is doing its work
	WrongBrowser Problem = "wrong_browser" // consent came back with another's cookie
	WrongKind    Problem = "wrong_kind"    // a seller consented where a creator was asked, …
	MissingScope Problem = "missing_scope" // the scope to look the account up was not granted
	Nothing      Problem = "nothing"       // the account has no shop or category
	Unavailable  Problem = "unavailable"   // TikTok Shop or our own store is down; the same callback may be repeated
)

// ProblemError is a Problem with its cause.
type ProblemError struct {
	Problem Problem
	Kind    tiktokshop.AccountKind // that was asked for; empty when unknown
	Err     error                  // may be nil
}

// Error implements error.
func (e *ProblemError) Error() string {
	if e.Err == nil {
		return "connecting: " + string(e.Problem)
	}
	return fmt.Sprintf("connecting: %s: %v", e.Problem, e.Err)
}

// Unwrap returns the cause.
func (e *ProblemError) Unwrap() error { return e.Err }

// Pending is a consent that has begun: what a state stands for, or the code of an
// app-store install, which has no state.
type Pending struct {
	Ask              // of an install only the app is known
	Browser   string // hash of the browser's cookie; empty for an install
	ExpiresAt time.Time
	Used      bool
	Code      string     // hash of the code that was exchanged; empty: none yet
	Parked    []byte     // sealed tokens that could not be stored otherwise yet
	Account   account.ID // that has the tokens and waits to be claimed; empty: none
}

// ErrUsed is what a store answers when a state has done its work.
var ErrUsed = errors.New("the state was used")

// Enrolment is everything one consent leads to. It is stored as a whole.
type Enrolment struct {
	State      string // hash of the state; used up in the same step
	Claim      string // hash of the claim token; used up too; empty: none
	Generation int64  // of the tokens that are stored already; 0: Account brings new ones
	Account    account.Account
	Assets     []account.Asset // all the account holds now
	Connection Connection
	RefreshAt  time.Time // of the first scheduled refresh
}

// ConnectorStore keeps links, states and what consents lead to.
type ConnectorStore interface {
	Link(ctx context.Context, hash string) (Link, error)
	PutState(ctx context.Context, hash string, pending Pending) error
	// State is fault.NotFound when there is none; it may be used or expired.
	State(ctx context.Context, hash string) (Pending, error)
	// ClaimState reserves a state for one callback until the given time. It is ErrUsed when the state is used and
	// account.ErrStale when another callback has it.
	ClaimState(ctx context.Context, hash string, now, until time.Time) error
	// ReleaseState gives a state back, with tokens to go on from and the hash of the code they came for.
	ReleaseState(ctx context.Context, hash, code string, parked []byte) error
	// Enrol stores an enrolment and makes the orders of its assets due. It is ErrUsed when the state or the claim is used
	// and account.ErrStale when the account is no longer of the enrolment's generation.
	Enrol(ctx context.Context, e Enrolment) error
	// Park stores a consent that waits to be claimed. It is ErrUsed when the state is used.
	Park(ctx context.Context, p Parking) error
	// Claim is fault.NotFound when there is none; it may be used or expired.
	Claim(ctx context.Context, hash string) (Claim, error)
	Account(ctx context.Context, id account.ID) (account.Account, error)
}

// StoredGrants makes calls for accounts whose tokens are stored.
type StoredGrants interface {
	OwnerlessGrants
	Account(ctx context.Context, id account.ID) (tiktokshop.Grant, error)
}

// TikTok is what connecting needs of the client.
type TikTok interface {
	ExchangeCode(ctx context.Context, app tiktokshop.App, code string) (tiktokshop.TokenSet, error)
	Seller(grant tiktokshop.Grant, shopCipher string) *tiktokshop.Seller
	Creator(grant tiktokshop.Grant) *tiktokshop.Creator
	Partner(grant tiktokshop.Grant, categoryAssetCipher string) *tiktokshop.Partner
}

// ConnectorOptions is what a Connector is made of. Ahead may be zero.
type ConnectorOptions struct {
	Store  ConnectorStore
	Apps   Registry
	TikTok TikTok
	Grants StoredGrants
	Sealer account.Sealer
	Pages  ConsentPages
	Now    func() time.Time
	Ahead  time.Duration // how long before their end tokens are refreshed on schedule
}

// Connector leads a user from a connect link through TikTok Shop's consent page
// to a stored connection.
type Connector struct {
	o     ConnectorOptions
	vault *account.Vault
}

// NewConnector makes a Connector.
func NewConnector(o ConnectorOptions) *Connector {
	if o.Ahead == 0 {
		o.Ahead = account.DefaultRefreshAhead
	}
	return &Connector{o: o, vault: account.NewVault(o.Sealer)}
}

// Show returns the link of a token. It changes nothing.
func (c *Connector) Show(ctx context.Context, token string) (Link, error) {
	link, err := c.o.Store.Link(ctx, hash(token))
	switch {
	case fault.Is(err, fault.NotFound):
		return Link{}, &ProblemError{Problem: UnknownLink}
	case err != nil:
		return Link{}, &ProblemError{Problem: Unavailable, Err: err}
	case !c.o.Now().Before(link.ExpiresAt):
		return Link{}, &ProblemError{Problem: ExpiredLink, Kind: link.Kind}
	}
	return link, nil
}

// Begin mints a state for the browser and returns TikTok Shop's consent page.
func (c *Connector) Begin(ctx context.Context, token, browser string) (consent string, err error) {
	link, err := c.Show(ctx, token)
	if err != nil {
		return "", err
	}
	consent, err = c.begin(ctx, link.Ask, hash(browser))
	if err != nil {
		return "", &ProblemError{Problem: Unavailable, Kind: link.Kind, Err: err}
	}
	return consent, nil
}

func (c *Connector) begin(ctx context.Context, ask Ask, browserHash string) (consent string, err error) {
	a, err := c.o.Apps.Find(ctx, ask.App)
	if err != nil {
		return "", err
	}
	state := newToken()
	if consent, err = c.o.Pages.URL(a, ask.Kind, state); err != nil {
		return "", err
	}
	return consent, c.o.Store.PutState(ctx, hash(state), Pending{Ask: ask, Browser: browserHash, ExpiresAt: c.o.Now().Add(StateLife)})
}

// NewBrowser makes the value of a browser's cookie.
func NewBrowser() string { return newToken() }

// Callback is what TikTok Shop sends the user back with.
type Callback struct {
	Code    string
	State   string // empty for an install from the app store
	Error   string // "access_denied", "auth_denied"
	App     string // name of the app in the address; empty when it has none
	AppKey  string // key of the app, which TikTok Shop sometimes tells
	Browser string // value of the browser's cookie; empty when it has none
}

// Result is a consent that led to a connection, or to one that waits to be
// claimed.
type Result struct {
	Claim      string // token with which an owner claims it; empty: nothing waits
	Install    bool   // it came from the app store: any owner may claim it
	Connection Connection
	ReturnTo   string
	Manage     string // consent page where a creator can change or remove access; else empty
}

// Finish turns a callback into a connection. A consent that came back without
// the browser it began in, or that began in the app store, waits to be claimed
// instead. Its errors are *ProblemError.
func (c *Connector) Finish(ctx context.Context, back Callback) (Result, error) {
	if back.Code == "" && back.State == "" && back.Error == "" {
		return Result{}, &ProblemError{Problem: NoState}
	}
	if back.Error != "" || back.Code == "" || back.Code == "null" {
		return Result{}, &ProblemError{Problem: Refused}
	}
	state := hash(back.State)
	if back.State == "" {
		var err error
		if state, err = c.install(ctx, back); err != nil {
			return Result{}, err
		}
	}
	pending, err := c.pending(ctx, state, back)
	if err != nil {
		return Result{}, err
	}
	ctx = context.WithoutCancel(ctx) // a code works once: finish what it begins
	result, parked, err := c.finish(ctx, state, back, pending)
	if err == nil {
		return result, nil
	}
	problem := &ProblemError{Problem: Unavailable, Err: err}
	errors.As(err, &problem)
	problem.Kind = pending.Kind
	if problem.Problem != Replayed {
		if err := c.o.Store.ReleaseState(ctx, state, hash(back.Code), parked); err != nil {
			problem.Err = errors.Join(problem.Err, err)
		}
	}
	return Result{}, problem
}

// pending finds what the state stands for and reserves it. What a code was
// exchanged for is only for who has that code: a state can be sent to somebody
// else, who then consents.
func (c *Connector) pending(ctx context.Context, state string, back Callback) (Pending, error) {
	problem := func(p Problem, err error) (Pending, error) { return Pending{}, &ProblemError{Problem: p, Err: err} }
	now := c.o.Now()
	pending, err := c.o.Store.State(ctx, state)
	switch {
	case fault.Is(err, fault.NotFound):
		return problem(UnknownState, nil)
	case err != nil:
		return problem(Unavailable, err)
	case pending.Used:
		return problem(Replayed, nil)
	case !now.Before(pending.ExpiresAt):
		return problem(Expired, nil)
	case back.State != "" && back.Browser != "" && !sameHash(back.Browser, pending.Browser):
		return problem(WrongBrowser, nil)
	case back.App != "" && back.App != pending.App, pending.Code != "" && !sameHash(back.Code, pending.Code):
		return problem(UnknownState, nil)
	}
	err = c.o.Store.ClaimState(ctx, state, now, now.Add(time.Minute))
	switch {
	case errors.Is(err, ErrUsed):
		return problem(Replayed, nil)
	case errors.Is(err, account.ErrStale):
		return problem(InProgress, nil)
	case err != nil:
		return problem(Unavailable, err)
	}
	return pending, nil
}

// finish exchanges the code, looks the account up and stores it, or parks it
// when nobody is there to have it. When only the look-up or the store fails, it
// returns the tokens to be parked with the state.
func (c *Connector) finish(ctx context.Context, state string, back Callback, pending Pending) (result Result, parked []byte, err error) {
	here := back.State != "" && back.Browser != "" // it is the browser it began in
	switch {
	case pending.Account != "" && here:
		if result, err = c.enrolStored(ctx, pending.Ask, pending.Account, state, ""); fault.Is(err, fault.Reconnect) {
			err = &ProblemError{Problem: Expired, Err: err}
		}
		return result, nil, err
	case pending.Account != "":
		result, err = c.park(ctx, state, back, pending, nil)
		return result, nil, err
	}
	a, err := c.o.Apps.Find(ctx, pending.App)
	if err != nil {
		return Result{}, pending.Parked, err
	}
	set, err := c.tokens(ctx, a, state, back, pending)
	if err != nil {
		return Result{}, pending.Parked, err
	}
	if install := back.State == ""; install && !a.Serves(set.Kind) || !install && set.Kind != pending.Kind {
		return Result{}, nil, &ProblemError{Problem: WrongKind}
	}
	if !slices.Contains(set.Scopes, essential(set.Kind)) {
		return Result{}, nil, &ProblemError{Problem: MissingScope}
	}
	if here {
		result, err = c.enrol(ctx, state, a, pending, set)
	} else {
		result, err = c.park(ctx, state, back, pending, &set)
	}
	if problem := (*ProblemError)(nil); err != nil && !errors.As(err, &problem) {
		parked, keepErr := c.keep(ctx, state, set)
		return Result{}, parked, errors.Join(err, keepErr)
	}
	return result, nil, err
}

// tokens exchanges the code, unless an earlier try did and parked the outcome.
func (c *Connector) tokens(ctx context.Context, a app.App, state string, back Callback, pending Pending) (tiktokshop.TokenSet, error) {
	if pending.Parked != nil {
		return c.unkeep(ctx, state, pending.Parked)
	}
	set, err := c.o.TikTok.ExchangeCode(ctx, a.Signing(), back.Code)
	switch {
	case fault.Is(err, fault.Reconnect):
		return set, &ProblemError{Problem: Expired, Err: err}
	case err != nil:
		return set, err
	case set.OpenID == "" || set.AccessToken.Empty() || set.RefreshToken.Empty():
		return set, errors.New("TikTok Shop's answer names no user or has no tokens")
	}
	return set, nil
}

// sealed is the account of a token set, with its tokens.
func (c *Connector) sealed(ctx context.Context, app string, set tiktokshop.TokenSet) (account.Account, error) {
	now := c.o.Now()
	id := account.NewID(app, set.Kind, set.OpenID)
	sealed, err := c.vault.Seal(ctx, id, account.Tokens{Access: set.AccessToken, Refresh: set.RefreshToken})
	return account.Account{
		ID: id, Name: set.SellerName, Region: set.SellerRegion, Scopes: set.Scopes, State: account.Active, AuthorizedAt: now, RefreshedAt: now,
		AccessExpiresAt: account.AccessEnd(set, now), RefreshExpiresAt: set.RefreshExpiresAt, Sealed: sealed,
	}, err
}

// enrol looks a new grant up and connects its owner.
func (c *Connector) enrol(ctx context.Context, state string, a app.App, pending Pending, set tiktokshop.TokenSet) (Result, error) {
	acct, err := c.sealed(ctx, a.Name, set)
	if err != nil {
		return Result{}, err
	}
	found, err := c.lookUp(ctx, acct, fresh{app: a.Signing(), kind: set.Kind, access: set.AccessToken})
	if err != nil {
		return Result{}, err
	}
	acct.Name, acct.Region = found.name, found.region
	result, err := c.connect(ctx, pending.Ask, Enrolment{State: state, Account: acct}, found.assets)
	if err == nil && pending.Kind == tiktokshop.CreatorAccount {
		// Creators must be offered a way to change or remove access: the consent
		// page itself (doc:creator-authorization-guide), which needs a state.
		if manage, err := c.begin(ctx, pending.Ask, pending.Browser); err == nil {
			result.Manage = manage
		}
	}
	return result, err
}

// connect stores an enrolment for the owner that asked.
func (c *Connector) connect(ctx context.Context, ask Ask, e Enrolment, assets []account.Asset) (Result, error) {
	now := c.o.Now()
	for _, asset := range assets {
		asset.Account, asset.State, asset.AuthorizedAt = e.Account.ID, account.AssetActive, now
		e.Assets = append(e.Assets, asset)
	}
	e.Connection = Connection{ID: NewID(ask.Owner, e.Account.ID), Owner: ask.Owner, Account: e.Account.ID, Market: ask.Market, ConnectedAt: now}
	e.RefreshAt = account.NextRefresh(e.Account.RefreshedAt, e.Account.AccessExpiresAt, c.o.Ahead)
	err := c.o.Store.Enrol(ctx, e)
	if errors.Is(err, ErrUsed) {
		return Result{}, &ProblemError{Problem: Replayed}
	}
	return Result{Connection: e.Connection.Of(e.Account, e.Assets), ReturnTo: ask.ReturnTo}, err
}
