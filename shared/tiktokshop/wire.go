package tiktokshop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"tiktok-shop-affiliate/shared/money"
)

// The wire types read what TikTok Shop really sends: ids as text or numbers,
// numbers as text, even empty text, one object where a list is described.

// ID is an identifier: decimal digits or opaque text.
type ID string

// UnmarshalJSON implements json.Unmarshaler.
func (id *ID) UnmarshalJSON(b []byte) error { return readText(b, (*string)(id)) }

// Int is a number that is 0 when it is missing.
type Int int64

// UnmarshalJSON implements json.Unmarshaler.
func (n *Int) UnmarshalJSON(b []byte) error {
	value, _, err := readInt(b)
	*n = Int(value)
	return err
}

// Count is a number of units that may be missing, which is not 0.
type Count struct {
	N     int64
	Known bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *Count) UnmarshalJSON(b []byte) (err error) {
	c.N, c.Known, err = readInt(b)
	return err
}

// Unix is a time in seconds since 1970, UTC. Zero is no time.
type Unix int64

// UnmarshalJSON implements json.Unmarshaler.
func (u *Unix) UnmarshalJSON(b []byte) error {
	value, _, err := readInt(b)
	*u = Unix(value)
	return err
}

// Time is the time in UTC; the zero time for no time.
func (u Unix) Time() time.Time {
	if u == 0 {
		return time.Time{}
	}
	return time.Unix(int64(u), 0).UTC()
}

// Rate is a rate in hundredths of a percent as it came. Empty is no rate.
type Rate string

// UnmarshalJSON implements json.Unmarshaler.
func (r *Rate) UnmarshalJSON(b []byte) error { return readText(b, (*string)(r)) }

// BasisPoints reads the rate; text that is not a whole number wraps
// money.ErrRate, so look at an empty rate first.
func (r Rate) BasisPoints() (money.BasisPoints, error) { return money.ParseBasisPoints(string(r)) }

// Money is an amount as it came: decimal text and an ISO 4217 currency. Keep it
// when Parse fails; some answers hold localised text such as "Rp9.900".
type Money struct {
	Amount   ID     `json:"amount"`
	Currency string `json:"currency"`
}

// Parse reads the amount strictly. No amount is the zero money.Amount; text that
// is not plain wraps money.ErrAmount.
func (m Money) Parse() (money.Amount, error) {
	if m.Amount == "" {
		return money.Amount{}, nil
	}
	return money.Parse(string(m.Amount), m.Currency)
}

// OneOrMany is a list that may also come as one object.
type OneOrMany[T any] []T

// UnmarshalJSON implements json.Unmarshaler. Rows that keep their JSON get it.
func (l *OneOrMany[T]) UnmarshalJSON(b []byte) error {
	var once plans
	return once.decode(bytes.Clone(b), l) // b belongs to its decoder
}

func (OneOrMany[T]) oneOrMany() {}

type rawKeeper interface{ keepRaw([]byte) }

// readText reads a JSON string or number; null leaves it empty.
func readText(b []byte, into *string) error {
	switch {
	case string(b) == "null":
		return nil
	case len(b) > 1 && b[0] == '"':
		if plain := b[1 : len(b)-1]; bytes.IndexByte(plain, '\\') < 0 {
			*into = string(plain)
			return nil
		}
		return json.Unmarshal(b, into)
	case len(b) > 0 && (b[0] == '-' || b[0] >= '0' && b[0] <= '9'):
		*into = string(b)
		return nil
	}
	return fmt.Errorf("want text or a number, got %.20s", b)
}

// readInt reads a JSON number or its text; null and empty text are unknown.
func readInt(b []byte) (value int64, known bool, err error) {
	if len(b) > 1 && b[0] == '"' {
		b = bytes.TrimSpace(b[1 : len(b)-1])
	}
	if len(b) == 0 || string(b) == "null" {
		return 0, false, nil
	}
	value, err = strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		return 0, false, fmt.Errorf("want a whole number, got %.20q", b)
	}
	return value, true, nil
}
