package sandbox_test

import (
	"fmt"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
)

const (
	sellerSearch  = "/affiliate_seller/202410/orders/search"
	creatorSearch = "/affiliate_creator/202410/orders/search"
	tapSearch     = "/affiliate_partner/202603/orders/search"
	capSearch     = "/affiliate_partner/202603/cap_order/search"
	auroraUS      = "7495000000000000001"
	winter        = "7403000000000000001"
)

type money struct{ Amount, Currency string }

type skuData struct {
	SKUID             string `json:"sku_id"`
	ID                string `json:"id"`
	SettlementStatus  string `json:"settlement_status"`
	CreatorUsername   string `json:"creator_username"`
	CommissionRate    any    `json:"commission_rate"`
	PartnerRate       string `json:"partner_commission_rate"`
	EstimatedPaid     money  `json:"estimated_paid_commission"`
	ActualPaid        *money `json:"actual_paid_commission"`
	EstimatedPartner  money  `json:"estimated_paid_partner_commission"`
	ActualCommission  money  `json:"actual_commission"`
	ActualBase        *money `json:"actual_commission_base"`
	FullyReturn       string `json:"fully_return"`
	RefundedQuantity  int    `json:"refunded_quantity"`
	SharedWithPartner *money `json:"shared_with_partner"`
	CampaignID        string `json:"campaign_id"`
	TraceInfo         map[string]string
}

type ordersData struct {
	NextPageToken string `json:"next_page_token"`
	TotalCount    int    `json:"total_count"`
	Orders        []struct {
		ID           string    `json:"id"`
		Status       string    `json:"status"`
		CreateTime   int64     `json:"create_time"`
		DeliveryTime int64     `json:"delivery_time"`
		SKUs         []skuData `json:"skus"`
	} `json:"orders"`
}

type skuOrdersData struct {
	NextPageToken *string `json:"next_page_token"`
	TotalCount    int     `json:"total_count"`
	Rows          []struct {
		ID               string `json:"id"`
		SKUID            string `json:"sku_id"`
		Status           string `json:"settle_status"`
		CreatorUsername  string `json:"creator_username"`
		CampaignID       string `json:"campaign_id"`
		CreatorRate      int    `json:"creator_standard_commission_rate"`
		PartnerRate      int    `json:"partner_standard_commission_rate"`
		EstimatedPartner money  `json:"estimated_partner_standard_commission"`
		ActualPartner    *money `json:"actual_partner_standard_commission"`
		AgencyEarnings   money  `json:"estimated_total_agency_earnings"`
		SettlementTime   int64  `json:"settlement_time"`
		LastUpdateTime   int64  `json:"last_update_time"`
	} `json:"sku_orders"`
}

// fixture is a sandbox with every kind of account connected.
type fixture struct {
	*sandboxtest.Server
	clock                                      *clock
	seller, creator, agencyCreator, tap, agent string // access tokens
	shopCipher                                 string
}

func connected(t *testing.T, set ...func(*sandbox.Options)) *fixture {
	t.Helper()
	s, c := start(t, set...)
	require.NoError(t, s.Configure(sandbox.Settings{AccessSeconds: 400 * 24 * 3600, SecondsPerDay: s.Settings().SecondsPerDay}))
	return &fixture{
		Server: s, clock: c, seller: s.Tokens(t, sandboxtest.AuroraHome).AccessToken, creator: s.Tokens(t, sandboxtest.MiaLane).AccessToken,
		agencyCreator: s.Tokens(t, sandboxtest.LeoPark).AccessToken, tap: s.Tokens(t, sandboxtest.Northwind).AccessToken,
		agent: s.Tokens(t, sandboxtest.HarborAgency).AccessToken, shopCipher: s.ShopCipher(t, sandboxtest.AuroraHome, 0),
	}
}

func (f *fixture) shopQuery(extra ...string) url.Values {
	return with(url.Values{"shop_cipher": {f.shopCipher}}, extra...)
}

func (f *fixture) partnerQuery(t *testing.T, partner string, extra ...string) url.Values {
	t.Helper()
	return with(url.Values{"category_asset_cipher": {f.CategoryCipher(t, partner)}}, extra...)
}

func with(q url.Values, extra ...string) url.Values {
	for i := 0; i < len(extra); i += 2 {
		q.Set(extra[i], extra[i+1])
	}
	return q
}

