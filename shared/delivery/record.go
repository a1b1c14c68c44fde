package delivery

import (
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/tiktokshop/webhook"
)

// Outcome says what a delivery came to.
type Outcome string

// The outcomes.
const (
	Applied     Outcome = "applied"     // it had its effects
	Recorded    Outcome = "recorded"    // kept; its type has no effect here
	Unmatched   Outcome = "unmatched"   // no one connected the shop or creator it is about
	Superseded  Outcome = "superseded"  // what is stored is newer than it
	Unconfirmed Outcome = "unconfirmed" // TikTok Shop itself says otherwise
)

// Outcomes lists them.
func Outcomes() []Outcome { return []Outcome{Applied, Recorded, Unmatched, Superseded, Unconfirmed} }

// Retention is how long a delivery is remembered, and so how late a duplicate
// is known. TikTok Shop delivers again for 15½ hours (doc:configuration-guide).
const Retention = 14 * 24 * time.Hour

// Record is what is kept of a delivery.
type Record struct {
	App        string
	ID         string // webhook.Notification.Key: tells deliveries apart
	Type       webhook.Type
	Subject    string    // the asset or account it is about; may be empty
	Timestamp  time.Time // TikTok Shop's; may be zero
	ReceivedAt time.Time
	Body       []byte
	Replay     int // see Message
}

// Effect is something a delivery changes. The store applies the effects of a
// delivery and records the delivery in one step, or does neither.
type Effect interface{ effect() }

// Posted is a change of a piece of shoppable content. It supersedes what is
// older, whatever the order they arrive in.
type Posted struct {
	Asset     account.AssetID // the creator
	ProductID string
	ContentID string
	Scene     string // VIDEO, LIVE, …
	Action    Action
	At        time.Time // second precision
}

// Action is what happened to the content.
type Action string

// The actions of webhook 17.
const (
	Added   Action = "ADD"
	Updated Action = "UPDATE"
	Removed Action = "REMOVE"
)

// Revoked is the end of an account's grant. It is superseded when the account
// was authorized after At.
type Revoked struct {
	Account account.ID
	At      time.Time
}

// Deauthorized is the loss of one asset of an account. It is superseded when
// the asset was authorized after At.
type Deauthorized struct {
	Asset   account.AssetID
	Account account.ID
	At      time.Time
}

// Expiring is the warning that the authorization of an account ends.
type Expiring struct {
	Account account.ID
	At      time.Time // of the end
}

// OrderMoved is a hint that an order of the shop changed.
type OrderMoved struct {
	Asset   account.AssetID
	OrderID string
}

func (Posted) effect()       {}
func (Revoked) effect()      {}
func (Deauthorized) effect() {}
func (Expiring) effect()     {}
func (OrderMoved) effect()   {}
