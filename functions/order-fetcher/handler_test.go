package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/obs"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/order/ordertest"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// grant is a token of the sandbox that does not expire.
type grant struct {
	app   tiktokshop.App
	kind  tiktokshop.AccountKind
	token redact.Secret
	lost  bool
}

func (g *grant) App() tiktokshop.App                                { return g.app }
func (g *grant) Kind() tiktokshop.AccountKind                       { return g.kind }
func (g *grant) AccessToken(context.Context) (redact.Secret, error) { return g.token, nil }
func (g *grant) Revoked(context.Context, error)                     { g.lost = true }
func (g *grant) RenewToken(context.Context, redact.Secret) (redact.Secret, error) {
	return g.token, nil
}

// bench is the function with a sandbox, a table and connected assets.
type bench struct {
	t       *testing.T
	clock   *clock
	tiktok  *sandboxtest.Server
	store   ordertest.Store
	handler *handler
	assets  map[account.AssetID]account.Asset
	grants  map[account.AssetID]*grant
}

func (b *bench) Asset(_ context.Context, id account.AssetID) (tiktokshop.Grant, account.Asset, error) {
	g, ok := b.grants[id]
	if !ok || g.lost {
		return nil, account.Asset{}, fault.New("test", fault.Reconnect, "gone")
	}
	return g, b.assets[id], nil
}

// newBench keeps orders in the emulated DynamoDB and reaches the sandbox over
// HTTP.
func newBench(t *testing.T, users ...string) *bench {
	t.Helper()
	db, tables := dynamodb.NewFromConfig(awstest.Config(t)), awstest.Tables(t)
	b := benchOn(t, dynamo.NewOrders(db, tables.Orders))
	connections := dynamo.NewConnections(db, tables.Accounts, tables.Orders)
	for _, user := range users {
		b.connect(user, func(e connection.Enrolment) {
			e.State = rand.Text()
			require.NoError(t, connections.PutState(t.Context(), e.State, connection.Pending{ExpiresAt: b.clock.Now().Add(time.Hour)}))
			require.NoError(t, connections.Enrol(t.Context(), e))
		})
	}
	b.handler = b.newHandler(http.DefaultClient)
	return b
}

func benchOn(t *testing.T, store ordertest.Store) *bench {
	t.Helper()
	b := &bench{
		t: t, clock: &clock{now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}, store: store,
		assets: map[account.AssetID]account.Asset{}, grants: map[account.AssetID]*grant{},
	}
	b.tiktok = sandboxtest.Start(t, func(o *sandbox.Options) {
		o.Now = b.clock.Now
		o.Settings.AccessSeconds = 365 * 24 * 60 * 60
	})
	return b
}

// newHandler is one copy of the function, with the real client.
func (b *bench) newHandler(web *http.Client) *handler {
	b.t.Helper()
	client, err := tiktokshop.New(tiktokshop.Options{BaseURL: b.tiktok.BaseURL, AuthURL: b.tiktok.BaseURL, HTTP: web, Now: b.clock.Now, Attempts: 1})
	require.NoError(b.t, err)
	return &handler{orders: order.NewFetcher(order.FetcherOptions{
		Store: b.store, Searches: order.NewTikTok(client, b), Oddities: oddities{obs.NewMeterTo(io.Discard, b.clock.Now)}, Now: b.clock.Now,
		Log: slog.New(slog.DiscardHandler), Rules: order.DefaultRules(), Horizon: 720 * time.Hour,
	})}
}

// connect consents as a user and enrols what the sandbox says the user has.
func (b *bench) connect(user string, enrol func(connection.Enrolment)) {
	b.t.Helper()
	token := redact.New(b.tiktok.Tokens(b.t, user).AccessToken)
	for _, a := range b.tiktok.Truth().Accounts {
		if a.User != user {
			continue
		}
		kind := tiktokshop.AccountKind(a.Kind)
		id := account.NewID(a.App, kind, a.OpenID)
		enrolment := connection.Enrolment{
			Account:    account.Account{ID: id, State: account.Active, AuthorizedAt: b.clock.Now()},
			Connection: connection.Connection{ID: connection.NewID("acme", id), Owner: "acme", Account: id}, RefreshAt: b.clock.Now(),
		}
		for _, truth := range a.Assets {
			asset := account.Asset{ID: account.AssetID(truth.ID), Account: id, Cipher: truth.Cipher, Region: truth.Region, State: account.AssetActive}
			enrolment.Assets = append(enrolment.Assets, asset)
			b.assets[asset.ID] = asset
			b.grants[asset.ID] = &grant{app: tiktokshop.App{Key: b.tiktok.App.Key, Secret: redact.New(b.tiktok.App.Secret)}, kind: kind, token: token}
		}
		enrol(enrolment)
	}
}

// event is one message for each asset.
func (b *bench) event() (event events.SQSEvent) {
	b.t.Helper()
	for id := range b.assets {
		body, err := json.Marshal(order.Wake{Asset: id})
		require.NoError(b.t, err)
		event.Records = append(event.Records, events.SQSMessage{MessageId: string(id), Body: string(body)})
	}
	return event
}

