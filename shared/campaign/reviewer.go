package campaign

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/link"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Store keeps rules, decisions and runs of an owner's campaigns. Reads are
// strongly consistent.
type Store interface {
	// Rules returns the rules, found or not.
	Rules(ctx context.Context, key Key) (RuleSet, bool, error)
	// Lease reserves the campaign for the holder until the given time; it is
	// fault.Conflict while another holds it.
	Lease(ctx context.Context, key Key, holder string, now, until time.Time) error
	// Release ends the lease and, unless the rules were set anew since, makes the
	// campaign due again; a zero time: not by itself.
	Release(ctx context.Context, rules RuleSet, holder string, due time.Time) error

	// Begin stores a decision and makes it the campaign's open one, together; it
	// is fault.Conflict when the lease is no longer the holder's.
	Begin(ctx context.Context, holder string, r Review) error
	// Advance stores the next state of a decision and counts it in the run
	// together, once; before is the decision as it was read or stored.
	Advance(ctx context.Context, before, after Review, runID string) error
	// Add stores a decision that TikTok Shop is not told of.
	Add(ctx context.Context, r Review) error
	// Review returns the decision taken at the time.
	Review(ctx context.Context, key Key, productID string, at time.Time) (Review, error)
	// Newest returns the newest decision about the product, found or not.
	Newest(ctx context.Context, key Key, productID string) (Review, bool, error)

	// StartRun marks the run as running and returns it; finished is true when it
	// had ended before.
	StartRun(ctx context.Context, run Run) (started Run, finished bool, err error)
	// FinishRun stores how the run ended. Approved, Rejected, Failed and
	// Overtaken of a run that is not dry are left as Advance counted them.
	FinishRun(ctx context.Context, run Run) error
}

// Assets finds an owner's assets; fault.NotFound for another owner's.
type Assets interface {
	Asset(ctx context.Context, owner, connectionID string, asset account.AssetID) (account.Asset, error)
}

// Grants gives the grant of the account that holds an asset.
type Grants interface {
	Held(ctx context.Context, asset account.Asset) (tiktokshop.Grant, error)
}

// Links makes promotion links.
type Links interface {
	Make(ctx context.Context, owner, connectionID string, asset account.Asset, asks []link.Ask) ([]link.Result, error)
}

// ReviewerOptions is what a Reviewer is made of.
type ReviewerOptions struct {
	Client *tiktokshop.Client
	Assets Assets
	Grants Grants
	Links  Links
	Store  Store
	Now    func() time.Time
}

// Reviewer reviews the pending products of a campaign.
type Reviewer struct{ ReviewerOptions }

// NewReviewer makes a reviewer.
func NewReviewer(o ReviewerOptions) *Reviewer { return &Reviewer{o} }

// Times of a run.
const (
	LeaseTime  = 15 * time.Minute // the longest a function can run
	lastMinute = 20 * time.Second // what one product may take: with less left no other is begun
	retryGap   = time.Minute      // from a run that stopped early to the next
	pageSize   = 100
)

// haltError ends a run early: what stands in its way concerns every product.
type haltError struct{ cause error }

func (h *haltError) Error() string { return h.cause.Error() }
func (h *haltError) Unwrap() error { return h.cause }

// Review does one run over one campaign. It can be repeated at any point: a
// decision is stored before TikTok Shop is told, and one that was begun is
// looked up there before anything else is decided. An error means that the
// request should come again; what TikTok Shop refuses is noted in the run.
func (r *Reviewer) Review(ctx context.Context, req Request) error {
	at := r.Now()
	run, finished, err := r.Store.StartRun(ctx, Run{Key: req.Key, ID: req.RunID, DryRun: req.DryRun, RequestedAt: at, StartedAt: at})
	if err != nil || finished {
		return err
	}
	rules, found, err := r.Store.Rules(ctx, req.Key)
	if err != nil {
		return err
	}
	w := &work{Reviewer: r, req: req, rules: rules, run: run, holder: rand.Text()}
	if !found || req.DryRun {
		return r.conclude(ctx, w, w.look(ctx), nil)
	}
	until := at.Add(LeaseTime)
	if deadline, ok := ctx.Deadline(); ok {
		until = at.Add(time.Until(deadline))
	}
	if err := r.Store.Lease(ctx, req.Key, w.holder, at, until); err != nil {
		return err
	}
	return r.conclude(ctx, w, w.decide(ctx), func(due time.Time) error {
		return r.Store.Release(ctx, rules, w.holder, due)
	})
}

// conclude stores how the run ended and when the next one is due.
func (r *Reviewer) conclude(ctx context.Context, w *work, err error, release func(due time.Time) error) error {
	var stopped *haltError
	if err != nil && !errors.As(err, &stopped) {
		return err
	}
	now := r.Now()
	w.run.State, w.run.FinishedAt = RunDone, now
	var due time.Time
	if w.rules.Scheduled() {
		due = now.Add(time.Duration(w.rules.EveryMinutes) * time.Minute)
	}
	if stopped != nil {
		w.run.State, w.run.Problem = RunFailed, advice(stopped.cause)
		if passing(stopped.cause) {
			w.run.State, due = RunStopped, now.Add(max(retryGap, retryAfter(stopped.cause)))
		}
	}
	if release != nil {
		if err := release(due); err != nil {
			return err
		}
	}
	return r.Store.FinishRun(ctx, w.run)
}

