// Package obs is what operators see: structured logs and metrics. Neither ever
// carries a token, and metrics carry the kind of an account, never its id.
package obs

import (
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Namespace is the CloudWatch namespace of all metrics.
const Namespace = "TikTokShopAffiliate"

// Logger writes JSON lines to standard output and honours the log level and
// format that Lambda sets; each line names the function, and lines of an
// invocation carry its request id.
func Logger() *slog.Logger {
	return lambdacontext.NewLogger().With("function", lambdacontext.FunctionName)
}

// Meter writes metrics in CloudWatch's embedded metric format: one log line, no
// call. It is safe for concurrent use.
type Meter struct {
	mu  sync.Mutex
	out io.Writer
	now func() time.Time
}

// NewMeter writes to standard output.
func NewMeter(now func() time.Time) *Meter { return NewMeterTo(os.Stdout, now) }

// NewMeterTo writes to out.
func NewMeterTo(out io.Writer, now func() time.Time) *Meter { return &Meter{out: out, now: now} }

// Unit is a CloudWatch unit.
type Unit string

// The units in use.
const (
	Count   Unit = "Count"
	Seconds Unit = "Seconds"
)

// Put records one value. Dimensions must have few values: a metric is billed
// per combination.
func (m *Meter) Put(name string, value float64, unit Unit, dimensions map[string]string) {
	names := slices.Sorted(maps.Keys(dimensions))
	line := map[string]any{
		"_aws": map[string]any{
			"Timestamp": m.now().UnixMilli(),
			"CloudWatchMetrics": []any{map[string]any{
				"Namespace":  Namespace,
				"Dimensions": [][]string{append([]string{}, names...)},
				"Metrics":    []any{map[string]any{"Name": name, "Unit": unit}},
			}},
		},
		name: value,
	}
	for key, v := range dimensions {
		line[key] = v
	}
	encoded, err := json.Marshal(line)
	if err != nil {
		return // a NaN; nothing to record
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, _ = m.out.Write(append(encoded, '\n'))
}
