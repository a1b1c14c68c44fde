package tiktokshop

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// Ledger remembers, for all processes, what TikTok Shop said about limits and
// about operations that are gone.
type Ledger interface {
	// Admit is asked before each request and may hold it for a moment. Nil lets
	// it through.
	Admit(ctx context.Context, about Subject) *Refusal
	// Settle is told how each request that was sent ended; failure is nil when it
	// went well.
	Settle(ctx context.Context, about Subject, failure *Error)
}

// Subject is what limits are counted by, and the operation that is called.
type Subject struct {
	App       string // the app's key
	Asset     string // the shop, creator or category asset; the account where there is none
	Class     Class
	Operation string // e.g. "Seller.SearchOrders"
	Path      string // as the contract has it, with {names}
}

// Refusal is a request that the ledger holds back.
type Refusal struct {
	Kind       ErrorKind // RateLimited, QuotaUsed or Retired
	Code       int       // TikTok Shop's code that led to it
	RetryAfter time.Duration
	Message    string
}

// Class is a group of operations that share their limits.
type Class string

// The classes. Invitations and messages have quotas a week, marketplace and
// messages 10,000 requests a day (code 45101004).
const (
	Orders      Class = "orders"
	Marketplace Class = "marketplace" // creator search and performance
	Invitations Class = "invitations" // target collaborations made or changed
	Messages    Class = "messages"
	Analytics   Class = "analytics"
	Reads       Class = "reads"
	Writes      Class = "writes"
)

// Classes lists them.
func Classes() []Class {
	return []Class{Orders, Marketplace, Invitations, Messages, Analytics, Reads, Writes}
}

// class follows from the path and from whether the operation changes anything.
func (op operation) class() Class {
	has := func(words ...string) bool {
		for _, word := range words {
			if strings.Contains(op.Path, word) {
				return true
			}
		}
		return false
	}
	switch {
	case has("/orders/search", "/cap_order/search"):
		return Orders
	case has("/marketplace_creators"):
		return Marketplace
	case strings.HasSuffix(op.Path, "/target_collaborations") && op.Method == http.MethodPost,
		strings.HasSuffix(op.Path, "/target_collaborations/{target_collaboration_id}") && op.Method == http.MethodPut:
		return Invitations
	case op.Method == http.MethodPost && (strings.HasSuffix(op.Path, "/messages") || strings.HasSuffix(op.Path, "/conversations")):
		return Messages
	case has("/compass/", "/performance"):
		return Analytics
	case op.Repeatable:
		return Reads
	}
	return Writes
}

// subject names what a call is about. A grant that knows its asset says so;
// else the cipher stands for it; while an account is being connected nothing
// does, and the ledger is not asked.
func (c caller) subject(op operation) Subject {
	about := Subject{App: c.grant.App().Key, Asset: c.cipher, Class: op.class(), Operation: op.Name, Path: op.Path}
	if named, ok := c.grant.(interface{ Asset() string }); ok {
		about.Asset = named.Asset()
	}
	return about
}

func (c *Client) admit(ctx context.Context, about Subject) *Error {
	if c.ledger == nil || about.Asset == "" {
		return nil
	}
	refusal := c.ledger.Admit(ctx, about)
	if refusal == nil {
		return nil
	}
	return &Error{
		Op: about.Operation, Kind: refusal.Kind, Code: refusal.Code, Message: "not sent: " + refusal.Message,
		RetryAfter: refusal.RetryAfter, Sunset: sunsetOf(refusal.Kind, about.Path), unsent: true,
	}
}

func (c *Client) settle(ctx context.Context, about Subject, failure *Error) {
	if c.ledger != nil && about.Asset != "" {
		c.ledger.Settle(ctx, about, failure)
	}
}
