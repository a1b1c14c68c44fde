package tiktokshop

import (
	"strings"
	"time"
)

// Sunset is an operation that TikTok Shop has announced to switch off. It
// explains a refusal; it never refuses a call by itself, because announcements
// move and pages outlive their operations.
type Sunset struct {
	Operation    string    // our name of it; empty when we have no method for it
	Method, Path string    // as the contract has it
	Effective    time.Time // UTC
	Successor    string    // method and path; empty when there is none
	Alternatives []string  // our methods that serve the same end
	Source       string
}

// Sunsets lists what is announced.
func Sunsets() []Sunset {
	october := time.Date(2026, time.October, 12, 2, 0, 0, 0, time.UTC) // 10:00 UTC+8
	return []Sunset{
		{
			Operation: "Seller.PromotionLink",
			Method:    "POST", Path: "/affiliate_seller/202405/products/{product_id}/promotion_link/generate", Effective: october, Source: "CL:1wqfoc2s",
			Alternatives: []string{"Seller.TargetCollaborationLink", "Partner.PromotionLink", "Creator.GeneralLinks"},
		},
		{
			Method: "POST", Path: "/affiliate_seller/202405/open_collaborations", Effective: october, Source: "CL:1wqfoc2s",
			Successor: "POST /affiliate_seller/202412/open_collaborations",
		},
		{
			Method: "GET", Path: "/affiliate/202309/profiles", Effective: october, Source: "CL:kgigtxr7",
			Successor: "GET /affiliate_creator/202508/profiles",
		},
		{
			Method: "GET", Path: "/affiliate/202309/shop_products", Effective: october, Source: "CL:kgigtxr7",
			Successor: "GET /affiliate_creator/202405/showcases/products",
		},
		{Method: "POST", Path: "/affiliate/202402/anchors/prerequisite_check", Effective: october, Source: "CL:kgigtxr7"},
		{Method: "POST", Path: "/affiliate/202403/anchors/content_check", Effective: october, Source: "CL:kgigtxr7"},
		{
			Method: "POST", Path: "/affiliate_creator/202505/orders/trace/search", Source: "CL:si5r1bv3",
			Effective: time.Date(2026, time.August, 15, 0, 0, 0, 0, time.UTC),
			Successor: "POST /affiliate_creator/202410/orders/search",
		},
	}
}

// sunsetOf is the announcement behind a retired operation; nil when there is
// none.
func sunsetOf(kind ErrorKind, path string) *Sunset {
	if kind != Retired {
		return nil
	}
	for _, s := range Sunsets() {
		if s.Path == path {
			return &s
		}
	}
	return nil
}

// advice says when it was switched off and what to use instead.
func (s *Sunset) advice() string {
	text := "switched off on " + s.Effective.Format("2 January 2006")
	switch {
	case s.Successor != "":
		return text + "; its successor is " + s.Successor
	case len(s.Alternatives) > 0:
		return text + " without a successor; alternatives: " + strings.Join(s.Alternatives, ", ")
	}
	return text + " without a successor"
}