func (f *fixture) sellerOrders(t *testing.T) ordersData {
	t.Helper()
	return data[ordersData](t, call(t, f.Server, f.clock, request{method: "POST", path: sellerSearch, query: f.shopQuery("page_size", "100"), token: f.seller}))
}

func (f *fixture) creatorOrders(t *testing.T, accessToken string) ordersData {
	t.Helper()
	return data[ordersData](t, call(t, f.Server, f.clock, request{method: "POST", path: creatorSearch, query: url.Values{"page_size": {"100"}}, token: accessToken}))
}

func (f *fixture) tapOrders(t *testing.T) skuOrdersData {
	t.Helper()
	return data[skuOrdersData](t, call(t, f.Server, f.clock, request{method: "POST", path: tapSearch, query: f.partnerQuery(t, sandboxtest.Northwind, "page_size", "100"), token: f.tap}))
}

func (f *fixture) capOrders(t *testing.T, body string) skuOrdersData {
	t.Helper()
	return data[skuOrdersData](t, call(t, f.Server, f.clock, request{method: "POST", path: capSearch, body: body, query: f.partnerQuery(t, sandboxtest.HarborAgency, "page_size", "100"), token: f.agent}))
}

func TestOrderLives(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[sandbox.Outcome]struct{ day1, day10, day30 [3]string }{
		// seller, creator, TAP
		sandbox.Settles: {[3]string{"To-SETTLE", "To-SETTLE", "PENDING"}, [3]string{"To-SETTLE", "To-SETTLE", "PENDING"}, [3]string{"SETTLED", "SETTLED", "SETTLED"}},
		sandbox.Refund:  {[3]string{"To-SETTLE", "To-SETTLE", "PENDING"}, [3]string{"INELIGIBLE", "REFUNDED", "INELIGIBLE"}, [3]string{"INELIGIBLE", "REFUNDED", "INELIGIBLE"}},
		sandbox.Cancel:  {[3]string{"INELIGIBLE", "REFUNDED", "INELIGIBLE"}, [3]string{"INELIGIBLE", "REFUNDED", "INELIGIBLE"}, [3]string{"INELIGIBLE", "REFUNDED", "INELIGIBLE"}},
		sandbox.Unpaid:  {[3]string{"AWAITING PAYMENT", "AWAITING PAYMENT", "CUSTOMER UNPAID"}, [3]string{"AWAITING PAYMENT", "AWAITING PAYMENT", "CUSTOMER UNPAID"}, [3]string{"AWAITING PAYMENT", "AWAITING PAYMENT", "CUSTOMER UNPAID"}},
		sandbox.Freeze:  {[3]string{"To-SETTLE", "To-SETTLE", "PENDING"}, [3]string{"To-SETTLE", "FROZEN", "FROZEN"}, [3]string{"To-SETTLE", "FROZEN", "FROZEN"}},
		sandbox.Thaw:    {[3]string{"To-SETTLE", "To-SETTLE", "PENDING"}, [3]string{"To-SETTLE", "FROZEN", "FROZEN"}, [3]string{"SETTLED", "SETTLED", "SETTLED"}},
	} {
		t.Run(string(outcome), func(t *testing.T) {
			t.Parallel()
			f := connected(t)
			_, err := f.CreateOrders(sandbox.NewOrders{Outcome: outcome, Shop: auroraUS, Creator: sandboxtest.MiaLane, Via: "campaign", Lines: 1})
			require.NoError(t, err)
			statuses := func() [3]string {
				seller, creator, tap := f.sellerOrders(t), f.creatorOrders(t, f.creator), f.tapOrders(t)
				assert.Empty(t, seller.Orders[0].Status, "sellers get no order status")
				return [3]string{seller.Orders[0].SKUs[0].SettlementStatus, creator.Orders[0].Status, tap.Rows[0].Status}
			}
			assert.Equal(t, [3]string{"AWAITING PAYMENT", "AWAITING PAYMENT", "CUSTOMER UNPAID"}, statuses())
			f.clock.advance(24 * time.Hour)
			assert.Equal(t, want.day1, statuses())
			f.clock.advance(9 * 24 * time.Hour)
			assert.Equal(t, want.day10, statuses())
			f.clock.advance(20 * 24 * time.Hour)
			assert.Equal(t, want.day30, statuses())
		})
	}
}

