package conversion

import (
	"tiktok-shop-affiliate/shared/money"
)

// Pair is an amount as it was estimated from the start and as it turned out.
// Absent is null and not zero.
type Pair struct {
	Estimated money.Amount `json:"estimated"`
	Actual    money.Amount `json:"actual"`
}

// Figures are sums over order rows. A row is one SKU of one order.
type Figures struct {
	Rows        int64           `json:"rows"`
	Quantity    int64           `json:"quantity"`              // units, refunded ones included, of the rows that state them
	Unstated    int64           `json:"rows_without_quantity"` // rows that state no units
	Refunded    int64           `json:"refunded_quantity"`
	Base        Pair            `json:"commission_base"` // estimated: price × quantity; actual: without refunded and returned units
	Commissions map[string]Pair `json:"commissions"`     // by kind, as in order rows
	Taxes       map[string]Pair `json:"taxes,omitempty"`
}
