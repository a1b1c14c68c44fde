package conversion_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/job"
	"tiktok-shop-affiliate/shared/order"
)

func TestFiguresAreWrittenToAFileStepByStep(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	d := newDays(t)
	var rows []order.Row
	for i := range 6000 {
		rows = append(rows, sale(t, made.Add(-time.Duration(i)*time.Minute), fmt.Sprint("creator", i), "USD", "1", "", order.Pending))
	}
	d.add(rows...)
	kind := conversion.NewExport(d)
	j := job.Job{Owner: "acme", Asset: "creator:main:c1", CreatedAt: made, Params: json.RawMessage(`{"perspective":"creator","by":"creator","zone":"Asia/Tokyo"}`)}
	text, steps := "", 0
	for number := 0; ; number++ {
		out, err := kind.Run(t.Context(), job.Step{Job: j, Number: number, Count: 1})
		require.NoError(t, err)
		text += out.Text
		if j.Cursor, steps = out.Cursor, steps+1; out.Last {
			break
		}
	}
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	assert.Equal(t, 2, steps)
	assert.Len(t, lines, 6001, "the names of the columns once, and every line")
	assert.Equal(t, conversion.Columns(order.Creator), lines[0])
}

func TestWhatIsAskedOfAFile(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]string{
		``: "/params/perspective",
		`{"perspective":"creator","by":"shop","interval":"week","zone":"Asia/Tokyo","currency":"USD","from":"2026-01-01","to":"2026-02-01"}`: "",
		`{"perspective":"seller"}`:                                        "/params/perspective",
		`{"perspective":"creator","zone":"Mars/Base"}`:                    "/params/zone",
		`{"perspective":"creator","by":"buyer"}`:                          "/params/by",
		`{"perspective":"creator","interval":"hour"}`:                     "/params/interval",
		`{"perspective":"creator","currency":"XYZ"}`:                      "/params/currency",
		`{"perspective":"creator","from":"2026-02-31"}`:                   "/params/from",
		`{"perspective":"creator","from":"2026-02-02","to":"2026-02-01"}`: "/params/to",
		`{"perspective":"creator","from":"2020-02-02","to":"2026-02-01"}`: "/params/from",
		`{"perspective":"creator","status":"settled"}`:                    "/params",
	} {
		got := ""
		ask := job.Ask{Asset: account.Asset{ID: "creator:main:c1"}, Params: json.RawMessage(params)}
		conversion.ExportSpec().Check(ask, func(pointer, _ string, _ ...any) { got += pointer })
		assert.Equal(t, want, got, params)
	}
}
