package order

// Fill completes rows of one order that belong to one owner from each other:
// the creator of a seller's campaign sale, whom TikTok Shop tells the partner
// only, from the partner's row of the same SKU; and the shop of a partner's row
// from the seller's, whose name shopName gives. It returns, row by row, the names of the
// fields it filled and the perspective they come from. What more than one row
// could fill is left empty. The rows must not be another owner's.
func Fill(rows []Row, shopName func(Row) string) []map[string]Perspective {
	filled := make([]map[string]Perspective, len(rows))
	fill := func(i int, field string, to *string, from Perspective, value func(Row) string) {
		if *to != "" {
			return
		}
		found := ""
		for _, other := range rows {
			v := value(other)
			if other.Perspective != from || !rows[i].sameSale(other) || v == "" || v == found {
				continue
			}
			if found != "" {
				return
			}
			found = v
		}
		if found != "" {
			*to, filled[i] = found, map[string]Perspective{field: from}
		}
	}
	for i := range rows {
		switch row := &rows[i]; row.Perspective {
		case Seller:
			fill(i, "creator_username", &row.CreatorUsername, TAP, func(r Row) string { return r.CreatorUsername })
		case TAP:
			fill(i, "shop_name", &row.ShopName, Seller, shopName)
		case Creator, CAP:
		}
	}
	return filled
}

// sameSale reports whether two perspectives' rows of an order are about the same
// SKU, sold through the same content and campaign where both name them.
func (r Row) sameSale(other Row) bool {
	agree := func(a, b string) bool { return a == "" || b == "" || a == b }
	return r.OrderID == other.OrderID && r.SKUID == other.SKUID && agree(r.ContentID, other.ContentID) && agree(r.CampaignID, other.CampaignID)
}
