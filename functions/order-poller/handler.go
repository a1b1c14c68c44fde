package main

import (
	"context"
	"encoding/json"
	"time"

	"tiktok-shop-affiliate/shared/obs"
	"tiktok-shop-affiliate/shared/order"
)

type planner interface {
	Run(ctx context.Context) (woken int, err error)
}

type handler struct{ planner planner }

// Answer tells the operator who invokes the function by hand.
type Answer struct {
	Woken int `json:"woken"`
}

// Handle wakes the readers of what is due. The event says nothing we need.
func (h *handler) Handle(ctx context.Context, _ json.RawMessage) (Answer, error) {
	woken, err := h.planner.Run(ctx)
	return Answer{Woken: woken}, err
}

// freshness is the metric an alarm watches: the age of the longest overdue
// asset of each kind.
type freshness struct{ meter *obs.Meter }

func (f freshness) Overdue(perspective order.Perspective, age time.Duration) {
	f.meter.Put("OrderFreshness", age.Seconds(), obs.Seconds, map[string]string{"Kind": string(perspective)})
}
