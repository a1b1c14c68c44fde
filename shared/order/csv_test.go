package order_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/order/ordertest"
)

func TestCellsOfARow(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	row := ordertest.TAPRow(t, "tap:main:partner:x:1:US", "1", at, "SETTLED")
	cells := map[string]string{}
	for i, cell := range row.Cells() {
		cells[order.Columns(order.TAP)[i]] = cell
	}
	assert.Len(t, row.Cells(), len(order.Columns(order.TAP)))
	assert.Equal(t, []string{"1", "tap", "2026-11-01T12:00:00Z", "settled", "2", "", "USD", "24.99", "49.98"},
		[]string{cells["order_id"], cells["perspective"], cells["created_at"], cells["status"], cells["quantity"], cells["refunded_quantity"], cells["currency"], cells["price"], cells["commission_base_actual"]})
	assert.Equal(t, []string{"1250", "5.07", "5.03", "0.12"}, []string{cells["partner_standard_rate_bp"], cells["partner_standard_estimated"], cells["partner_standard_actual"], cells["isr_tax_actual"]})
	for _, perspective := range []order.Perspective{order.Seller, order.Creator, order.CAP} {
		row.Perspective = perspective
		assert.Len(t, row.Cells(), len(order.Columns(perspective)), perspective)
	}
	assert.Empty(t, order.Row{}.Currency())
}
