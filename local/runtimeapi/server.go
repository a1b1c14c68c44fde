package runtimeapi

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

// maxAnswer is the largest answer Lambda takes, in bytes.
const maxAnswer = 6<<20 + 100

func (p *Process) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", p.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", p.answer)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", p.fail)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", p.failStart)
	return mux
}

// next hands out an event as soon as there is one.
func (p *Process) next(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	if p.startup == 0 {
		p.startup = time.Since(p.started)
		close(p.asked)
	}
	p.mu.Unlock()
	select {
	case <-r.Context().Done():
	case c := <-p.calls:
		p.mu.Lock()
		p.current = c
		p.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", c.id)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(p.function.Timeout).UnixMilli(), 10))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:"+p.function.Name)
		_, _ = w.Write(c.event) // to a process that is gone, which is seen elsewhere
	}
}

func (p *Process) answer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer+1))
	switch {
	case err != nil:
		w.WriteHeader(http.StatusBadRequest) // the process is gone, or talks nonsense
	case len(body) > maxAnswer:
		p.settle(w, r, http.StatusRequestEntityTooLarge, result{err: &FunctionError{Type: "Function.ResponseSizeTooLarge", Message: "the answer is larger than 6 MB"}})
	default:
		p.settle(w, r, http.StatusAccepted, result{body: body})
	}
}

func (p *Process) fail(w http.ResponseWriter, r *http.Request) {
	p.settle(w, r, http.StatusAccepted, result{err: readError(r)})
}

// failStart notes why a function cannot start; it ends by itself.
func (p *Process) failStart(w http.ResponseWriter, r *http.Request) {
	slog.New(slog.NewTextHandler(p.function.Log, nil)).Error("the function could not start", "error", readError(r))
	w.WriteHeader(http.StatusAccepted)
}

// settle ends the current call, once.
func (p *Process) settle(w http.ResponseWriter, r *http.Request, status int, with result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil || p.current.id != r.PathValue("id") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	p.current.result <- with
	p.current = nil
	w.WriteHeader(status)
}

func readError(r *http.Request) *FunctionError {
	var reported FunctionError
	if err := json.NewDecoder(io.LimitReader(r.Body, maxAnswer)).Decode(&reported); err != nil {
		return &FunctionError{Type: "Runtime.Unknown", Message: "the function reported an error that cannot be read"}
	}
	return &reported
}
