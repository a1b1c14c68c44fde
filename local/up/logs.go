package up

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// logOverlap is how far back each look goes over what was shown: lines arrive
// a little after their time.
const logOverlap = 10 * time.Second

// Logs writes what the functions log from now on, each line once, until ctx ends.
func (p Profile) Logs(ctx context.Context, out io.Writer) error {
	client := cloudwatchlogs.NewFromConfig(p.AWS())
	shown := map[string]bool{}
	fmt.Fprintln(out, "the functions' log lines from now on; Ctrl-C ends")
	for from := time.Now(); ; {
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{
			LogGroupName: aws.String("/tiktok-shop-affiliate/" + StackName), StartTime: aws.Int64(from.UnixMilli()),
		})
		now := map[string]bool{}
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if errors.Is(err, context.Canceled) {
				return nil // that is how following ends
			}
			if err != nil {
				return advise(fmt.Errorf("reading the logs: %w", err), "is it running? `make local` starts it")
			}
			for _, event := range page.Events {
				id := fmt.Sprint(aws.ToString(event.LogStreamName), aws.ToInt64(event.Timestamp), aws.ToString(event.Message))
				now[id] = true
				if !shown[id] {
					writeLog(out, aws.ToString(event.Message))
				}
			}
		}
		shown = now
		if late := time.Now().Add(-logOverlap); late.After(from) {
			from = late
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

// writeLog leaves out the platform's own lines.
func writeLog(out io.Writer, message string) {
	for line := range strings.Lines(message) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "START ") || strings.HasPrefix(line, "END ") || strings.HasPrefix(line, "REPORT ") {
			continue
		}
		fmt.Fprintln(out, line)
	}
}
