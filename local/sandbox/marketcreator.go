package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// dataGroups are the parts of a creator's data that are asked for; none = all.
type dataGroups []string

func (g dataGroups) known() bool {
	return !slices.ContainsFunc(g, func(name string) bool {
		return !slices.Contains([]string{"BASIC_CREATOR_INFORMATION", "CONTENT_PERFORMANCE", "FOLLOWER_INFORMATION", "COLLABORATION", "SALES_AND_GMV"}, name)
	})
}

// pick leaves out the fields of groups nobody asked for; a field starts with one
// of its group's words, and fields of no group always come.
func (g dataGroups) pick(row obj, groups map[string][]string) obj {
	for _, field := range byKey(row) {
		for group, words := range groups {
			belongs := slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(field, word) })
			if belongs && len(g) > 0 && !slices.Contains(g, group) {
				delete(row, field)
			}
		}
	}
	return row
}

func searchGroups() map[string][]string {
	return map[string][]string{
		"BASIC_CREATOR_INFORMATION": {"avatar", "nickname", "username", "selection_region", "category_ids", "creator_profile", "bio_", "profile_"},
		"CONTENT_PERFORMANCE":       {"avg_ec_", "ec_"},
		"FOLLOWER_INFORMATION":      {"follower_", "top_follower"},
		"SALES_AND_GMV":             {"gmv", "live_g", "video_g", "units_sold", "gpm", "avg_gmv", "category_gmv", "content_gmv"},
		"COLLABORATION":             {"avg_commission", "brand_", "top_collaborated", "post_rate", "pps", "rating", "product_original", "promoted_"},
	}
}

// band is the range an amount lies in, for creators who share no more.
func band(n int64) (from, to int64) {
	for _, to = range []int64{100, 1_000, 10_000} {
		if n <= to {
			return from, to
		}
		from = to
	}
	return from, 100_000_000
}

func (a amount) band(currency string) obj {
	from, to := band(int64(a / unit))
	return obj{
		"currency": currency, "minimum_amount": strconv.FormatInt(from, 10), "maximum_amount": strconv.FormatInt(to, 10),
		"formatted_range": fmt.Sprintf("%d-%d", from, to),
	}
}

func unitBand(n int64) obj {
	from, to := band(n)
	return obj{"minimum_amount": from, "maximum_amount": to, "formatted_range": fmt.Sprintf("%d-%d", from, to)}
}

// agencyName is the creator's agency.
func (c *call) agencyName(u *user) string {
	if agency := find(c.ofKind(Partner), func(p *user) bool { return slices.Contains(p.agencyOf, u) }); agency != nil {
		return agency.name
	}
	return ""
}

// marketRow is a creator in a search of the marketplace.
func (c *call) marketRow(u *user) obj {
	st, currency := u.stats(), c.shop.currency
	tags := []int{}
	if st.private {
		tags = []int{1}
	}
	row := obj{
		"creator_open_id": openID(c.app, u), "username": u.username, "nickname": u.name, "avatar": obj{"url": u.avatar()},
		"selection_region": u.region, "category_ids": []string{st.category.parentID},
		"avg_ec_live_uv": st.views / 3, "avg_ec_video_view_count": st.views, "follower_count": st.followers,
		"top_follower_demographics": obj{
			"age_ranges":   []string{"AGE_RANGE_25_34"},
			"major_gender": obj{"gender": majority(st.female), "percentage": max(st.female, 10_000-st.female)},
		},
		"gmv_range": st.gmv.band(currency), "units_sold_range": unitBand(st.units),
		"creator_profile": obj{
			"creator_bind_mcn_name": c.agencyName(u), "creator_level": st.level, "has_collaborated": c.collaborated(u),
			"has_invited_90d": !c.shop.invited[u].IsZero(), "is_creator_blocked": slices.Contains(c.shop.blocked, u), "is_eligible_flat_fee": st.level > 3,
			"is_fast_growing": st.fast, "is_official_recommend": st.level > 4, "is_rising_star": st.fast && st.level < 3,
			"pps_score": "4.3", "user_type_tag": tags,
		},
	}
	if !st.private {
		row["gmv"], row["video_gmv"], row["live_gmv"] = st.gmv.in(currency), (st.gmv / 4 * 3).in(currency), (st.gmv / 4).in(currency)
	}
	return row
}

func majority(female int64) string {
	if female >= 5_000 {
		return "FEMALE"
	}
	return "MALE"
}

// collaborated reports whether a collaboration of the shop ever had the creator.
func (c *call) collaborated(u *user) bool {
	return slices.ContainsFunc(c.targets, func(t *target) bool { return t.shop == c.shop && t.invites(u) })
}

// marketplaceCreator is GET /affiliate_seller/202608/marketplace_creators/{creator_user_id};
// the id is the creator's open id.
func marketplaceCreator(c *call) (any, error) {
	if err := c.marketplaceQuota(); err != nil {
		return nil, err
	}
	var groups dataGroups
	if text := c.query.Get("data_groups"); text != "" {
		groups = strings.Split(text, ",")
	}
	u := c.creatorByOpenID(c.app, c.path["creator_user_id"])
	switch {
	case !groups.known():
		return nil, invalid("data_groups: %v", groups)
	case u == nil:
		return nil, invalid("there is no such creator")
	case u.region != c.shop.region:
		return nil, refuse(16901006, "The creator's region does not match.")
	}
	return obj{"creator": groups.pick(c.marketDetail(u), searchGroups())}, nil
}

