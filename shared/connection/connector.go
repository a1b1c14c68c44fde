package connection

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/redact"
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
	NoState      Problem = "no_state"      // consent that began somewhere else
	UnknownState Problem = "unknown_state" // a state that is not ours
	Expired      Problem = "expired"       // state or code too old
	Replayed     Problem = "replayed"      // a callback that has done its work
	InProgress   Problem = "in_progress"   // a callback that is doing its work
	OtherBrowser Problem = "other_browser" // consent came back without the cookie
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

// Pending is a consent that has begun: what a state stands for.
type Pending struct {
	Ask
	Browser   string // hash of the browser's cookie
	ExpiresAt time.Time
	Used      bool
	Parked    []byte // sealed tokens whose account could not be looked up yet
}

// ErrUsed is what a store answers when a state has done its work.
var ErrUsed = errors.New("the state was used")

// Enrolment is everything one consent leads to. It is stored as a whole.
type Enrolment struct {
	State      string // hash of the state; used up in the same step
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
	// ReleaseState gives a state back, with tokens to go on from.
	ReleaseState(ctx context.Context, hash string, parked []byte) error
	// Enrol stores an enrolment and makes the orders of its assets due. It is ErrUsed when the state is used.
	Enrol(ctx context.Context, e Enrolment) error
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
	State   string
	Error   string // "access_denied", "auth_denied"
	Browser string // value of the browser's cookie; empty when it has none
}

// Result is a consent that led to a connection.
type Result struct {
	Connection Connection
	ReturnTo   string
	Manage     string // consent page where a creator can change or remove access; else empty
}

// Finish turns a callback into a connection. Its errors are *ProblemError.
func (c *Connector) Finish(ctx context.Context, back Callback) (Result, error) {
	if back == (Callback{Browser: back.Browser}) { // somebody opened the bare address
		return Result{}, &ProblemError{Problem: NoState}
	}
	if back.Error != "" || back.Code == "" || back.Code == "null" {
		return Result{}, &ProblemError{Problem: Refused}
	}
	pending, err := c.pending(ctx, back)
	if err != nil {
		return Result{}, err
	}
	ctx = context.WithoutCancel(ctx) // a code works once: finish what it begins
	result, parked, err := c.finish(ctx, back, pending)
	if err == nil {
		return result, nil
	}
	problem := &ProblemError{Problem: Unavailable, Err: err}
	errors.As(err, &problem)
	problem.Kind = pending.Kind
	if problem.Problem != Replayed {
		if err := c.o.Store.ReleaseState(ctx, hash(back.State), parked); err != nil {
			problem.Err = errors.Join(problem.Err, err)
		}
	}
	return Result{}, problem
}

