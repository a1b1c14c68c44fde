package order_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"tiktok-shop-affiliate/shared/order"
)

func TestParseStatus(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]order.Status{
		// seller SKUs
		"AWAITING PAYMENT": order.Unpaid, "To-SETTLE": order.Pending, "SETTLED": order.Settled, "INELIGIBLE": order.NoCommission, "Unknown": order.Unknown,
		// creator orders, of several years
		"AWAITING_PAYMENT": order.Unpaid, "TO_SETTLE": order.Pending, "ORDERED": order.Pending, "REFUNDED": order.NoCommission,
		"FROZEN": order.Frozen, "DEDUCTED": order.NoCommission, "UNSPECIFIED": order.Unknown,
		// TAP and CAP rows
		"CUSTOMER UNPAID": order.Unpaid, "PENDING": order.Pending,
		// the older order status
		"PROCESSING": order.Pending, "COMPLETED": order.Settled, "CANCELLED": order.NoCommission,
		// other spellings of the same
		"to settle": order.Pending, "Customer-Unpaid": order.Unpaid, "customer_unpaid": order.Unpaid, " settled\n": order.Settled, "Awaiting-Payment": order.Unpaid,
		// words nobody has described
		"": order.Unknown, "ALL": order.Unknown, "SETTLED?": order.Unknown, "PARTIALLY_SETTLED": order.Unknown,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, want, order.ParseStatus(text))
		})
	}
}

func TestOnlySettledAndNoCommissionAreFinal(t *testing.T) {
	t.Parallel()
	final := map[order.Status]bool{order.Settled: true, order.NoCommission: true}
	for _, s := range []order.Status{order.Unpaid, order.Pending, order.Settled, order.NoCommission, order.Frozen, order.Unknown} {
		assert.Equal(t, final[s], s.Final(), s)
		assert.True(t, s.Known(), s)
	}
	assert.False(t, order.Status("paid").Known())
}
