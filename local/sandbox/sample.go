package sandbox

import (
	"slices"
	"strconv"
	"time"
)

// sample is a creator's application for a free sample.
type sample struct {
	id, status string
	creator    *user
	product    *product
	target     *target // nil = of an open collaboration
	orderID    string  // once approved
	applied    time.Time
	fulfilment string // PENDING, ONGOING, SUCCEED or FAILED, once it was shipped
}

func (w *world) seedSamples(now time.Time) {
	mia, leo := w.user("mia-lane"), w.user("leo-park")
	for i, s := range []sample{
		{creator: mia, product: w.products[0], target: w.targets[0], status: "PENDING"},
		{creator: leo, product: w.products[2], target: w.targets[0], status: "CONTENT_PENDING", orderID: number(orderFamily, 1), fulfilment: "ONGOING"},
		{creator: mia, product: w.products[5], status: "COMPLETED", orderID: number(orderFamily, 2), fulfilment: "SUCCEED"},
		{creator: leo, product: w.products[6], status: "PENDING"},
		{creator: mia, product: w.products[11], status: "SHIPPED", orderID: number(orderFamily, 3), fulfilment: "PENDING"},
	} {
		s.id, s.applied = number(sampleFamily, int64(i+1)), now.Add(-time.Duration(3+i*4)*day)
		w.samples = append(w.samples, &s)
	}
}

// sampleStatuses are the words of the status filter. Source: OAS.
func sampleStatuses() []string {
	return []string{
		"PENDING", "AWAITING_SHIPMENT", "SHIPPED", "CONTENT_PENDING", "REJECT_CANCELLED", "OVERDUE_CANCELLED", "UNFULFILL_CANCELLED",
		"FULFILLMENT_SUSPEND", "DEL_OPEN_COLLAB", "SELLER_NOT_SHIP_CANCELLED", "WITHDRAW_CANCELLED", "UNFULFILLABLE_CANCELLED",
		"OPS_CANCELLED", "OPS_FAILED", "OPS_COMPLETED", "COMPLETED", "TO_BE_POST", "POST_IN_REVIEW", "POST_FAILED", "CANCELED",
	}
}

type creatorSamplesBody struct {
	Statuses []string `json:"application_statuses"`
}

// creatorSamples is POST /affiliate_creator/202412/sample_applications/search.
func creatorSamples(c *call, in creatorSamplesBody) (any, error) {
	if slices.ContainsFunc(in.Statuses, func(status string) bool { return !slices.Contains(sampleStatuses(), status) }) {
		return nil, errSampleParameter
	}
	list := slices.DeleteFunc(slices.Clone(c.samples), func(s *sample) bool {
		return s.creator != c.grant.user || len(in.Statuses) > 0 && !slices.Contains(in.Statuses, s.status)
	})
	part, next := cut(c.page, list)
	rows := []obj{}
	for _, s := range part {
		row := obj{
			"id": s.id, "status": s.status, "activity_id": number(sampleFamily, 900), "main_order_id": s.orderID,
			"sample_product": obj{
				"id": s.product.id, "sku_id": s.product.skus[0].id, "sku_sale_property_value_names": []string{s.product.skus[0].name},
			},
		}
		if s.fulfilment != "" {
			row["creator_fulfillment"] = obj{
				"id": s.id + "1", "status": s.fulfilment, "bound_product_status": s.product.status(),
				"expiration_time": s.applied.Add(30 * day).Unix(), "total_suspend_duration": 0,
			}
		}
		rows = append(rows, row)
	}
	return obj{"sample_applications": rows, "next_page_token": next}, nil
}

var errSampleParameter = refuse(16015001, "Invalid parameter.")

type sellerSamplesBody struct {
	Creator  string `json:"creator_user_oepn_id"`   // the spellings
	Target   string `json:"target_collabration_id"` // are TikTok's
	Order    string `json:"order_id"`
	Product  string `json:"product_id"`
	Status   string `json:"status"`
	Title    string `json:"title"`
	Username string `json:"username"`
}

