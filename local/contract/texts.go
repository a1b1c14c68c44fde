package contract

import (
	"maps"
	"slices"
)

// Texts are the hashes of the texts the overrides rest on: every operation's
// own text and that of each field we document, limit or type by hand.
func (c *Contract) Texts() map[string]string {
	texts := map[string]string{}
	for source, d := range map[string]Description{"oas": c.OAS, "pages": c.PartnerCenter} {
		for _, o := range c.Overrides.Operations {
			for field, fact := range d.Operations[o.Op] {
				_, said := o.Fields[field]
				if fact.Text != "" && (field == "" || said || c.Overrides.term(o, field) != "") {
					texts[source+" "+o.Op+" "+field] = fact.Text
				}
			}
		}
	}
	return texts
}

// Unread lists the texts that differ from what was read.
func (c *Contract) Unread() []string {
	var changed []string
	texts := c.Texts()
	for _, where := range slices.Sorted(maps.Keys(texts)) {
		if c.Reviewed[where] != texts[where] {
			changed = append(changed, where)
		}
	}
	for where := range c.Reviewed {
		if _, ok := texts[where]; !ok {
			changed = append(changed, where+" (gone)")
		}
	}
	return changed
}
