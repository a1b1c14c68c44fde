package sandbox

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Fault spoils calls of one operation. Zero fields change nothing: a fault of
// nothing but DelayMS only slows the call down.
type Fault struct {
	Operation  string `json:"operation"`             // "GET /authorization/202309/shops", "GET /api/v2/token/refresh", … or "*"
	Skip       int    `json:"skip,omitempty"`        // calls to leave alone first
	Times      int    `json:"times,omitempty"`       // calls to spoil; 0 = 1, negative = every one
	After      bool   `json:"after,omitempty"`       // do the work, then spoil the answer
	DelayMS    int    `json:"delay_ms,omitempty"`    // wait this long first
	Status     int    `json:"status,omitempty"`      // HTTP status of the answer; 200 when only Code is given
	Code       int    `json:"code,omitempty"`        // of the envelope
	Message    string `json:"message,omitempty"`     // of the envelope
	RetryAfter int    `json:"retry_after,omitempty"` // seconds, sent as Retry-After
	Body       string `json:"body,omitempty"`        // sent instead of an envelope
	Cut        bool   `json:"cut,omitempty"`         // close the connection without an answer; Go's client sends a GET again by itself when it had used the connection before
	Truncate   bool   `json:"truncate,omitempty"`    // send half of the true answer

	// Data is sent as the data of an answer of code 0: a failure told in the second envelope.
	Data json.RawMessage `json:"data,omitempty"`
	// PageToken spoils paging: "wrong" hands out a token that nothing takes,
	// "repeat" the one of this page again; "expired" refuses the token sent.
	PageToken string `json:"page_token,omitempty"`
	// Shift moves a further page by so many rows, as rows that came or went since
	// the first page do: negative repeats rows, positive leaves rows out.
	Shift int `json:"shift,omitempty"`
	// ClockSkewSeconds is how far the gateway's clock is ahead.
	ClockSkewSeconds int64 `json:"clock_skew_seconds,omitempty"`

	Spoiled int `json:"spoiled"` // calls spoiled so far
}

// AddFault scripts a fault; of several that fit a call, the oldest unspent one strikes.
func (s *Sandbox) AddFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Times, f.Spoiled = orElse(f.Times, 1), 0
	s.faults = append(s.faults, &f)
}

// ClearFaults forgets all faults.
func (s *Sandbox) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// strike takes the fault that is due for a call, if any.
func (s *Sandbox) strike(operation string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Operation != "*" && f.Operation != operation || f.Times == 0 {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		f.Spoiled++
		return *f
	}
	return Fault{}
}

func (f Fault) replaces() bool {
	return f.Status != 0 || f.Code != 0 || f.Body != "" || f.Cut || f.Data != nil
}

// wait takes the fault's delay, or ends with the request.
func (f Fault) wait(ctx context.Context) {
	if f.DelayMS == 0 {
		return
	}
	select {
	case <-time.After(time.Duration(f.DelayMS) * time.Millisecond):
	case <-ctx.Done():
	}
}

// answer is the spoiled answer in place of the true one.
func (f Fault) answer(w http.ResponseWriter, id string) reply {
	if f.Cut {
		panic(http.ErrAbortHandler)
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	r := reply{status: orElse(f.Status, http.StatusOK), code: f.Code, body: []byte(f.Body)}
	if f.Body == "" {
		answer := envelope{Code: f.Code, Message: orElse(f.Message, "scripted fault"), RequestID: id}
		if f.Data != nil {
			answer.Data = f.Data
		}
		r.body, _ = json.Marshal(answer)
	}
	return r
}
