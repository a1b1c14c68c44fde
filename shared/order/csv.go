package order

import (
	"strconv"
	"time"

	"tiktok-shop-affiliate/shared/money"
)

// Kinds lists the kinds of commission that rows of a perspective can have.
func Kinds(perspective Perspective) []string { return kinds(commissionFields(perspective)) }

// TaxKinds lists the kinds of tax that rows of a perspective can have.
func TaxKinds(perspective Perspective) []string { return kinds(taxFields(perspective, Settled)) }

func kinds(fields []field) (names []string) {
	for _, f := range fields {
		names = append(names, f.kind)
	}
	return names
}

// Columns names the cells of a perspective's rows in a CSV file. Amounts are
// decimals in the currency of their row's column "currency"; an amount of
// another one is written with it, as "1.25 MXN".
func Columns(perspective Perspective) []string {
	columns := []string{
		"asset", "perspective", "order_id", "sku_id", "ordinal", "created_at", "status", "status_text", "product_id", "product_name", "shop_name",
		"creator_username", "content_type", "content_id", "campaign_id", "open_collaboration_id", "target_collaboration_id",
		"quantity", "refunded_quantity", "returned_quantity", "currency", "price", "commission_base_estimated", "commission_base_actual",
	}
	for _, kind := range Kinds(perspective) {
		columns = append(columns, kind+"_rate_bp", kind+"_estimated", kind+"_actual")
	}
	for _, kind := range TaxKinds(perspective) {
		columns = append(columns, kind+"_tax_estimated", kind+"_tax_actual")
	}
	return append(columns, "delivered_at", "settled_at", "settled_seen_at", "settled_seen_after", "first_seen_at", "changed_at", "missing_since", "trace_id", "tag")
}

// Cells are the row's cells under Columns.
func (r Row) Cells() []string {
	currency := r.Currency()
	amount := func(a money.Amount) string {
		if a.Currency() == currency {
			return a.Decimal()
		}
		return a.String()
	}
	count := func(n *int64) string {
		if n == nil {
			return ""
		}
		return strconv.FormatInt(*n, 10)
	}
	cells := []string{
		string(r.Asset), string(r.Perspective), r.OrderID, r.SKUID, strconv.Itoa(r.Ordinal), moment(r.CreatedAt), string(r.Status), r.StatusText, r.ProductID, r.ProductName, r.ShopName,
		r.CreatorUsername, r.ContentType, r.ContentID, r.CampaignID, r.OpenCollaborationID, r.TargetCollaborationID,
		count(r.Quantity), count(r.Refunded), count(r.Returned), currency, amount(r.Price), amount(r.Base.Estimated), amount(r.Base.Actual),
	}
	for _, kind := range Kinds(r.Perspective) {
		c, rate := r.Commissions[kind], ""
		if c.RateBP != nil {
			rate = strconv.FormatInt(int64(*c.RateBP), 10)
		}
		cells = append(cells, rate, amount(c.Estimated), amount(c.Actual))
	}
	for _, kind := range TaxKinds(r.Perspective) {
		cells = append(cells, amount(r.Taxes[kind].Estimated), amount(r.Taxes[kind].Actual))
	}
	return append(cells, moment(r.DeliveredAt), moment(r.SettledAt), moment(r.SettledSeenAt), moment(r.SettledSeenAfter), moment(r.FirstSeenAt), moment(r.ChangedAt), moment(r.MissingSince), r.TraceID, r.Tag)
}

// Currency is the currency a row counts in: that of its commission base, else of
// its price, else the first of its commissions' in the alphabet; empty when it
// has no amount.
func (r Row) Currency() string {
	for _, amount := range []money.Amount{r.Base.Estimated, r.Base.Actual, r.Price} {
		if !amount.IsZero() {
			return amount.Currency()
		}
	}
	first := ""
	for _, c := range r.Commissions {
		for _, amount := range []money.Amount{c.Estimated, c.Actual} {
			if currency := amount.Currency(); currency != "" && (first == "" || currency < first) {
				first = currency
			}
		}
	}
	return first
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
