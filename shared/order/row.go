package order

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/money"
)

// Perspective is whose view of a sale a row is. One sale can appear as a row of
// the seller, of the creator and of the affiliate partner: perspectives are
// never added up.
type Perspective string

// The perspectives.
const (
	Seller  Perspective = "seller"
	Creator Perspective = "creator"
	TAP     Perspective = "tap" // TikTok affiliate partner, of a campaign
	CAP     Perspective = "cap" // creator agency partner
)

// Perspectives are the views an asset can give. Whether a partner's grant gives
// CAP orders is learned by trying: until then, and where it does not, there are
// none.
func Perspectives(asset account.AssetID) []Perspective {
	switch p := Perspective(asset.Perspective()); p {
	case Seller, Creator:
		return []Perspective{p}
	case TAP:
		return []Perspective{TAP, CAP}
	case CAP:
	}
	return nil
}

// Key names a row for good: a row that has a key is never given another one.
type Key struct {
	Asset       account.AssetID `json:"asset"`
	Perspective Perspective     `json:"perspective"`
	CreatedAt   time.Time       `json:"created_at"` // of the order
	OrderID     string          `json:"order_id"`
	SKUID       string          `json:"sku_id"` // "product-<id>" where TikTok Shop gives no SKU
	// Ordinal tells apart the rows of one order and SKU: one SKU can be sold
	// through two creators.
	Ordinal int `json:"ordinal"`
}

// Commission is one kind of commission. Estimated stands from the start, Actual
// once the row is settled; they are never mixed. Absent means that TikTok Shop
// gave none, which is not zero.
type Commission struct {
	RateBP    *money.BasisPoints `json:"rate_bp"` // 100 bp = 1 %
	Estimated money.Amount       `json:"estimated"`
	Actual    money.Amount       `json:"actual"`
}

// Facts are what TikTok Shop says about a row. They are read from the row's raw
// JSON, so that a field we learn to read later is there for old rows too.
type Facts struct {
	ProductID             string `json:"product_id,omitempty"`
	ProductName           string `json:"product_name,omitempty"`
	ShopName              string `json:"shop_name,omitempty"`
	CreatorUsername       string `json:"creator_username,omitempty"` // can change; empty in the seller's view of TAP orders
	ContentType           string `json:"content_type,omitempty"`     // SHOP, VIDEO, LIVE, PRE_LIVE, PROMOTION_PAGE, LINKSHARE
	ContentID             string `json:"content_id,omitempty"`
	CampaignID            string `json:"campaign_id,omitempty"` // of the TAP campaign
	OpenCollaborationID   string `json:"open_collaboration_id,omitempty"`
	TargetCollaborationID string `json:"target_collaboration_id,omitempty"`
	Carousel              bool   `json:"is_carousel,omitempty"` // carousel content: the commission may be discounted

	Quantity      *int64 `json:"quantity"` // units, refunded ones included
	Refunded      *int64 `json:"refunded_quantity,omitempty"`
	Returned      *int64 `json:"returned_quantity,omitempty"`
	FullyReturned *bool  `json:"fully_returned,omitempty"`

	Price           money.Amount          `json:"price"`
	CommissionModel string                `json:"commission_model,omitempty"` // "Fixed commission", "Tiered commission"
	CommissionTiers string                `json:"commission_tiers,omitempty"` // percent texts joined by " OR "
	Base            Commission            `json:"commission_base"`            // estimated: price × quantity; actual: without refunded and returned units
	Commissions     map[string]Commission `json:"commissions"`                // by kind; which kinds there are depends on the perspective
	Taxes           map[string]Commission `json:"taxes,omitempty"`            // isr and iva (Mexico), pit (VN, TH, PH, ID)

	Status      Status    `json:"status"`
	StatusText  string    `json:"status_text"` // TikTok Shop's word
	DeliveredAt time.Time `json:"delivered_at,omitzero"`
	SettledAt   time.Time `json:"settled_at,omitzero"` // where TikTok Shop gives it, else see SettledSeenAt
	UpdatedAt   time.Time `json:"updated_at,omitzero"` // TikTok Shop's last_update_time when the row was last stored

	TraceID   string `json:"trace_id,omitempty"` // what our own links carried
	TraceType string `json:"trace_type,omitempty"`
	Tag       string `json:"tag,omitempty"`

	// Unreadable names the fields whose value is not of the documented form.
	// Their text is in the raw JSON.
	Unreadable []string `json:"unreadable,omitempty"`
}

// StatusChange is one step of a row's life, as we saw it. The first has no From.
type StatusChange struct {
	At   time.Time `json:"at"`
	From Status    `json:"from,omitempty"`
	To   Status    `json:"to"`
}