func TestBackDatedOrderKeepsItsPastAndHurriesItsFuture(t *testing.T) {
	t.Parallel()
	f := connected(t, func(o *sandbox.Options) { o.Settings.SecondsPerDay = 2 })
	_, err := f.CreateOrders(sandbox.NewOrders{Outcome: sandbox.Settles, Shop: auroraUS, DaysAgo: 10, Via: "campaign"})
	require.NoError(t, err)
	created := f.clock.now().Add(-10 * 24 * time.Hour)
	order := f.sellerOrders(t).Orders[0]
	assert.Equal(t, created.Unix(), order.CreateTime)
	assert.Equal(t, created.Add(4*24*time.Hour).Unix(), order.DeliveryTime)
	assert.Equal(t, "To-SETTLE", order.SKUs[0].SettlementStatus)
	f.clock.advance(18 * time.Second) // nine days to go, two seconds each
	assert.Equal(t, "SETTLED", f.sellerOrders(t).Orders[0].SKUs[0].SettlementStatus)
	row := f.tapOrders(t).Rows[0]
	assert.Equal(t, f.clock.now().Unix(), row.SettlementTime)
	assert.Equal(t, row.SettlementTime, row.LastUpdateTime)
}

func TestOneSaleFromEverySide(t *testing.T) {
	t.Parallel()
	f := connected(t)
	_, err := f.CreateOrders(sandbox.NewOrders{Outcome: sandbox.Partial, Shop: auroraUS, Creator: sandboxtest.MiaLane, Campaign: winter, Lines: 1, Quantity: 3, DaysAgo: 25})
	require.NoError(t, err)
	// A skillet at 34.99, three bought, one refunded; 15 % for the creator, 5 % for the partner.
	sku := f.sellerOrders(t).Orders[0].SKUs[0]
	assert.Empty(t, sku.CreatorUsername, "not named on campaign orders")
	assert.Nil(t, sku.CommissionRate)
	assert.Equal(t, "2000", sku.PartnerRate)
	assert.Equal(t, money{"20.994", "USD"}, sku.EstimatedPartner)
	assert.Equal(t, &money{"69.98", "USD"}, sku.ActualBase)
	assert.Equal(t, "No", sku.FullyReturn)

	creator := f.creatorOrders(t, f.creator).Orders[0].SKUs[0]
	assert.Equal(t, sku.SKUID, creator.ID)
	assert.Equal(t, winter, creator.CampaignID)
	assert.EqualValues(t, 1500, creator.CommissionRate)
	assert.Equal(t, money{"10.497", "USD"}, creator.ActualCommission)
	assert.Equal(t, 1, creator.RefundedQuantity)

	tap := f.tapOrders(t)
	assert.Nil(t, tap.NextPageToken, "left out at the end")
	assert.Equal(t, "mia.lane", tap.Rows[0].CreatorUsername)
	assert.Equal(t, []int{1500, 500}, []int{tap.Rows[0].CreatorRate, tap.Rows[0].PartnerRate})
	assert.Equal(t, &money{"3.499", "USD"}, tap.Rows[0].ActualPartner)

	assert.Empty(t, f.creatorOrders(t, f.agencyCreator).Orders, "another creator's sale")
}

func TestAgencySeesItsCreatorsSales(t *testing.T) {
	t.Parallel()
	f := connected(t)
	ids, err := f.CreateOrders(sandbox.NewOrders{Outcome: sandbox.Settles, Shop: auroraUS, Creator: sandboxtest.LeoPark, Via: "target", Lines: 1, Quantity: 1, DaysAgo: 25})
	require.NoError(t, err)
	_, err = f.CreateOrders(sandbox.NewOrders{Creator: sandboxtest.MiaLane, Via: "open"})
	require.NoError(t, err)
	rows := f.capOrders(t, "").Rows
	require.Len(t, rows, 1)
	assert.NotNil(t, f.creatorOrders(t, f.agencyCreator).Orders[0].SKUs[0].SharedWithPartner)
	assert.Len(t, f.capOrders(t, `{"settle_status":3,"order_id":"`+ids[0]+`"}`).Rows, 1)
	assert.Empty(t, f.capOrders(t, `{"settle_status":2}`).Rows)

	a := call(t, f.Server, f.clock, request{method: "POST", path: capSearch, query: f.partnerQuery(t, sandboxtest.Northwind, "page_size", "10"), token: f.tap})
	assert.Equal(t, 16501011, a.Code, "no creator agency")
}

