package main

import (
	"fmt"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/order"
)

// price is AWS's list price in US dollars for us-east-1, November 2026: on-demand
// DynamoDB, Lambda on arm64 and SQS standard queues. Free tiers are left out.
type price struct {
	millionWrites, millionReads, millionInvocations, gbSecond, millionMessages float64
}

func listPrice() price {
	return price{millionWrites: 0.625, millionReads: 0.125, millionInvocations: 0.20, gbSecond: 0.0000133334, millionMessages: 0.40}
}

// cost is the price of a day.
func (p price) cost(f *figures) float64 {
	const planner = 24 * 60 // invocations, of about a second
	messages := float64(f.wakes)/10 + 2*float64(f.invocations)
	return f.writes()*p.millionWrites/1e6 + f.units.Reads*p.millionReads/1e6 +
		float64(f.invocations+planner)*p.millionInvocations/1e6 + (f.gbSeconds+planner*memoryGB)*p.gbSecond + messages*p.millionMessages/1e6
}

func (f *figures) writes() float64 {
	return f.units.Rows + f.units.Windows + f.units.Pages + f.units.Schedules
}

func (f *figures) each(n float64) float64 { return n / float64(f.connections) }

// report is docs/simulation.md.
func report(days []*figures) string {
	var b strings.Builder
	b.WriteString("# A simulated day\n\nWritten by `make simulate`: the product's own planner, fetcher and rules on a simulated clock, on a store in memory that keeps DynamoDB's conditions, against an order search that pages by offset. Nothing waits; everything else is what runs in Lambda.\n\n![calls, cost and freshness by the number of connections](simulation.svg)\n\n")
	row := func(name string, cell func(*figures) string) {
		b.WriteString("| " + name + " |")
		for _, f := range days {
			b.WriteString(" " + cell(f) + " |")
		}
		b.WriteString("\n")
	}
	row("Connections", func(f *figures) string { return thousands(float64(f.connections)) })
	b.WriteString("|---|" + strings.Repeat("---:|", len(days)) + "\n")
	count := func(name string, of func(*figures) float64) {
		row(name, func(f *figures) string { return thousands(of(f)) })
		row("… per connection", func(f *figures) string { return fmt.Sprintf("%.2f", f.each(of(f))) })
	}
	row("New rows", func(f *figures) string { return thousands(float64(f.sold)) })
	row("Changed rows", func(f *figures) string { return thousands(float64(f.changed)) })
	count("TikTok Shop calls", func(f *figures) float64 { return float64(f.calls) })
	count("Wakes", func(f *figures) float64 { return float64(f.wakes) })
	row("Invocations of the fetcher", func(f *figures) string { return thousands(float64(f.invocations)) })
	row("GB-seconds of the fetcher", func(f *figures) string { return thousands(f.gbSeconds) })
	count("Write units", (*figures).writes)
	row("… of rows with their index", func(f *figures) string { return thousands(f.units.Rows) })
	row("… of windows", func(f *figures) string { return thousands(f.units.Windows) })
	row("… of their pages", func(f *figures) string { return thousands(f.units.Pages) })
	row("… of schedules with their index", func(f *figures) string { return thousands(f.units.Schedules) })
	row("… of them per wake", func(f *figures) string { return fmt.Sprintf("%.2f", f.units.Schedules/float64(f.wakes)) })
	count("Read units", func(f *figures) float64 { return f.units.Reads })
	row("List price a day", func(f *figures) string { return fmt.Sprintf("$%.2f", listPrice().cost(f)) })
	row("… per connection and month", func(f *figures) string { return fmt.Sprintf("$%.4f", f.each(listPrice().cost(f))*30) })
	row("Freshness of new rows, p50", func(f *figures) string { return span(f.newP50) })
	row("… p99", func(f *figures) string { return span(f.newP99) })
	row("Freshness of changes, p50", func(f *figures) string { return span(f.changeP50) })
	row("… p99", func(f *figures) string { return span(f.changeP99) })
	row("Time to simulate two days", func(f *figures) string { return f.took.Round(time.Second).String() })

	b.WriteString("\n## How it grows\n\n")
	if len(days) > 1 {
		first, last := days[0], days[len(days)-1]
		times := func(of func(*figures) float64) string {
			return fmt.Sprintf("%.2f", of(last)/of(first)/(float64(last.connections)/float64(first.connections)))
		}
		fmt.Fprintf(&b, "From %s to %s connections, per connection (1.00 is linear): TikTok Shop calls %s, write units %s, read units %s, list price %s. Every minute the planner moves its mark and asks %d shards of the due index, whatever exists; beyond that everything follows what is due.\n",
			thousands(float64(first.connections)), thousands(float64(last.connections)),
			times(func(f *figures) float64 { return float64(f.calls) }), times((*figures).writes),
			times(func(f *figures) float64 { return f.units.Reads }), times(func(f *figures) float64 { return listPrice().cost(f) }), 16)
	}
	b.WriteString("\n## Assumptions\n\n")
	for _, line := range assumptions() {
		b.WriteString("- " + line + "\n")
	}
	return b.String()
}

func assumptions() []string {
	p, r := listPrice(), order.DefaultRules()
	var skew []string
	for _, c := range classes() {
		skew = append(skew, fmt.Sprintf("%.1f %% sell %g rows a day", float64(c.perMille)/10, c.perDay))
	}
	return []string{
		"Skew: " + strings.Join(skew, ", ") + ". Sales come at random moments. One in 20 connections is a partner, one in three a creator, the others are shops.",
		fmt.Sprintf("Rows: %.0f %% appear one hour to 20 days after their create time, the others within minutes; %.0f %% are cancelled or returned; delivery after 2 to 6 days; %.0f %% of the rest settle 31 days after delivery, the others after 15.", lateShare*100, refusedShare*100, longSettlement*100),
		fmt.Sprintf("Connected over six hours with %d days of history, then a day to warm up, then the day that is measured. Windows older than that history are not part of it.", int(horizon/day)),
		fmt.Sprintf("Rules: the defaults. Cadence %v, back-off of quiet windows up to %d times, jitter %d %%.", cadence(r.Cadence), r.QuietMost, r.Jitter),
		fmt.Sprintf("Time: a TikTok Shop call %s, a DynamoDB write %s, %d invocations side by side (WorkerConcurrency) with %d reads each. TikTok Shop refuses nothing.", callTime, writeTime, concurrency, atOnce),
		"No webhooks: a shop's order status webhook brings its next read forward, which this leaves out.",
		"Units: row 1 and its index 1, window and page items by their size, transactions twice, an update of a schedule 1 and of its index 2; reads by size. The tests measure the same against the emulator with `ReturnConsumedCapacity`.",
		fmt.Sprintf("List prices (us-east-1, November 2026, no free tier): $%g per million write units, $%g per million read units, $%g per million invocations, $%g per GB-second (arm64, %g GB), $%g per million SQS requests. Not counted: change events, roll-ups, storage, logs and metrics, which follow the rows that change.", p.millionWrites, p.millionReads, p.millionInvocations, p.gbSecond, memoryGB, p.millionMessages),
		"Freshness of a row: from the moment TikTok Shop shows it; of a change: from the moment the order search says it. Both until it is stored.",
	}
}

func cadence(steps order.Cadence) string {
	var parts []string
	for _, s := range steps {
		parts = append(parts, fmt.Sprintf("%s up to an age of %s", span(s.Every), span(s.Age)))
	}
	return strings.Join(parts, ", ")
}

// span is a duration in the largest unit that leaves it readable.
func span(d time.Duration) string {
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%.0f d", d.Hours()/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	case d >= 2*time.Minute:
		return fmt.Sprintf("%.1f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}

func thousands(n float64) string {
	text := fmt.Sprintf("%.0f", n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
