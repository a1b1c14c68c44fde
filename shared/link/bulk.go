package link

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/job"
)

// MaxBulk is how many links one job makes at most.
const MaxBulk = 10_000

// BulkSpec describes jobs that make links. Their items are Asks.
func BulkSpec() job.Spec {
	return job.Spec{
		Name: "links", Connected: true, MaxItems: MaxBulk, StepItems: MaxAsks,
		File:  &job.File{Extension: "ndjson", MediaType: "application/x-ndjson"},
		Check: checkBulk,
	}
}

func checkBulk(ask job.Ask, fault func(pointer, format string, args ...any)) int {
	if len(ask.Params) > 0 {
		fault("/params", "does not belong to links")
	}
	for i, item := range ask.Items {
		at := fmt.Sprintf("/items/%d", i)
		a, err := decodeAsk(item)
		var wrongType *json.UnmarshalTypeError
		switch {
		case errors.As(err, &wrongType) && wrongType.Field != "":
			fault(at+"/"+wrongType.Field, "must not be a JSON %s", wrongType.Value)
			continue
		case errors.As(err, &wrongType):
			fault(at, "must be a JSON object, not %s", wrongType.Value)
			continue
		case err != nil:
			fault(at, "is not an item of POST /v1/links: %s", strings.TrimPrefix(err.Error(), "json: "))
			continue
		}
		faults := 0
		a.Check(func(field, format string, args ...any) {
			faults++
			fault(at+"/"+field, format, args...)
		})
		if misfit := a.Misfit(ask.Asset.ID); misfit != "" && faults == 0 {
			fault(at+"/purpose", "%s", misfit)
		}
	}
	return len(ask.Items)
}

func decodeAsk(item json.RawMessage) (a Ask, err error) {
	decoder := json.NewDecoder(bytes.NewReader(item))
	decoder.DisallowUnknownFields()
	return a, decoder.Decode(&a)
}

// makes is the part of a Maker that Bulk uses.
type makes interface {
	Make(ctx context.Context, owner, connectionID string, asset account.Asset, asks []Ask) ([]Result, error)
}

// Bulk is the kind of job that makes links. A link that was made is in the store
// and is not made again, so a step may be run twice.
type Bulk struct{ maker makes }

// NewBulk makes links with maker.
func NewBulk(maker *Maker) *Bulk { return &Bulk{maker: maker} }

// Spec implements job.Kind.
func (b *Bulk) Spec() job.Spec { return BulkSpec() }

// tries is how often an item is tried that fails for a reason that may pass,
// before the failure is its outcome.
const tries = 3

// retryGap is how long a job waits before it tries such an item again.
const retryGap = 10 * time.Second

// Run implements job.Kind.
func (b *Bulk) Run(ctx context.Context, step job.Step) (job.Outcome, error) {
	asks := make([]Ask, 0, len(step.Items))
	for _, item := range step.Items {
		ask, err := decodeAsk(item)
		if err != nil {
			return job.Outcome{}, fmt.Errorf("decoding an item that was valid: %w", err)
		}
		asks = append(asks, ask)
	}
	made, err := b.maker.Make(ctx, step.Job.Owner, step.Job.ConnectionID, step.Asset, asks)
	if err != nil {
		return job.Outcome{}, err
	}
	var out job.Outcome
	for i, one := range made {
		if wait, halt := haltAt(one.Err, step.Attempt); halt {
			if i == 0 {
				return job.Outcome{}, one.Err
			}
			out.Wait = wait
			return out, nil // the rest is the next step's
		}
		result, err := outcome(one)
		if err != nil {
			return job.Outcome{}, err
		}
		result.Index = step.Start + i
		out.Results = append(out.Results, result)
	}
	return out, nil
}

// haltAt says of an item's error whether it stands in the way of every item, or
// may pass, so that the job stops before the item; and for how long at least.
func haltAt(err error, attempt int) (wait time.Duration, halt bool) {
	switch fault.KindOf(err) {
	case fault.RateLimited:
		return max(time.Second, job.RetryAfter(err)), true
	case fault.Reconnect, fault.Retired:
		return 0, true
	case fault.Unavailable, fault.OutcomeUnknown:
		return max(retryGap, job.RetryAfter(err)), attempt < tries
	}
	return 0, false
}

// Made is what a job says of a link.
type Made struct {
	LinkID   string    `json:"link_id"`
	URL      string    `json:"url"`
	DeepLink string    `json:"deep_link,omitempty"`
	OneLink  string    `json:"one_link,omitempty"`
	MadeAt   time.Time `json:"made_at"`
}

func outcome(one Result) (job.Result, error) {
	if l := one.Link; one.Err == nil {
		return job.Succeeded(Made{LinkID: l.ID(), URL: l.URL, DeepLink: l.DeepLink, OneLink: l.OneLink, MadeAt: l.MadeAt})
	}
	return job.Refused(one.Err), nil
}