// Row is one SKU of one affiliate order as one perspective sees it.
type Row struct {
	Key
	Facts
	FirstSeenAt time.Time `json:"first_seen_at"`
	ChangedAt   time.Time `json:"changed_at"`
	// SettledSeenAt is when we first saw the row settled, and SettledSeenAfter
	// when we last saw it not to be: it settled in between. Zero SettledSeenAfter
	// means that the row was settled already when first seen.
	SettledSeenAt    time.Time `json:"settled_seen_at,omitzero"`
	SettledSeenAfter time.Time `json:"settled_seen_after,omitzero"`
	// MissingSince is when a complete scan of its window first came without the row. It is kept as it was last seen.
	MissingSince time.Time      `json:"missing_since,omitzero"`
	History      []StatusChange `json:"history"`
	Rev          int64          `json:"revision"`

	Raw json.RawMessage `json:"-"` // canonical, see Raw in raw.go
}

// Hash is eight bytes that tell whether the row says something new. The last bit
// tells whether the row is final.
func (r Row) Hash() uint64 { return r.content() }

func (r *Row) content() uint64 {
	if r.Status.Final() {
		return contentHash(r.Raw) | finalBit
	}
	return contentHash(r.Raw) &^ finalBit
}

const finalBit = 1

// mark identifies the row within a scan: what was sold, through what, by whom.
func (r *Row) mark() uint64 {
	return hash(r.OrderID, r.SKUID, r.ContentID, r.CampaignID, r.OpenCollaborationID, r.TargetCollaborationID, r.CreatorUsername)
}

// renames reports whether the row can only be old under its creator's new user
// name: a video and a live have one creator.
func (r *Row) renames(old *Row) bool {
	under := *old
	under.CreatorUsername = r.CreatorUsername
	return (r.ContentType == "VIDEO" || r.ContentType == "LIVE") && r.ContentID != "" && under.mark() == r.mark()
}

// born makes a row that was never seen before ready to be stored. It takes the
// first free ordinal: where the index has hidden a row, that one is in the way
// and is found.
func (r Row) born(stored []Row, now time.Time) Row {
	for slices.ContainsFunc(stored, func(s Row) bool { return s.SKUID == r.SKUID && s.Ordinal == r.Ordinal }) {
		r.Ordinal++
	}
	r.FirstSeenAt, r.ChangedAt, r.Rev = now, now, 1
	r.History = []StatusChange{{At: now, To: r.Status}}
	if r.Status == Settled {
		r.SettledSeenAt = now
	}
	return r
}

// grown is the stored row old with the news of r. lastRead is when the row's
// window was last read with all of its rows; zero when never.
func (r Row) grown(old Row, now, lastRead time.Time) Row {
	next := old
	next.Facts, next.Raw = r.Facts, r.Raw
	next.ChangedAt, next.Rev, next.MissingSince = now, old.Rev+1, time.Time{}
	if r.Status != old.Status {
		next.History = append(slices.Clone(old.History), StatusChange{At: now, From: old.Status, To: r.Status})
		if r.Status == Settled {
			next.SettledSeenAt, next.SettledSeenAfter = now, later(lastRead, old.ChangedAt)
			if !old.MissingSince.IsZero() { // what was read since has come without the row
				next.SettledSeenAfter = old.History[len(old.History)-1].At
			}
		}
	}
	return next
}

// missing is the stored row when a complete scan has come without it.
func (r Row) missing(now time.Time) Row {
	r.MissingSince, r.ChangedAt, r.Rev = now, now, r.Rev+1
	return r
}

// Difference is a fact before and after.
type Difference struct {
	From json.RawMessage `json:"from"`
	To   json.RawMessage `json:"to"`
}

// Differences names the facts that differ, by their JSON names.
func Differences(old, current Facts) (map[string]Difference, error) {
	old.UpdatedAt, current.UpdatedAt = time.Time{}, time.Time{}
	before, err1 := fields(old)
	after, err2 := fields(current)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	names := maps.Clone(before)
	maps.Copy(names, after)
	differences := map[string]Difference{}
	for name := range names {
		if !bytes.Equal(before[name], after[name]) {
			differences[name] = Difference{From: before[name], To: after[name]}
		}
	}
	return differences, nil
}

// Changes are the differences between two revisions of a row: of its facts, and
// of missing_since.
func Changes(old, current Row) (map[string]Difference, error) {
	changes, err := Differences(old.Facts, current.Facts)
	if err != nil || old.MissingSince.Equal(current.MissingSince) {
		return changes, err
	}
	changes["missing_since"] = Difference{From: jsonTime(old.MissingSince), To: jsonTime(current.MissingSince)}
	return changes, nil
}

// jsonTime is nil, which stands for null, when there is no time.
func jsonTime(t time.Time) json.RawMessage {
	if t.IsZero() {
		return nil
	}
	return json.RawMessage(t.Format(`"` + time.RFC3339Nano + `"`))
}

func fields(facts Facts) (map[string]json.RawMessage, error) {
	encoded, err := json.Marshal(facts)
	if err != nil {
		return nil, err
	}
	var byName map[string]json.RawMessage
	return byName, json.Unmarshal(encoded, &byName)
}
