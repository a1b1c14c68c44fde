package order

import "strings"

// Status is where a row's commission stands, in one vocabulary for all order
// searches.
type Status string

// The statuses. Only Settled and NoCommission are final; what nobody has
// described is Unknown, and is followed like any open row.
const (
	Unpaid       Status = "unpaid"        // the buyer has not paid: the figures are estimates
	Pending      Status = "pending"       // paid, waiting for settlement: the figures are estimates
	Settled      Status = "settled"       // the commission is paid out
	NoCommission Status = "no_commission" // returned, refunded or cancelled: TikTok Shop does not say which
	Frozen       Status = "frozen"        // held back by a fraud check; may be released
	Unknown      Status = "unknown"
)

// Final reports whether no change of the status is expected.
func (s Status) Final() bool { return s == Settled || s == NoCommission }

// Known reports whether s is one of the statuses.
func (s Status) Known() bool {
	switch s {
	case Unpaid, Pending, Settled, NoCommission, Frozen, Unknown:
		return true
	}
	return false
}

// ParseStatus reads every spelling in use: settlement_status of seller SKUs,
// status of creator orders, settle_status of TAP and CAP rows, and the older
// order status. Markets differ in case and in blank, dash or underscore.
func ParseStatus(text string) Status {
	switch strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToUpper(strings.TrimSpace(text))) {
	case "AWAITING_PAYMENT", "CUSTOMER_UNPAID":
		return Unpaid
	case "TO_SETTLE", "PENDING", "ORDERED", "PROCESSING":
		return Pending
	case "SETTLED", "COMPLETED":
		return Settled
	case "INELIGIBLE", "REFUNDED", "CANCELLED", "DEDUCTED":
		return NoCommission
	case "FROZEN":
		return Frozen
	}
	return Unknown
}
