// Package order follows affiliate orders until they are final.
//
// TikTok Shop's order search filters by create time only, sorts by nothing and
// pages by something like an offset. So an asset's past is cut into windows of
// create time, and each window is read again and again, the newer the oftener.
// The Planner finds assets that are due and wakes the Fetcher; the Fetcher
// reads an asset's due windows under a lease and writes the rows that changed.
package order
