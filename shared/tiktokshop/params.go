package tiktokshop

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// request is one generated request type.
type request interface{ encode(p *params) }

// noParams is the request of operations without parameters.
type noParams struct{}

func (noParams) encode(*params) {}

// params collects what a request puts where, and the first limit it breaks.
type params struct {
	pathValues map[string]string
	queries    url.Values
	body       any
	upload     *upload // instead of a body
	broken     string
}

// idText is what may stand in a path: it is signed as it is sent.
var idText = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

func (p *params) path(name, value string) {
	if !idText.MatchString(value) {
		p.refuse("%s is %.40q: an id of letters and digits is needed", name, value)
	}
	p.pathValues[name] = value
}

func (p *params) query(name, value string) {
	if value != "" {
		p.queries.Set(name, value)
	}
}

func (p *params) required(name, value string) {
	if value == "" {
		p.refuse("%s is empty: it is required", name)
	}
}

func (p *params) between(name string, value, low, high int64) {
	if value < low || value > high {
		p.refuse("%s is %d: it must be %d to %d", name, value, low, high)
	}
}

func (p *params) count(name string, n, low, high int) {
	if n < low || n > high {
		p.refuse("%s has %d entries: it must have %d to %d", name, n, low, high)
	}
}

func (p *params) oneOf(name, value string, known ...string) {
	if !slices.Contains(known, value) {
		p.refuse("%s is %.40q: it must be one of %s", name, value, strings.Join(known, ", "))
	}
}

func (p *params) together(from, to Unix) {
	if (from == 0) != (to == 0) {
		p.refuse("create_time_ge and create_time_lt are given both or not at all")
	}
}

func (p *params) window(from, to Unix, days int) {
	if from == 0 || to == 0 {
		return
	}
	if to <= from {
		p.refuse("create_time_lt is not after create_time_ge")
	}
	if longest := time.Duration(days) * 24 * time.Hour; to.Time().Sub(from.Time()) > longest {
		p.refuse("create_time_ge to create_time_lt is longer than %d days", days)
	}
}

func (p *params) refuse(format string, args ...any) {
	if p.broken == "" {
		p.broken = fmt.Sprintf(format, args...)
	}
}

// number is a query value; 0 is not sent.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
