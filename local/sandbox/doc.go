// Package sandbox is TikTok Shop for one machine: the token endpoints, the
// consent pages, the affiliate operations and the signed webhooks, answering
// with the official paths, shapes and refusals.
//
// Every check here is written from the published description and shares no code
// with the client it is used against, so that one mistake cannot hide in both.
// The clock is real: orders are back-dated, and only what still lies ahead of
// an order is compressed (see Settings.SecondsPerDay).
//
// The control API, on a port of its own, creates things, injects faults and
// tells the truth about what a faithful client should know. README.md lists it.
package sandbox
