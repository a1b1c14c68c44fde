package order

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/money"
)

// FromTikTok makes a row of what an order search gave: what stands once per
// order (nil where every row repeats it) and the SKU row. Whatever cannot be
// read is named in Unreadable and kept in the raw JSON; a row without a usable
// create time counts as created at fallback.
func FromTikTok(asset account.AssetID, perspective Perspective, order map[string]any, row json.RawMessage, fallback time.Time) (Row, error) {
	var content any
	if decoded, err := decodeRaw([]byte(`{"row":` + string(row) + `}`)); err == nil {
		content = decoded.Row
	} else {
		content = string(row) // not even JSON
	}
	raw, err := rawRow{Order: order, Row: content}.canonical()
	if err != nil {
		return Row{}, fmt.Errorf("reading an order row: %w", err)
	}
	id, facts := read(perspective, raw)
	if id.created.IsZero() {
		id.created = fallback
	}
	if id.order == "" {
		id.order = "unreadable-" + strconv.FormatUint(hash(string(raw)), 16)
	}
	return Row{
		Key:   Key{Asset: asset, Perspective: perspective, CreatedAt: id.created, OrderID: id.order, SKUID: id.sku},
		Facts: facts,
		Raw:   raw,
	}, nil
}

// ReadFacts reads the facts of stored raw JSON.
func ReadFacts(perspective Perspective, raw json.RawMessage) Facts {
	_, facts := read(perspective, raw)
	return facts
}

// ids are the parts of a key that TikTok Shop gives.
type ids struct {
	created    time.Time
	order, sku string
}

// read knows which perspective has which field where. Source: OAS 0.1.7 and the
// Partner Center pages of the order searches 202410 (seller, creator) and
// 202603 (TAP, CAP).
func read(perspective Perspective, raw json.RawMessage) (ids, Facts) {
	decoded, err := decodeRaw(raw)
	fields, ok := decoded.Row.(map[string]any)
	var bad []string
	if err != nil || !ok {
		bad = append(bad, "row")
	}
	row := reader{fields: fields, bad: &bad, percents: perspective == CAP}
	order := reader{fields: decoded.Order, bad: &bad}
	flat := perspective == TAP || perspective == CAP // nothing stands once per order
	if flat {
		order = row
	}
	id := ids{created: order.time("create_time"), order: keyPart(order.text("id"))}
	facts := Facts{
		ProductID: row.text("product_id"), ProductName: row.text("product_name"), ShopName: row.text("shop_name"),
		CreatorUsername: row.text("creator_username"), ContentType: row.text("content_type"), ContentID: row.text("content_id"),
		CampaignID: row.text("campaign_id"), OpenCollaborationID: row.text("open_collaboration_id"), TargetCollaborationID: row.text("target_collaboration_id"),
		Carousel: row.flag("is_carousel"),
		Quantity: row.count("quantity"), Refunded: row.count("refunded_quantity"), Returned: row.count("returned_quantity"), FullyReturned: row.yes("fully_return"),
		Price: row.amount("price"), CommissionModel: row.text("commission_model"), CommissionTiers: row.text("commission_tier_setting"),
		Base:        row.commission(field{estimated: "estimated_commission_base", actual: "actual_commission_base"}),
		DeliveredAt: order.time("delivery_time"), SettledAt: row.time("settlement_time"), UpdatedAt: row.time("last_update_time"),
		Tag: row.text("tag"),
	}
	if facts.CommissionTiers == "-" { // the platform's "not tiered"
		facts.CommissionTiers = ""
	}
	switch perspective {
	case Seller:
		id.sku, facts.StatusText = row.text("sku_id"), row.text("settlement_status")
	case Creator:
		id.sku = row.text("id")
		trace := reader{fields: row.object("trace_info"), bad: &bad}
		facts.TraceID, facts.TraceType = trace.text("id"), trace.text("type")
	case CAP:
		facts.Tag = row.text("tags")
		fallthrough
	case TAP:
		id.sku, facts.StatusText = row.text("sku_id"), row.text("settle_status")
	}
	if facts.StatusText == "" && !flat { // what stands at the SKU wins over what stands at the order
		facts.StatusText = order.text("status")
	}
	facts.Status = ParseStatus(facts.StatusText)
	facts.Commissions = row.commissions(commissionFields(perspective))
	facts.Taxes = row.commissions(taxFields(perspective, facts.Status))
	for name, value := range map[string]bool{"id": id.order == "", "create_time": id.created.IsZero()} {
		if value && !slices.Contains(bad, name) {
			bad = append(bad, name)
		}
	}
	if id.sku = keyPart(id.sku); id.sku == "" {
		id.sku = "product-" + keyPart(facts.ProductID)
	}
	slices.Sort(bad)
	facts.Unreadable = slices.Compact(bad)
	return id, facts
}

