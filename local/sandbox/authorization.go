package sandbox

func authorizedShops(c *call) (any, error) {
	shops := []obj{}
	for _, s := range c.grant.shops() {
		shops = append(shops, obj{
			"id": s.id, "code": s.code, "name": s.name, "region": s.region, "seller_type": s.sellerType, "cipher": s.cipher(c.app),
		})
	}
	return obj{"shops": shops}, nil
}

func deauthorizeShop(c *call) (any, error) {
	c.deauthorizeShop(c.grant, c.shop)
	return obj{}, nil
}

func categoryAssets(c *call) (any, error) {
	a := c.grant.user.category
	return obj{"category_assets": []obj{{
		"cipher": categoryCipher(c.app, c.grant.user), "target_market": a.market, "category": obj{"id": a.id, "name": a.name},
	}}}, nil
}
