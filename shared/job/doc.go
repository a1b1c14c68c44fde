// Package job runs work that is longer than a request: lists of items, a step
// of them at a time, with a checkpoint after each step.
//
// # How a job runs
//
// The store is the truth; messages only wake. A job belongs to an owner and
// goes through one lane: its account's, so that the jobs of one account take
// turns step by step, or else its owner's. A Wake names a lane. Worker takes the
// lane's lease and gives each job of the lane one step after the other until
// nothing is left that can be done now or its own time is nearly up. A lane with
// work left stands in the due index; Planner wakes what is due, so that a lost
// message, a crash or a deploy costs time and nothing else.
//
// Nothing grows with the number of items but the number of objects: the input
// is stored in pieces, the outcome of each step is a Page. Job holds counters,
// the next step and the first few errors.
//
// # What is done once
//
// A step ends in this order: its effects, its page, its checkpoint. A page is
// written once: whoever comes second, a worker that took over or one that was
// slower than its lease, reads the page that is there and takes its outcomes
// for its own. So every item has exactly one outcome, the first that was
// stored, and a step whose page exists is never run again. A checkpoint is a
// write of the job under the condition that nobody else has written it, and a
// worker whose lease went to another writes no more.
//
// What remains is a crash between the effects of a step and its page: then the
// step runs again. Therefore a Kind must be idempotent per item; see there.
//
// # Adding a kind
//
// Write a Spec and a Kind beside the noun they are about (shared/link/bulk.go is
// an example), and add them to the lists in functions/jobs/main.go (the specs:
// what callers may ask for) and functions/job-worker/main.go (the kinds: what is
// run), with the policies that their calls need. The API, the pages, the file,
// pausing and waiting come by themselves.
package job