// keyPart keeps the separator of keys out of an id, which is digits anyway.
func keyPart(id string) string { return strings.ReplaceAll(id, "#", "-") }

// field says where the parts of one kind of commission stand.
type field struct{ kind, rate, estimated, actual string }

// commissionFields lists the kinds of commission a perspective has.
func commissionFields(perspective Perspective) []field {
	switch perspective {
	case Seller: // what the seller pays
		return []field{
			{"creator", "commission_rate", "estimated_paid_commission", "actual_paid_commission"},
			{"partner", "partner_commission_rate", "estimated_paid_partner_commission", "actual_paid_partner_commission"},
			{"shop_ads", "shop_ads_commission_rate", "estimated_paid_shop_ads_commission", "actual_paid_shop_ads_commission"},
			{"cofunded_bonus", "", "estimated_cofunded_creator_bonus_amount", "actual_cofunded_creator_bonus_amount"},
		}
	case Creator: // what the creator earns; total is the sum of the others, after taxes and the agency's share
		return []field{
			{"total", "commission_rate", "estimated_commission", "actual_commission"},
			{"standard", "standard_commission_rate", "estimated_standard_commission", "actual_standard_commission"},
			{"shop_ads", "shop_ads_commission_rate", "estimated_shop_ads_commission", "actual_shop_ads_commission"},
			{"bonus", "commission_bonus_rate", "estimated_bonus_commission", "actual_bonus_commission"},
			{"reward", "creator_commission_reward_rate", "estimated_creator_commission_reward_fee", "actual_creator_commission_reward_fee"},
			{"shared_with_partner", "", "", "shared_with_partner"},
		}
	case TAP: // what the creator and the affiliate partner earn
		var fields []field
		for _, who := range []string{"creator", "partner"} {
			for _, kind := range []string{"standard", "shop_ads", "tap_bonus"} {
				name := who + "_" + kind + "_commission"
				fields = append(fields, field{who + "_" + kind, name + "_rate", "estimated_" + name, "actual_" + name})
			}
		}
		return fields
	case CAP: // what the creator and the creator's agency earn
		return []field{
			{"creator_standard", "standard_commission_rate", "estimated_standard_commission", "actual_standard_commission"},
			{"creator_shop_ads", "shop_ads_commission_rate", "estimated_shop_ads_commission", "actual_shop_ads_commission"},
			{"creator_bonus", "commission_bonus_rate", "estimated_bonus_commission", "actual_bonus_commission"},
			{"creator_tap_bonus", "tap_bonus_commission_rate", "estimated_tap_bonus_commission", "actual_tap_bonus_commission"},
			{"creator_after_tax", "", "estimated_creator_total_earnings_after_tax", "actual_creator_total_earnings_after_tax"},
			{"agency", "revenue_sharing_portion_rate", "estimated_total_agency_earnings", "actual_total_agency_commission"},
		}
	}
	return nil
}

