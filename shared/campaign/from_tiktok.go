package campaign

import (
	"slices"

	"tiktok-shop-affiliate/shared/money"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// fromTikTok takes from a submitted product what rules can see. The price of an
// SKU is its selling price, else its list price.
func fromTikTok(p tiktokshop.CampaignProduct) Product {
	product := Product{
		ID: string(p.ID), Name: p.Name, ShopName: p.ShopName, Status: p.ReviewStatus,
		TotalRate: rate(p.TotalCommissionRate), CreatorRate: rate(p.CreatorCommissionRate), Available: p.IsAvailable,
	}
	price := func(amount, currency string) {
		if price := (Price{Amount: amount, Currency: currency}); price != (Price{}) && !slices.Contains(product.Prices, price) {
			product.Prices = append(product.Prices, price)
		}
	}
	price(string(p.LowestPrice.Amount), p.LowestPrice.Currency)
	price(string(p.HighestPrice.Amount), p.HighestPrice.Currency)
	for _, sku := range p.SKUs {
		amount := sku.BasePrice.SalePrice
		if amount == "" {
			amount = sku.BasePrice.ListPrice
		}
		price(amount, sku.BasePrice.Currency)
	}
	return product
}

// rate is nil when there is none or it is not readable.
func rate(r tiktokshop.Rate) *money.BasisPoints {
	bp, err := r.BasisPoints()
	if err != nil {
		return nil
	}
	return &bp
}
