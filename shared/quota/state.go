// Package quota is the ledger of limits: what TikTok Shop said about how often
// and how much may be asked of it, and which operations it switched off. It is
// kept in a store, so that every process honours what one of them was told.
package quota

import (
	"maps"
	"time"

	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Key names what limits are counted by.
type Key struct {
	App   string // the app's key
	Asset string
	Class tiktokshop.Class
}

// State is what is remembered of a key. The zero State forbids nothing. What
// ends does so by time alone: nothing has to be written for it.
type State struct {
	Rev int64 // of the stored state; 0: there is none

	NotBefore time.Time // TikTok Shop asked to wait until then
	Strikes   int       // times in a row that it asked to slow down
	Rate      float64   // requests a second that were taken on at RatedAt
	RatedAt   time.Time

	Until time.Time // a quota of an hour, a day or a week is used up until then
	Code  int       // that said so

	Day     time.Time // UTC, whose requests are counted
	Calls   int64     // of Day, in classes with a quota a day; rounded down
	WeekEnd time.Time // of the running weekly quota, when somebody has asked

	Retired map[string]Retirement // by operation and path: another version is another operation
}

// Retirement is TikTok Shop's answer that an operation is gone.
type Retirement struct {
	Until time.Time // it is asked again after this
	Code  int
}

// Times of the ledger.
const (
	firstPause   = time.Second // doc:rate-limits: 1 s doubling, at most 60 s
	longestPause = time.Minute
	calm         = 2 * time.Minute // without a strike: the next one counts as the first
	recovery     = 5 * time.Minute // in which a lowered rate doubles
	weekProbe    = 6 * time.Hour   // between looks at a weekly quota whose end is not known
	retiredTime  = 24 * time.Hour
	keepTime     = 24 * time.Hour // beyond the last thing remembered

	lowestRate = 0.2
)

// Codes that end at a time of their own.
const (
	testShopHour = 36009037
	dayUsed      = 45101004
)

// fullRate is the requests a second a class starts with (doc:rate-limits,
// 3 September 2026: analytics 0.2–1, writes 1–3, reads 3–10).
func fullRate(class tiktokshop.Class) float64 {
	switch class {
	case tiktokshop.Analytics:
		return 1
	case tiktokshop.Writes, tiktokshop.Invitations, tiktokshop.Messages:
		return 3
	case tiktokshop.Orders, tiktokshop.Marketplace, tiktokshop.Reads:
	}
	return 10
}

// daily reports whether a class has a quota a day.
func daily(class tiktokshop.Class) bool {
	return class == tiktokshop.Marketplace || class == tiktokshop.Messages
}

// RateNow is the rate of a class: lowered by strikes, doubling as they lie back.
func (s State) RateNow(class tiktokshop.Class, now time.Time) float64 {
	full, at := fullRate(class), s.Rate
	if at == 0 {
		return full
	}
	for t := s.RatedAt.Add(recovery); !t.After(now) && at < full; t = t.Add(recovery) {
		at *= 2
	}
	return min(at, full)
}

// Refusal says why an operation cannot be called now; nil when it can.
func (s State) Refusal(about tiktokshop.Subject, now time.Time) *tiktokshop.Refusal {
	if gone, ok := s.Retired[versionOf(about)]; ok && gone.Until.After(now) {
		return &tiktokshop.Refusal{Kind: tiktokshop.Retired, Code: gone.Code, Message: "TikTok Shop answered lately that the operation is gone"}
	}
	if s.Until.After(now) {
		return &tiktokshop.Refusal{
			Kind: tiktokshop.QuotaUsed, Code: s.Code, RetryAfter: s.Until.Sub(now),
			Message: "the quota is used up until " + s.Until.UTC().Format(time.RFC3339),
		}
	}
	if s.NotBefore.After(now) {
		return &tiktokshop.Refusal{Kind: tiktokshop.RateLimited, RetryAfter: s.NotBefore.Sub(now), Message: "TikTok Shop asked to slow down"}
	}
	return nil
}

// After is the state once TikTok Shop has refused an operation, and whether
// that is news.
func (s State) After(failure *tiktokshop.Error, about tiktokshop.Subject, now time.Time) (State, bool) {
	switch {
	case failure.Kind == tiktokshop.Retired:
		version := versionOf(about)
		if s.Retired[version].Until.After(now) {
			return s, false
		}
		s.Retired = maps.Clone(s.Retired)
		if s.Retired == nil {
			s.Retired = map[string]Retirement{}
		}
		maps.DeleteFunc(s.Retired, func(_ string, old Retirement) bool { return !old.Until.After(now) })
		s.Retired[version] = Retirement{Until: now.Add(retiredTime), Code: failure.Code}
		return s, true
	case failure.Kind == tiktokshop.QuotaUsed, failure.Code == testShopHour && failure.RetryAfter == 0:
		until := s.end(failure, now)
		if !until.After(s.Until) {
			return s, false
		}
		s.Until, s.Code = until, failure.Code
		return s, true
	case failure.Kind == tiktokshop.RateLimited:
		return s.struck(failure.RetryAfter, about.Class, now)
	}
	return s, false
}

// end is when a used quota is renewed.
func (s State) end(failure *tiktokshop.Error, now time.Time) time.Time {
	switch {
	case failure.RetryAfter > 0:
		return now.Add(failure.RetryAfter)
	case failure.Code == testShopHour:
		return now.UTC().Truncate(time.Hour).Add(time.Hour)
	case failure.Code == dayUsed:
		return today(now).AddDate(0, 0, 1)
	case s.WeekEnd.After(now):
		return s.WeekEnd
	}
	return now.Add(weekProbe)
}

// struck pauses and halves the rate. Of requests that were under way together
// only the first counts; the others can but lengthen the pause.
func (s State) struck(retryAfter time.Duration, class tiktokshop.Class, now time.Time) (State, bool) {
	if s.NotBefore.After(now) {
		until := now.Add(retryAfter)
		if !until.After(s.NotBefore) {
			return s, false
		}
		s.NotBefore = until
		return s, true
	}
	if now.Sub(s.NotBefore) > calm {
		s.Strikes = 0
	}
	pause := min(firstPause<<min(s.Strikes, 6), longestPause)
	if retryAfter > 0 {
		pause = retryAfter
	}
	s.Rate, s.RatedAt = max(s.RateNow(class, now)/2, lowestRate), now
	s.Strikes++
	s.NotBefore = now.Add(pause)
	return s, true
}

func versionOf(about tiktokshop.Subject) string { return about.Operation + " " + about.Path }

// Counted adds requests to the count of the day.
func (s State) Counted(calls int64, now time.Time) State {
	if day := today(now); !s.Day.Equal(day) {
		s.Day, s.Calls = day, 0
	}
	s.Calls += calls
	return s
}

// Expires is when nothing of the state matters any more.
func (s State) Expires(now time.Time) time.Time {
	last := now
	for _, t := range []time.Time{s.NotBefore, s.Until, s.WeekEnd} {
		if t.After(last) {
			last = t
		}
	}
	for _, gone := range s.Retired {
		if gone.Until.After(last) {
			last = gone.Until
		}
	}
	return last.Add(keepTime)
}

func today(now time.Time) time.Time { return now.UTC().Truncate(24 * time.Hour) }
