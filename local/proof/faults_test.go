package proof_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/order/ordertest"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

var errProcess = errors.New("the process has died")

// process is one run of the fetcher: its view of the store ends when it dies.
type process struct {
	*ordertest.Memory
	s    *schedule
	left int // operations until it dies; negative: never
	dead bool
}

// die reports whether the operation is not carried out any more.
func (p *process) die() bool {
	if p.left == 0 && !p.dead {
		p.dead = true
		p.s.total.crashes.Add(1)
	}
	p.left--
	return p.dead
}

func (p *process) Acquire(ctx context.Context, a account.AssetID, owner string, now, until time.Time) (order.Lease, error) {
	if p.die() {
		return order.Lease{}, errProcess
	}
	return p.Memory.Acquire(ctx, a, owner, now, until)
}

func (p *process) Release(ctx context.Context, l order.Lease, now, due time.Time, failures int) (bool, error) {
	if p.die() {
		return false, errProcess
	}
	return p.Memory.Release(ctx, l, now, due, failures)
}

func (p *process) Create(ctx context.Context, l order.Lease, row order.Row) error {
	if p.die() {
		return errProcess
	}
	err := p.Memory.Create(ctx, l, row)
	if err == nil {
		p.s.written(row)
	}
	return err
}

func (p *process) Replace(ctx context.Context, l order.Lease, row order.Row) error {
	if p.die() {
		return errProcess
	}
	err := p.Memory.Replace(ctx, l, row)
	if err == nil {
		p.s.written(row)
	}
	return err
}

func (s *schedule) written(row order.Row) {
	s.fresh[row.Key] = s.now
	s.journal[row.Key] = append(s.journal[row.Key], row)
	s.stream(row)
}

func (p *process) SaveCheckpoint(ctx context.Context, l order.Lease, w order.Window, c order.Checkpoint) error {
	if p.die() {
		return errProcess
	}
	return p.Memory.SaveCheckpoint(ctx, l, w, c)
}

func (p *process) DropCheckpoints(ctx context.Context, l order.Lease, w order.Window, pages []order.Checkpoint) error {
	for _, page := range pages {
		if p.die() {
			return errProcess
		}
		if err := p.Memory.DropCheckpoints(ctx, l, w, []order.Checkpoint{page}); err != nil {
			return err
		}
	}
	return nil
}

func (p *process) SaveWindow(ctx context.Context, l order.Lease, w order.Window, following *order.Window) error {
	if p.die() {
		return errProcess
	}
	if w.DueAt.IsZero() {
		p.s.total.done.Add(1)
	}
	return p.Memory.SaveWindow(ctx, l, w, following)
}

func (p *process) CreateWindows(ctx context.Context, l order.Lease, windows []order.Window) error {
	if p.die() {
		return errProcess
	}
	return p.Memory.CreateWindows(ctx, l, windows)
}

func (p *process) Recut(ctx context.Context, l order.Lease, change order.Recut) error {
	if p.die() {
		return errProcess
	}
	if len(change.Drop) > 0 {
		p.s.total.merged.Add(1)
	} else {
		p.s.total.cut.Add(1)
	}
	return p.Memory.Recut(ctx, l, change)
}

// searches is TikTok Shop as one process meets it.
type searches struct{ p *process }

func (o searches) Open(context.Context, account.AssetID) (order.Search, error) {
	if o.p.s.offline.After(o.p.s.now) {
		return nil, fault.New("account.Asset", fault.Reconnect, "gone")
	}
	return o.search, nil
}

func (o searches) search(ctx context.Context, q order.Query) (order.Page, error) {
	s := o.p.s
	s.total.calls.Add(1)
	s.now = s.now.Add(time.Duration(s.r.IntN(3000)) * time.Millisecond)
	if q.Perspective == order.CAP && !s.agency {
		return order.Page{}, &tiktokshop.Error{Op: "Partner.SearchCAPOrders", Kind: tiktokshop.NotAllowed, Code: 16501011}
	}
	if q.To.Sub(q.From) > 89*day {
		return order.Page{}, fmt.Errorf("a window of %s", q.To.Sub(q.From))
	}
	if q.From.Before(s.refused) {
		s.total.refused.Add(1)
		return order.Page{}, &tiktokshop.Error{Op: "Partner.SearchOrders", Kind: tiktokshop.BadRequest, Code: 98001004}
	}
	if err := s.disturb(ctx, o.p, q); err != nil {
		return order.Page{}, err
	}
	return s.page(q)
}

// disturb is what can happen during a call.
func (s *schedule) disturb(ctx context.Context, p *process, q order.Query) error {
	if s.calm {
		return nil
	}
	refuse := func(kind tiktokshop.ErrorKind, code int, after time.Duration) error {
		s.total.faults.Add(1)
		return &tiktokshop.Error{Op: "Partner.SearchOrders", Kind: kind, Code: code, RetryAfter: after}
	}
	switch s.r.IntN(40) {
	case 0:
		return refuse(tiktokshop.RateLimited, 36009002, time.Duration(s.r.IntN(300))*time.Second)
	case 1:
		return refuse(tiktokshop.Unavailable, 36009007, 0)
	case 2:
		return refuse(tiktokshop.QuotaUsed, 0, 9*time.Hour)
	case 3:
		return refuse(tiktokshop.BadRequest, 98001004, 0) // the page token is not taken any more
	case 4:
		return refuse(tiktokshop.TokenExpired, 105002, 0)
	case 5:
		return refuse(tiktokshop.Unreadable, 0, 0)
	case 6: // the grant is gone until somebody consents anew
		s.offline = s.now.Add(time.Duration(1+s.r.IntN(72)) * time.Hour)
		return refuse(tiktokshop.Revoked, 105001, 0)
	case 7:
		p.left = 0 // dies while it waits
	case 8, 9:
		s.now = s.now.Add(time.Duration(s.r.IntN(100)) * time.Second) // a slow call; the lease is 2 minutes
	case 10: // asleep for longer than the lease, while another reads
		s.now = s.now.Add(time.Duration(2+s.r.IntN(90)) * time.Minute)
		fallthrough
	case 11: // a second delivery, to another fetcher
		if s.depth < 3 {
			if err := s.read(ctx); err != nil {
				return err
			}
		}
	case 12:
		if err := s.memory.Ask(ctx, s.asset, s.now); err != nil && !errors.Is(err, order.ErrUnscheduled) {
			return err
		}
	case 13:
		if !s.past.IsZero() {
			back := time.Duration(s.r.Int64N(int64(day0.Sub(s.past))))
			return s.reach(ctx, order.Reach{Since: day0.Add(-back).Truncate(time.Second), Again: []time.Time{s.past.Add(back).Truncate(time.Second)}, Asked: s.now})
		}
	}
	return nil
}
