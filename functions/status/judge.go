package main

import (
	"fmt"
	"time"
)

// state is how well everything works for the owner.
type state string

// The states, the worst last.
const (
	stateOK       state = "ok"
	stateDegraded state = "degraded" // something needs a look; the rest works
	stateFailing  state = "failing"  // nothing of a kind works
)

// reason is something that is not as it should be.
type reason struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// judge names what is wrong, and how bad it is.
func (h *handler) judge(v statusView) (state, []reason) {
	overall, reasons := stateOK, []reason{}
	add := func(how state, code, format string, args ...any) {
		reasons = append(reasons, reason{Code: code, Detail: fmt.Sprintf(format, args...)})
		if overall != stateFailing {
			overall = how
		}
	}
	if n := v.Connections.NeedsReconnect; n > 0 {
		how := stateDegraded
		if n == v.Connections.Total {
			how = stateFailing
		}
		add(how, "needs_reconnect", "%d of %d connections need a new consent: send their holders a connect link.", n, v.Connections.Total)
	}
	if n := v.Connections.Suspect; n > 0 {
		add(stateDegraded, "suspect", "The access of %d connections could not be renewed; it is tried again.", n)
	}
	if n := v.Connections.Expiring; n > 0 {
		add(stateDegraded, "expiring", "The authorization of %d connections ends soon: send their holders a connect link.", n)
	}
	late := int64(h.lateAfter / time.Second)
	switch {
	case v.Orders.OverdueP50 > late:
		add(stateFailing, "orders_late", "Half of the assets wait for their orders to be read for more than %d s.", late)
	case v.Orders.OldestOverdue > late:
		add(stateDegraded, "orders_late", "Some assets wait for their orders to be read, one for %d s.", v.Orders.OldestOverdue)
	}
	for _, q := range v.Queues {
		if q.DeadLetters > 0 {
			add(stateDegraded, "dead_letters", "%d messages of the queue %s failed for good; their operator can look at them and put them back.", q.DeadLetters, q.Name)
		}
	}
	used := 0
	for _, q := range v.Quotas.Held {
		if q.State == "used_up" {
			used++
		}
	}
	if used > 0 {
		add(stateDegraded, "quota_used_up", "%d quotas of TikTok Shop are used up.", used)
	}
	for _, s := range v.Sunsets {
		if s.Retired {
			add(stateDegraded, "operation_retired", "TikTok Shop has switched off %s.", s.Path)
		}
	}
	return overall, reasons
}
