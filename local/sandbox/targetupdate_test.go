package sandbox_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
)

type updated struct {
	Conflicts []any          `json:"target_collaboration_conflicts"`
	Failed    map[string]any `json:"update_failed"`
}

type targetData struct {
	Target struct {
		Name     string
		Invited  int `json:"creator_invited_count"`
		Count    int `json:"product_count"`
		Creators []struct {
			ID     string `json:"creator_open_id"`
			Status string `json:"collaboration_status"`
		}
		Products []struct {
			ID         string
			Status     string `json:"collaboration_status"`
			Commission struct{ Rate int }
		}
	} `json:"target_collaboration"`
}

func (f *fixture) target(t *testing.T, id string) targetData {
	t.Helper()
	return data[targetData](t, f.asSeller(t, "GET", targets+"/"+id, ""))
}

func (f *fixture) update(t *testing.T, id, creators, products string) answer {
	t.Helper()
	return f.asSeller(t, "PUT", targets+"/"+id, fmt.Sprintf(`{"name":"Changed","end_time":"%s",%s,"creator_user_open_ids":[%s],"products":[%s]}`, later, ruled, creators, products))
}

func TestUpdateTarget(t *testing.T) {
	t.Parallel()
	f := connected(t)
	mia, leo := `"`+f.OpenID(t, sandboxtest.MiaLane)+`"`, `"`+f.OpenID(t, sandboxtest.LeoPark)+`"`
	item := func(id string, rate int) string { return fmt.Sprintf(`{"id":"%s","commission_rate":%d}`, id, rate) }

	bad := data[updated](t, f.update(t, autumn, mia+`,"nobody"`, item(skillet, 2500)))
	assert.Equal(t, []any{"nobody"}, bad.Failed["invalid_open_id_list"])
	assert.NotEqual(t, "Changed", f.target(t, autumn).Target.Name, "one unknown id fails all of it")
	clash := data[updated](t, f.update(t, autumn, mia+","+leo, item(blanket, 2500)))
	assert.Len(t, clash.Conflicts, 1, "Leo has the blanket elsewhere")
	assert.Equal(t, 98001004, f.update(t, autumn, mia, item(skillet, 99)).Code)
	assert.Equal(t, 98001004, f.update(t, autumn, "", item(skillet, 2500)).Code)
	assert.Equal(t, 50001700, f.update(t, "1", mia, item(skillet, 2500)).Code)
	assert.Equal(t, 98001004, f.asSeller(t, "PUT", targets+"/"+autumn, `{"products":[{"id":"1","target_commission_rate":100}]}`).Code, "the field of another operation")

	// Mia's showcase has the skillet: what takes away from her waits for midnight.
	assert.Empty(t, data[updated](t, f.update(t, autumn, leo, item(skillet, 1000)+","+item(mealSet, 1500))).Failed)
	now := f.target(t, autumn).Target
	assert.Equal(t, []any{"Changed", 1, 2}, []any{now.Name, now.Invited, now.Count})
	require.Len(t, now.Creators, 2)
	assert.Equal(t, []any{"NORMAL", "DELETING"}, []any{now.Creators[0].Status, now.Creators[1].Status})
	assert.Equal(t, 1000, now.Products[0].Commission.Rate)
	f.clock.advance(12 * time.Hour)
	assert.Len(t, f.target(t, autumn).Target.Creators, 1)

	top := data[updated](t, f.update(t, topCreators, mia, item(mealSet, 1500)))
	assert.Len(t, top.Failed, 7, "of the Top Creator Program nothing can be changed: %v", top.Failed)
	f.clock.advance(24 * time.Hour * 80)
	assert.Equal(t, 50001701, f.update(t, topCreators, mia, item(mealSet, 1500)).Code)
}

