package main

import (
	"encoding/json"
	"math"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/job"
)

// jobView is a job as callers see it.
type jobView struct {
	ID           string          `json:"id"`
	Kind         string          `json:"kind"`
	State        job.State       `json:"state"`
	ConnectionID string          `json:"connection_id,omitempty"`
	Asset        account.AssetID `json:"asset,omitempty"`
	Params       json.RawMessage `json:"params,omitempty"`

	Done          int     `json:"done"`                    // items that have an outcome
	Total         int     `json:"total,omitempty"`         // absent while it is not known
	RatePerMinute float64 `json:"rate_per_minute"`         // while it was worked at; 0 when that cannot be told yet
	EndsAt        string  `json:"estimated_end,omitempty"` // at that rate
	WaitsUntil    string  `json:"waits_until,omitempty"`   // of a waiting job

	FailedItems int             `json:"failed_items"`
	FirstErrors []job.ItemError `json:"first_errors"`      // the first few of them
	Problem     *job.Problem    `json:"problem,omitempty"` // why it failed, waits or is paused

	ResultPages int       `json:"result_pages"` // stored so far
	ResultsPath string    `json:"results"`      // where they are listed
	File        *fileView `json:"file,omitempty"`

	CreatedAt  string `json:"created_at"`
	StartedAt  string `json:"started_at,omitempty"`
	FinishedAt string `json:"finished_at,omitempty"`
	ExpiresAt  string `json:"expires_at"` // then job and results are deleted
}

// fileView is where a job's file can be fetched, without a token.
type fileView struct {
	URL       string    `json:"url"`
	Name      string    `json:"name"`
	ExpiresAt time.Time `json:"expires_at"` // of the URL; ask again for a new one
}

func (h *handler) view(j job.Job) jobView {
	view := jobView{
		ID: j.ID, Kind: j.Kind, State: j.State, ConnectionID: j.ConnectionID, Asset: j.Asset, Params: j.Params,
		Done: j.Done, Total: j.Total, RatePerMinute: math.Round(j.Rate()*10) / 10, EndsAt: stamp(j.Estimate(h.now())), WaitsUntil: stamp(j.NotBefore),
		FailedItems: j.Failed, FirstErrors: j.Errors, Problem: j.Problem,
		ResultPages: j.Step, ResultsPath: jobPath(j.ID) + "/results",
		CreatedAt: stamp(j.CreatedAt), StartedAt: stamp(j.StartedAt), FinishedAt: stamp(j.FinishedAt), ExpiresAt: stamp(j.ExpiresAt),
	}
	if view.FirstErrors == nil {
		view.FirstErrors = []job.ItemError{}
	}
	return view
}

// stamp is a time in whole seconds; empty for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Truncate(time.Second).Format(time.RFC3339)
}
