package job

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"strings"

	"tiktok-shop-affiliate/shared/fault"
)

// step runs the next step of a job, unless its page is there already, and stores
// the checkpoint.
func (s *shift) step(ctx context.Context, kind Kind, h *held, fresh bool) error {
	page, err := s.outcome(ctx, kind, h.job, fresh)
	if err != nil {
		return err
	}
	now, spec := s.Now(), kind.Spec()
	return s.save(ctx, h, func(j *Job) {
		if j.Step != page.Step {
			return // the step was counted already
		}
		j.advance(page, now)
		if j.Stepped && spec.File == nil && j.State.Active() {
			j.finish(Done, nil, now)
		}
	})
}

// outcome is the page of a job's next step.
func (s *shift) outcome(ctx context.Context, kind Kind, j Job, fresh bool) (Page, error) {
	if fresh { // whoever had the job before may have got as far as the page
		page, err := loadPage(ctx, s.Objects, j, j.Step)
		if !fault.Is(err, fault.NotFound) {
			return page, err
		}
	}
	return s.run(ctx, kind, j)
}

// run does the items of a step and stores their page. What it returns is the
// page that is stored, be it another's.
func (s *shift) run(ctx context.Context, kind Kind, j Job) (Page, error) {
	spec := kind.Spec()
	step := Step{Job: j, Number: j.Step, Start: j.Done, Count: spec.StepItems, Attempt: max(1, j.Tries)}
	if !spec.Open {
		step.Count = min(step.Count, j.Total-j.Done)
	}
	if spec.Connected {
		asset, err := s.Assets.Asset(ctx, j.Owner, j.ConnectionID, j.Asset)
		if err != nil {
			return Page{}, err
		}
		step.Asset = asset
	}
	if spec.MaxItems > 0 {
		items, err := s.loadItems(ctx, j, step.Start, step.Count)
		if err != nil {
			return Page{}, err
		}
		step.Items, step.Count = items, len(items)
	}
	out, err := guarded(ctx, kind, step)
	if err != nil {
		return Page{}, err
	}
	if err := check(spec, step, out); err != nil {
		return Page{}, err
	}
	if len(out.Results) == 0 && out.Wait > 0 && !out.Last {
		return Page{}, &fault.Error{Op: "job.Step", Kind: fault.RateLimited, Message: "A limit of TikTok Shop is reached; the job goes on by itself.", RetryAfter: out.Wait}
	}
	page := Page{Step: step.Number, Start: step.Start, Results: out.Results, Cursor: out.Cursor, Total: out.Total, Text: out.Text}
	page.Last = spec.Open && out.Last || !spec.Open && step.Start+len(out.Results) >= j.Total
	if out.Wait > 0 {
		page.NotBefore = s.Now().Add(out.Wait)
	}
	if page.Results == nil {
		page.Results = []Result{}
	}
	return storePage(ctx, s.Objects, j, page)
}

// guarded turns a panic of a kind into an error, so that it counts as a try of
// this job and does not take the lane with it.
func guarded(ctx context.Context, kind Kind, step Step) (out Outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("job.Step: the kind panicked: %v: %s", p, debug.Stack())
		}
	}()
	return kind.Run(ctx, step)
}

// check finds mistakes of a kind before they are stored.
func check(spec Spec, step Step, out Outcome) error {
	wrong := ""
	switch {
	case len(out.Results) > step.Count:
		wrong = "more results than items"
	case len(out.Results) == 0 && out.Wait <= 0 && !spec.Open:
		wrong = "no result and nothing to wait for"
	case len(out.Cursor) > MaxCursor:
		wrong = "a cursor that is too long"
	}
	for i, result := range out.Results {
		if result.Index != step.Start+i {
			wrong = fmt.Sprintf("result %d is of item %d", step.Start+i, result.Index)
		}
	}
	if wrong != "" {
		return fault.New("job.Step", fault.Internal, "a job of the kind "+spec.Name+" answered with "+wrong)
	}
	return nil
}

// file stores the next part of a job's file, or finishes it and the job. What
// goes into a part follows from the pages alone, so that a part that is stored
// again is the same.
func (s *shift) file(ctx context.Context, form *File, h *held) error {
	if form == nil { // the kind made a file when the job began and makes none now
		return s.save(ctx, h, func(j *Job) { j.finish(Done, nil, s.Now()) })
	}
	j := h.job
	key := fileKey(j.Owner, j.ID, form.Extension)
	if j.FileUpload == "" {
		upload, err := s.Files.StartUpload(ctx, key, form.MediaType)
		if err != nil {
			return err
		}
		return s.save(ctx, h, func(j *Job) { j.FileUpload, j.FilePart, j.FilePage = upload, 0, 0 })
	}
	body, next, err := s.part(ctx, form, j)
	if err != nil {
		return err
	}
	part := j.FilePart + 1
	if err := s.Files.StorePart(ctx, key, j.FileUpload, part, body); err != nil {
		return s.restart(ctx, h, err)
	}
	if next < j.Step {
		return s.save(ctx, h, func(j *Job) { j.FilePart, j.FilePage, j.Tries = part, next, 0 })
	}
	if err := s.Files.FinishUpload(ctx, key, j.FileUpload); err != nil {
		return s.restart(ctx, h, err)
	}
	return s.save(ctx, h, func(j *Job) {
		j.FileKey = key
		if j.State.Active() {
			j.finish(Done, nil, s.Now())
		}
	})
}

// restart begins a file anew whose upload is gone.
func (s *shift) restart(ctx context.Context, h *held, err error) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	if err := s.save(ctx, h, func(j *Job) { j.FileUpload, j.FilePart, j.FilePage = "", 0, 0 }); err != nil {
		return err
	}
	return fault.Wrap("job.File", fault.Unavailable, "The file is made anew.", err)
}

// part is the next part of a file and the page after it.
func (s *shift) part(ctx context.Context, form *File, j Job) (body []byte, next int, err error) {
	var text strings.Builder
	if j.FilePart == 0 {
		text.WriteString(form.Head)
	}
	for next = j.FilePage; next < j.Step && text.Len() < MinPart; next++ {
		page, err := loadPage(ctx, s.Objects, j, next)
		if err != nil {
			return nil, 0, err
		}
		if page.Text != "" || form.Extension != "ndjson" {
			text.WriteString(page.Text)
			continue
		}
		for _, result := range page.Results {
			line, err := json.Marshal(result)
			if err != nil {
				return nil, 0, fmt.Errorf("encoding a result: %w", err)
			}
			text.Write(line)
			text.WriteByte('\n')
		}
	}
	return []byte(text.String()), next, nil
}
