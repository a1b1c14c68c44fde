package tiktokshop

import "strings"

// Addable is whether the product can be added to the showcase. TikTok Shop has
// sent the word with a line break at its end.
func (s ShopProduct) Addable() bool { return strings.TrimSpace(s.AddedStatus) == "ADDABLE" }

// Err tells that ids were not mapped.
func (r *CreatorTokoProductsResponse) Err() error {
	return innerErr("Creator.TokoProducts", r.Error.Code, r.Error.Message, "")
}

// Err tells that ids were not mapped.
func (r *CreatorMapTokoProductsResponse) Err() error {
	return innerErr("Creator.MapTokoProducts", r.Error.Code, r.Error.Message, "")
}
