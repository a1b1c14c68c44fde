package tiktokshop

import "slices"

// Code is what is known of one of TikTok Shop's codes.
type Code struct {
	Code  int
	Kind  ErrorKind
	Area  string
	Means string
	Do    string // what the caller does about it; empty: what the kind says
}

// Areas of the codes.
const (
	areaCommon              = "common"
	areaAuthorization       = "authorization"
	areaOpenCollaboration   = "open collaboration"
	areaSamples             = "samples"
	areaGeneric             = "generic"
	areaTargetCollaboration = "target collaboration"
	areaMessaging           = "messaging"
	areaCampaigns           = "campaigns"
	areaCreators            = "creators"
	areaQuotas              = "quotas"
	areaProducts            = "products"
	areaTransient           = "transient"
)

// Codes lists the described codes. Sources: doc:common-errors (July 2026),
// CL:p9x5je85, and the error tables of the affiliate reference (December 2025).
func Codes() []Code {
	return []Code{
		{36009002, RateLimited, areaCommon, "too many requests", ""},
		{36009003, Unavailable, areaCommon, "internal error at TikTok Shop", ""},
		{36009007, Unavailable, areaCommon, "TikTok Shop timed out within itself", "repeat later, or ask for less at once"},
		{36009009, Retired, areaCommon, "the path does not exist", ""},
		{36009010, BadSetup, areaCommon, "the HTTP method is wrong", ""},
		{36009014, Retired, areaCommon, "the version is invalid or retired", ""},
		{36009021, BadRequest, areaCommon, "the file is too big", "send a smaller file"},
		{36009022, BadRequest, areaCommon, "the body has the wrong format", "correct the request"},
		{36009023, BadRequest, areaCommon, "the content type must be multipart", "send the file as a form"},
		{36009033, BadSetup, areaCommon, "the caller's address is not on the app's allow list", "add the address to the list in Partner Center"},
		{36009037, RateLimited, areaCommon, "the 1,000 requests an hour of a test shop are used up", "wait for the next hour"},
		{36009043, Inactive, areaCommon, "the shop is inactive", "wait until the seller has activated the shop"},
		{36009044, Inactive, areaCommon, "the seller is inactive", "wait until the seller is active again"},
		{36009004, BadSetup, areaCommon, "signature, token header, app key, clock or an identifier is wrong", "check the app's key and secret and the identifiers"},
		{101000, WrongAccount, areaCommon, "cipher and token do not belong together", "use the asset of the account that is connected"},
		{105001, Revoked, areaCommon, "the token is invalid or access was taken away", ""},
		{105002, TokenExpired, areaCommon, "the access token has expired", ""},
		{105005, MissingScope, areaCommon, "the app or the account lacks the scope", ""},
		{106001, BadSetup, areaCommon, "the signature is wrong", "check the app's secret"},
		{106013, WrongAccount, areaCommon, "the shop is not named", "name the shop"},
		{98001004, BadRequest, areaCommon, "parameters are invalid", "correct the request"},
		{66009315, NotAllowed, areaCommon, "no permission for live analytics", ""},
		{36004001, InvalidGrant, areaAuthorization, "the refresh token has expired", ""},
		{36004003, BadSetup, areaAuthorization, "the app key is wrong", "check the app's key and secret"},
		{36004004, InvalidGrant, areaAuthorization, "the authorization code is used, expired or foreign", ""},
		{98001005, BadRequest, areaAuthorization, "parameters are invalid", "correct the request"},
		{98001006, BadRequest, areaAuthorization, "parameters are invalid", "correct the request"},
		{16003012, Conflicting, areaOpenCollaboration, "the product already has an open collaboration", "use the one that exists"},
		{16003025, NotAllowed, areaOpenCollaboration, "the seller is deactivated", ""},
		{16003033, BadRequest, areaOpenCollaboration, "the commission rate is outside 1 to 80 %", "choose a rate from 1 to 80 %"},
		{16003035, NotAllowed, areaOpenCollaboration, "the product is restricted", "choose another product"},
		{16603010, NotAllowed, areaOpenCollaboration, "the seller is restricted", ""},
		{16015001, BadRequest, areaSamples, "a parameter is invalid", "correct the request"},
		{16015006, BadRequest, areaSamples, "there is no sale region", "name the sale region"},
		{16015007, BadRequest, areaSamples, "there is no sale region", "name the sale region"},
		{16015027, Unavailable, areaSamples, "system error of the sample service", ""},
		{16022020, NotAllowed, areaSamples, "a seller may not handle an agency's sample", "let the agency do it"},
		{16501011, NotAllowed, areaGeneric, "no permission", ""},
		{16504002, Unavailable, areaGeneric, "the query failed", ""},
		{16024004, NotAllowed, areaTargetCollaboration, "test and live accounts cannot be mixed", "invite only accounts of the same sort"},
		{16024006, NotAllowed, areaTargetCollaboration, "an official creator cannot be invited", "leave the creator out"},
		{16024008, NotAllowed, areaTargetCollaboration, "the product is not the merchant's", "leave the product out"},
		{16024016, NotAllowed, areaTargetCollaboration, "the creator is linked to the shop", "leave the creator out"},
		{16024018, NotAllowed, areaTargetCollaboration, "the creator is blocked", "leave the creator out"},
		{16024019, QuotaUsed, areaTargetCollaboration, "the invitations of the week are used up", "wait for the next quota"},
		{16024020, Conflicting, areaTargetCollaboration, "some creators are excluded, so nothing was created", "leave them out"},
		{16024021, Conflicting, areaTargetCollaboration, "a creator is beyond the follower limit, so nothing was created", "leave the creator out"},
		{16024022, Conflicting, areaTargetCollaboration, "creator and product already are in another collaboration, so nothing was created", "check and resolve conflicts first"},
		{16030001, NotAllowed, areaMessaging, "the creator's account is cleared", "write to another creator"},
		{16030002, QuotaUsed, areaMessaging, "the shop's messages are used up", "wait for the next quota"},
		{16030003, Conflicting, areaMessaging, "the shop is below the affiliate sales that messages need", "write once the shop has reached them"},
		{16030007, NotAllowed, areaMessaging, "the shop's status does not allow messages", ""},
		{16030009, NotAllowed, areaMessaging, "test and live accounts cannot be mixed", "write only to accounts of the same sort"},
		{45101001, Unavailable, areaMessaging, "the image could not be taken in", ""},
		{50001703, BadRequest, areaMessaging, "the message has words that are not allowed", "change the words"},
		{16032001, WrongAccount, areaCampaigns, "a parameter or the region does not match", "use the asset of the campaign's market"},
		{16032002, BadRequest, areaCampaigns, "the campaign period is invalid", "correct start and end"},
		{16032003, BadRequest, areaCampaigns, "the registration period is invalid", "correct start and end of the registration"},
		{16032004, NotAllowed, areaCampaigns, "the sellers are outside the campaign's scope", "choose sellers of the campaign's scope"},
		{16032005, Missing, areaCampaigns, "the campaign does not exist", ""},
		{16032007, NotAllowed, areaCampaigns, "no permission for the campaign", ""},
		{16032008, Conflicting, areaCampaigns, "the campaign's state does not allow it", "look at the campaign's status first"},
		{16032009, Conflicting, areaCampaigns, "products need a campaign that is online", "publish the campaign, or wait until it is online"},
		{16032010, Missing, areaCampaigns, "the product is not in the campaign", ""},
		{16032011, Conflicting, areaCampaigns, "too many campaigns are online", "end one first"},
		{16032012, WrongAccount, areaCampaigns, "the cipher is not an affiliate partner's", "use a category asset of the partner"},
		{16032013, Conflicting, areaCampaigns, "the payment account is not active", "activate the payment account in the partner's account"},
		{16901005, NotAllowed, areaCreators, "the creator has no e-commerce permission", ""},
		{16901006, NotAllowed, areaCreators, "the creator is of another region", "choose a creator of the same market"},
		{16901007, NotAllowed, areaCreators, "the creator is an official account", ""},
		{16901008, NotAllowed, areaCreators, "the creator is deactivated", ""},
		{18001405, NotAllowed, areaCreators, "the creator has no selection region", "let the creator choose a region in the app"},
		{45101004, QuotaUsed, areaQuotas, "the 10,000 requests of the day are used up", "wait for the next day, UTC"},
		{45101021, NotAllowed, areaQuotas, "the creator's privacy settings forbid it", ""},
		{50001700, NotAllowed, areaProducts, "no access to the target collaboration", ""},
		{50001701, Missing, areaProducts, "the target collaboration has expired", "choose a running one"},
		{50001702, Missing, areaProducts, "creator or product is not available", "leave it out"},
		{600001001, RateLimited, areaTransient, "too many calls", ""},
		{600001002, Unavailable, areaTransient, "a lock was not obtained", ""},
	}
}

// CodeOf looks a code up.
func CodeOf(code int) (Code, bool) {
	all := Codes()
	i := slices.IndexFunc(all, func(c Code) bool { return c.Code == code })
	if i < 0 {
		return Code{}, false
	}
	return all[i], true
}

// KindOfCode says what a code means. A code nobody has described fails closed.
func KindOfCode(code int) ErrorKind {
	if known, ok := CodeOf(code); ok {
		return known.Kind
	}
	return UnknownCode
}
