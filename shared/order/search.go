package order

import (
	"context"
	"encoding/json"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// pageSize is the most rows an order search gives at once.
const pageSize = 100

// Query asks for one page of the rows created in [From, To).
type Query struct {
	Perspective Perspective
	From, To    time.Time
	Token       string // Next of the page before; empty for the first
}

// Page is one page of an order search.
type Page struct {
	Rows  []Row
	Total int    // rows of all pages, as TikTok Shop counts them
	Next  string // empty on the last page
}

// Search gives pages of one asset's orders. Its errors are TikTok Shop's.
type Search func(ctx context.Context, q Query) (Page, error)

// Grants elects a healthy grant for an asset; *account.Grants is one.
type Grants interface {
	Asset(ctx context.Context, id account.AssetID) (tiktokshop.Grant, account.Asset, error)
}

// TikTok opens order searches at TikTok Shop.
type TikTok struct {
	client *tiktokshop.Client
	grants Grants
}

// NewTikTok reads orders with the client and the grants of connected accounts.
func NewTikTok(client *tiktokshop.Client, grants Grants) *TikTok {
	return &TikTok{client: client, grants: grants}
}

// Open elects a grant for the asset. The error is fault.Reconnect or
// fault.NotFound when nobody's grant reaches it any more.
func (t *TikTok) Open(ctx context.Context, asset account.AssetID) (Search, error) {
	grant, held, err := t.grants.Asset(ctx, asset)
	if err != nil {
		return nil, err
	}
	switch Perspective(asset.Perspective()) {
	case Seller:
		return sellerSearch(asset, t.client.Seller(grant, held.Cipher)), nil
	case Creator:
		return creatorSearch(asset, t.client.Creator(grant)), nil
	case TAP:
		return partnerSearch(asset, t.client.Partner(grant, held.Cipher)), nil
	case CAP:
	}
	return nil, fault.New("order.Open", fault.NotFound, "this asset has no orders")
}

func sellerSearch(asset account.AssetID, seller *tiktokshop.Seller) Search {
	return func(ctx context.Context, q Query) (Page, error) {
		answer, err := seller.SearchOrders(ctx, tiktokshop.SellerSearchOrdersRequest{PageSize: pageSize, PageToken: q.Token, CreateTimeGE: unix(q.From), CreateTimeLT: unix(q.To)})
		if err != nil {
			return Page{}, err
		}
		return pageOf(answer.TotalCount, answer.NextPageToken, answer.Orders, func(p *Page, order tiktokshop.SellerOrder) error { return p.addOrder(asset, q, order.Raw) })
	}
}

func creatorSearch(asset account.AssetID, creator *tiktokshop.Creator) Search {
	return func(ctx context.Context, q Query) (Page, error) {
		answer, err := creator.SearchOrders(ctx, tiktokshop.CreatorSearchOrdersRequest{PageSize: pageSize, PageToken: q.Token, CreateTimeGE: unix(q.From), CreateTimeLT: unix(q.To)})
		if err != nil {
			return Page{}, err
		}
		return pageOf(answer.TotalCount, answer.NextPageToken, answer.Orders, func(p *Page, order tiktokshop.CreatorOrder) error { return p.addOrder(asset, q, order.Raw) })
	}
}

// partnerSearch gives the TAP orders of a partner and, where it is a creator
// agency, its CAP orders.
func partnerSearch(asset account.AssetID, partner *tiktokshop.Partner) Search {
	return func(ctx context.Context, q Query) (Page, error) {
		if q.Perspective == CAP {
			answer, err := partner.SearchCAPOrders(ctx, tiktokshop.PartnerSearchCAPOrdersRequest{PageSize: pageSize, PageToken: q.Token, CreateTimeGE: unix(q.From), CreateTimeLT: unix(q.To)})
			if err != nil {
				return Page{}, err
			}
			return pageOf(answer.TotalCount, answer.NextPageToken, answer.SKUOrders, func(p *Page, row tiktokshop.CAPOrder) error { return p.add(asset, q, nil, row.Raw) })
		}
		answer, err := partner.SearchOrders(ctx, tiktokshop.PartnerSearchOrdersRequest{PageSize: pageSize, PageToken: q.Token, CreateTimeGE: unix(q.From), CreateTimeLT: unix(q.To)})
		if err != nil {
			return Page{}, err
		}
		return pageOf(answer.TotalCount, answer.NextPageToken, answer.SKUOrders, func(p *Page, row tiktokshop.PartnerOrder) error { return p.add(asset, q, nil, row.Raw) })
	}
}

// pageOf reads the entries of an answer into a page.
func pageOf[T any](total tiktokshop.Int, next string, entries []T, add func(*Page, T) error) (Page, error) {
	page := Page{Total: int(total), Next: next}
	for _, entry := range entries {
		if err := add(&page, entry); err != nil {
			return Page{}, err
		}
	}
	return page, nil
}

func (p *Page) add(asset account.AssetID, q Query, head map[string]any, raw json.RawMessage) error {
	row, err := FromTikTok(asset, q.Perspective, head, raw, q.From)
	p.Rows = append(p.Rows, row)
	return err
}

// addOrder adds the SKU rows of an order, which may be one object instead of a
// list. What is no order at all becomes one unreadable row.
func (p *Page) addOrder(asset account.AssetID, q Query, raw json.RawMessage) error {
	head, skus, ok := cutOrder(raw)
	if !ok {
		return p.add(asset, q, nil, raw)
	}
	for _, sku := range skus {
		if err := p.add(asset, q, head, sku); err != nil {
			return err
		}
	}
	return nil
}

// cutOrder parts what is said once per order from its SKU rows.
func cutOrder(raw json.RawMessage) (head map[string]any, skus []json.RawMessage, ok bool) {
	var parts map[string]json.RawMessage
	if json.Unmarshal(raw, &parts) != nil || parts == nil {
		return nil, nil, false
	}
	if err := json.Unmarshal(parts["skus"], &skus); err != nil && len(parts["skus"]) > 0 {
		skus = []json.RawMessage{parts["skus"]}
	}
	delete(parts, "skus")
	head = make(map[string]any, len(parts))
	for name, part := range parts {
		head[name] = part
	}
	return head, skus, true
}

func unix(t time.Time) tiktokshop.Unix { return tiktokshop.Unix(t.Unix()) }
