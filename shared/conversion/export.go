package conversion

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/job"
	"tiktok-shop-affiliate/shared/money"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/sheet"
)

// ExportParams say which figures of an asset a job writes to its file. They mean
// what the parameters of GET /v1/conversions mean.
type ExportParams struct {
	Perspective order.Perspective `json:"perspective"`
	By          Dimension         `json:"by"`
	Interval    Interval          `json:"interval"` // empty: day
	Zone        string            `json:"zone"`     // IANA; empty: UTC
	From        string            `json:"from"`     // first date; empty: 30 days before to
	To          string            `json:"to"`       // first date that is not asked for; empty: the day after the job was made
	Currency    string            `json:"currency"`
}

const (
	exportDays  = 30
	exportMost  = 3 * 366 // days
	exportLines = 5000    // of a step
)

// ExportSpec describes jobs that write figures to a CSV file.
func ExportSpec() job.Spec {
	return job.Spec{
		Name: "conversions_csv", Connected: true, Open: true, StepItems: 1,
		File: &job.File{Extension: "csv", MediaType: sheet.MediaType},
		Check: func(ask job.Ask, fault func(pointer, format string, args ...any)) int {
			p, err := job.ReadParams[ExportParams](ask.Params)
			if err != nil {
				fault("/params", "is not what conversions_csv takes: %s", err)
				return 0
			}
			if !slices.Contains(order.Perspectives(ask.Asset.ID), p.Perspective) {
				fault("/params/perspective", "is required, and must be one that the asset has")
			}
			if p.By != "" && !p.By.Known() {
				fault("/params/by", "must be creator, product, content, collaboration, campaign or shop")
			}
			if p.Interval != "" && !p.Interval.Known() {
				fault("/params/interval", "must be day, week or month")
			}
			if p.Currency != "" && !money.KnownCurrency(p.Currency) {
				fault("/params/currency", "must be an ISO 4217 code such as USD")
			}
			if _, err := time.LoadLocation(p.Zone); err != nil || p.Zone == "Local" {
				fault("/params/zone", "must be an IANA time zone such as America/New_York")
			}
			from, to := p.date(p.From, "from", fault), p.date(p.To, "to", fault)
			switch {
			case from.IsZero() || to.IsZero():
			case !from.Before(to):
				fault("/params/to", "must be after from")
			case to.Sub(from) > exportMost*24*time.Hour:
				fault("/params/from", "must be at most three years before to")
			}
			return 0
		},
	}
}

func (ExportParams) date(text, name string, fault func(pointer, format string, args ...any)) time.Time {
	at, err := time.Parse(time.DateOnly, text)
	if text != "" && (err != nil || at.Year() < 2000) {
		fault("/params/"+name, "must be a date like 2026-11-22")
	}
	return at
}

// query is what the parameters ask for, from a job that was made at a time.
func (p ExportParams) query(made time.Time) (Query, error) {
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		return Query{}, err
	}
	q := Query{Perspective: p.Perspective, By: p.By, Interval: p.Interval, Zone: zone, Currency: p.Currency}
	if q.Interval == "" {
		q.Interval = Daily
	}
	today := made.In(zone)
	q.To = time.Date(today.Year(), today.Month(), today.Day()+1, 0, 0, 0, 0, time.UTC)
	if p.To != "" {
		if q.To, err = time.Parse(time.DateOnly, p.To); err != nil {
			return q, err
		}
	}
	q.From = q.To.AddDate(0, 0, -exportDays)
	if p.From != "" {
		q.From, err = time.Parse(time.DateOnly, p.From)
	}
	if most := q.To.AddDate(0, 0, -exportMost); q.From.Before(most) {
		q.From = most
	}
	return q, err
}

// Export is the kind of job that writes figures to a CSV file. It only reads, so
// a step may be run twice.
type Export struct{ sums Reader }

// NewExport writes figures of assets.
func NewExport(sums Reader) *Export { return &Export{sums: sums} }

// Spec implements job.Kind.
func (*Export) Spec() job.Spec { return ExportSpec() }

// Run implements job.Kind.
func (e *Export) Run(ctx context.Context, step job.Step) (job.Outcome, error) {
	params, err := job.ReadParams[ExportParams](step.Job.Params)
	if err != nil {
		return job.Outcome{}, err
	}
	q, err := params.query(step.Job.CreatedAt)
	if err != nil {
		return job.Outcome{}, err
	}
	var after *Position
	if len(step.Job.Cursor) > 0 {
		if err := json.Unmarshal(step.Job.Cursor, &after); err != nil {
			return job.Outcome{}, err
		}
	}
	found, next, err := q.Read(ctx, e.sums, []account.AssetID{step.Job.Asset}, after, exportLines)
	if err != nil {
		return job.Outcome{}, err
	}
	var lines [][]string
	if step.Number == 0 {
		lines = append(lines, Columns(q.Perspective))
	}
	for _, line := range found {
		lines = append(lines, line.Cells(q))
	}
	out := job.Outcome{Last: next == nil}
	if out.Text, err = sheet.Text(lines...); err != nil {
		return job.Outcome{}, err
	}
	out.Cursor, err = json.Marshal(next)
	return out, err
}
