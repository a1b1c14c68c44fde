// Command simulate lives through a day of many connections with the product's
// own planner, fetcher and rules, on a store in memory and a simulated clock,
// and writes what it cost: docs/simulation.md and docs/simulation.svg.
package main
