package sandbox

func creatorProfile(c *call) (any, error) {
	u := c.grant.user
	profile := obj{
		"creator_user_open_id": openID(c.app, u), "username": u.username, "user_type": "TIKTOK_SHOP_CREATOR",
		"register_region": u.region, "selection_region": u.region,
		"permissions": []string{"LIVE_STREAM_PERMISSION", "ADD_AFFILIATE_PERMISSION"},
		"avatar":      obj{"url": u.avatar(), "height": 100, "width": 100},
	}
	if u.sellerType != "" {
		profile["seller_type"] = u.sellerType
	}
	return profile, nil
}
