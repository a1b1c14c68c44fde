package sandbox

import "time"

// RefreshMode says what becomes of the old tokens when a grant is refreshed.
// TikTok does not document it, so a client must be right in all three.
type RefreshMode string

// The modes.
const (
	NoRotation      RefreshMode = "no_rotation"         // the refresh token stays, old access tokens live out their time
	RotateWithGrace RefreshMode = "rotation_with_grace" // a new refresh token; the old one works for GraceSeconds
	RotateStrictly  RefreshMode = "strict"              // a new refresh token; the old tokens die at once
)

const (
	secondsOfOneDay  = 24 * 60 * 60
	foreverInSeconds = 99 * 365 * secondsOfOneDay
)

// Settings can be changed while the sandbox runs. Zero means TikTok's own value,
// given after each field.
type Settings struct {
	AccessSeconds         int64       `json:"access_seconds"`          // life of an access token: 7 days
	RefreshSeconds        int64       `json:"refresh_seconds"`         // life of a seller's or partner's refresh token: 365 days
	CreatorRefreshSeconds int64       `json:"creator_refresh_seconds"` // a creator's grant does not expire: 99 years
	CodeSeconds           int64       `json:"code_seconds"`            // life of an authorization code: 30 minutes
	GraceSeconds          int64       `json:"grace_seconds"`           // of a rotated refresh token: 1 day
	RefreshMode           RefreshMode `json:"refresh_mode"`            // no_rotation
	SecondsPerDay         float64     `json:"seconds_per_day"`         // length of one day that still lies ahead of an order: 86,400
	RetryScale            float64     `json:"retry_scale"`             // factor on the waits between webhook attempts: 1
	OutreachWeekly        int64       `json:"outreach_weekly"`         // creators a shop may invite in a week: 1,000 here, unpublished there
	MarketplaceDaily      int64       `json:"marketplace_daily"`       // marketplace calls of an app and shop in a day: 10,000
	Lenient               bool        `json:"lenient"`                 // let unknown query parameters and body fields pass: false
}

func (s Settings) withDefaults() Settings {
	return Settings{
		AccessSeconds:         orElse(s.AccessSeconds, 7*secondsOfOneDay),
		RefreshSeconds:        orElse(s.RefreshSeconds, 365*secondsOfOneDay),
		CreatorRefreshSeconds: orElse(s.CreatorRefreshSeconds, foreverInSeconds),
		CodeSeconds:           orElse(s.CodeSeconds, 30*60),
		GraceSeconds:          orElse(s.GraceSeconds, secondsOfOneDay),
		RefreshMode:           orElse(s.RefreshMode, NoRotation),
		SecondsPerDay:         orElse(s.SecondsPerDay, secondsOfOneDay),
		RetryScale:            orElse(s.RetryScale, 1),
		OutreachWeekly:        orElse(s.OutreachWeekly, 1_000),
		MarketplaceDaily:      orElse(s.MarketplaceDaily, 10_000),
		Lenient:               s.Lenient,
	}
}

func (s Settings) valid() bool {
	modes := s.RefreshMode == NoRotation || s.RefreshMode == RotateWithGrace || s.RefreshMode == RotateStrictly
	return modes && min(s.AccessSeconds, s.RefreshSeconds, s.CreatorRefreshSeconds, s.CodeSeconds, s.GraceSeconds, s.OutreachWeekly, s.MarketplaceDaily) > 0 &&
		s.SecondsPerDay > 0 && s.RetryScale > 0
}

// ahead compresses a duration that still lies in the future.
func (s Settings) ahead(d time.Duration) time.Duration {
	return time.Duration(float64(d) * s.SecondsPerDay / secondsOfOneDay)
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }
