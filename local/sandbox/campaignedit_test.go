package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const dayInSeconds = 24 * 60 * 60

// newCampaign is a right request, and what is changed of it.
func newCampaign(start int64, change map[string]any) string {
	body := map[string]any{
		"name": "Gifts", "description": "For everyone.", "commission_rate": 2000,
		"campaign_start_time": start, "campaign_end_time": start + 30*dayInSeconds,
		"registration_start_time": start, "registration_end_time": start + 10*dayInSeconds, "target_shop_codes": []string{"USSB00000001"},
		"contact_info": map[string]string{
			"email": "a@b.example", "line": "+6612345678", "phone": "+12025550123", "viber": "+63212345678", "whatsapp": "+12025550124", "zalo": "+84212345678",
		},
	}
	for field, value := range change {
		body[field] = value
		if value == nil {
			delete(body, field)
		}
	}
	raw, _ := json.Marshal(body)
	return string(raw)
}

func TestCreateCampaign(t *testing.T) {
	t.Parallel()
	f := connected(t)
	start := f.clock.now().Add(time.Hour).Unix()
	for name, one := range map[string]struct {
		change map[string]any
		code   int
	}{
		"right":                       {nil, 0},
		"longest name":                {map[string]any{"name": strings.Repeat("é", 50)}, 0},
		"name too long":               {map[string]any{"name": strings.Repeat("é", 51)}, 16032001},
		"name with a leading space":   {map[string]any{"name": " Gifts"}, 16032001},
		"no description":              {map[string]any{"description": nil}, 16032001},
		"description too long":        {map[string]any{"description": strings.Repeat("x", 1001)}, 16032001},
		"rate too low":                {map[string]any{"commission_rate": 99}, 16032001},
		"rate too high":               {map[string]any{"commission_rate": 8001}, 16032001},
		"starts in the past":          {map[string]any{"campaign_start_time": start - 7200, "registration_start_time": start - 7200}, 16032002},
		"longest period":              {map[string]any{"campaign_end_time": start + 360*dayInSeconds}, 0},
		"period too long":             {map[string]any{"campaign_end_time": start + 360*dayInSeconds + 1}, 16032002},
		"ends before it starts":       {map[string]any{"campaign_end_time": start - 1}, 16032002},
		"registration starts later":   {map[string]any{"registration_start_time": start + 1}, 16032003},
		"registration too short":      {map[string]any{"registration_end_time": start + dayInSeconds - 1}, 16032003},
		"registration beyond the end": {map[string]any{"registration_end_time": start + 31*dayInSeconds}, 16032003},
		"both kinds of sellers":       {map[string]any{"target_seller_types": []string{"LOCAL"}}, 16032004},
		"no sellers":                  {map[string]any{"target_shop_codes": nil}, 16032004},
		"seller types":                {map[string]any{"target_shop_codes": []string{}, "target_seller_types": []string{"LOCAL", "CROSS_BORDER"}}, 0},
		"unknown seller type":         {map[string]any{"target_shop_codes": nil, "target_seller_types": []string{"FOREIGN"}}, 16032004},
		"100 shops":                   {map[string]any{"target_shop_codes": strings.Split(strings.Repeat("x,", 99)+"x", ",")}, 16032004},
		"no e-mail":                   {map[string]any{"contact_info": map[string]string{"phone": "+12025550123"}}, 16032001},
		"phone number not E.164":      {map[string]any{"contact_info": map[string]string{"email": "a@b.example", "phone": "202 5550123"}}, 16032001},
		"field that is not described": {map[string]any{"budget": 1}, 98001004},
		"number as text":              {map[string]any{"commission_rate": "2000"}, 98001004},
	} {
		assert.Equal(t, one.code, f.asTAP(t, "POST", campaigns, newCampaign(start, one.change)).Code, name)
	}
}

func TestCampaignLife(t *testing.T) {
	t.Parallel()
	f := connected(t)
	start := f.clock.now().Add(time.Hour).Unix()
	id := data[map[string]string](t, f.asTAP(t, "POST", campaigns, newCampaign(start, nil)))["campaign_id"]
	type detail struct {
		Name, Status string
		Types        []string            `json:"target_seller_types"`
		Shops        []map[string]string `json:"target_shops"`
	}
	get := func() detail { return data[detail](t, f.asTAP(t, "GET", campaigns+"/"+id, "")) }
	edit := func(id, body string) int { return f.asTAP(t, "POST", campaigns+"/"+id+"/partial_edit", body).Code }
	assert.Equal(t, "READY", get().Status, "sellers do not see it yet")
	assert.Len(t, get().Shops, 1)
	assert.Zero(t, edit(id, `{"name":"Gift weeks"}`))
	assert.Equal(t, 16032004, edit(id, `{"target_seller_types":["LOCAL"]}`), "the other kind must be emptied")
	assert.Zero(t, edit(id, `{"target_seller_types":["LOCAL"],"target_shop_codes":[]}`))
	assert.Equal(t, "Gift weeks", get().Name)
	assert.Equal(t, 16032003, edit(id, `{"campaign_start_time":1795183200}`), "registration must move along")

	publish := func(id string) int { return f.asTAP(t, "POST", campaigns+"/"+id+"/publish", "").Code }
	assert.Zero(t, publish(id))
	assert.Equal(t, 16032008, publish(id), "once")
	assert.Equal(t, 16032007, publish("7403000000000000004"), "a joined campaign")
	assert.Equal(t, "UPCOMING", get().Status)
	assert.Empty(t, data[campaignsData](t, f.asTAP(t, "GET", campaigns+"/"+id+"/products", "", "page_size", "10")).Products)

	f.clock.advance(2 * time.Hour)
	assert.Equal(t, "ONGOING", get().Status)
	products := data[campaignsData](t, f.asTAP(t, "GET", campaigns+"/"+id+"/products", "", "page_size", "10")).Products
	require.NotEmpty(t, products, "sellers have submitted")
	assert.Equal(t, []any{"PENDING", 2000}, []any{products[0].ReviewStatus, products[0].TotalRate})
	assert.Equal(t, 16032008, edit(id, `{"campaign_start_time":1800000000,"registration_start_time":1800000000}`), "it has begun")
	assert.Zero(t, edit(id, `{"commission_rate":2500}`))
	f.clock.advance(31 * 24 * time.Hour)
	assert.Equal(t, "CLOSED", get().Status)
	assert.Equal(t, 16032008, edit(id, `{"campaign_end_time":1900000000}`))
	assert.Equal(t, 16032005, edit("1", `{}`))
}
