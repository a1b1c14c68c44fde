package quota

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Store keeps states.
type Store interface {
	// Load returns what is remembered of the key; the zero State when nothing is.
	Load(ctx context.Context, key Key) (State, error)
	// Save replaces the state that has state.Rev; it is fault.Conflict when another
	// process was quicker. The state can be forgotten after expires.
	Save(ctx context.Context, key Key, state State, expires time.Time) error
}

const (
	fresh     = 3 * time.Second // how long a state read is believed
	longHold  = 2 * time.Second // what takes longer goes back to the caller
	storeTime = 2 * time.Second // for the store: a limit unknown is better than a call lost
	countStep = 100             // requests that are counted together
	maxKnown  = 10_000          // keys kept in memory
	saveTries = 3
)

// Ledger holds requests back as TikTok Shop wants it. It implements
// tiktokshop.Ledger. When the store fails, requests go through.
type Ledger struct {
	store Store
	now   func() time.Time
	log   *slog.Logger

	mu    sync.Mutex
	known map[Key]*entry
}

// entry is what this process knows of a key.
type entry struct {
	mu     sync.Mutex
	state  State
	read   time.Time // when state was read or written
	pace   *rate.Limiter
	counts int64 // requests not yet in the store
}

// NewLedger makes a ledger.
func NewLedger(store Store, now func() time.Time, log *slog.Logger) *Ledger {
	return &Ledger{store: store, now: now, log: log, known: map[Key]*entry{}}
}

// Admit implements tiktokshop.Ledger. A pause of this process's own making is
// at most longHold; the rest is told to the caller.
func (l *Ledger) Admit(ctx context.Context, about tiktokshop.Subject) *tiktokshop.Refusal {
	key := keyOf(about)
	e := l.entry(key)
	hold, refusal := l.reserve(ctx, e, key, about)
	if refusal != nil || hold == 0 {
		return refusal
	}
	timer := time.NewTimer(hold)
	defer timer.Stop()
	select {
	case <-ctx.Done(): // the request itself says so
	case <-timer.C:
	}
	return nil
}

// reserve takes the next free moment of the key.
func (l *Ledger) reserve(ctx context.Context, e *entry, key Key, about tiktokshop.Subject) (time.Duration, *tiktokshop.Refusal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := l.now()
	if now.Sub(e.read) >= fresh {
		l.reload(ctx, e, key)
		e.read = now // also after a failure: the next moments go without
	}
	if refusal := e.state.Refusal(about, now); refusal != nil {
		return 0, refusal
	}
	if perSecond := rate.Limit(e.state.RateNow(key.Class, now)); e.pace.Limit() != perSecond {
		e.pace.SetLimitAt(now, perSecond)
	}
	moment := e.pace.ReserveN(now, 1)
	hold := moment.DelayFrom(now)
	if hold > longHold {
		moment.CancelAt(now)
		return 0, &tiktokshop.Refusal{Kind: tiktokshop.RateLimited, RetryAfter: hold, Message: "too many requests at once"}
	}
	return hold, nil
}

// Settle implements tiktokshop.Ledger. It writes only news.
func (l *Ledger) Settle(ctx context.Context, about tiktokshop.Subject, failure *tiktokshop.Error) {
	key := keyOf(about)
	e := l.entry(key)
	e.mu.Lock()
	defer e.mu.Unlock()
	if daily(key.Class) {
		e.counts++
	}
	l.change(ctx, e, key, func(s State, now time.Time) (State, bool) {
		news := false
		if failure != nil {
			s, news = s.After(failure, about, now)
		}
		if e.counts >= countStep || news && e.counts > 0 {
			s, news = s.Counted(e.counts, now), true
		}
		return s, news
	})
}

// WeekEnds notes when the running weekly quota of a key ends: the end time that
// the outreach quota states.
func (l *Ledger) WeekEnds(ctx context.Context, key Key, end time.Time) {
	e := l.entry(key)
	e.mu.Lock()
	defer e.mu.Unlock()
	l.change(ctx, e, key, func(s State, _ time.Time) (State, bool) {
		news := !s.WeekEnd.Equal(end)
		s.WeekEnd = end
		return s, news
	})
}

// change stores a change of the state, on top of what others have stored.
func (l *Ledger) change(ctx context.Context, e *entry, key Key, to func(State, time.Time) (State, bool)) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime) // the news outlives the call
	defer cancel()
	for range saveTries {
		now := l.now()
		next, news := to(e.state, now)
		if !news {
			return
		}
		err := l.store.Save(ctx, key, next, next.Expires(now))
		if err == nil {
			next.Rev++
			e.state, e.read, e.counts = next, now, 0
			return
		}
		if !fault.Is(err, fault.Conflict) {
			e.state = next // this process at least honours it
			l.log.WarnContext(ctx, "quota ledger not written", "class", string(key.Class), "error", err)
			return
		}
		l.reload(ctx, e, key)
	}
	l.log.WarnContext(ctx, "quota ledger not written", "class", string(key.Class), "error", "others were quicker each time")
}

func (l *Ledger) reload(ctx context.Context, e *entry, key Key) {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	state, err := l.store.Load(ctx, key)
	if err != nil {
		l.log.WarnContext(ctx, "quota ledger not read", "class", string(key.Class), "error", err)
		return
	}
	e.state = state
}

func (l *Ledger) entry(key Key) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.known[key]
	if !ok {
		if len(l.known) >= maxKnown {
			clear(l.known)
		}
		full := fullRate(key.Class)
		e = &entry{pace: rate.NewLimiter(rate.Limit(full), int(full))}
		l.known[key] = e
	}
	return e
}

func keyOf(about tiktokshop.Subject) Key {
	return Key{App: about.App, Asset: about.Asset, Class: about.Class}
}
