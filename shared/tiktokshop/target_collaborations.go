package tiktokshop

import "fmt"

// Err tells that nothing was created: TikTok Shop answers with success and
// lists the reasons.
func (r *SellerCreateTargetCollaborationResponse) Err() error {
	conflicts, creators, products := len(r.TargetCollaborationConflicts), len(r.InvalidOpenIDList), len(r.InvalidProductIDList)
	switch {
	case conflicts+creators+products > 0:
		return partly("Seller.CreateTargetCollaboration", 0,
			fmt.Sprintf("nothing was created: %d conflicts, %d invalid creators, %d invalid products", conflicts, creators, products))
	case r.TargetCollaboration.ID == "":
		return &Error{Op: "Seller.CreateTargetCollaboration", Kind: OutcomeUnknown, Message: "the answer has no id; Seller.SearchTargetCollaborations tells"}
	}
	return nil
}

// Err tells what of the update was not carried out.
func (r *SellerUpdateTargetCollaborationResponse) Err() error {
	conflicts, failed := len(r.TargetCollaborationConflicts), r.UpdateFailed.count()
	if conflicts+failed == 0 {
		return nil
	}
	return partly("Seller.UpdateTargetCollaboration", 0, fmt.Sprintf("not everything was updated: %d conflicts, %d changes not made", conflicts, failed))
}

// count is how many changes were not made.
func (u UpdateFailed) count() int {
	n := len(u.AddCreatorOpenIDs) + len(u.RemoveCreatorOpenIDs) + len(u.RemoveProductIDs) + len(u.InvalidOpenIDList) + len(u.InvalidProductIDList) +
		len(u.AddProducts) + len(u.ChangeCommissions)
	for _, failed := range []bool{u.EndTime != 0, u.Name != "", u.SellerContactInfo != SellerContact{}} {
		if failed {
			n++
		}
	}
	return n
}

// Err tells which creators are still where they were.
func (r *SellerResolveTargetConflictsResponse) Err() error {
	if len(r.FailedItems) == 0 {
		return nil
	}
	return partly("Seller.ResolveTargetConflicts", 0, fmt.Sprintf("%d of %d conflicts are not resolved", len(r.FailedItems), len(r.FailedItems)+len(r.SuccessItems)))
}

func (r CreatorSearchTargetCollaborationsRequest) check(p *params) {
	if (r.Keyword == "") != (r.KeywordType == "") {
		p.refuse("keyword and keyword_type are given both or not at all")
	}
	if len(r.Keyword) >= 500 {
		p.refuse("keyword has %d bytes: it must have fewer than 500", len(r.Keyword))
	}
}
