package tiktokshop_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// TestCodes holds the table against the published lists, copied here by area.
func TestCodes(t *testing.T) {
	t.Parallel()
	want := map[int]tiktokshop.ErrorKind{}
	for kind, codes := range map[tiktokshop.ErrorKind][]int{
		tiktokshop.RateLimited:  {36009002, 36009037, 600001001},
		tiktokshop.QuotaUsed:    {45101004, 16024019, 16030002},
		tiktokshop.Unavailable:  {36009003, 36009007, 16015027, 16504002, 45101001, 600001002},
		tiktokshop.Retired:      {36009009, 36009014},
		tiktokshop.TokenExpired: {105002},
		tiktokshop.Revoked:      {105001},
		tiktokshop.InvalidGrant: {36004001, 36004004},
		tiktokshop.MissingScope: {105005},
		tiktokshop.WrongAccount: {101000, 106013, 16032001, 16032012},
		tiktokshop.Inactive:     {36009043, 36009044},
		tiktokshop.BadSetup:     {106001, 36004003, 36009004, 36009010, 36009033},
		tiktokshop.BadRequest: {
			98001004, 98001005, 98001006, 36009021, 36009022, 36009023, 16003033, 16015001, 16015006, 16015007, 16032002, 16032003, 50001703,
		},
		tiktokshop.Missing:     {16032005, 16032010, 50001701, 50001702},
		tiktokshop.Conflicting: {16003012, 16024020, 16024021, 16024022, 16032008, 16032009, 16032011, 16032013, 16030003},
		tiktokshop.NotAllowed: {
			66009315, 16501011, 16003025, 16003035, 16603010, 16022020, 16024004, 16024006, 16024008, 16024016, 16024018, 16030001, 16030007,
			16030009, 16032004, 16032007, 16901005, 16901006, 16901007, 16901008, 18001405, 45101021, 50001700,
		},
	} {
		for _, code := range codes {
			want[code] = kind
		}
	}
	got := map[int]tiktokshop.ErrorKind{}
	for _, code := range tiktokshop.Codes() {
		assert.NotContains(t, got, code.Code, "described twice")
		got[code.Code] = code.Kind
		assert.NotEmpty(t, code.Area, code.Code)
		assert.NotEmpty(t, code.Means, code.Code)
		assert.Equal(t, code.Kind, tiktokshop.KindOfCode(code.Code))
	}
	assert.Equal(t, want, got)
}

func TestUnknownCodesFailClosed(t *testing.T) {
	t.Parallel()
	for _, code := range []int{1, -1, 16024099, 36009999} {
		kind := tiktokshop.KindOfCode(code)
		assert.Equal(t, tiktokshop.UnknownCode, kind)
		assert.Equal(t, fault.Internal, fault.KindOf(&tiktokshop.Error{Kind: kind, Code: code}))
		_, known := tiktokshop.CodeOf(code)
		assert.False(t, known)
	}
}

// TestKinds pins what callers must be able to rely on.
func TestKinds(t *testing.T) {
	t.Parallel()
	for kind, want := range map[tiktokshop.ErrorKind]fault.Kind{
		tiktokshop.Refused: fault.Invalid, tiktokshop.BadRequest: fault.Invalid, tiktokshop.WrongAccount: fault.Invalid,
		tiktokshop.TokenExpired: fault.Unavailable, tiktokshop.Unavailable: fault.Unavailable,
		tiktokshop.Revoked: fault.Reconnect, tiktokshop.InvalidGrant: fault.Reconnect, tiktokshop.MissingScope: fault.Reconnect,
		tiktokshop.NotAllowed: fault.Forbidden, tiktokshop.Inactive: fault.Forbidden, tiktokshop.Missing: fault.NotFound,
		tiktokshop.Conflicting: fault.Conflict, tiktokshop.RateLimited: fault.RateLimited, tiktokshop.QuotaUsed: fault.RateLimited,
		tiktokshop.Retired: fault.Retired, tiktokshop.OutcomeUnknown: fault.OutcomeUnknown,
		tiktokshop.BadSetup: fault.Internal, tiktokshop.Unreadable: fault.Internal, tiktokshop.UnknownCode: fault.Internal,
	} {
		err := &tiktokshop.Error{Kind: kind, Message: "words"}
		assert.Equal(t, want, fault.KindOf(err), kind)
		assert.NotEmpty(t, err.Advice(), kind)
	}
}

func TestAdvice(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]*tiktokshop.Error{
		"page_size is 0: it must be 1 to 100":                                                                          {Kind: tiktokshop.Refused, Message: "page_size is 0: it must be 1 to 100"},
		"the product already has an open collaboration; use the one that exists (code 16003012)":                       {Kind: tiktokshop.Conflicting, Code: 16003012},
		"the 10,000 requests of the day are used up; wait for the next day, UTC (code 45101004)":                       {Kind: tiktokshop.QuotaUsed, Code: 45101004},
		"TikTok Shop does not know it; check what was named: the campaign does not exist (code 16032005)":              {Kind: tiktokshop.Missing, Code: 16032005},
		"TikTok Shop asks to slow down; repeat later (code 36009002)":                                                  {Kind: tiktokshop.RateLimited, Code: 36009002},
		"the call to TikTok Shop failed; it has to be looked into before it is repeated (code 4711)":                   {Kind: tiktokshop.UnknownCode, Code: 4711},
		"it is not known whether TikTok Shop carried it out; look before repeating; Seller.Find tells (code 36009007)": {Kind: tiktokshop.OutcomeUnknown, Code: 36009007, Settles: "Seller.Find"},
		"TikTok Shop has switched this operation off; do not repeat it (code 36009014)":                                {Kind: tiktokshop.Retired, Code: 36009014},
	} {
		assert.Equal(t, want, err.Advice())
	}
}

func TestSunsets(t *testing.T) {
	t.Parallel()
	all := tiktokshop.Sunsets()
	first := all[0]
	assert.Equal(t, "/affiliate_seller/202405/products/{product_id}/promotion_link/generate", first.Path)
	assert.Equal(t, time.Date(2026, time.October, 12, 2, 0, 0, 0, time.UTC), first.Effective)
	assert.Empty(t, first.Successor)
	assert.NotEmpty(t, first.Alternatives)
	for _, s := range all {
		assert.NotEmpty(t, s.Method+s.Source, s.Path)
		assert.False(t, s.Effective.IsZero(), s.Path)
	}
	err := &tiktokshop.Error{Op: "Seller.ProductLink", Kind: tiktokshop.Retired, Code: 36009014, Sunset: &first}
	require.Contains(t, err.Advice(), "switched off on 12 October 2026 without a successor; alternatives: Seller.TargetCollaborationLink, Partner.PromotionLink, Creator.GeneralLinks")
	assert.Contains(t, err.Error(), "alternatives: Seller.TargetCollaborationLink")
	err.Sunset = &all[1]
	assert.Contains(t, err.Advice(), "its successor is POST /affiliate_seller/202412/open_collaborations")
}
