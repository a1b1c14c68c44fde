package tiktokshop_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// TestCodes pins what callers must be able to rely on, one code per kind.
func TestCodes(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]struct {
		kind  tiktokshop.ErrorKind
		fault fault.Kind
	}{
		36009002:  {tiktokshop.RateLimited, fault.RateLimited},
		36009037:  {tiktokshop.RateLimited, fault.RateLimited},
		45101004:  {tiktokshop.QuotaUsed, fault.RateLimited},
		36009003:  {tiktokshop.Unavailable, fault.Unavailable},
		36009007:  {tiktokshop.Unavailable, fault.Unavailable},
		600001002: {tiktokshop.Unavailable, fault.Unavailable},
		36009009:  {tiktokshop.Retired, fault.Retired},
		36009014:  {tiktokshop.Retired, fault.Retired},
		105001:    {tiktokshop.Revoked, fault.Reconnect},
		105002:    {tiktokshop.TokenExpired, fault.Unavailable},
		105005:    {tiktokshop.MissingScope, fault.Reconnect},
		36004001:  {tiktokshop.InvalidGrant, fault.Reconnect},
		36004004:  {tiktokshop.InvalidGrant, fault.Reconnect},
		101000:    {tiktokshop.WrongAccount, fault.Invalid},
		106013:    {tiktokshop.WrongAccount, fault.Invalid},
		106001:    {tiktokshop.BadSetup, fault.Internal},
		36009004:  {tiktokshop.BadSetup, fault.Internal},
		36009033:  {tiktokshop.BadSetup, fault.Internal},
		98001004:  {tiktokshop.BadRequest, fault.Invalid},
		36009043:  {tiktokshop.Inactive, fault.Forbidden},
		16032005:  {tiktokshop.Missing, fault.NotFound},
		16032009:  {tiktokshop.Conflicting, fault.Conflict},
		16032013:  {tiktokshop.Conflicting, fault.Conflict},
		16003012:  {tiktokshop.Conflicting, fault.Conflict},
		16032007:  {tiktokshop.NotAllowed, fault.Forbidden},
		16901005:  {tiktokshop.NotAllowed, fault.Forbidden},
		1:         {tiktokshop.UnknownCode, fault.Internal},
		-1:        {tiktokshop.UnknownCode, fault.Internal},
	} {
		kind := tiktokshop.KindOfCode(code)
		assert.Equal(t, want.kind, kind, code)
		assert.Equal(t, want.fault, fault.KindOf(&tiktokshop.Error{Kind: kind}), code)
	}
}
