package sandbox

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
)

var errMarketplaceQuota = refuse(45101004, "The quota of 10,000 requests a day is used up.")

// stats is what the marketplace tells about a creator's last 30 days.
type stats struct {
	followers, units, level, lives, videos, views int64
	gmv                                           amount
	private                                       bool // shares ranges only
	female                                        int64
	category                                      category
	fast                                          bool
}

// stats are made up from the creator's name, always the same.
func (u *user) stats() stats {
	h := fnv.New64a()
	_, _ = h.Write([]byte(u.id))
	seed := h.Sum64()
	part := func(n int64) int64 {
		seed = seed*6364136223846793005 + 1442695040888963407
		return int64(seed>>33) % n
	}
	st := stats{
		followers: 1_000 + part(400_000), units: part(3_000), level: 1 + part(6), lives: part(12), videos: 1 + part(40),
		views: 100 + part(60_000), gmv: cents(part(4_000_000)), private: part(4) == 0, female: 1_000 + part(8_000), fast: part(5) == 0,
		category: []category{
			{id: "600024", parentID: "600001"}, {id: "604579", parentID: "604453"}, {id: "601534", parentID: "601450"},
		}[part(3)],
	}
	if !strings.HasPrefix(u.id, "crowd-") { // those who can log in share what they have
		st.private = false
	}
	if u.famous {
		st.followers += 2 * reachableFollowers
	}
	return st
}

// seedCrowd fills the marketplace.
func (w *world) seedCrowd() {
	names := []string{"Ada", "Bo", "Cleo", "Dev", "Ella", "Finn", "Gus", "Hana", "Ines", "Jude", "Kai", "Lou", "Mo", "Nell", "Otis"}
	for i := range 45 {
		name := fmt.Sprintf("%s %s", names[i%len(names)], names[(i*7+3)%len(names)])
		w.crowd = append(w.crowd, &user{
			id: fmt.Sprintf("crowd-%02d", i), kind: Creator, name: name, region: []string{"US", "US", "GB"}[i%3],
			username: fmt.Sprintf("%s.%02d", strings.ToLower(strings.ReplaceAll(name, " ", "_")), i), official: i == 1 || i == 2, famous: i == 4,
		})
	}
	for _, shop := range w.shops() {
		shop.blocked = []*user{w.crowd[3], w.crowd[5]}
	}
}

type searchMarketplaceBody struct {
	Keyword    string     `json:"keyword"`
	SearchKey  string     `json:"search_key"`
	DataGroups dataGroups `json:"data_groups"`
	GMV        []string   `json:"gmv_ranges"`
	Units      []string   `json:"units_sold_ranges"`
	Category   []struct {
		Parent   string   `json:"parent_category_id"`
		Children []string `json:"child_category_id_list"`
	} `json:"category"`
	Followers *struct {
		Ages   []string `json:"age_ranges"`
		Number *struct {
			GE *int64 `json:"count_ge"`
			LE *int64 `json:"count_le"`
		} `json:"count_range"`
		Gender *struct {
			Gender  string `json:"gender"`
			AtLeast int64  `json:"percentage_ge"`
		} `json:"gender_distribution"`
	} `json:"follower_demographics"`
	Content *struct {
		Engagement         string `json:"avg_engagement_rate"`
		LiveViewers        string `json:"avg_live_avg_viewers_ge"`
		ShopableEngagement string `json:"avg_shopable_engagement_rate"`
		ShopLiveViewers    string `json:"avg_shoppable_live_avg_viewers_ge"`
		ShopVideoViews     string `json:"avg_shoppable_video_views"`
		VideoViews         string `json:"avg_video_views"`
	} `json:"content_performance"`
	Affiliate *struct {
		Rate        string `json:"avg_commission_rate"`
		Agency      string `json:"creator_agency_staus"` // the spelling is TikTok's
		FastGrowing bool   `json:"is_fast_growing"`
		NotInvited  bool   `json:"not_invited_l90_days"`
		PostRate    string `json:"post_rate"`
	} `json:"affiliate_data"`
	Advanced *struct {
		Preference []string `json:"content_preference_type"`
		FlatFee    bool     `json:"eligible_flat_fee"`
		Sorter     string   `json:"sorter_algorithm_id"`
		Options    []struct {
			Type    string         `json:"option_type"`
			Options []marketOption `json:"options"`
		} `json:"option_list"`
	} `json:"advanced_filters"`
}

