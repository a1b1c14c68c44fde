package order

import (
	"slices"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/account"
)

// Filter says which rows are wanted. Empty fields ask for nothing; ids and names
// are as TikTok Shop gives them.
type Filter struct {
	Status        Status    `json:"s,omitempty"`
	Creator       string    `json:"u,omitempty"` // user name, any case
	Product       string    `json:"p,omitempty"`
	Content       string    `json:"c,omitempty"`
	Campaign      string    `json:"k,omitempty"`
	Collaboration string    `json:"l,omitempty"` // open or target
	SettledFrom   time.Time `json:"f,omitzero"`  // inclusive
	SettledTo     time.Time `json:"t,omitzero"`  // exclusive
}

// Settled reports whether only settled rows can match.
func (f Filter) Settled() bool { return !f.SettledFrom.IsZero() || !f.SettledTo.IsZero() }

// Matches reports whether the row is wanted.
func (f Filter) Matches(r Row) bool {
	same := func(want, is string) bool { return want == "" || want == is }
	switch {
	case f.Status != "" && f.Status != r.Status,
		f.Creator != "" && !strings.EqualFold(strings.TrimPrefix(f.Creator, "@"), r.CreatorUsername),
		!same(f.Product, r.ProductID), !same(f.Content, r.ContentID), !same(f.Campaign, r.CampaignID),
		f.Collaboration != "" && !slices.Contains([]string{r.OpenCollaborationID, r.TargetCollaborationID}, f.Collaboration):
		return false
	case !f.Settled():
		return true
	}
	at := r.SettlementTime()
	return !at.IsZero() && r.Status == Settled && !at.Before(f.SettledFrom) && (f.SettledTo.IsZero() || at.Before(f.SettledTo))
}

// SettlementTime is when the row was settled: TikTok Shop's time, else when we
// first saw it. Zero while it is not.
func (r Row) SettlementTime() time.Time {
	if !r.SettledAt.IsZero() {
		return r.SettledAt
	}
	return r.SettledSeenAt
}

// Selection asks for stored rows of a stream created in [From, To), the newest
// first.
type Selection struct {
	Asset       account.AssetID
	Perspective Perspective
	From, To    time.Time
	Filter      Filter
	Limit       int    // at least 1
	Work        int    // how many rows may be looked at, about; at least 1
	After       string // where the last answer ended; empty for the first
}

// Selected is what a Selection found. It can be short of the limit, or empty,
// and still have a Next.
type Selected struct {
	Rows []Row
	Next string // where to go on; empty at the end
	Work int    // rows that were looked at
}
