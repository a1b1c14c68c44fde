package job

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/account"
)

// Limits of what a kind keeps in the job, in bytes, so that the job stays small.
const (
	MaxParams = 8 << 10
	MaxCursor = 4 << 10
)

// Spec is what the API has to know of a kind.
type Spec struct {
	Name string
	// Connected says that such a job works through a connection of its owner, as
	// long as the owner has it. It then takes turns with the other jobs of the
	// connection's account.
	Connected bool
	// MaxItems is how many items a caller may send; 0 for kinds whose items are
	// not sent but follow from the parameters.
	MaxItems int
	// StepItems is how many items a step takes at most. A step should take a few
	// seconds, at most 15.
	StepItems int
	// Open says that the number of items is not known beforehand: such a job is
	// over when an outcome says Last.
	Open bool
	// Check looks at a request before anything is stored and names every fault
	// with a JSON pointer into the request's body. Of kinds that are sent no
	// items it returns how many there will be, if that is known.
	Check func(ask Ask, fault func(pointer, format string, args ...any)) (total int)
	// File describes the file a finished job offers; nil: none.
	File *File
}

// File is the form of a job's file. A kind that gives no text of its own with
// its outcomes gets its results, one JSON object a line.
type File struct {
	Extension string // "ndjson", "csv"
	MediaType string
	Head      string // the first text of the file, such as the names of columns
}

// Ask is a request for a job. Its asset is one of the owner's: whoever makes an
// Ask has looked.
type Ask struct {
	Owner        string
	At           time.Time // when it is asked
	Kind         string
	ConnectionID string
	Asset        account.Asset // of a connected kind
	Params       json.RawMessage
	Items        []json.RawMessage
}

// Kind is the work itself.
//
// Run does the items of a step in order and answers with one result for each
// that it got to; the rest is left to the next step. An item that fails is a
// result. An error is about the whole step, and nothing of the step counts:
//   - LaterError: the job waits for what it has set going;
//   - fault.RateLimited: the job waits as long as the error says;
//   - fault.Reconnect: the job is paused, its owner resumes it;
//   - Invalid, Unauthorized, Forbidden, NotFound, TooLarge, Retired: it has failed;
//   - anything else: it is tried again later, a limited number of times.
//
// Run must be idempotent per item: after a crash the same step comes again,
// possibly while the worker that was thought dead still runs, and then an effect
// that has happened must not happen a second time. Either the effect has a
// natural key and doing it again changes nothing, or Run finds out first whether
// it has happened. Step.Attempt says how often the step was begun.
type Kind interface {
	Spec() Spec
	Run(ctx context.Context, step Step) (Outcome, error)
}

// LaterError is a step's error that says: what the step waits for is under way, and
// the step is to be run again after a while.
type LaterError struct{ Wait time.Duration }

// Error implements error.
func (l *LaterError) Error() string { return "job: to be run again in " + l.Wait.String() }

// Step is a part of a job that is run in one go.
type Step struct {
	Job     Job               // not to be changed
	Asset   account.Asset     // of a connected kind: as its owner has it now
	Number  int               // from 0
	Start   int               // index of the step's first item
	Items   []json.RawMessage // the items from Start on, of kinds that are sent items
	Count   int               // how many items to do at most
	Attempt int               // from 1
}

// ReadParams reads the parameters of a job strictly: what is unknown is an error.
func ReadParams[T any](params json.RawMessage) (p T, err error) {
	if len(params) == 0 {
		return p, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(params))
	decoder.DisallowUnknownFields()
	return p, decoder.Decode(&p)
}

// Outcome is what came of a step.
type Outcome struct {
	Results []Result        // of the items from Step.Start on, in order
	Cursor  json.RawMessage // the kind's own note for the next step, at most MaxCursor; kept when nil
	Total   int             // how many items there are, when that was learned
	Last    bool            // of open kinds: nothing is left
	Text    string          // to be appended to the file
	Wait    time.Duration   // before the next step
}

// Result is the outcome of one item.
type Result struct {
	Index   int             `json:"index"`
	Status  Status          `json:"status"`
	Result  json.RawMessage `json:"result,omitempty"` // what the kind made of it
	Problem *Problem        `json:"problem,omitempty"`
}

// Status is how an item ended.
type Status string

// The statuses.
const (
	ItemDone   Status = "done"
	ItemFailed Status = "failed"
)

// Succeeded is the result of an item that went well; value becomes JSON.
func Succeeded(value any) (Result, error) {
	encoded, err := json.Marshal(value)
	return Result{Status: ItemDone, Result: encoded}, err
}

// Refused is the result of an item that failed.
func Refused(err error) Result {
	return Result{Status: ItemFailed, Problem: ProblemOf(err)}
}

// Specs finds specs by name.
type Specs []Spec

// Find returns the spec with the name, found or not.
func (s Specs) Find(name string) (Spec, bool) {
	i := slices.IndexFunc(s, func(spec Spec) bool { return spec.Name == name })
	if i < 0 {
		return Spec{}, false
	}
	return s[i], true
}

// Names are the names of all.
func (s Specs) Names() []string {
	names := make([]string, 0, len(s))
	for _, spec := range s {
		names = append(names, spec.Name)
	}
	return names
}
