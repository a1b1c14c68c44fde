// Package sheet writes CSV (RFC 4180) that people open in spreadsheets.
package sheet

import (
	"encoding/csv"
	"regexp"
	"strings"
)

// MediaType of what Text makes.
const MediaType = "text/csv; charset=utf-8"

// number is what a spreadsheet may read as a number, and nothing else.
var number = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// Cell guards a text against being run as a formula: one that begins with a
// character that starts formulas is given an apostrophe, which spreadsheets do
// not show. Numbers stay as they are.
func Cell(text string) string {
	if text == "" || number.MatchString(text) {
		return text
	}
	for _, start := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(text, start) {
			return "'" + text
		}
	}
	return text
}

// Text is the lines of a CSV file, each cell guarded.
func Text(lines ...[]string) (string, error) {
	var out strings.Builder
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	guarded := []string{}
	for _, line := range lines {
		guarded = guarded[:0]
		for _, cell := range line {
			guarded = append(guarded, Cell(cell))
		}
		if err := w.Write(guarded); err != nil {
			return "", err
		}
	}
	w.Flush()
	return out.String(), w.Error()
}