func TestTargetSearchAndRemoval(t *testing.T) {
	t.Parallel()
	f := connected(t)
	search := func(body string) []string {
		found := data[struct {
			Rows []struct{ ID string } `json:"target_collaborations"`
		}](t, f.asSeller(t, "POST", targets+"/search", body, "page_size", "20"))
		ids := []string{}
		for _, row := range found.Rows {
			ids = append(ids, row.ID)
		}
		return ids
	}
	mia := f.OpenID(t, sandboxtest.MiaLane)
	assert.Equal(t, []string{autumn, topCreators}, search(`{"collaboration_status":"ONGOING"}`))
	assert.Equal(t, []string{autumn}, search(`{"collaboration_status":"VALID","creator_user_open_id":"`+mia+`"}`))
	assert.Equal(t, []string{autumn}, search(`{"collaboration_status":"VALID","free_sample_setting":"WITH_FREE_SAMPLE"}`))
	assert.Equal(t, []string{autumn}, search(`{"collaboration_status":"VALID","creator_accept_status":"ACCEPT"}`))
	assert.Equal(t, []string{topCreators}, search(`{"collaboration_status":"VALID","search_param":{"keyword":"blanket","keyword_type":"PRODUCT_NAME"}}`))
	assert.Empty(t, search(`{"collaboration_status":"EXPIRING"}`))
	for _, size := range []string{"10", "21", "0"} {
		assert.Equal(t, 98001004, f.asSeller(t, "POST", targets+"/search", `{"collaboration_status":"VALID"}`, "page_size", size).Code, size)
	}
	assert.Equal(t, 98001004, f.asSeller(t, "POST", targets+"/search", `{}`, "page_size", "20").Code)

	remove := func(id string) int { return f.asSeller(t, "DELETE", "202409/target_collaborations/"+id, "").Code }
	assert.Zero(t, remove(autumn))
	assert.Equal(t, []string{autumn}, search(`{"collaboration_status":"CANCELING"}`), "a showcase has a product of it")
	f.clock.advance(12 * time.Hour)
	assert.Equal(t, 50001700, remove(autumn))
	assert.Equal(t, []string{autumn}, search(`{"collaboration_status":"COMPLETED"}`))
	assert.Zero(t, remove(topCreators), "at once")
	assert.Equal(t, []string{autumn, topCreators}, search(`{"collaboration_status":"COMPLETED"}`))

	byID := func(body string) []struct{ ID, Status string } {
		return data[struct {
			Rows []struct{ ID, Status string } `json:"target_collaborations"`
		}](t, call(t, f.Server, f.clock, request{method: "POST", path: "/affiliate_creator/202405/target_collaborations/search", body: body, query: with(url.Values{}, "page_size", "10"), token: f.creator})).Rows
	}
	assert.Empty(t, byID(`{"shop_id":"`+auroraUS+`"}`))
	found := byID(`{"shop_id":"` + auroraUS + `","keyword":"` + autumn + `","keyword_type":"TARGET_COLLABORATIONS_ID"}`)
	require.Len(t, found, 1)
	assert.Equal(t, "DELETED", found[0].Status)
}

func TestConflicts(t *testing.T) {
	t.Parallel()
	f := connected(t)
	mia := f.OpenID(t, sandboxtest.MiaLane)
	type checked struct {
		Has   bool                `json:"has_conflict"`
		Items []map[string]string `json:"conflict_items"`
	}
	check := func() checked {
		return data[checked](t, f.asSeller(t, "POST", "202605/target_collaborations/conflicts/check", `{"creator_open_id_list":["`+mia+`"],"product_id_list":["`+skillet+`","`+mealSet+`"]}`))
	}
	before := check()
	require.Len(t, before.Items, 1)
	assert.Equal(t, map[string]string{"creator_open_id": mia, "product_id": skillet, "existing_collaboration_id": autumn}, before.Items[0])
	resolved := data[map[string][]map[string]string](t, f.asSeller(t, "POST", "202605/target_collaborations/conflicts/resolve",
		`{"conflict_items":[{"creator_open_id":"`+mia+`","existing_collaboration_id":"`+autumn+`"},{"creator_open_id":"`+mia+`","existing_collaboration_id":"7402000000000000003"}]}`))
	assert.Equal(t, []int{1, 1}, []int{len(resolved["success_items"]), len(resolved["failed_items"])}, "the other is of another shop")
	assert.False(t, check().Has)
	assert.Len(t, f.target(t, autumn).Target.Creators, 1, "she left the existing collaboration")
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	f := connected(t)
	codes := map[int]int{}
	var level string
	for page := ""; ; {
		query := []string{"page_size", "20", "page_token", page}
		found := data[struct {
			Next     string `json:"next_page_token"`
			Key      string `json:"search_key"`
			Creators []struct {
				ID string `json:"creator_open_id"`
			}
		}](t, f.asSeller(t, "POST", "202608/marketplace_creators/search", `{"search_key":"`+level+`"}`, query...))
		for _, creator := range found.Creators {
			codes[f.asSeller(t, "POST", targets, newTarget(creator.ID, mealSet, 1500)).Code]++
		}
		if page, level = found.Next, found.Key; page == "" {
			break
		}
	}
	assert.Equal(t, map[int]int{0: 29, 16024006: 1, 16024018: 1, 16024021: 1}, codes, "official, blocked and famous creators")
	nora := f.OpenID(t, sandboxtest.NoraQuinn)
	assert.Equal(t, 16901006, f.asSeller(t, "POST", targets, newTarget(nora, mealSet, 1500)).Code)

	settings := f.Settings()
	settings.OutreachWeekly = int64(codes[0])
	require.NoError(t, f.Configure(settings))
	mia := f.OpenID(t, sandboxtest.MiaLane)
	assert.Zero(t, f.asSeller(t, "POST", targets, newTarget(mia, "1729000000000000005", 1500)).Code, "invited this week already")
	require.NoError(t, f.Configure(sandbox.Settings{AccessSeconds: 400 * 24 * 3600, OutreachWeekly: 1}))
	f.clock.advance(7 * 24 * time.Hour)
	assert.Zero(t, f.asSeller(t, "POST", targets, newTarget(mia, "1729000000000000006", 1500)).Code, "a new week")
	leo := f.OpenID(t, sandboxtest.LeoPark)
	assert.Equal(t, 16024019, f.asSeller(t, "POST", targets, newTarget(leo, "1729000000000000006", 1500)).Code)
}
