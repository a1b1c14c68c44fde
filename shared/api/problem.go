package api

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Problem is an RFC 9457 problem document.
type Problem struct {
	Type      string  `json:"type"`   // stable: "/problems/not-found"
	Title     string  `json:"title"`  // what kind of problem
	Status    int     `json:"status"` // HTTP status
	Detail    string  `json:"detail"` // what happened and what to do
	Errors    []Field `json:"errors,omitempty"`
	TikTok    *TikTok `json:"tiktok,omitempty"`
	retryWait time.Duration
}

// TikTok names TikTok Shop's own error behind a problem.
type TikTok struct {
	Operation string `json:"operation,omitempty"`
	Code      int    `json:"code"`
	RequestID string `json:"request_id,omitempty"` // what TikTok Shop's support asks for
}

// meaning of each kind of fault to a caller of the API.
func meaning(kind fault.Kind) (status int, title string) {
	switch kind {
	case fault.Invalid:
		return http.StatusBadRequest, "The request is not valid"
	case fault.Unauthorized:
		return http.StatusUnauthorized, "No valid credentials"
	case fault.Forbidden:
		return http.StatusForbidden, "Not allowed"
	case fault.NotFound:
		return http.StatusNotFound, "Not found"
	case fault.Gone:
		return http.StatusGone, "No longer kept"
	case fault.Conflict:
		return http.StatusConflict, "The present state forbids it"
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge, "The request is too large"
	case fault.Reconnect:
		return http.StatusConflict, "The account must be connected again"
	case fault.RateLimited:
		return http.StatusTooManyRequests, "Too many requests"
	case fault.Unavailable:
		return http.StatusServiceUnavailable, "Not available at the moment"
	case fault.Retired:
		return http.StatusGone, "TikTok Shop has switched this operation off"
	case fault.OutcomeUnknown:
		return http.StatusGatewayTimeout, "The outcome is unknown"
	}
	return http.StatusInternalServerError, "Something went wrong on our side"
}

// ProblemOf turns any error into a problem. Only messages made for callers are
// shown; causes stay in the log.
func ProblemOf(err error) Problem {
	kind := fault.KindOf(err)
	status, title := meaning(kind)
	problem := Problem{
		Type:   "/problems/" + strings.ReplaceAll(string(kind), "_", "-"),
		Title:  title,
		Status: status,
		Detail: title + ".",
	}
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

func writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	problem := ProblemOf(err)
	level := slog.LevelInfo
	if problem.Status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	slog.Log(r.Context(), level, "request refused", "method", r.Method, "route", r.Pattern, "status", problem.Status, "error", err)
	if problem.retryWait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((problem.retryWait+time.Second-1)/time.Second)))
	}
	writeJSON(w, problem.Status, "application/problem+json", problem)
}
