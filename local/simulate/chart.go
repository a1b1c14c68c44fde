package main

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// panel is one small chart: a figure of each size, as bars.
type panel struct {
	title string
	of    func(*figures) float64
	show  func(float64) string
}

func panels() []panel {
	money := func(v float64) string { return fmt.Sprintf("$%.2f", v) }
	hours := func(v float64) string { return span(time.Duration(v) * time.Second) }
	return []panel{
		{"TikTok Shop calls a day", func(f *figures) float64 { return float64(f.calls) }, thousands},
		{"Write units a day", (*figures).writes, thousands},
		{"List price a day", func(f *figures) float64 { return listPrice().cost(f) }, money},
		{"Freshness of new rows, p99", func(f *figures) float64 { return f.newP99.Seconds() }, hours},
		{"Calls per connection", func(f *figures) float64 { return f.each(float64(f.calls)) }, func(v float64) string { return fmt.Sprintf("%.1f", v) }},
		{"Price per connection and month", func(f *figures) float64 { return f.each(listPrice().cost(f)) * 30 }, func(v float64) string { return fmt.Sprintf("$%.4f", v) }},
	}
}

// chart is docs/simulation.svg: bars from zero, one panel a figure.
func chart(days []*figures) string {
	const width, height, across = 300, 190, 3
	var b strings.Builder
	list := panels()
	rows := (len(list) + across - 1) / across
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", across*width, rows*height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", across*width, rows*height)
	for i, p := range list {
		x, y := i%across*width, i/across*height
		fmt.Fprintf(&b, `<text x="%d" y="%d" font-weight="bold">%s</text>`+"\n", x+15, y+20, p.title)
		most := 0.0
		for _, f := range days {
			most = math.Max(most, p.of(f))
		}
		for n, f := range days {
			const tall = 105
			value := p.of(f)
			bar := 0.0
			if most > 0 {
				bar = tall * value / most
			}
			left, slot := float64(x+15), float64(width-30)/float64(len(days))
			left += slot * float64(n)
			fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="#2a6f97"/>`+"\n", left+slot*0.15, float64(y+155)-bar, slot*0.7, bar)
			fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n", left+slot/2, float64(y+150)-bar, p.show(value))
			fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle" fill="#555">%s</text>`+"\n", left+slot/2, y+172, thousands(float64(f.connections)))
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}
