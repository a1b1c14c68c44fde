package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/job"
)

// files mints addresses of stored files.
type files interface {
	URL(ctx context.Context, key, filename string, life time.Duration) (string, error)
}

type handler struct {
	jobs  *job.Manager
	files files
	specs job.Specs // the kinds that callers may ask for
	now   func() time.Time
}

func (h *handler) routes(r *api.Router) *api.Router {
	api.HandleStatus(r, "POST /v1/jobs", api.Write, h.create, api.BodyLimit(maxBody))
	api.HandleStatus(r, "POST /v1/orders/backfill", api.Write, h.backfill)
	api.HandleStatus(r, "POST /v1/self-test", api.Admin, h.selfTest)
	api.Handle(r, "GET /v1/jobs", api.Read, h.list)
	api.Handle(r, "GET /v1/jobs/{id}", api.Read, h.get)
	api.Handle(r, "GET /v1/jobs/{id}/results", api.Read, h.results)
	api.Handle(r, "POST /v1/jobs/{id}/pause", api.Write, h.pause)
	api.Handle(r, "POST /v1/jobs/{id}/resume", api.Write, h.resume)
	api.Handle(r, "POST /v1/jobs/{id}/cancel", api.Write, h.cancel)
	return r
}

type createJob struct {
	Kind         string            `json:"kind"`
	ConnectionID string            `json:"connection_id"`
	Asset        account.AssetID   `json:"asset"` // may be empty when the connection has one
	Params       json.RawMessage   `json:"params"`
	Items        []json.RawMessage `json:"items"`
}

// maxBody leaves room for 10,000 items, and in Lambda's event of 6 MB for the
// escapes that make of the body a JSON string.
const maxBody = 3 << 20

// maxFaults is how many faults of one request are named.
const maxFaults = 100

func (h *handler) create(ctx context.Context, c api.Call, in createJob) (api.Answer[jobView], error) {
	spec, known := h.specs.Find(in.Kind)
	if !known {
		return api.Answer[jobView]{}, api.Invalid(api.Field{Pointer: "/kind", Detail: fmt.Sprintf("must be one of %v", h.specs.Names())})
	}
	ask := job.Ask{Owner: c.Owner, At: h.now(), Kind: in.Kind, ConnectionID: in.ConnectionID, Params: in.Params, Items: in.Items}
	var wrong []api.Field
	note := func(pointer, format string, args ...any) {
		if len(wrong) < maxFaults {
			wrong = append(wrong, api.Field{Pointer: pointer, Detail: fmt.Sprintf(format, args...)})
		}
	}
	sizes(spec, in, note)
	if len(wrong) > 0 {
		return api.Answer[jobView]{}, api.Invalid(wrong...)
	}
	if spec.Connected {
		at, err := c.At(ctx, api.Target{ConnectionID: in.ConnectionID, Asset: in.Asset})
		if err != nil {
			return api.Answer[jobView]{}, err
		}
		ask.Asset = at.Asset
	}
	total := spec.Check(ask, note)
	if len(wrong) > 0 {
		return api.Answer[jobView]{}, api.Invalid(wrong...)
	}
	return h.accept(ctx, spec, ask, total)
}

// sizes names what is wrong with a request before its items are looked at.
func sizes(spec job.Spec, in createJob, note func(pointer, format string, args ...any)) {
	switch {
	case spec.Connected && in.ConnectionID == "":
		note("/connection_id", "is required")
	case !spec.Connected && (in.ConnectionID != "" || in.Asset != ""):
		note("/connection_id", "does not belong to %s", spec.Name)
	}
	switch {
	case spec.MaxItems == 0 && len(in.Items) > 0:
		note("/items", "does not belong to %s", spec.Name)
	case spec.MaxItems > 0 && (len(in.Items) == 0 || len(in.Items) > spec.MaxItems):
		note("/items", "must hold 1 to %d items", spec.MaxItems)
	}
	if len(in.Params) > job.MaxParams {
		note("/params", "must not be longer than %d bytes", job.MaxParams)
	}
}

func (h *handler) accept(ctx context.Context, spec job.Spec, ask job.Ask, total int) (api.Answer[jobView], error) {
	j, err := h.jobs.Create(ctx, spec, ask, total)
	return api.Answer[jobView]{Status: http.StatusAccepted, Location: jobPath(j.ID), Body: h.view(j)}, err
}

func jobPath(id string) string { return "/v1/jobs/" + id }

func (h *handler) selfTest(ctx context.Context, c api.Call, in job.SelfTestParams) (api.Answer[jobView], error) {
	params, err := json.Marshal(in)
	if err != nil {
		return api.Answer[jobView]{}, fmt.Errorf("encoding parameters: %w", err)
	}
	spec := job.SelfTestSpec()
	ask := job.Ask{Owner: c.Owner, At: h.now(), Kind: spec.Name, Params: params}
	total, err := check(spec, ask)
	if err != nil {
		return api.Answer[jobView]{}, err
	}
	return h.accept(ctx, spec, ask, total)
}

