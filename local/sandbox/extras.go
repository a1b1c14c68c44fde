package sandbox

// Rates of what some markets and programmes add to an order, in basis points.
const (
	bonusRate  = 100 // of the base
	adsRate    = 300
	tapBonus   = 150
	incomeTax  = 250 // of the commission
	valueAdded = 800
)

// extras adds to a row what only orders with Extras have: bonuses, commission on
// ads, taxes of Mexico and South East Asia. Standard commissions stay as they are.
func (r row) extras(s state, to obj, add func(to obj, prefix string, base amount)) {
	if !r.order.extras {
		return
	}
	add(to, "estimated_", r.base())
	if s.final() {
		add(to, "actual_", r.actualBase(s))
	}
}

// sellerExtras: the seller's part of a bonus is paid in dollars, whatever the order's currency.
func (r row) sellerExtras(to obj, prefix string, base amount) {
	to[prefix+"cofunded_creator_bonus_amount"] = base.share(bonusRate).in("USD")
}

func (r row) creatorExtras(to obj, prefix string, base amount) {
	bonus, reward := base.share(bonusRate), base.share(tapBonus)
	to["commission_bonus_rate"], to["creator_commission_reward_rate"], to["tag"] = bonusRate, tapBonus, "spring"
	to[prefix+"bonus_commission"], to[prefix+"creator_commission_reward_fee"] = r.money(bonus), r.money(reward)
	standard := base.share(r.rate)
	for _, tax := range []string{"isr", "iva", "pit"} {
		to[tax] = r.money(standard.share(incomeTax))
	}
}

// bonus is what extras add to the creator's whole commission, after taxes.
func (r row) bonus(base amount) amount {
	if !r.order.extras {
		return 0
	}
	return base.share(bonusRate) + base.share(tapBonus) - 3*base.share(r.rate).share(incomeTax)
}

func (r row) tapExtras(to obj, prefix string, base amount) {
	for _, party := range []string{"creator", "partner"} {
		to[party+"_shop_ads_commission_rate"], to[party+"_tap_bonus_commission_rate"] = adsRate, tapBonus
		to[prefix+party+"_shop_ads_commission"] = r.money(base.share(adsRate))
		to[prefix+party+"_tap_bonus_commission"] = r.money(base.share(tapBonus))
	}
	commission := base.share(r.partnerRate)
	to[prefix+"partner_isr"], to[prefix+"partner_iva"] = r.money(commission.share(incomeTax)), r.money(commission.share(valueAdded))
}

func (r row) capExtras(to obj, prefix string, base amount) {
	to["commission_bonus_rate"], to["tap_bonus_commission_rate"], to["tags"] = bonusRate, tapBonus, "spring"
	to[prefix+"bonus_commission"], to[prefix+"tap_bonus_commission"] = r.money(base.share(bonusRate)), r.money(base.share(tapBonus))
	commission := base.share(r.rate)
	agency := commission.share(agencyRate)
	to[prefix+"agency_isr"], to[prefix+"agency_iva"] = r.money(agency.share(incomeTax)), r.money(agency.share(valueAdded))
	to[prefix+"creator_tax_isr"], to[prefix+"creator_tax_iva"] = r.money(commission.share(incomeTax)), r.money(commission.share(valueAdded))
	to[prefix+"creator_tax_pit"] = r.money(commission.share(incomeTax))
}
