package conversion

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/job"
	"tiktok-shop-affiliate/shared/order"
)

// RebuildParams say which days of an asset a job adds up anew.
type RebuildParams struct {
	From string `json:"from"` // first UTC date of create times
	To   string `json:"to"`   // first date that is not meant
}

// RebuildSpec describes jobs that add up days anew from their rows. Nobody needs
// one unless the roller has given days up: they follow their rows by themselves.
func RebuildSpec() job.Spec {
	return job.Spec{
		Name: "conversions_rebuild", Connected: true, StepItems: 10, // days; a large one takes a second
		Check: func(ask job.Ask, fault func(pointer, format string, args ...any)) (days int) {
			p, err := job.ReadParams[RebuildParams](ask.Params)
			if err != nil {
				fault("/params", "is not what conversions_rebuild takes: %s", err)
				return 0
			}
			for _, end := range []struct{ name, date string }{{"from", p.From}, {"to", p.To}} {
				if at, err := time.Parse(time.DateOnly, end.date); err != nil || at.Year() < 2000 {
					fault("/params/"+end.name, "is required, and must be a date like 2026-11-22")
				}
			}
			from, to, err := p.span()
			switch {
			case err != nil:
			case !from.Before(to):
				fault("/params/to", "must be after from")
			case to.Sub(from) > exportMost*24*time.Hour:
				fault("/params/from", "must be at most three years before to")
			}
			return int(to.Sub(from) / (24 * time.Hour))
		},
	}
}

func (p RebuildParams) span() (from, to time.Time, err error) {
	from, err1 := time.Parse(time.DateOnly, p.From)
	to, err2 := time.Parse(time.DateOnly, p.To)
	return from, to, errors.Join(err1, err2)
}

// Rebuild is the kind of job that adds up days anew. Days that have not changed
// are not written, so a step may be run twice.
type Rebuild struct{ roller *Roller }

// NewRebuild adds up with roller.
func NewRebuild(roller *Roller) *Rebuild { return &Rebuild{roller: roller} }

// Spec implements job.Kind.
func (*Rebuild) Spec() job.Spec { return RebuildSpec() }

// Rebuilt is the result of a day.
type Rebuilt struct {
	Day   string `json:"day"`
	Wrote bool   `json:"wrote"` // its figures were not up to date, or rows had changed since
}

// Run implements job.Kind.
func (r *Rebuild) Run(ctx context.Context, step job.Step) (out job.Outcome, err error) {
	params, err := job.ReadParams[RebuildParams](step.Job.Params)
	if err != nil {
		return out, err
	}
	from, _, err := params.span()
	if err != nil {
		return out, err
	}
	for i := range step.Count {
		day := from.AddDate(0, 0, step.Start+i)
		var keys []Key
		for _, perspective := range order.Perspectives(step.Job.Asset) {
			keys = append(keys, Key{Asset: step.Job.Asset, Perspective: perspective, Day: day})
		}
		written, failed := r.roller.Roll(ctx, keys)
		if err := errors.Join(slices.Collect(maps.Values(failed))...); err != nil {
			return job.Outcome{}, fault.Wrap("conversion.Rebuild", fault.Unavailable, fmt.Sprintf("The %s could not be added up just now.", day.Format(time.DateOnly)), err)
		}
		result, err := job.Succeeded(Rebuilt{Day: day.Format(time.DateOnly), Wrote: written > 0})
		if err != nil {
			return job.Outcome{}, err
		}
		result.Index = step.Start + i
		out.Results = append(out.Results, result)
	}
	return out, nil
}
