package order_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/job"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/order/ordertest"
)

// listed gives rows three at a time.
type listed struct {
	rows  []order.Row
	asked order.Selection
}

func (l *listed) Rows(_ context.Context, s order.Selection) (order.Selected, error) {
	l.asked = s
	from := 0
	if s.After != "" {
		_, _ = fmt.Sscan(s.After, &from)
	}
	to := min(from+3, len(l.rows))
	found := order.Selected{Rows: l.rows[from:to]}
	if to < len(l.rows) {
		found.Next = fmt.Sprint(to)
	}
	return found, nil
}

func TestRowsAreWrittenToAFileStepByStep(t *testing.T) {
	t.Parallel()
	const asset = "tap:main:partner:x:1:US"
	made := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	l := &listed{}
	for i := range 7 {
		l.rows = append(l.rows, ordertest.TAPRow(t, asset, fmt.Sprint(i), made.Add(-time.Duration(i)*time.Hour), "SETTLED"))
	}
	l.rows[2].CreatorUsername = "=HYPERLINK(1)"
	kind := order.NewExport(l)
	j := job.Job{Owner: "acme", Asset: asset, CreatedAt: made, Params: json.RawMessage(`{"status":"settled","creator":"mia","created_from":"2026-10-01T00:00:00Z"}`)}
	text := ""
	for number := 0; ; number++ {
		out, err := kind.Run(t.Context(), job.Step{Job: j, Number: number, Count: 1})
		require.NoError(t, err)
		again, err := kind.Run(t.Context(), job.Step{Job: j, Number: number, Count: 1})
		require.NoError(t, err)
		assert.Equal(t, out, again, "a step that is run twice is the same")
		text += out.Text
		if j.Cursor = out.Cursor; out.Last {
			assert.Equal(t, 2, number)
			break
		}
	}
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 8, "the names of the columns once, and every row")
	assert.Equal(t, order.Columns(order.TAP), lines[0])
	assert.Contains(t, lines[3], "'=HYPERLINK(1)")
	assert.Equal(t, order.Selection{
		Asset: asset, Perspective: order.TAP, From: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), To: made, After: "6",
		Filter: order.Filter{Status: order.Settled, Creator: "mia"}, Limit: l.asked.Limit, Work: l.asked.Work,
	}, l.asked)
}

func TestWhatIsAskedOfAFile(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]string{
		``:                                      "",
		`{}`:                                    "",
		`{"status":"paid"}`:                     "/params/status",
		`{"sku":"1"}`:                           "/params",
		`{"created_from":"yesterday"}`:          "/params",
		`{"created_to":"0278-04-12T08:25:23Z"}`: "/params/created_to",
		`{"perspective":"seller"}`:              "/params/perspective",
		`{"perspective":"cap"}`:                 "",
		`{"created_from":"2026-01-02T00:00:00Z","created_to":"2026-01-01T00:00:00Z"}`: "/params/created_to",
		`{"created_from":"2020-01-02T00:00:00Z","created_to":"2026-01-01T00:00:00Z"}`: "/params/created_from",
		`{"settled_from":"2026-01-02T00:00:00Z","settled_to":"2026-01-01T00:00:00Z"}`: "/params/settled_to",
	} {
		got := ""
		ask := job.Ask{Asset: account.Asset{ID: "tap:main:partner:x:1:US"}, Params: json.RawMessage(params)}
		order.ExportSpec().Check(ask, func(pointer, _ string, _ ...any) { got += pointer })
		assert.Equal(t, want, got, params)
	}
}
