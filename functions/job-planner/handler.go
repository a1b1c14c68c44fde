package main

import (
	"context"
	"encoding/json"
)

type planner interface {
	Run(ctx context.Context) (woken int, err error)
}

type handler struct{ planner planner }

// Answer tells the operator who invokes the function by hand.
type Answer struct {
	Woken int `json:"woken"`
}

// Handle wakes the workers of what is due. The event says nothing we need.
func (h *handler) Handle(ctx context.Context, _ json.RawMessage) (Answer, error) {
	woken, err := h.planner.Run(ctx)
	return Answer{Woken: woken}, err
}
