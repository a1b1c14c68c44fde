// Package proof lives through random schedules of orders and faults on a
// simulated clock, with the real planner, fetcher and roller on stores in memory
// that keep DynamoDB's conditions, and compares rows, histories, events and sums
// with what was sold. It has tests only: one file for the world, the market that
// sells in it, what goes wrong, how time passes, and each thing that is compared.
package proof
