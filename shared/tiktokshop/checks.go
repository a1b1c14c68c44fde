package tiktokshop

import (
	"strconv"
	"unicode/utf8"
)

// chars checks the length of a text in characters.
func (p *params) chars(name, value string, low, high int) {
	if n := utf8.RuneCountInString(value); n < low || n > high {
		p.refuse("%s has %d characters: it must have %d to %d", name, n, low, high)
	}
}

// some refuses an empty list.
func (p *params) some(name string, n int) {
	if n == 0 {
		p.refuse("%s is empty: it is required", name)
	}
}

// flag is a query value; false is not sent.
func flag(set bool) string {
	if !set {
		return ""
	}
	return strconv.FormatBool(set)
}
