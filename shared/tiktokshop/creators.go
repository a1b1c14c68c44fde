package tiktokshop

import (
	"strconv"
	"strings"
)

func (r SellerSearchCreatorsRequest) check(p *params) {
	f := r.ContentPerformance
	if f == nil {
		return
	}
	for _, limit := range []struct {
		name, value string
		high        int
	}{
		{"avg_engagement_rate", f.AvgEngagementRate, 20},
		{"avg_shopable_engagement_rate", f.AvgShoppableEngagementRate, 20},
		{"avg_video_views", f.AvgVideoViews, 100_000},
		{"avg_shoppable_video_views", f.AvgShoppableVideoViews, 100_000},
		{"avg_live_avg_viewers_ge", f.AvgLiveAvgViewersGE, 100_000},
		{"avg_shoppable_live_avg_viewers_ge", f.AvgShoppableLiveAvgViewersGE, 100_000},
	} {
		if limit.value == "" {
			continue
		}
		if n, err := strconv.Atoi(limit.value); err != nil || n < 0 || n > limit.high {
			p.refuse("%s is %.40q: it must be a whole number from 0 to %d", limit.name, limit.value, limit.high)
		}
	}
	if f.AvgVideoViews != "" && f.AvgShoppableVideoViews != "" {
		p.refuse("only one of avg_video_views and avg_shoppable_video_views can be given")
	}
	if f.AvgLiveAvgViewersGE != "" && f.AvgShoppableLiveAvgViewersGE != "" {
		p.refuse("only one of avg_live_avg_viewers_ge and avg_shoppable_live_avg_viewers_ge can be given")
	}
}

// The next page of a creator search needs its search key too; Pages carries it
// in the token.
const keySeparator = "\n"

func (r SellerSearchCreatorsRequest) withPage(token string) SellerSearchCreatorsRequest { //nolint:unused // Pages calls it
	r.PageToken, r.SearchKey, _ = strings.Cut(token, keySeparator)
	return r
}

func (r *SellerSearchCreatorsResponse) nextPage() (string, int) {
	if r.NextPageToken == "" {
		return "", len(r.Creators)
	}
	return r.NextPageToken + keySeparator + r.SearchKey, len(r.Creators)
}
