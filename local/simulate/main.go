package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	sizes := flag.String("connections", "1000,10000,50000", "how many connections to simulate, several by comma")
	docs := flag.String("docs", "docs", "the folder to write simulation.md and simulation.svg to")
	flag.Parse()
	if err := run(context.Background(), *sizes, *docs); err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, sizes, docs string) error {
	var days []*figures
	for size := range strings.SplitSeq(sizes, ",") {
		count, err := strconv.Atoi(strings.TrimSpace(size))
		if err != nil || count < 1 {
			return fmt.Errorf("%q is not a number of connections", size)
		}
		fmt.Printf("simulating %d connections for a day\n", count)
		began := time.Now()
		f, err := simulate(ctx, count)
		if err != nil {
			return err
		}
		f.took = time.Since(began)
		fmt.Printf("  %d calls, %d rows new, %d changed, in %s\n", f.calls, f.sold, f.changed, f.took.Round(time.Second))
		days = append(days, f)
		if err := write(docs, days); err != nil { // what is known so far
			return err
		}
	}
	fmt.Println(report(days))
	return nil
}

func write(docs string, days []*figures) error {
	if err := os.WriteFile(filepath.Join(docs, "simulation.md"), []byte(report(days)), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(docs, "simulation.svg"), []byte(chart(days)), 0o600)
}
