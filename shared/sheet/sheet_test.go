package sheet_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/sheet"
)

func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "plain": "plain", "12": "12", "-3.50": "-3.50", "1.2345 USD": "1.2345 USD",
		"=1+1": "'=1+1", "+491234": "'+491234", "-1+1": "'-1+1", "-": "'-", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1", "＝1": "'＝1",
		"'=1": "'=1", " =1": " =1", "1=1": "1=1",
	} {
		assert.Equal(t, want, sheet.Cell(text), "%q", text)
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	text, err := sheet.Text([]string{"name", "note"}, []string{`say "hi"`, "a,b\nc"}, []string{"=cmd()", "ü"})
	require.NoError(t, err)
	assert.Equal(t, "name,note\r\n\"say \"\"hi\"\"\",\"a,b\r\nc\"\r\n'=cmd(),ü\r\n", text)
	read, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	assert.Equal(t, [][]string{{"name", "note"}, {`say "hi"`, "a,b\nc"}, {"'=cmd()", "ü"}}, read)
}