// work is one run.
type work struct {
	*Reviewer
	req     Request
	rules   RuleSet
	run     Run
	holder  string
	asset   account.Asset
	partner *tiktokshop.Partner
}

// connect finds the asset and its grant. The request names the connection, the
// right to it is checked anew.
func (w *work) connect(ctx context.Context) error {
	asset, err := w.Assets.Asset(ctx, w.req.Owner, w.req.ConnectionID, w.req.Asset)
	if err != nil {
		return halting(err)
	}
	grant, err := w.Grants.Held(ctx, asset)
	if err != nil {
		return halting(err)
	}
	w.asset, w.partner = asset, w.Client.Partner(grant, asset.Cipher)
	return nil
}

// look only says what would be decided.
func (w *work) look(ctx context.Context) error {
	if err := w.connect(ctx); err != nil {
		return err
	}
	products, err := w.pending(ctx)
	if err != nil {
		return err
	}
	for _, product := range products {
		decision := Decide(product, w.rules.Rules)
		w.run.count(decision.Action)
		if len(w.run.Would) < maxWould {
			w.run.Would = append(w.run.Would, Would{ProductID: product.ID, Name: product.Name, Decision: decision})
		}
	}
	return nil
}

// decide settles what an earlier run left open, then decides about every
// pending product.
func (w *work) decide(ctx context.Context) error {
	if err := w.connect(ctx); err != nil {
		return err
	}
	if w.rules.OpenProduct != "" {
		open, err := w.Store.Review(ctx, w.req.Key, w.rules.OpenProduct, w.rules.OpenAt)
		if err != nil {
			return err
		}
		if err := w.settle(ctx, open); err != nil {
			return err
		}
	}
	products, err := w.pending(ctx)
	if err != nil {
		return err
	}
	for _, product := range products {
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < lastMinute {
			return &haltError{fault.New("campaign.Review", fault.Unavailable, "There were more products than one run can review; another run follows.")}
		}
		review := Review{
			Key: w.req.Key, ProductID: product.ID, At: w.Now().Truncate(time.Millisecond), RunID: w.run.ID,
			ConnectionID: w.req.ConnectionID, Asset: w.asset.ID,
			RuleRevision: w.rules.Revision, Rules: w.rules.Rules, Product: product, Decision: Decide(product, w.rules.Rules),
		}
		if err := w.one(ctx, review); err != nil {
			return err
		}
	}
	return nil
}

// pending reads all pages before anything is decided, because decided products
// leave the list and shift its pages.
func (w *work) pending(ctx context.Context) (products []Product, err error) {
	first := tiktokshop.PartnerCampaignProductsRequest{CampaignID: w.req.CampaignID, PageSize: pageSize, ReviewStatus: tiktokshop.ReviewStatusPending}
	for page, err := range tiktokshop.Pages(ctx, first, w.partner.CampaignProducts) {
		if err != nil {
			return nil, halting(err)
		}
		for _, p := range page.Products {
			if !slices.ContainsFunc(products, func(seen Product) bool { return seen.ID == string(p.ID) }) {
				products = append(products, fromTikTok(p))
			}
		}
	}
	return products, nil
}

// one carries out one decision.
func (w *work) one(ctx context.Context, review Review) error {
	if review.Decision.Action == Leave {
		return w.leave(ctx, review)
	}
	review.State = Deciding
	if err := w.Store.Begin(ctx, w.holder, review); err != nil {
		return err
	}
	review.Rev = 1
	result := tiktokshop.ReviewResultApprove
	if review.Decision.Action == Reject {
		result = tiktokshop.ReviewResultReject
	}
	err := w.partner.ReviewCampaignProduct(tiktokshop.NoteRequestID(ctx, &review.RequestID), tiktokshop.PartnerReviewCampaignProductRequest{
		CampaignID: review.CampaignID, ProductID: review.ProductID, ReviewResult: result, RejectReasons: review.Decision.Reasons,
	})
	switch kind := fault.KindOf(err); {
	case err == nil:
		return w.taken(ctx, review)
	case passing(err) && kind != fault.RateLimited:
		return &haltError{err} // TikTok Shop may have taken it, or may still take it: the next run looks
	case slices.Contains([]fault.Kind{fault.RateLimited, fault.Reconnect, fault.Retired, fault.Unauthorized}, kind):
		if endErr := w.end(ctx, review, Dropped, err); endErr != nil {
			return endErr
		}
		return &haltError{err} // no product would be taken now
	}
	status, lookErr := w.status(ctx, review.ProductID)
	switch {
	case lookErr != nil:
		return lookErr
	case status == tiktokshop.ReviewStatusPending:
		return w.end(ctx, review, Failed, err)
	}
	return w.end(ctx, review, Overtaken, err)
}

