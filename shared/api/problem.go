package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Problem is an RFC 9457 problem document.
type Problem struct {
	Type        string  `json:"type"`   // stable: "/problems/not-found"
	Title       string  `json:"title"`  // what kind of problem
	Status      int     `json:"status"` // HTTP status
	Detail      string  `json:"detail"` // what happened and what to do
	Errors      []Field `json:"errors,omitempty"`
	TikTok      *TikTok `json:"tiktok,omitempty"`
	ConnectLink string  `json:"connect_link,omitempty"` // for the account's user, when it must be connected again
	retryWait   time.Duration
}

// TikTok names TikTok Shop's own error behind a problem.
type TikTok struct {
	Operation string `json:"operation,omitempty"`
	Code      int    `json:"code"`
	RequestID string `json:"request_id,omitempty"` // what TikTok Shop's support asks for
}

// ProblemOf turns any error into a problem. Only messages made for callers are
// shown; causes stay in the log.
func ProblemOf(err error) Problem {
	kind := fault.KindOf(err)
	known := problemTypeOf(kind)
	problem := Problem{Type: known.Type(), Title: known.Title, Status: known.Status, Detail: known.Title + "."}
	var own *fault.Error
	if errors.As(err, &own) && kind != fault.Internal {
		problem.Detail, problem.retryWait = own.Message, own.RetryAfter
	}
	var invalid *InvalidError
	if errors.As(err, &invalid) {
		problem.Detail, problem.Errors = "Correct the fields listed under errors.", invalid.Fields
	}
	var tiktok *tiktokshop.Error
	if errors.As(err, &tiktok) {
		problem.TikTok = &TikTok{Operation: tiktok.Op, Code: tiktok.Code, RequestID: tiktok.RequestID}
		if own == nil {
			problem.Detail = tiktok.Advice()
		}
		if problem.retryWait == 0 {
			problem.retryWait = tiktok.RetryAfter
		}
	}
	return problem
}

// refusal is the reply to a request that failed, and is logged.
func refusal(req *http.Request, err error) reply { return ProblemOf(err).reply(req, err) }

// refusal of a call that must connect its account again has a link to do it with.
func (c *Call) refusal(req *http.Request, err error) reply {
	problem := ProblemOf(err)
	if fault.Is(err, fault.Reconnect) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(req.Context()), settleTime)
		defer cancel()
		problem.ConnectLink = c.connectLink(ctx)
	}
	return problem.reply(req, err)
}

func (p Problem) reply(req *http.Request, cause error) reply {
	level := slog.LevelInfo
	if p.Status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	slog.Log(req.Context(), level, "request refused", "method", req.Method, "route", req.Pattern, "status", p.Status, "error", cause)
	answer, err := encode(p.Status, "application/problem+json", p)
	if err != nil { // a problem is made of text
		slog.ErrorContext(req.Context(), "encoding a problem", "error", err)
	}
	answer.retryAfter = p.retryWait
	return answer
}
