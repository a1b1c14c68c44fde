package tiktokshop

import (
	"context"
	"iter"
)

// Pages calls an operation page by page, from the page that first asks for:
//
//	for page, err := range tiktokshop.Pages(ctx, req, seller.SearchOrders) { … }
//
// It ends after a page without a next token or without rows, and after an
// error, which it yields. A token that has been seen before is an error: the
// list would never end.
func Pages[R interface{ withPage(token string) R }, P any, A interface {
	*P
	nextPage() (token string, rows int)
}](ctx context.Context, first R, call func(context.Context, R) (A, error)) iter.Seq2[A, error] {
	return func(yield func(A, error) bool) {
		req, seen := first, map[string]bool{}
		for {
			page, err := call(ctx, req)
			if err != nil {
				yield(nil, err)
				return
			}
			token, rows := page.nextPage()
			if !yield(page, nil) || token == "" || rows == 0 {
				return
			}
			if seen[token] {
				yield(nil, &Error{Op: "Pages", Kind: Unreadable, Message: "a page token came twice"})
				return
			}
			seen[token] = true
			req = req.withPage(token)
		}
	}
}
