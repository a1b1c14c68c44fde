package money_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/money"
)

func TestParse(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		amount, currency, want string
		bad                    bool
	}{
		"plain":              {amount: "1000", currency: "VND", want: "1000 VND"},
		"finer than a cent":  {amount: "1.0005", currency: "USD", want: "1.0005 USD"},
		"negative":           {amount: "-3.50", currency: "USD", want: "-3.5 USD"},
		"zero":               {amount: "0", currency: "USD", want: "0 USD"},
		"localised":          {amount: "Rp9.900", currency: "IDR", bad: true},
		"thousands":          {amount: "1,000", currency: "USD", bad: true},
		"exponent":           {amount: "1e9", currency: "USD", bad: true},
		"empty":              {amount: "", currency: "USD", bad: true},
		"no currency":        {amount: "1", currency: "", bad: true},
		"lower-case":         {amount: "1", currency: "usd", bad: true},
		"two dots":           {amount: "1.2.3", currency: "USD", bad: true},
		"longer than sanity": {amount: "1234567890123456789012345678901", currency: "USD", bad: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := money.Parse(c.amount, c.currency)
			if c.bad {
				require.ErrorIs(t, err, money.ErrAmount)
				assert.True(t, got.IsZero())
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, got.String())
		})
	}
}

func TestAmountArithmetic(t *testing.T) {
	t.Parallel()
	usd := func(s string) money.Amount { a, err := money.Parse(s, "USD"); require.NoError(t, err); return a }
	vnd, err := money.Parse("1000", "VND")
	require.NoError(t, err)

	sum, err := usd("0.1").Add(usd("0.2"))
	require.NoError(t, err)
	assert.Equal(t, "0.3 USD", sum.String())

	sum, err = money.Amount{}.Add(usd("2"))
	require.NoError(t, err)
	assert.Equal(t, "2 USD", sum.String())

	_, err = usd("1").Add(vnd)
	var mismatch *money.MismatchError
	require.ErrorAs(t, err, &mismatch)
	_, err = usd("1").Cmp(vnd)
	require.ErrorAs(t, err, &mismatch)

	encoded, err := json.Marshal([]money.Amount{usd("1.25"), {}})
	require.NoError(t, err)
	assert.JSONEq(t, `[{"amount":"1.25","currency":"USD"},null]`, string(encoded))
}

func TestRates(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		read func(string) (money.BasisPoints, error)
		text string
		want money.BasisPoints
		bad  bool
	}{
		"basis points":          {money.ParseBasisPoints, "1550", 1550, false},
		"basis points, text":    {money.ParseBasisPoints, "a", 0, true},
		"percent":               {money.FromPercent, "3.0", 300, false},
		"percent, two decimals": {money.FromPercent, "15.25", 1525, false},
		"percent, too fine":     {money.FromPercent, "1.005", 0, true},
		"fraction":              {money.FromFraction, "0.20", 2000, false},
		"fraction, empty":       {money.FromFraction, "", 0, true},
		"fraction, huge":        {money.FromFraction, "999999999999999999999999", 0, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.read(c.text)
			if c.bad {
				require.ErrorIs(t, err, money.ErrRate)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
	assert.Equal(t, "15.5", money.BasisPoints(1550).Percent())
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"1", "1.0005", "Rp9.900", "-0", "1e5", ""} {
		f.Add(seed, "USD")
	}
	f.Fuzz(func(t *testing.T, amount, currency string) {
		got, err := money.Parse(amount, currency)
		if err != nil {
			return
		}
		again, err := money.Parse(got.Decimal(), got.Currency())
		require.NoError(t, err)
		order, err := got.Cmp(again)
		require.NoError(t, err)
		assert.Zero(t, order)
	})
}

func FuzzRates(f *testing.F) {
	for _, seed := range []string{"1550", "15.5", "0.155", "-1", "3.0", "1e2", "-", "99999999999999999999.99"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, parse := range []func(string) (money.BasisPoints, error){money.ParseBasisPoints, money.FromPercent, money.FromFraction} {
			rate, err := parse(text)
			if err != nil {
				require.ErrorIs(t, err, money.ErrRate)
				continue
			}
			back, err := money.FromPercent(rate.Percent())
			require.NoError(t, err)
			assert.Equal(t, rate, back)
		}
	})
}

func TestKnownCurrencies(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"USD", "GBP", "MXN", "VND", "AED", "ZWG"} {
		assert.True(t, money.KnownCurrency(code), code)
	}
	for _, code := range []string{"", "usd", "US", "XYZ", "USDX", "D A", " US"} {
		assert.False(t, money.KnownCurrency(code), code)
	}
}
