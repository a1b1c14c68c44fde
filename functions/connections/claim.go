package main

import (
	"context"
	"regexp"

	"tiktok-shop-affiliate/shared/api"
)

// claimRequest hands over the claim_token that the partner's page was opened
// with after an install from the app store.
type claimRequest struct {
	ClaimToken string `json:"claim_token"`
}

var claimTokenForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// Validate reports every fault.
func (in *claimRequest) Validate(f *api.Fields) {
	if !claimTokenForm.MatchString(in.ClaimToken) {
		f.Body("/claim_token", "must be the claim_token of the address, whole")
	}
}

// claim connects the caller's owner to the account that waits under the token.
// Claimed again, it answers the same.
func (h *handler) claim(ctx context.Context, call api.Call, in claimRequest) (detailView, error) {
	claimed, err := h.claims.Claim(ctx, call.Owner, in.ClaimToken)
	if err != nil {
		return detailView{}, err
	}
	c, err := h.directory.Find(ctx, call.Owner, claimed.ID)
	if err != nil {
		return detailView{}, err
	}
	return h.detailOf(c), nil
}
