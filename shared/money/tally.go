package money

import (
	"math"
	"math/bits"

	"github.com/shopspring/decimal"
)

// MostPlaces is how many decimal places Units and Tally know.
const MostPlaces = 18

// Units is the amount as a whole number of 10^-places, with as few places as
// possible. ok is false for no amount, and where it does not fit.
func (a Amount) Units() (n int64, places int, ok bool) {
	exponent := a.value.Exponent()
	if a.IsZero() || exponent > 0 || !a.value.Coefficient().IsInt64() {
		return 0, 0, false
	}
	n, places = trimmed(a.value.CoefficientInt64(), int(-exponent))
	return n, places, places <= MostPlaces
}

func trimmed(n int64, places int) (int64, int) {
	for places > 0 && n%10 == 0 {
		n, places = n/10, places-1
	}
	return n, places
}

// Tally adds up amounts of one currency. It is exact and, as long as the sum fits
// into 64 bits, makes no garbage. The zero Tally is of no amounts.
type Tally struct {
	n      int64 // of 10^-places
	places uint8
	some   bool
	more   *decimal.Decimal // what did not fit
}

// Add adds n × 10^-places; places are at most MostPlaces.
func (t *Tally) Add(n int64, places int) {
	t.some = true
	if p := int(t.places); places != p {
		switch {
		case places > p:
			t.n = t.scaled(t.n, p, places)
			t.places = uint8(places) //nolint:gosec // at most MostPlaces
		default:
			n = t.scaled(n, places, p)
		}
	}
	sum := t.n + n
	if (sum > t.n) != (n > 0) && n != 0 {
		t.spill(t.n, int(t.places))
		sum = n
	}
	t.n = sum
}

// AddAmount adds an amount; no amount is nothing.
func (t *Tally) AddAmount(a Amount) {
	if n, places, ok := a.Units(); ok {
		t.Add(n, places)
	} else if !a.IsZero() {
		t.some = true
		t.beside(a.value)
	}
}

// AddTally adds another sum.
func (t *Tally) AddTally(other Tally) {
	if !other.some {
		return
	}
	t.Add(other.n, int(other.places))
	if other.more != nil {
		t.beside(*other.more)
	}
}

// IsZero reports whether nothing was added.
func (t *Tally) IsZero() bool { return !t.some }

// Units is the sum like the Units of an amount.
func (t *Tally) Units() (n int64, places int, ok bool) {
	n, places = trimmed(t.n, int(t.places))
	return n, places, t.some && t.more == nil
}

// Amount is the sum; no amount when nothing was added.
func (t *Tally) Amount(currency string) Amount {
	if !t.some {
		return Amount{}
	}
	value := decimal.New(t.n, -int32(t.places))
	if t.more != nil {
		value = value.Add(*t.more)
	}
	return Amount{value: value, currency: currency}
}

// scaled is n with more places. What does not fit goes beside.
func (t *Tally) scaled(n int64, from, to int) int64 {
	for places := from; places < to; places++ {
		high, low := bits.Mul64(uint64(max(n, -n)), 10) //nolint:gosec // not negative but for the smallest, which does not fit
		if high > 0 || low > math.MaxInt64 {
			t.spill(n, places)
			return 0
		}
		n *= 10
	}
	return n
}

func (t *Tally) spill(n int64, places int) { t.beside(decimal.New(n, -int32(places))) } //nolint:gosec // at most MostPlaces

func (t *Tally) beside(value decimal.Decimal) {
	if t.more != nil {
		value = value.Add(*t.more)
	}
	t.more = &value
}