// Pages count SKU rows, so that an order can straddle two of them.
func TestPagesCutThroughOrders(t *testing.T) {
	t.Parallel()
	f := connected(t)
	_, err := f.CreateOrders(sandbox.NewOrders{Count: 5, Shop: auroraUS, Lines: 2, DaysAgo: 5, SpreadDays: 5})
	require.NoError(t, err)
	seen, straddles, lastOrder, pageToken := map[string]int{}, 0, "", ""
	for range 10 {
		query := f.shopQuery("page_size", "3")
		if pageToken != "" {
			query.Set("page_token", pageToken)
		}
		page := data[ordersData](t, call(t, f.Server, f.clock, request{method: "POST", path: sellerSearch, query: query, token: f.seller}))
		assert.Equal(t, 10, page.TotalCount, "SKU rows")
		for _, order := range page.Orders {
			if order.ID == lastOrder {
				straddles++
			}
			lastOrder = order.ID
			for _, sku := range order.SKUs {
				seen[order.ID+"/"+sku.SKUID]++
			}
		}
		if pageToken = page.NextPageToken; pageToken == "" {
			break
		}
	}
	assert.Len(t, seen, 10)
	assert.Positive(t, straddles)

	first := data[ordersData](t, call(t, f.Server, f.clock, request{method: "POST", path: sellerSearch, query: f.shopQuery("page_size", "3"), token: f.seller}))
	other := call(t, f.Server, f.clock, request{
		method: "POST", path: sellerSearch, query: f.shopQuery("page_size", "3", "page_token", first.NextPageToken), body: `{"program_id":"1"}`, token: f.seller,
	})
	assert.Equal(t, 98001004, other.Code, "a page token belongs to its filters")
}

func TestSameSKUThroughTwoCreators(t *testing.T) {
	t.Parallel()
	f := connected(t)
	_, err := f.CreateOrders(sandbox.NewOrders{Shop: auroraUS, SameSKU: true})
	require.NoError(t, err)
	skus := f.sellerOrders(t).Orders[0].SKUs
	require.Len(t, skus, 2)
	assert.Equal(t, skus[0].SKUID, skus[1].SKUID)
	assert.Len(t, f.creatorOrders(t, f.creator).Orders[0].SKUs, 1)
	assert.Len(t, f.creatorOrders(t, f.agencyCreator).Orders[0].SKUs, 1)
}

func TestOrderFilters(t *testing.T) {
	t.Parallel()
	f := connected(t)
	_, err := f.CreateOrders(sandbox.NewOrders{Count: 11, Shop: auroraUS, Lines: 1, DaysAgo: 50, SpreadDays: 50})
	require.NoError(t, err)
	at := func(daysAgo int) int64 { return f.clock.now().AddDate(0, 0, -daysAgo).Unix() }
	count := func(path, accessToken, body string, query url.Values) (total, code int) {
		a := call(t, f.Server, f.clock, request{method: "POST", path: path, query: query, token: accessToken, body: body})
		if a.Code != 0 {
			return 0, a.Code
		}
		return data[ordersData](t, a).TotalCount, 0
	}
	for name, one := range map[string]struct {
		body        string
		total, code int
	}{
		"none":             {"", 11, 0},
		"half open":        {fmt.Sprintf(`{"create_time_ge":%d,"create_time_lt":%d}`, at(50), at(45)), 1, 0},
		"only a beginning": {fmt.Sprintf(`{"create_time_ge":%d}`, at(10)), 3, 0},
		"only an end":      {fmt.Sprintf(`{"create_time_lt":%d}`, at(10)), 8, 0},
		"too long":         {fmt.Sprintf(`{"create_time_ge":%d}`, at(93)), 0, 98001004},
		"backwards":        {fmt.Sprintf(`{"create_time_ge":%d,"create_time_lt":%d}`, at(1), at(2)), 0, 98001004},
		"wrong type":       {`{"create_time_ge":"today"}`, 0, 98001004},
		"unknown field":    {`{"order_id":"1"}`, 0, 98001004},
		"not JSON":         {`{"create_time_ge":`, 0, 36009022},
		"foreign program":  {`{"program_id":"1"}`, 0, 0},
	} {
		total, code := count(sellerSearch, f.seller, one.body, f.shopQuery("page_size", "100"))
		assert.Equal(t, one.total, total, name)
		assert.Equal(t, one.code, code, name)
	}
	for name, one := range map[string]struct {
		body string
		code int
	}{
		"one bound only": {fmt.Sprintf(`{"create_time_ge":%d}`, at(10)), 98001004},
		"too long":       {fmt.Sprintf(`{"create_time_ge":%d,"create_time_lt":%d}`, at(100), at(0)), 98001004},
		"both":           {fmt.Sprintf(`{"create_time_ge":%d,"create_time_lt":%d,"campaign_id":"%s"}`, at(60), at(0), winter), 0},
	} {
		_, code := count(tapSearch, f.tap, one.body, f.partnerQuery(t, sandboxtest.Northwind, "page_size", "10"))
		assert.Equal(t, one.code, code, name)
	}
	for _, size := range []string{"", "0", "101", "ten"} {
		_, code := count(sellerSearch, f.seller, "", f.shopQuery("page_size", size))
		assert.Equal(t, 98001004, code, "page_size %q", size)
	}
}