// sellerSamples is POST /affiliate_seller/202508/sample_applications/search.
func sellerSamples(c *call, in sellerSamplesBody) (any, error) {
	if in.Status != "" && !slices.Contains(sampleStatuses(), in.Status) {
		return nil, errSampleParameter
	}
	list := slices.DeleteFunc(slices.Clone(c.samples), func(s *sample) bool {
		return s.product.shop != c.shop || in.Status != "" && s.status != in.Status || in.Product != "" && s.product.id != in.Product ||
			in.Order != "" && s.orderID != in.Order || in.Creator != "" && openID(c.app, s.creator) != in.Creator ||
			in.Target != "" && (s.target == nil || s.target.id != in.Target) ||
			in.Title != "" && !like(s.product.title, in.Title) || in.Username != "" && !like(s.creator.username, in.Username)
	})
	part, next := cut(c.page, list)
	rows := []obj{}
	for _, s := range part {
		rows = append(rows, c.sampleRow(s))
	}
	return obj{"sample_applications": rows, "next_page_token": next, "total_count": len(list)}, nil
}

func (c *call) sampleRow(s *sample) obj {
	rate, reasons, st := s.product.openRate, []string{}, s.creator.stats()
	if s.target != nil {
		if item := s.target.item(s.product); item != nil {
			rate = item.rate
		}
	}
	if s.product.inventory() == 0 {
		reasons = append(reasons, "OUT_OF_STOCK")
	}
	row := obj{
		"id": s.id, "status": s.status, "order_id": s.orderID, "available_quantity": s.product.skus[0].stock / 10,
		"approve_expiration_time": s.applied.Add(7 * day).Unix(), "shipment_expiration_time": s.applied.Add(10 * day).Unix(),
		"commission_rate": "0." + strconv.FormatInt(100+rate/100, 10)[1:], "is_approvable": s.status == "PENDING" && len(reasons) == 0,
		"disapprovable_reasons": reasons, "fulfillment_status": s.fulfilment, "partner_name": c.agencyName(s.creator), "tracking_number": "",
		"creator": obj{
			"creator_open_id": openID(c.app, s.creator), "username": s.creator.username, "nickname": s.creator.name,
			"avatar_url": s.creator.avatar(), "follower_count": st.followers, "gmv": st.gmv.in(c.shop.currency),
			"fulfillment_percentage": "60.85", "ec_video_view": st.views, "content_count": st.videos,
		},
		"product": obj{
			"id": s.product.id, "title": s.product.title, "sku_id": s.product.skus[0].id, "sku_name": s.product.skus[0].name,
			"sku_image_url": s.product.image(),
		},
	}
	if s.fulfilment != "" {
		row["tracking_number"] = "TRK" + s.id
	}
	return row
}

type reviewSampleBody struct {
	Result string `json:"review_result"`
	Reason string `json:"reject_reason"`
}

// reviewSample is POST /affiliate_seller/202507/sample_applications/{application_id}/review;
// only pending applications can be reviewed.
func reviewSample(c *call, in reviewSampleBody) (any, error) {
	s := find(c.samples, func(s *sample) bool { return s.id == c.path["application_id"] && s.product.shop == c.shop })
	approve := in.Result == "APPROVE"
	switch {
	case s == nil, s.status != "PENDING", !approve && in.Result != "REJECT",
		!approve && !slices.Contains([]string{"NOT_MATCH", "OUT_OF_STOCK", "OFFLINE", "OTHER"}, in.Reason),
		approve && s.product.inventory() == 0:
		return nil, errSampleParameter
	}
	s.status = "REJECT_CANCELLED"
	if approve {
		s.status, s.orderID = "AWAITING_SHIPMENT", number(orderFamily, c.next())
	}
	return obj{}, nil
}
