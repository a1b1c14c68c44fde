package order

import (
	"time"

	"tiktok-shop-affiliate/shared/account"
)

// Fresh is how up to date the rows of a stream are.
type Fresh struct {
	Asset       account.AssetID `json:"asset"`
	Perspective Perspective     `json:"perspective"`
	// Since is the create time from which on orders are read; absent when nothing has been read yet.
	Since time.Time `json:"since,omitzero"`
	// ReadAt is when the rows were last read: of what is still followed, the part that was read longest ago. Absent when a part has never been.
	ReadAt time.Time `json:"read_at,omitzero"`
	// Complete says that nothing is expected to change any more: all is final and has been read for the last time.
	Complete bool `json:"complete"`
}

// FreshOf tells how fresh the rows created in [from, to) are, by the windows
// of their stream.
func FreshOf(asset account.AssetID, perspective Perspective, windows []Window, from, to time.Time) Fresh {
	f := Fresh{Asset: asset, Perspective: perspective, Complete: true}
	never, seen := false, false
	for _, w := range windows {
		if f.Since.IsZero() || w.From.Before(f.Since) {
			f.Since = w.From
		}
		if !w.overlaps(from, to) {
			continue
		}
		seen = true
		never = never || w.ReadAt.IsZero()
		if w.DueAt.IsZero() && !w.ReadAt.IsZero() {
			continue // done
		}
		f.Complete = false
		if f.ReadAt.IsZero() || w.ReadAt.Before(f.ReadAt) {
			f.ReadAt = w.ReadAt
		}
	}
	if !seen {
		f.Complete = false
	}
	if f.Complete { // the newest of the last reads
		for _, w := range windows {
			if w.overlaps(from, to) && w.ReadAt.After(f.ReadAt) {
				f.ReadAt = w.ReadAt
			}
		}
	}
	if never {
		f.ReadAt = time.Time{}
	}
	f.ReadAt = f.ReadAt.Truncate(time.Second)
	return f
}

// Reading is how an asset's orders are being read.
type Reading struct {
	// Scheduled says whether they are read at all: not when nobody's access reaches the asset.
	Scheduled bool `json:"scheduled"`
	// WantedAt is when the next read is wanted, or since when.
	WantedAt time.Time `json:"wanted_at,omitzero"`
	Busy     bool      `json:"busy"`     // a read is under way
	Failures int       `json:"failures"` // reads that failed in a row
	Reads    int64     `json:"reads"`    // since the asset was first connected
	Calls    int64     `json:"calls"`    // of order searches in those reads
	// CAP says whether the grant gives CAP orders.
	CAP Capability `json:"-"`
	// PastAt is when anything of the past was last asked for; zero: never.
	PastAt time.Time `json:"-"`
}
