package sandbox

// openSettings is GET /affiliate_seller/202409/open_collaboration_settings.
func openSettings(c *call) (any, error) {
	return obj{"open_collaboration_settings": obj{"auto_add_product": obj{
		"enable": c.shop.autoAdd, "commission_rate": c.shop.autoRate,
	}}}, nil
}

type openSettingsBody struct {
	AutoAdd *struct {
		Enable bool  `json:"enable"`
		Rate   int64 `json:"commission_rate"`
	} `json:"auto_add_product"`
}

// setOpenSettings is POST /affiliate_seller/202405/open_collaboration_settings.
// Switching on adds every product at once; switching off leaves what is there.
func setOpenSettings(c *call, in openSettingsBody) (any, error) {
	if in.AutoAdd == nil {
		return obj{}, nil
	}
	c.shop.autoAdd = in.AutoAdd.Enable
	if !in.AutoAdd.Enable {
		return obj{}, nil
	}
	if !rateAllowed(in.AutoAdd.Rate) {
		return nil, errOpenRate
	}
	c.shop.autoRate = in.AutoAdd.Rate
	for _, p := range c.products {
		if p.shop == c.shop && p.openRate == 0 {
			c.open(p, in.AutoAdd.Rate)
		}
	}
	return obj{}, nil
}
