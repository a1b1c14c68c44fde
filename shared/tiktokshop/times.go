package tiktokshop

import "time"

// UnixMilli is a time in milliseconds since 1970, UTC. Zero is no time.
type UnixMilli int64

// UnmarshalJSON implements json.Unmarshaler.
func (u *UnixMilli) UnmarshalJSON(b []byte) error {
	value, _, err := readInt(b)
	*u = UnixMilli(value)
	return err
}

// Time is the time in UTC; the zero time for no time.
func (u UnixMilli) Time() time.Time {
	if u == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(u)).UTC()
}
