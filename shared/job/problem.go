package job

import (
	"errors"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Problem says what went wrong with an item or a job. Its members are those of
// the API's problem documents.
type Problem struct {
	Type   string  `json:"type"`   // for example "/problems/not-found"
	Detail string  `json:"detail"` // what happened and what to do
	TikTok *TikTok `json:"tiktok,omitempty"`
}

// TikTok names TikTok Shop's own error behind a problem.
type TikTok struct {
	Operation string `json:"operation,omitempty"`
	Code      int    `json:"code"`
	RequestID string `json:"request_id,omitempty"`
}

// maxDetail bounds a problem's detail, in bytes.
const maxDetail = 400

// ProblemOf turns an error into a problem. Only what was written for callers is
// shown.
func ProblemOf(err error) *Problem {
	kind := fault.KindOf(err)
	problem := &Problem{Type: "/problems/" + strings.ReplaceAll(string(kind), "_", "-"), Detail: "Something went wrong on our side."}
	var own *fault.Error
	if errors.As(err, &own) && kind != fault.Internal {
		problem.Detail = own.Message
	}
	var tiktok *tiktokshop.Error
	if errors.As(err, &tiktok) {
		problem.TikTok = &TikTok{Operation: tiktok.Op, Code: tiktok.Code, RequestID: tiktok.RequestID}
		if own == nil {
			problem.Detail = tiktok.Advice()
		}
	}
	if len(problem.Detail) > maxDetail {
		problem.Detail = strings.ToValidUTF8(problem.Detail[:maxDetail], "") + "…"
	}
	return problem
}

// RetryAfter is how long an error asks to wait; 0 when it does not say.
func RetryAfter(err error) time.Duration {
	var own *fault.Error
	if errors.As(err, &own) && own.RetryAfter > 0 {
		return own.RetryAfter
	}
	var tiktok *tiktokshop.Error
	if errors.As(err, &tiktok) {
		return tiktok.RetryAfter
	}
	return 0
}
