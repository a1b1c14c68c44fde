package sandbox

import (
	"fmt"
	"strconv"
	"strings"
)

// amount is money in ten-thousandths of a currency unit: TikTok's amounts are
// finer than cents.
type amount int64

const unit amount = 10_000

// cents makes an amount of hundredths.
func cents(n int64) amount { return amount(n) * unit / 100 }

// share is the part of the amount that a rate in basis points takes, rounded to nearest.
func (a amount) share(basisPoints int64) amount {
	return (a*amount(basisPoints) + 5_000) / 10_000
}

// String has at least two decimals and no useless zero after them.
func (a amount) String() string {
	text := fmt.Sprintf("%d.%04d", a/unit, a%unit)
	for strings.HasSuffix(text, "0") && !strings.HasSuffix(text[:len(text)-2], ".") {
		text = text[:len(text)-1]
	}
	return text
}

// parseAmount reads a decimal text of at most four decimals.
func parseAmount(text string) (amount, error) {
	whole, part, _ := strings.Cut(text, ".")
	if len(part) > 4 {
		return 0, fmt.Errorf("amount %q has more than four decimals", text)
	}
	n, err := strconv.ParseInt(whole+part+strings.Repeat("0", 4-len(part)), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("amount %q is not a decimal number", text)
	}
	return amount(n), nil
}

// obj is a JSON object on its way out.
type obj map[string]any

// in is the amount as the API writes money.
func (a amount) in(currency string) obj {
	return obj{"amount": a.String(), "currency": currency}
}
