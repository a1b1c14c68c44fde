package delivery

import (
	"cmp"
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
	"tiktok-shop-affiliate/shared/tiktokshop/webhook"
)

// Stored is a delivery as it is remembered, and what became of it.
type Stored struct {
	Record
	Place       string // where it stands among deliveries, the same scale for all subjects; later ones are greater
	Outcome     Outcome
	ProcessedAt time.Time
	Duplicates  int // times it came again

	Replays       int // times it was processed again on request
	ReplayedAt    time.Time
	ReplayOutcome Outcome // of the last replay
}

// Ref is the delivery's reference.
func (s Stored) Ref() Ref { return Ref{App: s.App, Subject: s.Subject, ID: s.ID} }

// Ref names a stored delivery.
type Ref struct{ App, Subject, ID string }

const refPrefix = "dlv_"

// String is the reference as callers have it.
func (r Ref) String() string {
	return refPrefix + base64.RawURLEncoding.EncodeToString([]byte(r.App+"\x00"+r.Subject+"\x00"+r.ID))
}

// ParseRef undoes String. Anything else is fault.NotFound.
func ParseRef(text string) (Ref, error) {
	rest, ok := strings.CutPrefix(text, refPrefix)
	raw, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	parts := strings.Split(string(raw), "\x00")
	if !ok || err != nil || len(parts) != 3 || slices.Contains(parts, "") {
		return Ref{}, unknown("delivery.ParseRef")
	}
	return Ref{App: parts[0], Subject: parts[1], ID: parts[2]}, nil
}

func unknown(op string) error {
	return fault.New(op, fault.NotFound, "there is no such delivery, or its 14 days are over")
}

// Source is one app's deliveries about one subject, from a time on.
type Source struct {
	App, Subject string
	Since        time.Time
}

// Sources lists what deliveries about an account can be about: the account
// itself, and a seller's shops. What came before since is not the owner's.
func Sources(id account.ID, assets []account.Asset, since time.Time) []Source {
	sources := []Source{{App: id.App(), Subject: string(id), Since: since}}
	if id.Kind() == tiktokshop.SellerAccount {
		for _, asset := range assets {
			sources = append(sources, Source{App: id.App(), Subject: string(asset.ID), Since: since})
		}
	}
	return sources
}

// Filter says which deliveries are wanted.
type Filter struct {
	Type    webhook.Type // 0: all
	Outcome Outcome      // of the first time; empty: all
	Before  string       // a Place; empty: from the newest on
	Limit   int
}

// Reader reads stored deliveries.
type Reader interface {
	// Deliveries lists a source's, the latest first, at most filter.Limit. The
	// search went down to the place reached, which is empty when nothing is left.
	Deliveries(ctx context.Context, from Source, filter Filter) (found []Stored, reached string, err error)
	// Delivery is fault.NotFound for one that is not remembered.
	Delivery(ctx context.Context, ref Ref) (Stored, error)
}

// readers bounds how many sources are read at a time.
const readers = 16

// List merges the deliveries of several sources, the latest first. next is the
// Before of the page after; it is empty on the last one. A page may be short.
func List(ctx context.Context, store Reader, sources []Source, filter Filter) (page []Stored, next string, err error) {
	type part struct {
		found   []Stored
		reached string
	}
	parts := make([]part, len(sources))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	for i, from := range sources {
		group.Go(func() (err error) {
			parts[i].found, parts[i].reached, err = store.Deliveries(ctx, from, filter)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, "", err
	}
	for _, p := range parts { // below the place that one source has reached it may have more
		page, next = append(page, p.found...), max(next, p.reached)
	}
	page = slices.DeleteFunc(page, func(s Stored) bool { return s.Place < next })
	slices.SortFunc(page, func(a, b Stored) int {
		return cmp.Or(cmp.Compare(b.Place, a.Place), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.App, b.App))
	})
	if len(page) > filter.Limit {
		end := filter.Limit
		for end < len(page) && page[end].Place == page[filter.Limit-1].Place { // what shares a place stays together
			end++
		}
		if end < len(page) {
			page, next = page[:end], page[end-1].Place
		}
	}
	return page, next, nil
}
