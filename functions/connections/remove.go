package main

import (
	"context"
	"net/http"
	"time"

	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// removedView says what became of a connection that its owner ended. TikTok is
// kept, pending, ended or holder.
type removedView struct {
	ID        string                 `json:"id"`
	Account   tiktokshop.AccountKind `json:"account"`
	State     string                 `json:"state"` // always "removed"
	RemovedAt time.Time              `json:"removed_at"`
	TikTok    connection.Ending      `json:"tiktok"`
	Detail    string                 `json:"detail"`
	ManageURL string                 `json:"manage_url,omitempty"` // where a creator removes the access
}

// remove ends a connection: 200, or 202 while TikTok Shop is still to be told.
// Removing again tells how it stands.
func (h *handler) remove(ctx context.Context, call api.Call, in oneRequest) (api.Answer[removedView], error) {
	removal, ending, err := h.remover.Remove(ctx, call.Owner, in.ID)
	if err != nil {
		return api.Answer[removedView]{}, err
	}
	kind := removal.Account.Kind()
	v := removedView{ID: removal.ID, Account: kind, State: "removed", RemovedAt: removal.At.Truncate(time.Second), TikTok: ending, Detail: endingText(ending, kind)}
	if ending == connection.EndingHolder {
		if v.ManageURL, err = h.remover.Manage(ctx, removal.Account); err != nil {
			return api.Answer[removedView]{}, err
		}
	}
	status := http.StatusOK
	if ending == connection.EndingPending {
		status = http.StatusAccepted
	}
	return api.Answer[removedView]{Status: status, Body: v}, nil
}

// endingText says what happened and what is left to do.
func endingText(ending connection.Ending, kind tiktokshop.AccountKind) string {
	switch {
	case ending == connection.EndingKept:
		return "Your right to the account has ended. The account is also connected elsewhere in this deployment, so the authorization at TikTok Shop stays."
	case ending == connection.EndingPending:
		return "Your right to the account has ended. TikTok Shop could not be told yet; that is repeated by itself. Send the request again to see how it stands."
	case ending == connection.EndingDone:
		return "Your right to the account has ended, and so has the authorization at TikTok Shop."
	case kind == tiktokshop.CreatorAccount:
		return "Your right to the account has ended and its tokens are gone. TikTok Shop lets only the creator end the authorization itself: send them manage_url, where they untick every permission."
	}
	return "Your right to the account has ended and its tokens are gone. TikTok Shop lets only the partner end the authorization itself: in Partner Center under My account, My authorizations."
}
