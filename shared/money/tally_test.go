package money_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/money"
)

func TestUnits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		n      int64
		places int
		ok     bool
	}{
		"1":                      {1, 0, true},
		"1.50":                   {15, 1, true},
		"-0.0005":                {-5, 4, true},
		"0.00":                   {0, 0, true},
		"1000":                   {1000, 0, true},
		"9223372036854775807":    {math.MaxInt64, 0, true},
		"9223372036854775808":    {},
		"0.00000000000000000001": {},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			amount, err := money.Parse(text, "USD")
			require.NoError(t, err)
			n, places, ok := amount.Units()
			require.Equal(t, want.ok, ok)
			if ok {
				assert.Equal(t, []any{want.n, want.places}, []any{n, places})
			}
		})
	}
	_, _, ok := money.Amount{}.Units()
	assert.False(t, ok, "no amount")
}

func TestTally(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		amounts []string
		want    string
	}{
		"nothing":                     {nil, ""},
		"zero":                        {[]string{"0"}, "0"},
		"no amount is nothing":        {[]string{"", "2", ""}, "2"},
		"one":                         {[]string{"1.50"}, "1.5"},
		"finer and finer":             {[]string{"1", "0.1", "0.01", "-0.001"}, "1.109"},
		"coarser and coarser":         {[]string{"0.001", "0.01", "1"}, "1.011"},
		"more than 64 bits":           {[]string{"9223372036854775807", "1", "0.5"}, "9223372036854775808.5"},
		"less than 64 bits":           {[]string{"-9223372036854775808", "-1"}, "-9223372036854775809"},
		"there and back":              {[]string{"9223372036854775807", "9223372036854775807", "-9223372036854775807", "-9223372036854775807"}, "0"},
		"large, then fine":            {[]string{"9000000000000000000", "0.000001"}, "9000000000000000000.000001"},
		"fine, then large":            {[]string{"0.000001", "9000000000000000000", "-9000000000000000000"}, "0.000001"},
		"the smallest, made finer":    {[]string{"-9223372036854775808", "0.1"}, "-9223372036854775807.9"},
		"finer than is counted":       {[]string{"0.00000000000000000001", "1"}, "1.00000000000000000001"},
		"larger than is counted, too": {[]string{"123456789012345678901234567890", "-0.5"}, "123456789012345678901234567889.5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all, left, right money.Tally
			for i, text := range test.amounts {
				var amount money.Amount
				if text != "" {
					var err error
					amount, err = money.Parse(text, "USD")
					require.NoError(t, err)
				}
				all.AddAmount(amount)
				[]*money.Tally{&left, &right}[i%2].AddAmount(amount)
			}
			assert.Equal(t, test.want, all.Amount("USD").Decimal())
			left.AddTally(right)
			assert.Equal(t, test.want, left.Amount("USD").Decimal())
		})
	}
}

func FuzzTally(f *testing.F) {
	f.Add(int64(1), uint8(2), int64(-1), uint8(0), int64(math.MaxInt64), uint8(18))
	f.Add(int64(math.MinInt64), uint8(0), int64(math.MinInt64), uint8(1), int64(-1), uint8(18))
	f.Fuzz(func(t *testing.T, a int64, aPlaces uint8, b int64, bPlaces uint8, c int64, cPlaces uint8) {
		var tally money.Tally
		var want money.Amount
		for _, x := range []struct {
			n      int64
			places int
		}{{a, int(aPlaces) % 19}, {b, int(bPlaces) % 19}, {c, int(cPlaces) % 19}} {
			tally.Add(x.n, x.places)
			text := fmt.Sprintf("%0*d", x.places+1, x.n)
			if x.n < 0 {
				text = fmt.Sprintf("%0*d", x.places+2, x.n)
			}
			cut := len(text) - x.places
			text = text[:cut] + "." + text[cut:] + "0"
			amount, err := money.Parse(text, "USD")
			require.NoError(t, err, text)
			want, err = want.Add(amount)
			require.NoError(t, err)
		}
		require.Equal(t, want.Decimal(), tally.Amount("USD").Decimal())
		if n, places, ok := tally.Units(); ok {
			var again money.Tally
			again.Add(n, places)
			require.Equal(t, want.Decimal(), again.Amount("USD").Decimal())
			require.False(t, places > 0 && n%10 == 0, "with as few places as possible")
		}
	})
}
