package client

import "fmt"

// Error implements error.
func (p *Problem) Error() string {
	text := fmt.Sprintf("%s (%d): %s", p.Title, p.Status, p.Detail)
	if p.Errors != nil {
		for _, fault := range *p.Errors {
			text += fmt.Sprintf("; %s%s %s", value(fault.Pointer), value(fault.Parameter), fault.Detail)
		}
	}
	return text
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Answer is what every answer of the API is.
type Answer interface {
	StatusCode() int
	GetBody() []byte
	GetApplicationProblemJSONDefault() *Problem
}

// Refused is nil for an answer with a status of 2xx or 304, and else the error
// it stands for: a *Problem, or the status where API Gateway itself refused.
func Refused(a Answer) error {
	status := a.StatusCode()
	if status/100 == 2 || status == 304 {
		return nil
	}
	if problem := a.GetApplicationProblemJSONDefault(); problem != nil && problem.Type != "" { // API Gateway's message has none
		return problem
	}
	return &StatusError{Status: status, Body: string(a.GetBody())}
}

// StatusError is an answer that is not the API's own, such as API Gateway's to a
// token that has expired.
type StatusError struct {
	Status int
	Body   string
}

// Error implements error.
func (e *StatusError) Error() string { return fmt.Sprintf("HTTP %d: %.200s", e.Status, e.Body) }
