package order

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/job"
	"tiktok-shop-affiliate/shared/sheet"
)

// ExportParams say which rows of an asset a job writes to its file. They mean
// what the parameters of GET /v1/orders mean.
type ExportParams struct {
	Perspective   Perspective `json:"perspective"` // empty: the asset's own
	Status        Status      `json:"status"`
	Creator       string      `json:"creator"`
	Product       string      `json:"product"`
	Content       string      `json:"content"`
	Campaign      string      `json:"campaign"`
	Collaboration string      `json:"collaboration"`
	CreatedFrom   time.Time   `json:"created_from"` // inclusive; empty: 90 days before created_to
	CreatedTo     time.Time   `json:"created_to"`   // exclusive; empty: when the job was made
	SettledFrom   time.Time   `json:"settled_from"`
	SettledTo     time.Time   `json:"settled_to"`
}

const (
	exportRange = 90 * 24 * time.Hour
	exportMost  = 3 * 366 * 24 * time.Hour
	exportRows  = 1000 // of a step
	exportWork  = 5000 // rows that a step looks at, about
)

// ExportSpec describes jobs that write order rows to a CSV file.
func ExportSpec() job.Spec {
	return job.Spec{
		Name: "orders_csv", Connected: true, Open: true, StepItems: 1,
		File: &job.File{Extension: "csv", MediaType: sheet.MediaType},
		Check: func(ask job.Ask, fault func(pointer, format string, args ...any)) int {
			p, err := job.ReadParams[ExportParams](ask.Params)
			if err != nil {
				fault("/params", "is not what orders_csv takes: %s", err)
				return 0
			}
			if p.Perspective != "" && !slices.Contains(Perspectives(ask.Asset.ID), p.Perspective) {
				fault("/params/perspective", "is not one that the asset has")
			}
			if p.Status != "" && !p.Status.Known() {
				fault("/params/status", "must be unpaid, pending, settled, no_commission, frozen or unknown")
			}
			at := func(name, format string, args ...any) { fault("/params/"+name, format, args...) }
			CheckSpan("created", p.CreatedFrom, p.CreatedTo, exportMost, "three years", at)
			CheckSpan("settled", p.SettledFrom, p.SettledTo, 0, "", at)
			return 0
		},
	}
}

// selection is the part of a job's rows after a position.
func (p ExportParams) selection(j job.Job, after string) Selection {
	s := Selection{
		Asset: j.Asset, Perspective: p.Perspective, From: p.CreatedFrom, To: p.CreatedTo, Limit: exportRows, Work: exportWork, After: after,
		Filter: Filter{
			Status: p.Status, Creator: p.Creator, Product: p.Product, Content: p.Content, Campaign: p.Campaign, Collaboration: p.Collaboration,
			SettledFrom: p.SettledFrom, SettledTo: p.SettledTo,
		},
	}
	if s.Perspective == "" {
		s.Perspective = Perspective(j.Asset.Perspective())
	}
	if s.To.IsZero() {
		s.To = j.CreatedAt
	}
	if s.From.IsZero() {
		s.From = s.To.Add(-exportRange)
	}
	if most := s.To.Add(-exportMost); s.From.Before(most) {
		s.From = most
	}
	return s
}

// Lists gives stored rows; see Selection.
type Lists interface {
	Rows(ctx context.Context, s Selection) (Selected, error)
}

// Export is the kind of job that writes order rows to a CSV file. It only reads,
// so a step may be run twice.
type Export struct{ rows Lists }

// NewExport writes rows of assets.
func NewExport(rows Lists) *Export { return &Export{rows: rows} }

// Spec implements job.Kind.
func (*Export) Spec() job.Spec { return ExportSpec() }

// Run implements job.Kind.
func (e *Export) Run(ctx context.Context, step job.Step) (job.Outcome, error) {
	params, err := job.ReadParams[ExportParams](step.Job.Params)
	if err != nil {
		return job.Outcome{}, err
	}
	after := ""
	if len(step.Job.Cursor) > 0 {
		if err := json.Unmarshal(step.Job.Cursor, &after); err != nil {
			return job.Outcome{}, err
		}
	}
	s := params.selection(step.Job, after)
	found, err := e.rows.Rows(ctx, s)
	if err != nil {
		return job.Outcome{}, err
	}
	var lines [][]string
	if step.Number == 0 {
		lines = append(lines, Columns(s.Perspective))
	}
	for _, row := range found.Rows {
		lines = append(lines, row.Cells())
	}
	out := job.Outcome{Last: found.Next == ""}
	if out.Text, err = sheet.Text(lines...); err != nil {
		return job.Outcome{}, err
	}
	out.Cursor, err = json.Marshal(found.Next)
	return out, err
}
