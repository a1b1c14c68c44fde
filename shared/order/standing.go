package order

import (
	"time"

	"tiktok-shop-affiliate/shared/account"
)

// Standing says how the reads of an asset's orders stand.
type Standing struct {
	Asset    account.AssetID
	WantedAt time.Time // since when, or from when on, the next read is wanted
	Failures int       // reads that failed in a row
}

// Overdue is how long the asset has been waiting for its next read; 0 when none
// is due.
func (s Standing) Overdue(now time.Time) time.Duration { return max(0, now.Sub(s.WantedAt)) }