// wake sends one message for each asset.
func (b *bench) wake() {
	b.t.Helper()
	answer, err := b.handler.Handle(b.t.Context(), b.event())
	require.NoError(b.t, err)
	require.Empty(b.t, answer.BatchItemFailures)
	require.NotNil(b.t, answer.BatchItemFailures)
}

// rows lists what is stored of an asset in all perspectives.
func (b *bench) rows(id account.AssetID) (all []order.Row) {
	for _, perspective := range order.Perspectives(id) {
		all = append(all, b.stream(id, perspective)...)
	}
	return all
}

func (b *bench) stream(id account.AssetID, perspective order.Perspective) (all []order.Row) {
	b.t.Helper()
	require.NoError(b.t, b.store.Between(b.t.Context(), id, perspective, b.clock.Now().AddDate(0, -6, 0), b.clock.Now().Add(time.Hour), func(rows []order.Row) error {
		all = append(all, rows...)
		return nil
	}))
	return all
}

// agree demands that every asset's rows are what the sandbox says they are.
func (b *bench) agree() (statuses map[order.Status]int) {
	b.t.Helper()
	statuses = map[order.Status]int{}
	for id := range b.assets {
		var want, got []sandbox.TruthRow
		for _, row := range b.tiktok.TruthRows() {
			if row.Asset == string(id) {
				if row.Via, row.Final = "", false; row.Perspective == "creator" {
					row.Creator = "" // it is the reader itself
				}
				want = append(want, row)
			}
		}
		for _, row := range b.rows(id) {
			require.Empty(b.t, row.Unreadable)
			statuses[row.Status]++
			kind := map[order.Perspective]string{order.Seller: "creator", order.Creator: "standard", order.TAP: "partner_standard", order.CAP: "agency"}[row.Perspective]
			if row.Perspective == order.Seller && row.CampaignID != "" {
				kind = "partner"
			}
			earned := row.Commissions[kind]
			truth := sandbox.TruthRow{
				Asset: string(row.Asset), Perspective: string(row.Perspective), OrderID: row.OrderID, SKU: row.SKUID, Product: row.ProductID,
				Creator: row.CreatorUsername, CreateTime: row.CreatedAt.Unix(), Estimated: earned.Estimated.Decimal(), Currency: earned.Estimated.Currency(),
			}
			// the sandbox's own type of a status is its affair
			require.NoError(b.t, json.Unmarshal([]byte(`{"status":`+strconv.Quote(string(row.Status))+`}`), &truth))
			if row.Status.Final() {
				truth.Actual = earned.Actual.Decimal()
			}
			got = append(got, truth)
		}
		for _, list := range [][]sandbox.TruthRow{want, got} {
			for i := range list {
				list[i].Estimated, list[i].Actual = plain(list[i].Estimated), plain(list[i].Actual)
			}
			slices.SortFunc(list, func(a, b sandbox.TruthRow) int {
				return cmp.Or(cmp.Compare(a.Perspective, b.Perspective), cmp.Compare(a.OrderID, b.OrderID), cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.Creator, b.Creator))
			})
		}
		require.NotEmpty(b.t, want, id)
		require.Equal(b.t, want, got, id)
	}
	return statuses
}

// plain takes the zeros behind the point away.
func plain(amount string) string {
	for len(amount) > 0 && slices.Contains([]byte(amount), '.') && (amount[len(amount)-1] == '0' || amount[len(amount)-1] == '.') {
		dot := amount[len(amount)-1] == '.'
		if amount = amount[:len(amount)-1]; dot {
			break
		}
	}
	return amount
}

const (
	sellerSearch  = "POST /affiliate_seller/202410/orders/search"
	creatorSearch = "POST /affiliate_creator/202410/orders/search"
	tapSearch     = "POST /affiliate_partner/202603/orders/search"
)

func TestOrdersOfAllKindsFromCreationToSettlement(t *testing.T) {
	t.Parallel()
	b := newBench(t, sandboxtest.AuroraHome, sandboxtest.MiaLane, sandboxtest.LeoPark, sandboxtest.Northwind, sandboxtest.HarborAgency)
	for _, orders := range []sandbox.NewOrders{
		{Count: 110, DaysAgo: 27, SpreadDays: 26.9}, {Count: 6, DaysAgo: 20, SameSKU: true, Via: "open"}, {Count: 20, DaysAgo: 12, SpreadDays: 11, Via: "campaign"},
	} {
		_, err := b.tiktok.CreateOrders(orders)
		require.NoError(t, err)
	}
	b.wake()
	statuses := b.agree()
	assert.Positive(t, statuses[order.Settled])
	assert.Positive(t, statuses[order.Pending])
	assert.Positive(t, statuses[order.NoCommission])
	agency := 0
	for id := range b.assets {
		agency += len(b.stream(id, order.CAP))
	}
	assert.Positive(t, agency, "one of the partners is a creator agency")
	for range 2 {
		b.clock.pass(10 * 24 * time.Hour)
		b.wake()
		b.agree()
	}
	b.tiktok.FinishOrders()
	b.clock.pass(8 * 24 * time.Hour)
	b.wake()
	assert.Greater(t, b.agree()[order.Settled], statuses[order.Settled])

	for id := range b.assets {
		for _, row := range b.rows(id) {
			require.NotEmpty(t, row.History)
			assert.Equal(t, row.Status, row.History[len(row.History)-1].To)
			if row.Status == order.Settled {
				assert.False(t, row.SettledSeenAt.IsZero())
				tells := row.Perspective == order.TAP || row.Perspective == order.CAP
				assert.Equal(t, tells, !row.SettledAt.IsZero(), "only the partner searches tell the time of the settlement")
			}
		}
	}
}

