package order

import "time"

// Earliest is before any order was made: no earlier time is asked for.
func Earliest() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// CheckSpan names what is wrong with a range of times whose ends are called
// name_from and name_to. A range is at most longest, which is most in words; 0:
// of any length.
func CheckSpan(name string, from, to time.Time, longest time.Duration, most string, fault func(name, format string, args ...any)) {
	early := func(end string, at time.Time) {
		if !at.IsZero() && at.Before(Earliest()) {
			fault(name+"_"+end, "must not be before the year 2000")
		}
	}
	early("from", from)
	early("to", to)
	switch {
	case from.IsZero() || to.IsZero():
	case !from.Before(to):
		fault(name+"_to", "must be after %s_from", name)
	case longest > 0 && to.Sub(from) > longest:
		fault(name+"_from", "must be at most %s before %s_to", most, name)
	}
}