// searchMarketplace is POST /affiliate_seller/202608/marketplace_creators/search.
// Further pages need the search key of the first, and the same page size.
func searchMarketplace(c *call, in searchMarketplaceBody) (any, error) {
	if err := c.marketplaceQuota(); err != nil {
		return nil, err
	}
	key := opaque(24, "search", c.page.filter, strconv.Itoa(c.page.size))
	switch {
	case c.page.offset > 0 && in.SearchKey != key:
		return nil, invalid("search_key must be the one of the first page, with the same page_size")
	case !in.DataGroups.known():
		return nil, invalid("data_groups: %v", in.DataGroups)
	case in.Content != nil && (in.Content.LiveViewers != "" && in.Content.ShopLiveViewers != "" || in.Content.VideoViews != "" && in.Content.ShopVideoViews != ""):
		return nil, invalid("content_performance takes one of the two filters on LIVE viewers, and one of the two on video views")
	}
	gmv, err := rangesOf("GMV_RANGE", in.GMV)
	if err != nil {
		return nil, err
	}
	units, err := rangesOf("UNITS_SOLD_RANGE", in.Units)
	if err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(c.creators(), func(u *user) bool {
		return u.region != c.shop.region || !gmv(int64(u.stats().gmv/unit)) || !units(u.stats().units) || !c.marketFits(u, in)
	})
	part, next := cut(c.page, list)
	rows := []obj{}
	for _, u := range part {
		rows = append(rows, in.DataGroups.pick(c.marketRow(u), searchGroups()))
	}
	return obj{"creators": rows, "next_page_token": next, "search_key": key}, nil
}

// marketFits applies the filters that read one creator.
func (c *call) marketFits(u *user, in searchMarketplaceBody) bool {
	st := u.stats()
	if in.Keyword != "" && !like(u.username, in.Keyword) && !like(u.name, in.Keyword) {
		return false
	}
	if len(in.Category) > 0 {
		fits := false
		for _, wanted := range in.Category {
			fits = fits || wanted.Parent == st.category.parentID && (len(wanted.Children) == 0 || slices.Contains(wanted.Children, st.category.id))
		}
		if !fits {
			return false
		}
	}
	if f := in.Followers; f != nil {
		if n := f.Number; n != nil && (n.GE != nil && st.followers < *n.GE || n.LE != nil && *n.LE >= 0 && st.followers > *n.LE) {
			return false
		}
		if g := f.Gender; g != nil && (g.Gender == "FEMALE" && st.female < g.AtLeast || g.Gender == "MALE" && 10_000-st.female < g.AtLeast) {
			return false
		}
	}
	if a := in.Affiliate; a != nil && (a.FastGrowing && !st.fast || a.NotInvited && !c.shop.invited[u].IsZero()) {
		return false
	}
	if p := in.Content; p != nil {
		for _, least := range []string{p.VideoViews, p.ShopVideoViews, p.LiveViewers, p.ShopLiveViewers} {
			if n, _ := strconv.ParseInt(least, 10, 64); n > st.views {
				return false
			}
		}
	}
	return true
}

// rangesOf reads names like GMV_RANGE_100_1000; several mean any of them.
func rangesOf(prefix string, names []string) (func(int64) bool, error) {
	type span struct{ from, to int64 }
	spans := []span{}
	for _, name := range names {
		rest, ok := strings.CutPrefix(name, prefix+"_")
		from, to, two := strings.Cut(rest, "_")
		least, err := strconv.ParseInt(from, 10, 64)
		most, err2 := strconv.ParseInt(to, 10, 64)
		if to == "AND_ABOVE" {
			most, err2 = 1<<62, nil
		}
		if !ok || !two || err != nil || err2 != nil {
			return nil, invalid("%s is not a range", name)
		}
		spans = append(spans, span{least, most})
	}
	return func(n int64) bool {
		return len(spans) == 0 || slices.ContainsFunc(spans, func(s span) bool { return n >= s.from && n <= s.to })
	}, nil
}

// marketplaceQuota counts the calls of a day.
func (c *call) marketplaceQuota() error {
	key := c.now.UTC().Format("2006-01-02 ") + c.app.Key + c.shop.id
	c.daily[key]++
	if c.daily[key] > c.settings.MarketplaceDaily {
		return errMarketplaceQuota
	}
	return nil
}

// marketOption is a choice of an advanced filter.
type marketOption struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Children []marketOption `json:"option_children,omitempty"`
}

type marketFiltersBody struct {
	Options []struct {
		Type string `json:"option_type"`
	} `json:"options"`
}

// marketplaceFilters is POST /affiliate_seller/202608/marketplace_creators/search/filter.
func marketplaceFilters(_ *call, in marketFiltersBody) (any, error) {
	choices := map[string][]marketOption{
		"OPTION_VERTICAL_PRO":  {{"601450", "Beauty", []marketOption{{"601534", "Skincare", nil}}}},
		"OPTION_LANGUAGE":      {{"en", "English", nil}, {"es", "Spanish", nil}},
		"OPTION_CREATOR_LEVEL": {{"1", "L1", nil}, {"2", "L2", nil}, {"3", "L3", nil}},
		"OPTION_BRAND":         {{"7081", "Aurora", nil}},
	}
	list, sorters := []obj{}, []obj{}
	for _, asked := range in.Options {
		if asked.Type == "OPTION_SORTER" {
			sorters = []obj{{"algorithm_id": "1", "name": "Relevance"}, {"algorithm_id": "2", "name": "Followers"}}
			continue
		}
		options := choices[asked.Type]
		if options == nil {
			return nil, invalid("option_type %s", asked.Type)
		}
		list = append(list, obj{"option_type": asked.Type, "options": options})
	}
	return obj{"data": obj{"option_list": list, "sorters": sorters}}, nil
}