func TestFaultsOfTikTokShop(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]sandbox.Fault{
		"throttled":            {Status: 429, Code: 36009002, RetryAfter: 60, Times: 2},
		"overloaded":           {Status: 503, Body: "busy", Times: 2},
		"time-out":             {Code: 36009007, Message: "upstream timeout", Times: 2},
		"half an answer":       {Truncate: true},
		"no answer":            {Cut: true},
		"throttled on page 2":  {Status: 429, Code: 36009002, Skip: 2},
		"page token not taken": {Code: 98001004, Skip: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, sandboxtest.Northwind)
			count := 12
			if f.Skip > 0 {
				count = 105 // two pages
			}
			_, err := b.tiktok.CreateOrders(sandbox.NewOrders{Count: count, Via: "campaign", DaysAgo: 20, SpreadDays: 10})
			require.NoError(t, err)
			f.Operation = tapSearch
			b.tiktok.AddFault(f)
			for range 5 {
				b.wake()
				b.clock.pass(10 * time.Minute)
			}
			b.clock.pass(25 * time.Hour) // whatever settled meanwhile is seen
			b.wake()
			b.agree()
		})
	}
}

func TestADeauthorizedShopStopsAndOnlyThat(t *testing.T) {
	t.Parallel()
	b := newBench(t, sandboxtest.AuroraHome)
	for id := range b.assets {
		_, err := b.tiktok.CreateOrders(sandbox.NewOrders{Count: 10, Shop: strings.TrimPrefix(string(id), "shop:"), DaysAgo: 20, SpreadDays: 19.9})
		require.NoError(t, err)
	}
	b.wake()
	b.agree()

	var gone account.AssetID
	for id := range b.assets {
		gone = id
	}
	b.tiktok.AddFault(sandbox.Fault{Operation: sellerSearch, Code: 105001, Message: "deauthorized", Times: 1})
	living := b.assets[gone]
	body, err := json.Marshal(order.Wake{Asset: gone})
	require.NoError(t, err)
	b.clock.pass(2 * time.Hour)
	message := events.SQSEvent{Records: []events.SQSMessage{{MessageId: "1", Body: string(body)}}}
	answer, err := b.handler.Handle(t.Context(), message)
	require.NoError(t, err)
	assert.Empty(t, answer.BatchItemFailures)
	assert.True(t, b.grants[gone].lost)
	require.ErrorIs(t, b.store.Ask(t.Context(), gone, b.clock.Now()), order.ErrUnscheduled)
	for id := range b.assets {
		if id != living.ID {
			require.NoError(t, b.store.Ask(t.Context(), id, b.clock.Now()), "the other shop is read on")
		}
	}
}

func TestTheTokenIsCalledExpiredOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, sandboxtest.MiaLane)
	_, err := b.tiktok.CreateOrders(sandbox.NewOrders{Count: 12, Creator: sandboxtest.MiaLane, DaysAgo: 20, SpreadDays: 19.9})
	require.NoError(t, err)
	b.tiktok.AddFault(sandbox.Fault{Operation: creatorSearch, Code: 105002})
	b.wake()
	b.agree()
}

// failing is a store that does not answer.
type failing struct{}

func (failing) Read(context.Context, account.AssetID) error { return errors.New("down") }

func TestMessages(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile(filepath.Join("..", "..", "events", "order-fetcher.json"))
	require.NoError(t, err)
	var sample events.SQSEvent
	require.NoError(t, json.Unmarshal(file, &sample))
	answer, err := (&handler{orders: failing{}}).Handle(t.Context(), sample)
	require.NoError(t, err)
	assert.Len(t, answer.BatchItemFailures, len(sample.Records), "the store failed: SQS brings them again")

	b := newBench(t)
	sample.Records = append(sample.Records, events.SQSMessage{MessageId: "poison", Body: "not JSON"})
	answer, err = b.handler.Handle(t.Context(), sample)
	require.NoError(t, err)
	assert.Equal(t, []events.SQSBatchItemFailure{{ItemIdentifier: "poison"}}, answer.BatchItemFailures, "an asset nobody has connected is no failure")
}
