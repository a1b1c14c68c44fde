package sandbox

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Refusals of making and changing campaigns. Source: the API reference's error tables.
var (
	errCampaignPeriod     = refuse(16032002, "The campaign period is invalid: it must begin later than now and last 1 to 360 days.")
	errCampaignSignUp     = refuse(16032003, "The registration period is invalid: it begins with the campaign, lasts a day or more, and ends by the campaign's end.")
	errCampaignSellers    = refuse(16032004, "Exactly one of target_shop_codes (fewer than 100) and target_seller_types (LOCAL, CROSS_BORDER) is needed.")
	errCampaignPermission = refuse(16032007, "No permission for this campaign.")
	errCampaignsTooMany   = refuse(16032011, "Too many online campaigns.")
)

// Limits of campaigns. Source: the API reference.
const (
	maxCampaignDays     = 360
	maxCampaignShops    = 99
	maxPublished        = 100
	maxCampaignName     = 50
	maxCampaignAbout    = 1000
	shortestSignUp      = day
	shortestCampaign    = day
	longestCampaignTime = maxCampaignDays * day
)

// campaignContact is how sellers reach the partner.
type campaignContact struct {
	Email    string `json:"email,omitempty"`
	Line     string `json:"line,omitempty"`
	Phone    string `json:"phone,omitempty"`
	Viber    string `json:"viber,omitempty"`
	WhatsApp string `json:"whatsapp,omitempty"`
	Zalo     string `json:"zalo,omitempty"`
}

// campaignBody is what create takes whole and partial_edit in part.
type campaignBody struct {
	Name        *string          `json:"name"`
	Description *string          `json:"description"`
	Start       *int64           `json:"campaign_start_time"`
	End         *int64           `json:"campaign_end_time"`
	SignUpStart *int64           `json:"registration_start_time"`
	SignUpEnd   *int64           `json:"registration_end_time"`
	Rate        *int64           `json:"commission_rate"`
	ShopCodes   *[]string        `json:"target_shop_codes"`
	SellerTypes *[]string        `json:"target_seller_types"`
	Contact     *campaignContact `json:"contact_info"`
}

// createCampaign is POST /affiliate_partner/202405/campaigns.
func createCampaign(c *call, in campaignBody) (any, error) {
	if in.Name == nil || in.Description == nil || in.Start == nil || in.End == nil || in.SignUpStart == nil || in.SignUpEnd == nil ||
		in.Rate == nil || in.Contact == nil {
		return nil, campaignParameter("a required field is missing")
	}
	made := campaign{owner: c.grant.user, unpublished: true, unfilled: true}
	if err := in.apply(&made, c.now); err != nil {
		return nil, err
	}
	made.id = number(campaignFamily, c.next())
	c.campaigns = append(c.campaigns, &made)
	return obj{"campaign_id": made.id}, nil
}

// editCampaign is POST …/campaigns/{campaign_id}/partial_edit.
func editCampaign(c *call, in campaignBody) (any, error) {
	found, err := c.ownCampaign()
	if err != nil {
		return nil, err
	}
	begins := in.Start != nil || in.SignUpStart != nil
	ends := in.End != nil || in.SignUpEnd != nil
	switch status := found.status(c.now); {
	case found.joined:
		return nil, errCampaignPermission
	case begins && status != "READY" && status != "UPCOMING", ends && status == "CLOSED":
		return nil, errCampaignState
	}
	changed := *found
	if err := in.apply(&changed, c.now); err != nil {
		return nil, err
	}
	*found = changed
	return obj{}, nil
}

// publishCampaign is POST …/campaigns/{campaign_id}/publish: sellers see it from now on.
func publishCampaign(c *call) (any, error) {
	found, err := c.ownCampaign()
	if err != nil {
		return nil, err
	}
	online := 0
	for _, other := range c.campaigns {
		if status := other.status(c.now); other.owner == found.owner && (status == "UPCOMING" || status == "ONGOING") {
			online++
		}
	}
	switch {
	case found.joined:
		return nil, errCampaignPermission
	case !found.unpublished:
		return nil, errCampaignState
	case found.start.Before(c.now):
		return nil, errCampaignPeriod
	case online >= maxPublished:
		return nil, errCampaignsTooMany
	}
	found.unpublished = false
	return obj{}, nil
}

// apply changes a campaign as asked and checks what comes out.
func (in campaignBody) apply(to *campaign, now time.Time) error {
	set(&to.name, in.Name)
	set(&to.description, in.Description)
	set(&to.rate, in.Rate)
	set(&to.shopCodes, in.ShopCodes)
	set(&to.sellerTypes, in.SellerTypes)
	set(&to.contact, in.Contact)
	signUp := to.start
	setTime(&to.start, in.Start)
	setTime(&signUp, in.SignUpStart)
	setTime(&to.end, in.End)
	setTime(&to.registrationEnd, in.SignUpEnd)
	period := to.end.Sub(to.start)
	switch {
	case !worded(to.name, maxCampaignName):
		return campaignParameter("name must have 1 to 50 characters and no leading space")
	case !worded(to.description, maxCampaignAbout):
		return campaignParameter("description must have 1 to 1000 characters and no leading space")
	case !rateAllowed(to.rate):
		return campaignParameter("commission_rate must be between 100 and 8000")
	case in.Start != nil && to.start.Before(now.Truncate(time.Second)), period < shortestCampaign, period > longestCampaignTime:
		return errCampaignPeriod
	case !signUp.Equal(to.start), to.registrationEnd.Sub(signUp) < shortestSignUp, to.registrationEnd.After(to.end):
		return errCampaignSignUp
	case !to.addressed():
		return errCampaignSellers
	}
	return to.contact.check(to.owner.category.market)
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func setTime(to *time.Time, from *int64) {
	if from != nil {
		*to = time.Unix(*from, 0)
	}
}

func worded(text string, most int) bool {
	n := utf8.RuneCountInString(text)
	return n >= 1 && n <= most && !strings.HasPrefix(text, " ")
}

// addressed reports whether the campaign says in exactly one way whom it is for.
func (c *campaign) addressed() bool {
	unknown := slices.ContainsFunc(c.sellerTypes, func(kind string) bool { return kind != "LOCAL" && kind != "CROSS_BORDER" })
	return !unknown && (len(c.shopCodes) > 0) != (len(c.sellerTypes) > 0) && len(c.shopCodes) <= maxCampaignShops
}

var internationalNumber = regexp.MustCompile(`^\+[1-9]\d{5,14}$`)

// check requires an address and the market's own channel. Source: the API reference.
func (i campaignContact) check(market string) error {
	needed, known := map[string]string{
		"TH": i.Line, "PH": i.Viber, "VN": i.Zalo, "MY": i.WhatsApp, "SG": i.WhatsApp, "GB": i.WhatsApp, "ID": i.WhatsApp,
	}[market]
	if !strings.Contains(i.Email, "@") || known && needed == "" {
		return campaignParameter("contact_info needs an e-mail address and the market's messenger")
	}
	for _, phone := range []string{i.Line, i.Phone, i.Viber, i.WhatsApp, i.Zalo} {
		if phone != "" && !internationalNumber.MatchString(phone) {
			return campaignParameter("contact_info takes phone numbers in E.164 form")
		}
	}
	return nil
}