func (c *call) marketDetail(u *user) obj {
	st, currency := u.stats(), c.shop.currency
	perMille := st.gmv / 50
	per := func(parts ...string) (list []obj) {
		for i := 0; i < len(parts); i += 2 {
			list = append(list, obj{"key": parts[i], "value": parts[i+1]})
		}
		return list
	}
	row := obj{
		"username": u.username, "nickname": u.name, "avatar": obj{"url": u.avatar()}, "selection_region": u.region,
		"bio_description": "Things I like, shown as they are.", "profile_tt_uri": "snssdk1180://user/profile/" + opaque(10, "profile", u.id),
		"category_ids": []string{st.category.parentID}, "creator_profile": c.marketProfile(u),
		"avg_ec_live_comment_count": st.views / 200, "avg_ec_live_like_count": st.views / 9, "avg_ec_live_share_count": st.views / 400,
		"avg_ec_live_view_count": st.views / 3, "avg_ec_video_comment_count": st.views / 150, "avg_ec_video_like_count": st.views / 12,
		"avg_ec_video_play_count": st.views, "avg_ec_video_share_count": st.views / 300,
		"ec_live_count": st.lives, "ec_live_engagement_rate": "410", "ec_video_count": st.videos, "ec_video_engagement_rate": "630",
		"follower_count": st.followers, "follower_age": per("18-24", "0.3100", "25-34", "0.4400", "35+", "0.2500"),
		"follower_gender":   per("Female", fraction(st.female), "Male", fraction(10_000-st.female)),
		"follower_location": per(u.region, "0.8200"),
		"gmv_range":         st.gmv.band(currency), "units_sold_range": unitBand(st.units), "gpm_range": perMille.band(currency),
		"live_gpm_range": perMille.band(currency), "video_gpm_range": perMille.band(currency), "avg_gmv_per_buyer_range": cents(3_150).band(currency),
		"category_gmv_distribution":  []obj{{"category_id": st.category.parentID, "value": "0.7000"}, {"category_id": "-1", "value": "0.3000"}},
		"content_gmv_distribution":   []obj{{"content_type": "VIDEO", "value": "0.7500"}, {"content_type": "LIVE", "value": "0.2500"}},
		"avg_commission_rate_range":  obj{"minimum_amount": 800, "maximum_amount": 2500},
		"brand_collaboration_count":  st.level * 4,
		"top_collaborated_brand_ids": []string{number(partnerFamily, 80+st.level)}, "post_rate": "7300", "pps": "4.3", "rating": "4.7",
		"product_original_price_range": obj{"currency": currency, "minimum_amount": "12.0", "maximum_amount": "129.0"},
		"promoted_product_num":         st.videos + st.lives,
	}
	if !st.private {
		row["gmv"], row["video_gmv"], row["live_gmv"] = st.gmv.in(currency), (st.gmv / 4 * 3).in(currency), (st.gmv / 4).in(currency)
		row["gpm"], row["video_gpm"], row["live_gpm"] = perMille.in(currency), perMille.in(currency), perMille.in(currency)
		row["avg_gmv_per_buyer"], row["units_sold"], row["avg_commission_rate"] = cents(3_150).in(currency), st.units, 1450
	}
	return row
}

// fraction writes ten-thousandths as a decimal fraction.
func fraction(n int64) string { return fmt.Sprintf("0.%04d", n) }

func (c *call) marketProfile(u *user) obj {
	st := u.stats()
	week := 7 * day
	start := c.now.UTC().Truncate(day).Add(-week)
	blocked := slices.Contains(c.shop.blocked, u)
	return obj{
		"contact_info_available": !st.private, "creator_bind_mcn_name": c.agencyName(u), "creator_level": st.level,
		"creator_connect_info":        obj{"is_blocked": blocked, "is_connect": c.collaborated(u), "is_paired": c.collaborated(u)},
		"creator_fulfillment_reviews": st.videos, "creator_fulfillment_score_90d": "4.6",
		"creator_trend_profile": []obj{{
			"start_timestamp": start.Unix(), "end_timestamp": start.Add(week - time.Second).Unix(), "engagement_rate": 558,
			"follower": st.followers, "gmv": obj{"amount": (st.gmv / 4).String(), "symbol": "$"}, "units_sold": st.units / 4,
		}},
		"has_invited_90d": !c.shop.invited[u].IsZero(), "is_creator_blocked": blocked, "is_eligible_flat_fee": st.level > 3,
		"is_official_recommend": st.level > 4, "is_rising_star": st.fast && st.level < 3,
		"live_comment_cnt_30d_med": st.views / 200, "live_engagement_rate_30d": 410, "live_like_cnt_30d": st.views / 9,
		"live_share_cnt_30d_med": st.views / 400, "live_view_cnt_30d_med": st.views / 3, "sample_score": 75,
		"video_play_cnt_30d_med": st.views, "video_publish_cnt_30d_med": st.videos,
	}
}
