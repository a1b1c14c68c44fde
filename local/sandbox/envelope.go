package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// envelope is what every answer comes in. Source: OAS.
type envelope struct {
	Code      int    `json:"code"`
	Message   string `json:"message"`
	Data      any    `json:"data"`
	RequestID string `json:"request_id"`
}

// refusal is an answer whose code is not 0.
type refusal struct {
	status  int // HTTP
	code    int
	message string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s", r.code, r.message) }

// refuse is a business refusal: HTTP 200, as most of them are.
func refuse(code int, format string, args ...any) error {
	return &refusal{http.StatusOK, code, fmt.Sprintf(format, args...)}
}

// invalid refuses a parameter.
func invalid(format string, args ...any) error {
	return refuse(98001004, "Invalid parameter: "+format, args...)
}

// reply is an answer ready to be sent.
type reply struct {
	status, code int
	body         []byte
}

// serve answers one call of an operation: its fault, its work, its envelope, its
// place in the count of calls. The work runs under the lock.
func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request, operation string, work func(Fault) (any, error)) {
	fault, id := s.strike(operation), requestID(s.now())
	fault.wait(r.Context())
	var answer reply
	if fault.replaces() && !fault.After {
		s.count(operation, fault.Status, fault.Code)
		answer = fault.answer(w, id)
	} else {
		answer = s.work(operation, id, fault, work)
		switch {
		case fault.replaces():
			answer = fault.answer(w, id)
		case fault.Truncate:
			answer.body = answer.body[:len(answer.body)/2]
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body)
}

func (s *Sandbox) work(operation, id string, fault Fault, work func(Fault) (any, error)) reply {
	s.mu.Lock()
	data, err := work(fault)
	s.mu.Unlock()
	answer := envelope{Message: "Success", Data: data, RequestID: id}
	status := http.StatusOK
	if refused := (*refusal)(nil); errors.As(err, &refused) {
		status, answer.Code, answer.Message, answer.Data = refused.status, refused.code, refused.message, nil
	}
	s.count(operation, status, answer.Code)
	body, err := json.Marshal(answer)
	if err != nil {
		panic(err) // an answer made of our own values always encodes
	}
	return reply{status: status, code: answer.Code, body: body}
}

func (s *Sandbox) count(operation string, status, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls[operation] == nil {
		s.calls[operation] = map[string]int{}
	}
	s.calls[operation][fmt.Sprintf("%d/%d", status, code)]++
}
