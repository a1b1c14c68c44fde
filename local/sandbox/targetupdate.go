package sandbox

import (
	"slices"
	"time"
)

type updateTargetBody struct {
	Name     string   `json:"name"`
	EndTime  string   `json:"end_time"`
	Creators []string `json:"creator_user_open_ids"`
	Products []struct {
		ID      string `json:"id"`
		Rate    int64  `json:"commission_rate"`
		AdsRate int64  `json:"target_ad_commission_rate"`
	} `json:"products"`
	Contact *contact    `json:"seller_contact_info"`
	Samples *sampleRule `json:"free_sample_rule"`
}

// updateTarget is PUT /affiliate_seller/202508/target_collaborations/{target_collaboration_id}.
// It replaces everything. What could not be done is told in an answer of code 0;
// one conflict or unknown id fails all of it.
func updateTarget(c *call, in updateTargetBody) (any, error) {
	t, err := c.ownTarget()
	switch {
	case err != nil:
		return nil, err
	case !t.living(c.now):
		return nil, errTargetExpired
	}
	asked := wish{in.Name, in.EndTime, in.Creators, nil, in.Contact, in.Samples}
	for _, item := range in.Products {
		asked.products = append(asked.products, wishedProduct{item.ID, item.Rate, item.AdsRate})
	}
	p, err := c.examine(asked)
	if err != nil {
		return nil, err
	}
	if p.invalid() {
		return obj{"update_failed": obj{"invalid_open_id_list": p.badCreators, "invalid_product_id_list": p.badProducts}}, nil
	}
	if pairs := c.conflicts(p.creators, p.products, t); len(pairs) > 0 {
		conflicts := []obj{}
		for _, pair := range pairs {
			conflicts = append(conflicts, obj{"creator_user_open_id": openID(c.app, pair.creator), "product_id": pair.product.id})
		}
		return obj{"target_collaboration_conflicts": conflicts}, nil
	}
	if t.topCreators {
		return obj{"update_failed": c.refusedChanges(t, p, in)}, nil
	}
	fresh := slices.DeleteFunc(slices.Clone(p.creators), t.invites)
	if err := c.invite(fresh); err != nil {
		return nil, err
	}
	t.replaceCreators(p.creators, c.now)
	t.replaceProducts(p.products, c.now)
	t.name, t.end, t.contact, t.samples, t.exempt, t.updated = in.Name, p.end, *in.Contact, in.Samples.Has, in.Samples.Exempt, c.now
	return obj{}, nil
}

// replaceCreators lets who is gone leave at once, or at midnight when the
// creator's showcase has a product of the collaboration.
func (t *target) replaceCreators(creators []*user, now time.Time) {
	leaving := map[*user]time.Time{}
	for _, u := range t.creators {
		if !slices.Contains(creators, u) && len(t.shownBy(u)) > 0 {
			creators = append(creators, u)
			leaving[u] = midnight(now)
		}
	}
	t.creators, t.leaving = creators, leaving
}

// replaceProducts lets products leave, and rates fall, at once or, when a
// showcase has the product, at midnight. Rates rise at once.
func (t *target) replaceProducts(products []targetProduct, now time.Time) {
	promoted := func(p *product) bool {
		return slices.ContainsFunc(t.creators, func(u *user) bool {
			return slices.ContainsFunc(t.shownBy(u), func(s *shown) bool { return s.product == p })
		})
	}
	for i := range products {
		if old := t.item(products[i].product); old != nil && old.rate > products[i].rate && promoted(old.product) {
			products[i].rate, products[i].lower, products[i].lowered = old.rate, products[i].rate, midnight(now)
		}
	}
	for _, old := range t.products {
		kept := slices.ContainsFunc(products, func(item targetProduct) bool { return item.product == old.product })
		if !kept && promoted(old.product) {
			old.leaves = midnight(now)
			products = append(products, old)
		}
	}
	t.products = products
}

// refusedChanges lists what was asked of a collaboration that cannot be changed.
func (c *call) refusedChanges(t *target, p plan, in updateTargetBody) obj {
	failed := obj{}
	if in.Name != t.name {
		failed["name"] = in.Name
	}
	if !p.end.Equal(t.end.Truncate(time.Second)) {
		failed["end_time"] = p.end.Unix()
	}
	if *in.Contact != t.contact {
		failed["seller_contact_info"] = *in.Contact
	}
	add, remove, gone := []string{}, []string{}, []string{}
	for _, u := range p.creators {
		if !t.invites(u) {
			add = append(add, openID(c.app, u))
		}
	}
	for _, u := range t.creators {
		if !slices.Contains(p.creators, u) {
			remove = append(remove, openID(c.app, u))
		}
	}
	for _, item := range p.products {
		switch old := t.item(item.product); {
		case old == nil:
			failed["add_products"] = obj{"id": item.product.id, "commission_rate": item.rate}
		case old.rate != item.rate:
			failed["change_commissions"] = obj{"product_id": item.product.id, "commission_rate": item.rate}
		}
	}
	for _, item := range t.products {
		if !slices.ContainsFunc(p.products, func(other targetProduct) bool { return other.product == item.product }) {
			gone = append(gone, item.product.id)
		}
	}
	failed["add_creator_open_ids"], failed["remove_creator_open_ids"], failed["remove_product_ids"] = add, remove, gone
	return failed
}
