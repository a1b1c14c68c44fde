package sandbox

import (
	"slices"
	"strconv"
	"time"
)

// Refusals of invitations. Source: the API reference's error tables.
var (
	errOfficial      = refuse(16024006, "An official creator cannot be invited.")
	errBlocked       = refuse(16024018, "The creator is blocked.")
	errInviteQuota   = refuse(16024019, "The quota of invitations is used up.")
	errFollowerLimit = refuse(16024021, "The creator has more followers than the shop can reach.")
	errOtherRegion   = refuse(16901006, "The creator's region does not match.")
)

const (
	reachableFollowers = 1_000_000 // of a creator, for the tier of the seeded shops
	maxEligibility     = 100       // creators a call. Source: the API reference.
	maxOutreachPage    = 50
	bonusQuota         = 20
)

// week is when the present quota period began: Monday, 00:00.
func week(now time.Time) time.Time {
	today := now.UTC().Truncate(day)
	return today.AddDate(0, 0, -(int(today.Weekday())+6)%7)
}

// invite spends the shop's quota on creators, all or none.
func (c *call) invite(creators []*user) error {
	fresh := int64(0)
	for _, u := range creators {
		switch {
		case u.region != c.shop.region:
			return errOtherRegion
		case u.official:
			return errOfficial
		case slices.Contains(c.shop.blocked, u):
			return errBlocked
		case u.stats().followers > reachableFollowers:
			return errFollowerLimit
		case c.shop.invited[u].Before(week(c.now)):
			fresh++
		}
	}
	if c.invitedThisWeek()+fresh > c.settings.OutreachWeekly {
		return errInviteQuota
	}
	if c.shop.invited == nil {
		c.shop.invited = map[*user]time.Time{}
	}
	for _, u := range creators {
		c.shop.invited[u] = c.now
	}
	return nil
}

func (c *call) invitedThisWeek() (n int64) {
	for _, at := range c.shop.invited {
		if !at.Before(week(c.now)) {
			n++
		}
	}
	return n
}

type eligibilityBody struct {
	Creators []struct {
		ID string `json:"creator_open_id"`
	} `json:"creator_infos"`
}

// outreachEligibility is POST /affiliate_seller/202610/creator_outreach/eligibility/check.
func outreachEligibility(c *call, in eligibilityBody) (any, error) {
	if len(in.Creators) == 0 || len(in.Creators) > maxEligibility {
		return nil, invalid("creator_infos must name 1 to %d creators", maxEligibility)
	}
	left := c.settings.OutreachWeekly - c.invitedThisWeek()
	results, levels, seen := []obj{}, []int64{}, map[string]bool{}
	for _, info := range in.Creators {
		u := c.creatorByOpenID(c.app, info.ID)
		if u == nil || seen[info.ID] {
			return nil, invalid("creator_infos: %s is unknown or repeated", info.ID)
		}
		seen[info.ID] = true
		st := u.stats()
		if left < 1 && !slices.Contains(levels, st.level) {
			levels = append(levels, st.level)
		}
		results = append(results, obj{
			"creator_open_id": info.ID, "creator_level": st.level, "is_blocked": slices.Contains(c.shop.blocked, u),
			"is_connected": c.collaborated(u), "is_paired": c.collaborated(u), "is_creator_level_quota_available": left > 0,
			"is_creator_follower_count_threshold_met": st.followers <= reachableFollowers,
		})
	}
	return obj{
		"creator_eligibility_results": results, "ineligible_creator_levels": levels, "is_batch_quota_consumable": left >= int64(len(results)),
	}, nil
}

// outreachQuota is GET /affiliate_seller/202607/creator_outreach/quota.
func outreachQuota(c *call) (any, error) {
	sum, used := c.settings.OutreachWeekly, c.invitedThisWeek()
	levels := []int{1, 2, 3, 4, 5, 6}
	text := func(n int64) string { return strconv.FormatInt(n, 10) }
	start := week(c.now)
	return obj{"data": obj{
		"shop_id": c.shop.id, "start_time": text(start.Unix()), "end_time": text(start.AddDate(0, 0, 7).Unix()), "unlimited": false,
		"quota_type": "PERIOD_QUOTA", "quota_sum": text(sum), "quota_use": text(used), "reached_max_follower_cnt": text(reachableFollowers),
		"gmv_tier": "2", "new_connect_count": text(used), "pair_connect_count": text(used), "bonus_exposure_post_percentile_threshold": "0.80",
		"quota_details": []obj{{
			"creator_levels": levels, "quota_period_sum": sum, "quota_period_use": used, "quota_bonus_sum": bonusQuota, "quota_bonus_use": 0,
		}},
		"gmv_level_rule": []obj{{
			"gmv_tier": "2", "left_gmv": cents(100_000).in(c.shop.currency), "right_gmv": cents(1_000_000).in(c.shop.currency),
			"reached_max_follower_cnt": text(reachableFollowers),
			"quota_details":            []obj{{"creator_levels": levels, "quota_period_sum": sum, "quota_bonus_sum": bonusQuota}},
		}},
	}}, nil
}

type outreachRecordsBody struct {
	Page int `json:"page_index"`
	Size int `json:"page_size"`
}

// outreachRecords is POST /affiliate_seller/202608/creator_outreach/records/query.
func outreachRecords(c *call, in outreachRecordsBody) (any, error) {
	if in.Page < 1 || in.Size < 2 || in.Size > maxOutreachPage {
		return nil, invalid("page_index must be above 0 and page_size 2 to %d", maxOutreachPage)
	}
	rows := []obj{}
	for i, u := range c.creators() {
		if invited, paired := !c.shop.invited[u].IsZero(), c.collaborated(u); invited || paired {
			rows = append(rows, obj{
				"id": number(partnerFamily, int64(1000+i)), "creator_open_id": openID(c.app, u), "has_sent_im_message": false,
				"has_sent_invitation": invited || paired, "is_paired": paired,
			})
		}
	}
	from := min((in.Page-1)*in.Size, len(rows))
	return obj{"data": obj{"connect_list": rows[from:min(from+in.Size, len(rows))], "total": len(rows)}}, nil
}
