package conversion

import (
	"strconv"

	"tiktok-shop-affiliate/shared/order"
)

// statuses are the columns of rows by status.
func statuses() []order.Status {
	return []order.Status{order.Unpaid, order.Pending, order.Settled, order.NoCommission, order.Frozen, order.Unknown}
}

// Columns names the cells of a perspective's lines in a CSV file. Amounts are
// decimals in the line's currency.
func Columns(perspective order.Perspective) []string {
	columns := []string{"from", "to", "perspective", "by", "key", "currency", "rows"}
	for _, status := range statuses() {
		columns = append(columns, "rows_"+string(status))
	}
	columns = append(columns, "quantity", "rows_without_quantity", "refunded_quantity", "commission_base_estimated", "commission_base_actual")
	for _, kind := range order.Kinds(perspective) {
		columns = append(columns, kind+"_estimated", kind+"_actual")
	}
	for _, kind := range order.TaxKinds(perspective) {
		columns = append(columns, kind+"_tax_estimated", kind+"_tax_actual")
	}
	return columns
}

// Cells are the line's cells under Columns.
func (l Line) Cells(q Query) []string {
	count := func(n int64) string { return strconv.FormatInt(n, 10) }
	at := l.position()
	cells := []string{l.From, l.To, string(q.Perspective), string(q.By), at.Key, at.Currency, count(l.Rows)}
	for _, status := range statuses() {
		cells = append(cells, count(l.ByStatus[string(status)].Rows))
	}
	cells = append(cells, count(l.Quantity), count(l.Unstated), count(l.Refunded), l.Base.Estimated.Decimal(), l.Base.Actual.Decimal())
	for _, kind := range order.Kinds(q.Perspective) {
		cells = append(cells, l.Commissions[kind].Estimated.Decimal(), l.Commissions[kind].Actual.Decimal())
	}
	for _, kind := range order.TaxKinds(q.Perspective) {
		cells = append(cells, l.Taxes[kind].Estimated.Decimal(), l.Taxes[kind].Actual.Decimal())
	}
	return cells
}
