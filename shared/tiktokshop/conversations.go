package tiktokshop

import "fmt"

// Err tells which conversations are still unread.
func (r *SellerMarkReadResponse) Err() error {
	if len(r.FailedConversationIDs) == 0 {
		return nil
	}
	return partly("Seller.MarkRead", 0, fmt.Sprintf("%d conversations were not marked as read", len(r.FailedConversationIDs)))
}
