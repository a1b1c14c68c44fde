package tiktokshop

import (
	"strings"
	"time"
)

const day = 24 * time.Hour

func (r PartnerCreateCampaignRequest) check(p *params) {
	campaignTexts(p, r.Name, r.Description)
	campaignTimes(p, r.CampaignStartTime, r.CampaignEndTime, r.RegistrationStartTime, r.RegistrationEndTime)
	if (len(r.TargetSellerTypes) == 0) == (len(r.TargetShopCodes) == 0) {
		p.refuse("exactly one of target_seller_types and target_shop_codes is needed")
	}
}

func (r PartnerEditCampaignRequest) check(p *params) {
	campaignTexts(p, r.Name, r.Description)
	campaignTimes(p, r.CampaignStartTime, r.CampaignEndTime, r.RegistrationStartTime, r.RegistrationEndTime)
	if len(r.TargetSellerTypes) > 0 && len(r.TargetShopCodes) > 0 {
		p.refuse("only one of target_seller_types and target_shop_codes can be given")
	}
}

func campaignTexts(p *params, name, description string) {
	if strings.HasPrefix(name, " ") {
		p.refuse("name starts with a space")
	}
	if strings.HasPrefix(description, " ") {
		p.refuse("description starts with a space")
	}
}

// campaignTimes compares the times that are given: an edit need not give all.
func campaignTimes(p *params, start, end, opens, closes Unix) {
	if start != 0 && opens != 0 && opens != start {
		p.refuse("registration_start_time is %d: it must equal campaign_start_time, %d", opens, start)
	}
	if start != 0 && end != 0 {
		if period := end.Time().Sub(start.Time()); period < day || period > 360*day {
			p.refuse("campaign_end_time is %s after campaign_start_time: it must be 1 to 360 days", period)
		}
	}
	if opens != 0 && closes != 0 && closes.Time().Sub(opens.Time()) < day {
		p.refuse("registration_end_time is %d: it must be at least a day after registration_start_time, %d", closes, opens)
	}
	if closes != 0 && end != 0 && closes > end {
		p.refuse("registration_end_time is %d: it must not be after campaign_end_time, %d", closes, end)
	}
}