// settle finishes a decision that an earlier run began.
func (w *work) settle(ctx context.Context, open Review) error {
	switch open.State {
	case Linking:
		return w.link(ctx, open)
	case Deciding:
		status, err := w.status(ctx, open.ProductID)
		if err != nil {
			return err
		}
		approved := status == tiktokshop.ReviewStatusApproved || status == tiktokshop.ReviewStatusPendingClosed
		switch {
		case open.Decision.Action == Approve && approved,
			open.Decision.Action == Reject && status == tiktokshop.ReviewStatusRejected:
			return w.taken(ctx, open)
		case status == tiktokshop.ReviewStatusPending:
			return w.end(ctx, open, Dropped, fault.New("campaign.Review", fault.Unavailable, "TikTok Shop was not reached."))
		}
		return w.end(ctx, open, Overtaken, nil)
	case Done, Failed, Dropped, Overtaken, Left:
	}
	return nil
}

// status looks up where the review of a product stands; empty when the product
// is no longer in the campaign.
func (w *work) status(ctx context.Context, productID string) (tiktokshop.ReviewStatus, error) {
	page, err := w.partner.CampaignProducts(ctx, tiktokshop.PartnerCampaignProductsRequest{CampaignID: w.req.CampaignID, PageSize: pageSize, ProductID: productID})
	if err != nil {
		return "", halting(err)
	}
	for _, p := range page.Products {
		if string(p.ID) == productID {
			return p.ReviewStatus, nil
		}
	}
	return "", nil
}

// taken notes that TikTok Shop has the decision, and makes an approved
// product's link.
func (w *work) taken(ctx context.Context, review Review) error {
	after := review
	after.State = Done
	if review.Decision.Action == Approve {
		after.State = Linking
	}
	if err := w.Store.Advance(ctx, review, after, w.run.ID); err != nil || after.State == Done {
		return err
	}
	after.Rev++
	return w.link(ctx, after)
}

func (w *work) link(ctx context.Context, review Review) error {
	results, err := w.Links.Make(ctx, review.Owner, w.req.ConnectionID, w.asset, []link.Ask{{
		Purpose: link.CampaignProduct, CampaignID: review.CampaignID, ProductID: review.ProductID, CreatorRate: review.Rules.LinkCreatorRate,
	}})
	if err == nil {
		err = results[0].Err
	}
	if err != nil && (passing(err) || fault.Is(err, fault.Reconnect)) {
		return &haltError{err}
	}
	if ours(err) {
		return err
	}
	after := review
	after.State = Done
	if err != nil {
		after.LinkProblem = advice(err)
	} else {
		after.LinkID, after.LinkURL = results[0].Link.ID(), results[0].Link.URL
	}
	return w.Store.Advance(ctx, review, after, w.run.ID)
}

// end notes that the decision did not come about.
func (w *work) end(ctx context.Context, review Review, state State, cause error) error {
	after := review
	after.State = state
	if cause != nil {
		after.Problem = advice(cause)
		var tiktok *tiktokshop.Error
		if errors.As(cause, &tiktok) {
			after.RequestID = tiktok.RequestID
		}
	}
	return w.Store.Advance(ctx, review, after, w.run.ID)
}

// leave notes a product for a person, once as long as nothing about it changes.
func (w *work) leave(ctx context.Context, review Review) error {
	w.run.Left++
	if !w.rules.Rules.Decides() {
		return nil
	}
	newest, found, err := w.Store.Newest(ctx, review.Key, review.ProductID)
	if err != nil {
		return err
	}
	if found && newest.State == Left && newest.RuleRevision == review.RuleRevision && slices.Equal(newest.Decision.Because, review.Decision.Because) {
		return nil
	}
	review.State = Left
	return w.Store.Add(ctx, review)
}

func (r *Run) count(action Action) {
	switch action {
	case Approve:
		r.Approved++
	case Reject:
		r.Rejected++
	case Leave:
		r.Left++
	}
}

// passing reports whether an error goes away by itself.
func passing(err error) bool {
	switch fault.KindOf(err) {
	case fault.RateLimited, fault.Unavailable, fault.OutcomeUnknown:
		return true
	}
	return false
}

// halting ends the run, unless the fault is ours: then the request comes again.
func halting(err error) error {
	if ours(err) {
		return err
	}
	return &haltError{err}
}

// ours reports whether an error is neither TikTok Shop's nor the caller's.
func ours(err error) bool {
	var tiktok *tiktokshop.Error
	return fault.Is(err, fault.Internal) && !errors.As(err, &tiktok)
}

// advice is what to tell a person about an error.
func advice(err error) string {
	var own *fault.Error
	var tiktok *tiktokshop.Error
	switch {
	case errors.As(err, &own):
		return own.Message
	case errors.As(err, &tiktok):
		return tiktok.Advice()
	}
	return "something went wrong on our side"
}

func retryAfter(err error) time.Duration {
	var tiktok *tiktokshop.Error
	if errors.As(err, &tiktok) {
		return tiktok.RetryAfter
	}
	return 0
}
