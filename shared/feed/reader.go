package feed

import (
	"context"
	"encoding/json"
	"time"

	"tiktok-shop-affiliate/shared/fault"
)

// Position is how far a reader has come. The zero Position is before the oldest
// event that is kept.
type Position struct {
	Seq   int64 `json:"s"` // of the chunk read last
	Given int   `json:"g"` // of its events; 0: all
	// Until is the Unix time up to which everything written has been read.
	Until int64 `json:"u"`
}

// Page is what follows a position.
type Page struct {
	Events []json.RawMessage
	After  Position // read on from here
	More   bool     // there is more already
}

// maxPage is the most bytes of events on a page of several events: an answer of
// Lambda holds 6 MB, in which quotation marks count twice.
const maxPage = 3_000_000

// settling is far longer than one read of the store takes.
const settling = time.Minute

// Reader reads logs. It is safe for concurrent use.
type Reader struct {
	store ReadStore
	now   func() time.Time
}

// NewReader reads from store.
func NewReader(store ReadStore, now func() time.Time) *Reader { return &Reader{store: store, now: now} }

// Now is the position after everything that the owner's log holds now.
func (r *Reader) Now(ctx context.Context, owner string) (Position, error) {
	now := r.now()
	last, _, err := r.store.Last(ctx, owner)
	return Position{Seq: last.Seq, Until: now.Unix()}, err
}

// After returns the events after a position, at most limit. It is fault.Gone
// when some of them may no longer be kept.
func (r *Reader) After(ctx context.Context, owner string, at Position, limit int) (Page, error) {
	p := pager{now: r.now(), page: Page{After: at}, limit: limit}
	from := at.Seq + 1
	if at.Given > 0 {
		from = at.Seq
	}
	for batch := 16; ; batch = min(2*batch, 128) {
		chunks, more, err := r.store.Chunks(ctx, owner, from, min(batch, limit))
		if err != nil {
			return Page{}, err
		}
		for _, chunk := range chunks {
			if full, err := p.take(chunk); err != nil || full {
				return p.page, err
			}
			from = chunk.Seq + 1
		}
		if !more {
			return p.page, p.end()
		}
	}
}

// pager collects a page from chunks.
type pager struct {
	now   time.Time
	page  Page
	size  int
	limit int
}

// take adds the events of the next chunk that was found, and reports whether
// the page ends here.
func (p *pager) take(c Chunk) (full bool, err error) {
	at := &p.page.After
	oldest := p.now.Add(-Kept)
	begins := at.Until == 0
	skip := at.Given
	switch {
	case c.Sealed:
		return false, nil
	case begins && c.At.Before(oldest): // not deleted yet
		at.Seq = c.Seq
		return false, nil
	case at.Given > 0 && c.Seq != at.Seq:
		return false, gone()
	case at.Given > 0, c.Seq == at.Seq+1:
		// Nothing is between them.
	case c.First && !begins && at.Until < oldest.Unix():
		return false, gone()
	case c.First:
		// What was between them, if anything, was read or is older than is asked for.
	case p.now.Sub(c.At) <= settling:
		// What was between them was written while the store was being read: the next
		// page has it.
		p.page.More = true
		return true, nil
	case !begins:
		return false, gone()
	}
	for i, event := range c.Events[min(skip, len(c.Events)):] {
		if len(p.page.Events) == p.limit || len(p.page.Events) > 0 && p.size+len(event) > maxPage {
			p.page.More = true
			if i > 0 {
				*at = Position{Seq: c.Seq, Given: i + skip, Until: min(c.At.Unix(), p.now.Unix())}
			}
			return true, nil
		}
		p.page.Events = append(p.page.Events, event)
		p.size += len(event)
	}
	*at = Position{Seq: c.Seq, Until: min(c.At.Unix(), p.now.Unix())}
	return false, nil
}

// end is told when no more chunks were found. What followed a chunk of long ago
// may have been deleted, so that is no end of which one can be sure.
func (p *pager) end() error {
	at := &p.page.After
	unsure := at.Until != 0 && at.Until < p.now.Add(-Kept).Unix()
	switch {
	case at.Given > 0, unsure && len(p.page.Events) == 0:
		return gone()
	case unsure:
		p.page.More = true // or it is gone: the next page tells
	default:
		at.Until = p.now.Unix()
	}
	return nil
}

func gone() error {
	return fault.New("feed.After", fault.Gone, "What follows this position is no longer kept: events are kept for 7 days. "+
		"Leave out after to begin at the oldest event that is kept, and read the present state of what matters to you from its own route.")
}