// taxFields lists the taxes of a perspective. A creator's have one figure, which
// is an estimate until the row settles.
func taxFields(perspective Perspective, status Status) []field {
	switch perspective {
	case Creator:
		var fields []field
		for _, tax := range []string{"isr", "iva", "pit"} {
			f := field{kind: tax, estimated: tax}
			if status == Settled {
				f = field{kind: tax, actual: tax}
			}
			fields = append(fields, f)
		}
		return fields
	case TAP:
		return []field{
			{"isr", "", "estimated_partner_isr", "actual_partner_isr"},
			{"iva", "", "estimated_partner_iva", "actual_partner_iva"},
		}
	case CAP:
		var fields []field
		for _, tax := range []string{"creator_tax_isr", "creator_tax_iva", "creator_tax_pit", "agency_isr", "agency_iva"} {
			fields = append(fields, field{strings.Replace(tax, "_tax", "", 1), "", "estimated_" + tax, "actual_" + tax})
		}
		return fields
	case Seller:
	}
	return nil
}

// reader reads fields of one JSON object and notes the names of those that are
// not of the documented form. Missing, null and empty text are no value.
type reader struct {
	fields   map[string]any
	bad      *[]string
	percents bool // a rate with a decimal point is in percent, as CAP rows of 2025 had it
}

func (r reader) unreadable(name string) { *r.bad = append(*r.bad, name) }

func (r reader) text(name string) string {
	switch v := r.fields[name].(type) {
	case nil:
		return ""
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	}
	r.unreadable(name)
	return ""
}

func (r reader) object(name string) map[string]any {
	v, ok := r.fields[name].(map[string]any)
	if !ok && r.fields[name] != nil {
		r.unreadable(name)
	}
	return v
}

func (r reader) number(name string) (n int64, ok bool) {
	text := r.text(name)
	if text == "" {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		r.unreadable(name)
	}
	return n, err == nil
}

// maxSecond is the last second that fits the ten digits of a key: the year 2286.
const maxSecond = 9_999_999_999

// time reads Unix seconds; zero is no time.
func (r reader) time(name string) time.Time {
	n, ok := r.number(name)
	if !ok || n == 0 {
		return time.Time{}
	}
	if n < 0 || n > maxSecond {
		r.unreadable(name)
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

func (r reader) count(name string) *int64 {
	n, ok := r.number(name)
	if !ok {
		return nil
	}
	return &n
}

func (r reader) flag(name string) bool {
	v := r.yes(name)
	return v != nil && *v
}

// yes reads "Yes", "No" or a boolean.
func (r reader) yes(name string) *bool {
	v, ok := r.fields[name].(bool)
	if !ok {
		switch text := r.text(name); {
		case strings.EqualFold(text, "yes"), strings.EqualFold(text, "true"):
			v = true
		case strings.EqualFold(text, "no"), strings.EqualFold(text, "false"):
		case text == "":
			return nil
		default:
			r.unreadable(name)
			return nil
		}
	}
	return &v
}

func (r reader) amount(name string) money.Amount {
	var bad []string
	inner := reader{fields: r.object(name), bad: &bad}
	amount, currency := inner.text("amount"), inner.text("currency")
	if amount == "" && len(bad) == 0 {
		return money.Amount{}
	}
	parsed, err := money.Parse(amount, currency)
	if err != nil {
		r.unreadable(name) // by its own name: "price", not "amount"
	}
	return parsed
}

func (r reader) rate(name string) *money.BasisPoints {
	text := r.text(name)
	if text == "" || text == "-" {
		return nil
	}
	parse := money.ParseBasisPoints
	if r.percents && strings.Contains(text, ".") {
		parse = money.FromPercent
	}
	rate, err := parse(text)
	if err != nil {
		r.unreadable(name)
		return nil
	}
	return &rate
}

func (r reader) commission(f field) (c Commission) {
	if f.rate != "" {
		c.RateBP = r.rate(f.rate)
	}
	if f.estimated != "" {
		c.Estimated = r.amount(f.estimated)
	}
	if f.actual != "" {
		c.Actual = r.amount(f.actual)
	}
	return c
}

// commissions leaves out kinds of which nothing is said.
func (r reader) commissions(fields []field) map[string]Commission {
	found := make(map[string]Commission, len(fields))
	for _, f := range fields {
		if c := r.commission(f); c.RateBP != nil || !c.Estimated.IsZero() || !c.Actual.IsZero() {
			found[f.kind] = c
		}
	}
	return found
}