func TestLateOrderAppears(t *testing.T) {
	t.Parallel()
	f := connected(t)
	_, err := f.CreateOrders(sandbox.NewOrders{Shop: auroraUS, DaysAgo: 3, AppearSeconds: 60})
	require.NoError(t, err)
	assert.Empty(t, f.sellerOrders(t).Orders)
	f.clock.advance(time.Minute)
	assert.Len(t, f.sellerOrders(t).Orders, 1)
}

func TestFinishOrders(t *testing.T) {
	t.Parallel()
	f := connected(t)
	ids, err := f.CreateOrders(sandbox.NewOrders{Count: 2, Outcome: sandbox.Settles, Shop: auroraUS, Lines: 1})
	require.NoError(t, err)
	assert.Equal(t, 1, f.FinishOrders(ids[0]))
	statuses := map[string]int{}
	for _, order := range f.sellerOrders(t).Orders {
		statuses[order.SKUs[0].SettlementStatus]++
	}
	assert.Equal(t, map[string]int{"SETTLED": 1, "AWAITING PAYMENT": 1}, statuses)
}

func TestOrdersThatCannotBe(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	for name, n := range map[string]sandbox.NewOrders{
		"outcome":                {Outcome: "lost"},
		"shop":                   {Shop: "1"},
		"creator of the region":  {Shop: auroraUS, Creator: sandboxtest.NoraQuinn},
		"spread beyond the past": {DaysAgo: 1, SpreadDays: 2},
	} {
		_, err := s.CreateOrders(n)
		assert.Error(t, err, name)
	}
	assert.Empty(t, s.State().Orders)
}

// What the sandbox calls the truth is what its own operations answer.
func TestTruthAgreesWithTheOperations(t *testing.T) {
	t.Parallel()
	f := connected(t, func(o *sandbox.Options) { o.Orders = 60 })
	truth := f.Truth()
	asset := "shop:" + auroraUS
	counted := map[string]int{}
	for _, order := range f.sellerOrders(t).Orders {
		for _, sku := range order.SKUs {
			counted[sku.SettlementStatus]++
		}
	}
	told := truth.Orders[asset+"/seller"]
	assert.Positive(t, told.Rows)
	assert.Equal(t, map[string]int{
		"AWAITING PAYMENT": told.ByStatus["unpaid"], "To-SETTLE": told.ByStatus["pending"], "SETTLED": told.ByStatus["settled"], "INELIGIBLE": told.ByStatus["no_commission"],
	}, counted)
	rows := 0
	for _, row := range f.TruthRows() {
		if row.Asset == asset {
			rows++
			assert.Equal(t, row.Final, row.Actual != "", strconv.FormatInt(row.CreateTime, 10))
		}
	}
	assert.Equal(t, told.Rows, rows)
	assert.Equal(t, f.tapOrders(t).TotalCount, truth.Orders["tap:main:partner:"+f.OpenID(t, sandboxtest.Northwind)+":7:US/tap"].Rows)
	assert.Equal(t, f.capOrders(t, "").TotalCount, truth.Orders["tap:main:partner:"+f.OpenID(t, sandboxtest.HarborAgency)+":7:US/cap"].Rows)
	assert.Equal(t, f.creatorOrders(t, f.creator).TotalCount, truth.Orders["creator:main:"+f.OpenID(t, sandboxtest.MiaLane)+"/creator"].Rows)
}
