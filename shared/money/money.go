// Package money holds amounts and rates as TikTok Shop gives them: decimal
// amounts that may be finer than a currency's minor unit, and commission rates
// in basis points. Nothing here is a float.
package money

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/shopspring/decimal"
)

// ErrAmount is wrapped by every amount that cannot be read strictly.
var ErrAmount = errors.New("not a plain decimal amount")

// ErrRate is wrapped by every rate that cannot be read strictly.
var ErrRate = errors.New("not a rate")

// MismatchError says that amounts of two currencies met. They are never added.
type MismatchError struct{ Op, A, B string }

// Error implements error.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("money: %s of %s and %s", e.Op, e.A, e.B)
}

// plain is what live answers contain: digits, at most one dot. Localised text
// such as "Rp9.900" or "1,000" is refused rather than guessed at.
var plain = regexp.MustCompile(`^-?[0-9]{1,30}(\.[0-9]{1,20})?$`)

// Amount is a decimal amount and its ISO 4217 currency. The zero value is
// "no amount", which is not the same as an amount of 0.
type Amount struct {
	value    decimal.Decimal
	currency string
}

// Parse reads an amount such as "1.0005" and "USD". It wraps ErrAmount when
// the text is not a plain decimal or the currency is not three capitals.
func Parse(amount, currency string) (Amount, error) {
	if !plain.MatchString(amount) || len(currency) != 3 || !upper(currency) {
		return Amount{}, fmt.Errorf("%w: %.40q %.8q", ErrAmount, amount, currency)
	}
	value, err := decimal.NewFromString(amount)
	if err != nil {
		return Amount{}, fmt.Errorf("%w: %.40q", ErrAmount, amount)
	}
	return Amount{value: value, currency: currency}, nil
}

func upper(s string) bool {
	for _, r := range s {
		if r < 'A' || r > 'Z' {
			return false
		}
	}
	return true
}

// IsZero reports whether there is no amount at all.
func (a Amount) IsZero() bool { return a.currency == "" }

// Currency is the ISO 4217 code, empty for no amount.
func (a Amount) Currency() string { return a.currency }

// Decimal is the number in major units, e.g. "1.25"; empty for no amount.
func (a Amount) Decimal() string {
	if a.IsZero() {
		return ""
	}
	return a.value.String()
}

// String is "1.25 USD".
func (a Amount) String() string {
	if a.IsZero() {
		return ""
	}
	return a.Decimal() + " " + a.currency
}

// Add returns a + b. No amount counts as nothing. Two currencies are a
// *MismatchError.
func (a Amount) Add(b Amount) (Amount, error) {
	switch {
	case a.IsZero():
		return b, nil
	case b.IsZero():
		return a, nil
	case a.currency != b.currency:
		return Amount{}, &MismatchError{Op: "sum", A: a.currency, B: b.currency}
	}
	return Amount{value: a.value.Add(b.value), currency: a.currency}, nil
}

// Cmp compares a and b as -1, 0 or 1. Two currencies are a *MismatchError.
func (a Amount) Cmp(b Amount) (int, error) {
	if a.currency != b.currency {
		return 0, &MismatchError{Op: "comparison", A: a.currency, B: b.currency}
	}
	return a.value.Cmp(b.value), nil
}

// MarshalJSON writes {"amount":"1.25","currency":"USD"}, and null for no amount.
func (a Amount) MarshalJSON() ([]byte, error) {
	if a.IsZero() {
		return []byte("null"), nil
	}
	return []byte(`{"amount":"` + a.Decimal() + `","currency":"` + a.currency + `"}`), nil
}

// BasisPoints is a rate in hundredths of a percent: 100 = 1 %, 1550 = 15.5 %.
type BasisPoints int64

// ParseBasisPoints reads a rate that TikTok Shop states in basis points, as a
// number or as text.
func ParseBasisPoints(s string) (BasisPoints, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w in basis points: %.40q", ErrRate, s)
	}
	return BasisPoints(n), nil
}

// FromPercent reads percent text: "3.0" is 300. More than two decimals of a
// percent are refused, since basis points cannot hold them.
func FromPercent(s string) (BasisPoints, error) { return shifted(s, 2) }

// FromFraction reads fraction text: "0.20" is 2000.
func FromFraction(s string) (BasisPoints, error) { return shifted(s, 4) }

func shifted(s string, places int32) (BasisPoints, error) {
	if !plain.MatchString(s) {
		return 0, fmt.Errorf("%w: %.40q", ErrRate, s)
	}
	value, err := decimal.NewFromString(s)
	if err != nil {
		return 0, fmt.Errorf("%w: %.40q", ErrRate, s)
	}
	value = value.Shift(places)
	if !value.IsInteger() || !value.BigInt().IsInt64() {
		return 0, fmt.Errorf("%w: %.40q", ErrRate, s)
	}
	return BasisPoints(value.IntPart()), nil
}

// Percent is the rate as percent text without trailing zeros: 1550 is "15.5".
func (b BasisPoints) Percent() string { return decimal.New(int64(b), -2).String() }
