package campaign

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/account"
)

// RuleSet is what an owner has laid down for one campaign.
type RuleSet struct {
	Key
	ConnectionID string          `json:"connection_id"`
	Asset        account.AssetID `json:"asset"`
	Rules        Rules           `json:"rules"`
	EveryMinutes int             `json:"every_minutes"` // between reviews; 0: only when asked for
	Revision     int64           `json:"revision"`      // +1 whenever an owner sets the rules
	UpdatedAt    time.Time       `json:"updated_at"`
	// OpenProduct and OpenAt name the newest decision that was begun. A run
	// settles it before it begins another.
	OpenProduct string    `json:"open_product,omitempty"`
	OpenAt      time.Time `json:"open_at,omitzero"`
}

// Scheduled reports whether the campaign is reviewed without being asked for.
func (s RuleSet) Scheduled() bool { return s.EveryMinutes > 0 && s.Rules.Decides() }

// Key names a campaign of an owner.
type Key struct {
	Owner      string `json:"owner"`
	CampaignID string `json:"campaign_id"`
}

// Request is the message that asks for one run over one campaign.
type Request struct {
	Key
	ConnectionID string          `json:"connection_id"`
	Asset        account.AssetID `json:"asset"`
	DryRun       bool            `json:"dry_run"`
	RunID        string          `json:"run_id"`
}

// NewRunID makes an id that sorts by time.
func NewRunID(now time.Time) string {
	return fmt.Sprintf("run_%013d%s", now.UnixMilli(), strings.ToLower(rand.Text()[:10]))
}

// State is how far a decision has come.
type State string

// The states of a decision.
const (
	Deciding  State = "deciding"  // TikTok Shop is about to be told, or was told without an answer
	Linking   State = "linking"   // approved at TikTok Shop; the link is to be made
	Done      State = "done"      // TikTok Shop has taken it
	Failed    State = "failed"    // TikTok Shop refused it; the product is still pending
	Dropped   State = "dropped"   // TikTok Shop was never told; the product is decided anew
	Overtaken State = "overtaken" // somebody else decided first
	Left      State = "left"      // left to a person
)

// Review is the audit record of one decision about one product.
type Review struct {
	Key
	ProductID    string          `json:"product_id"`
	At           time.Time       `json:"decided_at"` // to the millisecond; with the product it names the record
	RunID        string          `json:"run_id"`
	ConnectionID string          `json:"connection_id"`
	Asset        account.AssetID `json:"asset"`
	RuleRevision int64           `json:"rule_revision"` // of the rules that decided
	Rules        Rules           `json:"rules"`
	Product      Product         `json:"product"` // as it was when decided
	Decision     Decision        `json:"decision"`
	State        State           `json:"state"`
	Problem      string          `json:"problem,omitempty"`    // with failed and dropped
	RequestID    string          `json:"request_id,omitempty"` // TikTok Shop's id of the call, when it gave one
	LinkID       string          `json:"link_id,omitempty"`
	LinkURL      string          `json:"link_url,omitempty"`
	LinkProblem  string          `json:"link_problem,omitempty"` // why an approved product has no link
	Rev          int64           `json:"rev"`
}

// RunState is how far a run has come.
type RunState string

// The states of a run.
const (
	RunQueued  RunState = "queued"
	RunRunning RunState = "running"
	RunDone    RunState = "done"
	RunStopped RunState = "stopped" // ended early; another run follows by itself
	RunFailed  RunState = "failed"  // ended early; somebody has to do something
)

// Counts are a run's products by outcome.
type Counts struct {
	Approved  int `json:"approved"`
	Rejected  int `json:"rejected"`
	Left      int `json:"left"`
	Failed    int `json:"failed"`
	Overtaken int `json:"overtaken"`
}

// Run is one look at a campaign's pending products. In a dry run the counts and
// Would say what would have been decided.
type Run struct {
	Key
	ID          string    `json:"run_id"`
	DryRun      bool      `json:"dry_run"`
	State       RunState  `json:"state"`
	Problem     string    `json:"problem,omitempty"` // with stopped and failed
	RequestedAt time.Time `json:"requested_at"`
	StartedAt   time.Time `json:"started_at,omitzero"`
	FinishedAt  time.Time `json:"finished_at,omitzero"`
	Counts
	Would []Would `json:"would,omitempty"`
}

// Would is a decision of a dry run.
type Would struct {
	ProductID string   `json:"product_id"`
	Name      string   `json:"name,omitempty"`
	Decision  Decision `json:"decision"`
}

// maxWould is how many decisions a dry run lists, so that its record stays well
// below the 400 KB of an item. The counts count all.
const maxWould = 500