// check asks a kind about a request that has a route of its own, whose body is
// the parameters.
func check(spec job.Spec, ask job.Ask) (total int, err error) {
	var wrong []api.Field
	total = spec.Check(ask, func(pointer, format string, args ...any) {
		wrong = append(wrong, api.Field{Pointer: strings.TrimPrefix(pointer, "/params"), Detail: fmt.Sprintf(format, args...)})
	})
	if len(wrong) > 0 {
		return 0, api.Invalid(wrong...)
	}
	return total, nil
}

// Limits of lists.
const (
	defaultLimit = 50
	maxLimit     = 100
	maxResults   = 500
)

type listJobs struct {
	State  string `query:"state"`
	Limit  int    `query:"limit"`
	Cursor string `query:"cursor"`
}

// Validate sets the default.
func (in *listJobs) Validate(f *api.Fields) {
	checkLimit(&in.Limit, maxLimit, f)
	if in.State != "" && !slices.Contains(job.States(), job.State(in.State)) {
		f.Parameter("state", "must be one of %v", job.States())
	}
}

func checkLimit(limit *int, most int, f *api.Fields) {
	if *limit == 0 {
		*limit = defaultLimit
	}
	if *limit < 1 || *limit > most {
		f.Parameter("limit", "must be from 1 to %d", most)
	}
}

// listPosition is where a page ended, and of which list.
type listPosition struct {
	State string `json:"state"`
	After string `json:"after"`
}

func (h *handler) list(ctx context.Context, c api.Call, in listJobs) (api.Page[jobView], error) {
	at := listPosition{State: in.State}
	if in.Cursor != "" {
		if err := c.DecodeCursor(ctx, in.Cursor, &at); err != nil {
			return api.Page[jobView]{}, err
		}
		if at.State != in.State {
			return api.Page[jobView]{}, api.Invalid(api.Field{Parameter: "cursor", Detail: "belongs to a list of another state; start without one"})
		}
	}
	jobs, next, err := h.jobs.Jobs(ctx, c.Owner, job.State(in.State), at.After, in.Limit)
	if err != nil {
		return api.Page[jobView]{}, err
	}
	views := make([]jobView, 0, len(jobs))
	for _, j := range jobs {
		views = append(views, h.view(j))
	}
	cursor := ""
	if next != "" {
		if cursor, err = c.EncodeCursor(ctx, listPosition{State: in.State, After: next}); err != nil {
			return api.Page[jobView]{}, err
		}
	}
	return api.NewPage(views, cursor), nil
}

type oneJob struct {
	ID string `path:"id"`
}

// fileLife is how long the address of a file works.
const fileLife = 5 * time.Minute

func (h *handler) get(ctx context.Context, c api.Call, in oneJob) (jobView, error) {
	j, err := h.jobs.Job(ctx, c.Owner, in.ID)
	if err != nil {
		return jobView{}, err
	}
	view := h.view(j)
	if j.FileKey != "" {
		name := j.ID + j.FileKey[strings.LastIndexByte(j.FileKey, '.'):]
		url, err := h.files.URL(ctx, j.FileKey, name, fileLife)
		if err != nil {
			return jobView{}, err
		}
		view.File = &fileView{URL: url, Name: name, ExpiresAt: h.now().Add(fileLife).Truncate(time.Second)}
	}
	return view, nil
}

func (h *handler) pause(ctx context.Context, c api.Call, in oneJob) (jobView, error) {
	j, err := h.jobs.Pause(ctx, c.Owner, in.ID)
	return h.view(j), err
}

func (h *handler) resume(ctx context.Context, c api.Call, in oneJob) (jobView, error) {
	j, err := h.jobs.Resume(ctx, c.Owner, in.ID)
	return h.view(j), err
}

func (h *handler) cancel(ctx context.Context, c api.Call, in oneJob) (jobView, error) {
	j, err := h.jobs.Cancel(ctx, c.Owner, in.ID)
	return h.view(j), err
}

type listResults struct {
	ID     string `path:"id"`
	Limit  int    `query:"limit"`
	Cursor string `query:"cursor"`
}

// Validate sets the default.
func (in *listResults) Validate(f *api.Fields) { checkLimit(&in.Limit, maxResults, f) }

// resultPosition is where a page of results ended, and of which job.
type resultPosition struct {
	JobID string `json:"j"`
	job.Position
}

func (h *handler) results(ctx context.Context, c api.Call, in listResults) (api.Page[job.Result], error) {
	at := resultPosition{JobID: in.ID}
	if in.Cursor != "" {
		if err := c.DecodeCursor(ctx, in.Cursor, &at); err != nil {
			return api.Page[job.Result]{}, err
		}
		if at.JobID != in.ID {
			return api.Page[job.Result]{}, api.Invalid(api.Field{Parameter: "cursor", Detail: "belongs to another job; start without one"})
		}
	}
	j, err := h.jobs.Job(ctx, c.Owner, in.ID)
	if err != nil {
		return api.Page[job.Result]{}, err
	}
	results, next, more, err := h.jobs.Results(ctx, j, at.Position, in.Limit)
	if err != nil {
		return api.Page[job.Result]{}, err
	}
	cursor := ""
	if more {
		if cursor, err = c.EncodeCursor(ctx, resultPosition{JobID: in.ID, Position: next}); err != nil {
			return api.Page[job.Result]{}, err
		}
	}
	return api.NewPage(results, cursor), nil
}
