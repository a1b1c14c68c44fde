package job

import (
	"context"
	"encoding/json"
)

// The self-test does nothing, many times. That a job of it ends well shows an
// operator that queue, tables, bucket, worker and schedule of a deployment work
// together.

// MaxSelfTest is how many items a self-test may have.
const MaxSelfTest = 100_000

// SelfTestParams are the parameters of a self-test.
type SelfTestParams struct {
	Items int `json:"items"`
}

// SelfTestSpec describes self-tests.
func SelfTestSpec() Spec {
	return Spec{
		Name: "self_test", StepItems: 100, File: &File{Extension: "ndjson", MediaType: "application/x-ndjson"},
		Check: func(ask Ask, fault func(pointer, format string, args ...any)) int {
			var params SelfTestParams
			if err := json.Unmarshal(ask.Params, &params); err != nil || params.Items < 1 || params.Items > MaxSelfTest {
				fault("/items", "must be 1 to %d", MaxSelfTest)
			}
			return params.Items
		},
	}
}

// SelfTest is the kind.
type SelfTest struct{}

// Spec implements Kind.
func (SelfTest) Spec() Spec { return SelfTestSpec() }

// Run implements Kind. It has no effect, so running it twice changes nothing.
func (SelfTest) Run(_ context.Context, step Step) (Outcome, error) {
	results := make([]Result, step.Count)
	for i := range results {
		results[i] = Result{Index: step.Start + i, Status: ItemDone}
	}
	return Outcome{Results: results}, nil
}
