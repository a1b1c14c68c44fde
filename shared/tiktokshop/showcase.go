package tiktokshop

import "fmt"

// The showcase answers with success also when it did nothing, or not all. What
// these methods find is returned as an error with the response.

// Err tells of products that were not added; those not listed were.
func (r *CreatorAddShowcaseProductsResponse) Err() error {
	return showcaseErr("Creator.AddShowcaseProducts", r.Errors)
}

// Err tells of products that were not added; those not listed were.
func (r *CreatorAddOldShowcaseProductsResponse) Err() error {
	return showcaseErr("Creator.AddOldShowcaseProducts", r.Errors)
}

// Err tells of products that were not added; those not listed were.
func (r *CreatorAddLiveProductsResponse) Err() error {
	return showcaseErr("Creator.AddLiveProducts", r.Errors)
}

// Err tells that nothing was removed.
func (r *CreatorRemoveShowcaseProductsResponse) Err() error {
	return innerErr("Creator.RemoveShowcaseProducts", r.Code, r.Message, r.RequestID)
}

// Err tells that nothing was moved.
func (r *CreatorTopShowcaseProductsResponse) Err() error {
	return innerErr("Creator.TopShowcaseProducts", r.Code, r.Message, r.RequestID)
}

func (r CreatorAddShowcaseProductsRequest) check(p *params) {
	switch {
	case r.AddType == ShowcaseAddTypeProductID && (len(r.ProductIDs) == 0 || r.ProductLink != ""):
		p.refuse("add_type is PRODUCT_ID: product_ids and no product_link must be given")
	case r.AddType == ShowcaseAddTypeProductLink && (r.ProductLink == "" || len(r.ProductIDs) > 0):
		p.refuse("add_type is PRODUCT_LINK: one product_link and no product_ids must be given")
	}
}

func showcaseErr(op string, failed []ShowcaseError) error {
	if len(failed) == 0 {
		return nil
	}
	first := failed[0]
	return partly(op, int(first.Code), fmt.Sprintf("%d products were not added, first %s: %s", len(failed), first.Detail.ProductID, first.Message))
}

// innerErr reads an envelope inside the data.
func innerErr(op string, code Int, message string, requestID ID) error {
	if code == 0 {
		return nil
	}
	return &Error{Op: op, Kind: KindOfCode(int(code)), Code: int(code), Message: clean(message, nil), RequestID: string(requestID)}
}

// partly is the failure of single entries in a successful answer. Its kind is
// Conflicting unless their code says better.
func partly(op string, code int, message string) error {
	kind := KindOfCode(code)
	if kind == UnknownCode {
		kind = Conflicting
	}
	return &Error{Op: op, Kind: kind, Code: code, Message: clean(message, nil)}
}
