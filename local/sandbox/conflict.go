package sandbox

import "slices"

type checkConflictsBody struct {
	Creators []string `json:"creator_open_id_list"`
	Products []string `json:"product_id_list"`
}

// checkConflicts is POST /affiliate_seller/202605/target_collaborations/conflicts/check.
func checkConflicts(c *call, in checkConflictsBody) (any, error) {
	if len(in.Creators) == 0 || len(in.Creators) > maxTargetCreators || len(in.Products) == 0 || len(in.Products) > maxTargetProducts {
		return nil, invalid("1 to %d creators and 1 to %d products are needed", maxTargetCreators, maxTargetProducts)
	}
	var creators []*user
	var products []targetProduct
	for _, id := range in.Creators {
		if u := c.creatorByOpenID(c.app, id); u != nil {
			creators = append(creators, u)
		}
	}
	for _, id := range in.Products {
		if p := c.product(id); p != nil {
			products = append(products, targetProduct{product: p})
		}
	}
	items := []obj{}
	for _, pair := range c.conflicts(creators, products, nil) {
		items = append(items, obj{
			"creator_open_id": openID(c.app, pair.creator), "product_id": pair.product.id, "existing_collaboration_id": pair.in.id,
		})
	}
	return obj{"has_conflict": len(items) > 0, "conflict_items": items}, nil
}

type resolveConflictsBody struct {
	Items []struct {
		Creator string `json:"creator_open_id"`
		Target  string `json:"existing_collaboration_id"`
	} `json:"conflict_items"`
}

// resolveConflicts is POST /affiliate_seller/202605/target_collaborations/conflicts/resolve:
// each creator leaves the existing collaboration, at once.
func resolveConflicts(c *call, in resolveConflictsBody) (any, error) {
	if len(in.Items) == 0 {
		return nil, invalid("conflict_items must not be empty")
	}
	done, failed := []obj{}, []obj{}
	for _, item := range in.Items {
		told := obj{"creator_open_id": item.Creator, "existing_collaboration_id": item.Target}
		t, u := c.target(item.Target), c.creatorByOpenID(c.app, item.Creator)
		if t == nil || t.shop != c.shop || !t.living(c.now) || u == nil || !t.invites(u) {
			failed = append(failed, told)
			continue
		}
		t.creators = slices.DeleteFunc(t.creators, func(other *user) bool { return other == u })
		delete(t.leaving, u)
		t.updated = c.now
		done = append(done, told)
	}
	return obj{"success_items": done, "failed_items": failed}, nil
}