// pending finds what the state stands for and reserves it.
func (c *Connector) pending(ctx context.Context, back Callback) (Pending, error) {
	problem := func(p Problem, err error) (Pending, error) { return Pending{}, &ProblemError{Problem: p, Err: err} }
	if back.State == "" {
		return problem(NoState, nil)
	}
	now := c.o.Now()
	pending, err := c.o.Store.State(ctx, hash(back.State))
	switch {
	case fault.Is(err, fault.NotFound):
		return problem(UnknownState, nil)
	case err != nil:
		return problem(Unavailable, err)
	case pending.Used:
		return problem(Replayed, nil)
	case !now.Before(pending.ExpiresAt):
		return problem(Expired, nil)
	case back.Browser == "":
		return problem(OtherBrowser, nil)
	case !sameHash(back.Browser, pending.Browser):
		return problem(WrongBrowser, nil)
	}
	err = c.o.Store.ClaimState(ctx, hash(back.State), now, now.Add(time.Minute))
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

// finish exchanges the code, looks the account up and stores it. When only the
// look-up or the store fails, it returns the tokens to be parked with the state.
func (c *Connector) finish(ctx context.Context, back Callback, pending Pending) (result Result, parked []byte, err error) {
	a, err := c.o.Apps.Find(ctx, pending.App)
	if err != nil {
		return Result{}, pending.Parked, err
	}
	set, err := c.tokens(ctx, a, back, pending)
	if err != nil {
		return Result{}, pending.Parked, err
	}
	if set.Kind != pending.Kind {
		return Result{}, nil, &ProblemError{Problem: WrongKind}
	}
	found, err := c.lookUp(ctx, a, set)
	if err == nil {
		result, err = c.enrol(ctx, back, pending, set, found)
	}
	if problem := (*ProblemError)(nil); err != nil && !errors.As(err, &problem) {
		parked, parkErr := c.park(ctx, back, set)
		return Result{}, parked, errors.Join(err, parkErr)
	}
	return result, nil, err
}

// tokens exchanges the code, unless an earlier try did and parked the outcome.
func (c *Connector) tokens(ctx context.Context, a app.App, back Callback, pending Pending) (tiktokshop.TokenSet, error) {
	if pending.Parked != nil {
		return c.unpark(ctx, back, pending.Parked)
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

func (c *Connector) enrol(ctx context.Context, back Callback, pending Pending, set tiktokshop.TokenSet, found lookedUp) (Result, error) {
	now := c.o.Now()
	id := account.NewID(pending.App, set.Kind, set.OpenID)
	sealed, err := c.vault.Seal(ctx, id, account.Tokens{Access: set.AccessToken, Refresh: set.RefreshToken})
	if err != nil {
		return Result{}, err
	}
	a := account.Account{
		ID: id, Name: found.name, Region: found.region, Scopes: set.Scopes, State: account.Active, AuthorizedAt: now, RefreshedAt: now,
		AccessExpiresAt: account.AccessEnd(set, now), RefreshExpiresAt: set.RefreshExpiresAt, Sealed: sealed,
	}
	assets := make([]account.Asset, 0, len(found.assets))
	for _, asset := range found.assets {
		asset.Account, asset.State, asset.AuthorizedAt = id, account.AssetActive, now
		assets = append(assets, asset)
	}
	made := Connection{ID: NewID(pending.Owner, id), Owner: pending.Owner, Account: id, Market: pending.Market, ConnectedAt: now}
	err = c.o.Store.Enrol(ctx, Enrolment{
		State: hash(back.State), Account: a, Assets: assets, Connection: made,
		RefreshAt: account.NextRefresh(now, a.AccessExpiresAt, c.o.Ahead),
	})
	if errors.Is(err, ErrUsed) {
		return Result{}, &ProblemError{Problem: Replayed}
	}
	if err != nil {
		return Result{}, err
	}
	result := Result{Connection: made.Of(a, assets), ReturnTo: pending.ReturnTo}
	if pending.Kind == tiktokshop.CreatorAccount {
		// Creators must be offered a way to change or remove access: the consent
		// page itself (doc:creator-authorization-guide), which needs a state.
		if manage, err := c.begin(ctx, pending.Ask, pending.Browser); err == nil {
			result.Manage = manage
		}
	}
	return result, nil
}

// parkedTokens is a token set on its way through the store, sealed.
type parkedTokens struct {
	Access, Refresh                   string
	AccessExpiresAt, RefreshExpiresAt time.Time
	OpenID, Name, Region              string
	Kind                              tiktokshop.AccountKind
	Scopes                            []string
}

func (c *Connector) park(ctx context.Context, back Callback, set tiktokshop.TokenSet) ([]byte, error) {
	return sealJSON(ctx, c.o.Sealer, "state:"+hash(back.State), parkedTokens{
		Access: set.AccessToken.Reveal(), Refresh: set.RefreshToken.Reveal(), AccessExpiresAt: set.AccessExpiresAt, RefreshExpiresAt: set.RefreshExpiresAt,
		OpenID: set.OpenID, Name: set.SellerName, Region: set.SellerRegion, Kind: set.Kind, Scopes: set.Scopes,
	})
}

func (c *Connector) unpark(ctx context.Context, back Callback, sealed []byte) (tiktokshop.TokenSet, error) {
	var p parkedTokens
	if err := openJSON(ctx, c.o.Sealer, "state:"+hash(back.State), sealed, &p); err != nil {
		return tiktokshop.TokenSet{}, err
	}
	return tiktokshop.TokenSet{
		AccessToken: redact.New(p.Access), RefreshToken: redact.New(p.Refresh), AccessExpiresAt: p.AccessExpiresAt, RefreshExpiresAt: p.RefreshExpiresAt,
		OpenID: p.OpenID, SellerName: p.Name, SellerRegion: p.Region, Kind: p.Kind, Scopes: p.Scopes,
	}, nil
}
